# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is noted down of the conversation with a mail server."""

import smtplib
from unittest.mock import patch

from odoo.tests import BaseCase

from ..retry_policy import describe_refused
from ..smtp_dialogue import watch


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
        self.refused = {}
        self.happened = []

        def before_data(accepted):
            self.happened.append(accepted)
            self.assertNotIn("data", "".join(map(str, self.session.sent)))

        with watch(self.session, self.refused, before_data, self.happened.append):
            self.session.sendmail("me@example.com", recipients, "Hello")

    def test_all_accepted(self):
        self._send([FINE, FINE, FINE, GO_ON, FINE])
        self.assertEqual(self.happened, [["a@example.com", "b@example.com"], True])
        self.assertEqual(self.refused, {})

    def test_some_refused(self):
        self._send([FINE, FINE, UNKNOWN, GO_ON, FINE])
        self.assertEqual(self.happened, [["a@example.com"], True])
        self.assertEqual(self.refused, {"b@example.com": UNKNOWN})
        self.assertEqual(
            describe_refused(self.refused), "b@example.com: 550 No such user"
        )

    def test_all_refused(self):
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self._send([FINE, UNKNOWN, UNKNOWN, FINE])
        self.assertEqual(self.happened, [])
        self.assertEqual(set(self.refused), {"a@example.com", "b@example.com"})

    def test_message_refused(self):
        with self.assertRaises(smtplib.SMTPDataError):
            self._send([FINE, FINE, FINE, GO_ON, (554, b"Spam"), FINE])
        self.assertEqual(self.happened[1:], [False])

    def test_server_that_hangs_up(self):
        hang_up = patch.object(
            Session,
            "getreply",
            side_effect=[FINE, FINE, FINE, smtplib.SMTPServerDisconnected],
        )
        with hang_up, self.assertRaises(smtplib.SMTPServerDisconnected):
            self._send([])
        self.assertEqual(self.happened[1:], [False])

    def test_what_cannot_be_stored_is_not_sent(self):
        session = Session([FINE, FINE, FINE])

        def fail(accepted):
            raise ValueError

        with self.assertRaises(ValueError), watch(session, {}, fail, self.fail):
            session.sendmail("me@example.com", ["a@example.com"], "Hello")
        commands = "".join(map(str, session.sent)).lower()
        self.assertNotIn("data", commands)
        self.assertIn("rset", commands, "the session can be used for the next message")

    def test_session_is_left_as_it_was(self):
        self._send([FINE, FINE, FINE, GO_ON, FINE])
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.session._replies = iter([FINE, UNKNOWN, FINE])
            self.session.sendmail("me@example.com", ["c@example.com"], "Hello")
        self.assertEqual(self.refused, {})
        self.assertEqual(len(self.happened), 2)

    def test_reply_that_is_no_text(self):
        self.assertEqual(describe_refused({"a": (550, b"caf\xe9")}), "a: 550 caf\ufffd")
