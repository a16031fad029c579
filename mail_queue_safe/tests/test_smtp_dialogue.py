# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is noted down of the conversation with a mail server."""

import smtplib
from unittest.mock import patch

from odoo.tests import BaseCase

from ..smtp.dialogue import Dialogue, watch
from ..smtp.retry import describe_refused


class Session(smtplib.SMTP):
    """A session with a server that answers from a list.

    :ivar sent: the commands it got
    """

    def __init__(self, replies):
        super().__init__()
        self.sent = []
        self._replies = iter(replies)

    def send(self, command):
        self.sent.append(command)

    def getreply(self):
        return next(self._replies)

    def ehlo_or_helo_if_needed(self):
        pass


FINE = (250, b"OK")
GO_ON = (354, b"Go on")
UNKNOWN = (550, b"No such user")


class TestSmtpDialogue(BaseCase):
    def _send(self, replies, recipients=("a@example.com", "b@example.com")):
        self.session = Session(replies)
        self.dialogue = Dialogue()
        self.happened = []

        def before_data():
            self.happened.append(list(self.dialogue.accepted))
            self.assertNotIn("data", "".join(map(str, self.session.sent)))

        def after_data():
            self.happened.append("taken")

        with watch(self.session, self.dialogue, before_data, after_data):
            self.session.sendmail("me@example.com", recipients, "Hello")

    def test_all_accepted(self):
        self._send([FINE, FINE, FINE, GO_ON, FINE])
        self.assertEqual(self.happened, [["a@example.com", "b@example.com"], "taken"])
        self.assertEqual(self.dialogue.refused, {})
        self.assertTrue(self.dialogue.taken)

    def test_forwarded(self):
        """RFC 5321, section 3.4: 251 is a success, too."""
        self._send([FINE, (251, b"Will forward"), FINE, GO_ON, FINE])
        self.assertEqual(self.happened[0], ["a@example.com", "b@example.com"])
        self.assertEqual(self.dialogue.refused, {})

    def test_some_refused(self):
        self._send(
            [FINE, FINE, UNKNOWN, (450, b"Busy"), GO_ON, FINE],
            ["a@example.com", "b@example.com", "c@example.com"],
        )
        self.assertEqual(self.happened, [["a@example.com"], "taken"])
        self.assertEqual(
            self.dialogue.refused,
            {"b@example.com": UNKNOWN, "c@example.com": (450, b"Busy")},
        )
        self.assertEqual(
            describe_refused(self.dialogue.refused),
            "b@example.com: 550 No such user\nc@example.com: 450 Busy",
        )

    def test_all_refused(self):
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self._send([FINE, UNKNOWN, UNKNOWN, FINE])
        self.assertEqual(self.happened, [])
        self.assertEqual(set(self.dialogue.refused), {"a@example.com", "b@example.com"})
        self.assertFalse(self.dialogue.handed_over)

    def test_message_refused(self):
        with self.assertRaises(smtplib.SMTPDataError):
            self._send([FINE, FINE, FINE, GO_ON, (554, b"Spam"), FINE])
        self.assertEqual(self.happened[1:], [])
        self.assertTrue(self.dialogue.handed_over)
        self.assertFalse(self.dialogue.taken)

    def test_server_that_hangs_up(self):
        hang_up = patch.object(
            Session,
            "getreply",
            side_effect=[FINE, FINE, FINE, smtplib.SMTPServerDisconnected],
        )
        with hang_up, self.assertRaises(smtplib.SMTPServerDisconnected):
            self._send([])
        self.assertEqual(self.happened[1:], [])
        self.assertFalse(self.dialogue.taken)

    def test_what_cannot_be_stored_is_not_sent(self):
        session = Session([FINE, FINE, FINE])
        dialogue = Dialogue()

        def fail():
            raise ValueError

        with self.assertRaises(ValueError), watch(session, dialogue, fail, self.fail):
            session.sendmail("me@example.com", ["a@example.com"], "Hello")
        commands = "".join(map(str, session.sent)).lower()
        self.assertNotIn("data", commands)
        self.assertIn("rset", commands, "the session can be used for the next message")
        self.assertIsInstance(dialogue.error, ValueError)
        self.assertFalse(dialogue.handed_over)

    def test_session_is_left_as_it_was(self):
        self._send([FINE, FINE, FINE, GO_ON, FINE])
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.session._replies = iter([FINE, UNKNOWN, FINE])
            self.session.sendmail("me@example.com", ["c@example.com"], "Hello")
        self.assertEqual(self.dialogue.refused, {})
        self.assertEqual(len(self.happened), 2)

    def test_other_means_than_smtp(self):
        """Other addons send through a provider's interface: nothing is watched."""
        dialogue = Dialogue()
        with watch(object(), dialogue, self.fail, self.fail):
            pass
        self.assertFalse(dialogue.taken)

    def test_reply_that_is_no_text(self):
        self.assertEqual(describe_refused({"a": (550, b"caf\xe9")}), "a: 550 caf\ufffd")
