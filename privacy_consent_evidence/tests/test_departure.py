# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Seals leave the house, whatever the authority and the mail server do."""

import base64
import socket
from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.privacy_consent.append_only import moment

from ..log import timestamp
from ..models.privacy_consent_seal_departure import ADDRESSES, STAMP_URL
from .authority import running_authority
from .common import EvidenceCase

LOGGER = "odoo.addons.privacy_consent_evidence.models.privacy_consent_seal_departure"


class DepartureCase(EvidenceCase):
    def set(self, name, value):
        """Set a system parameter."""
        self.env["ir.config_parameter"].set_param(name, value)

    def cron(self, count=0):
        """Let events happen, and the scheduled action run.

        :return: the last seal
        """
        self.happen(count)
        self.run_cron("cron_seal")
        self.env.invalidate_all()
        return self.seals.search([], limit=1)


class TestMail(DepartureCase):
    def setUp(self):
        super().setUp()
        self.set(ADDRESSES, "notary@example.com, Our DPO <dpo@example.com>")

    def test_daily_at_most(self):
        first = self.cron(3)
        (mail,) = self.run_queue()
        self.assertEqual(sorted(mail.to), ["dpo@example.com", "notary@example.com"])
        (attached,) = [part for part in mail.message.walk() if part.get_filename()]
        self.assertEqual(attached.get_filename(), "seal-3.txt")
        self.assertEqual(attached.get_payload(decode=True).decode(), first.checkpoint)
        second = self.cron(1)
        self.assertFalse(self.run_queue())
        self.assertFalse(second.mailed_at)
        with self.at(self.later(days=1, minutes=1)):
            self.assertEqual(self.cron(), second)
            (mail,) = self.run_queue()
            self.assertIn(second.checkpoint.splitlines()[2], mail.html)
            self.cron()
            self.assertFalse(self.run_queue())

    def test_clock_goes_back(self):
        with self.at(self.later(days=30)):
            self.cron(1)
        self.assertTrue(self.cron(1).mailed_at)

    def test_failing_server(self):
        one = self.cron(1)
        mail = one.sudo().mail_id
        mail.write({"state": "exception", "failure_reason": "550 No such user"})
        self.assertEqual(
            (one.mail_state, one.mail_failure), ("exception", "550 No such user")
        )
        # Nothing new happens, and it is not lost.
        self.cron()
        self.assertFalse(self.run_queue())
        with self.at(self.later(days=1, minutes=1)):
            self.assertEqual(self.cron(), one)
            (delivered,) = self.run_queue()
            self.assertIn(one.checkpoint.splitlines()[2], delivered.html)
            self.cron()
            self.assertFalse(self.run_queue())
        with self.at(self.later(days=3)):
            self.assertTrue(self.cron(1).mailed_at)

    def test_nobody_chosen(self):
        self.set(ADDRESSES, False)
        self.assertFalse(self.cron(1).mailed_at)

    def test_mail_that_is_deleted(self):
        one = self.cron(1)
        one.sudo().mail_id.unlink()
        self.assertTrue(one.mailed_at)
        self.assertFalse(one.mail_state)


@tagged("post_install", "-at_install")
class TestStamp(DepartureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = cls.enterClassContext(running_authority())

    def setUp(self):
        super().setUp()
        self.authority.answer = None
        self.set(STAMP_URL, self.authority.url)

    def test_stamped(self):
        one = self.cron(3)
        self.assertFalse(one.stamp_problem)
        self.assertLess(abs(one.stamped_at - moment()), timedelta(minutes=1))
        stamp = base64.b64decode(one.stamp)
        self.assertTrue(self.authority.verifies(one.checkpoint.encode(), stamp))
        self.holds()
        requests = self.authority.requests
        self.cron()
        self.assertEqual(self.authority.requests, requests)

    def test_signed_seal_is_stamped_with_its_signature(self):
        self.use_key()
        one = self.cron(1)
        stamp = base64.b64decode(one.stamp)
        self.assertTrue(self.authority.verifies(one.checkpoint.encode(), stamp))

    def fails(self, answer, reason):
        """Check that an answer only delays, and that the seal says why."""
        self.authority.answer = answer
        with self.subTest(reason), mute_logger(LOGGER):
            one = self.cron(1)
            self.assertFalse(one.stamp)
            self.assertIn(reason, one.stamp_problem)
            self.holds()
            self.authority.answer = None
            self.assertEqual(self.cron(), one)
            self.assertTrue(one.stamp)
            self.assertFalse(one.stamp_problem)

    def test_garbage(self):
        for answer in (b"", b"<html>", bytes(5000), b"\x30\x82\xff\xff", b"0\x80" * 9):
            self.fails(lambda _request, answer=answer: answer, "no time stamp")
        self.fails(lambda _request: bytes(200_000), "no time stamp")
        for header in (
            ("Content-Encoding", "gzip"),
            ("Content-Length", "500"),
            ("Transfer-Encoding", "chunked"),
        ):
            answer = (header, b"hello")
            self.fails(lambda _request, answer=answer: answer, "no time stamp")

    def test_cut_and_changed(self):
        reply = self.authority.reply
        self.fails(lambda request: reply(request)[:-10], "no time stamp")
        self.fails(lambda request: reply(request) + b"x", "no time stamp")
        self.fails(lambda request: reply(request)[:-4] + b"abcd", "signature")

    def test_status(self):
        for status, reason in ((302, "no time stamp"), (404, "404"), (500, "500")):
            self.fails(lambda _request, status=status: status, reason)

    def test_about_something_else(self):
        def other(_request):
            return self.authority.reply(timestamp.stamp_request(b"other")[0])

        self.fails(other, "something else")

    def test_old_answer(self):
        answers = []

        def replay(request):
            answers.append(self.authority.reply(request))
            return answers[0]

        self.authority.answer = replay
        self.assertTrue(self.cron(1).stamp)
        self.execute("UPDATE privacy_consent_seal SET stamp = NULL")
        with mute_logger(LOGGER):
            self.assertIn("another request", self.cron().stamp_problem)

    def test_refusal(self):
        self.fails(lambda _request: self.authority.reply(b"junk"), "refused")

    def test_expired_certificate(self):
        self.authority.certify("20200101000000Z", "20210101000000Z")
        self.addCleanup(self.authority.certify)
        with mute_logger(LOGGER):
            one = self.cron(1)
        self.assertIn("expired", one.stamp_problem)
        self.authority.certify()
        self.assertTrue(self.cron().stamp)

    def test_nobody_answers(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        for bad, reason in (
            (url, "cannot be reached"),
            ("ftp://x/", "none of the web"),
        ):
            self.set(STAMP_URL, bad)
            with mute_logger(LOGGER):
                one = self.cron(1)
            self.assertIn(reason, one.stamp_problem)
        self.set(STAMP_URL, self.authority.url)
        self.assertTrue(self.cron().stamp)

    def test_stamp_from_before_the_seal(self):
        one = self.cron(1)
        with self.as_owner():
            self.execute("UPDATE privacy_consent_seal SET at = at + interval '1 day'")
            self.assertIn("stamped before", self.found()[None][0])
        with self.as_owner():
            stamp = base64.b64encode(base64.b64decode(one.stamp)[:-4] + b"abcd")
            self.execute("UPDATE privacy_consent_seal SET stamp = %s", stamp)
            self.assertIn("signature", self.found()[None][0])

    def test_elliptic_curve(self):
        with running_authority(key="ec -pkeyopt ec_paramgen_curve:P-256") as authority:
            self.set(STAMP_URL, authority.url)
            one = self.cron(1)
            stamp = base64.b64decode(one.stamp)
            self.assertTrue(authority.verifies(one.checkpoint.encode(), stamp))
            self.holds()


class TestDestination(EvidenceCase):
    """Managers choose where seals go."""

    def dialog_of(self, user, **values):
        """:return: the dialog of a user, with these values"""
        dialogs = self.env["privacy.consent.seal.destination"].with_user(user)
        return dialogs.create(values)

    def test_addresses_and_url(self):
        administrator = self.env.ref("base.user_admin")
        for values in (
            {"addresses": "nobody"},
            {"addresses": "a@example.com b@example.com"},
            {"stamp_url": "ftp://example.com"},
            {"stamp_url": "file:///etc/passwd"},
            {"stamp_url": "https://"},
            {"stamp_url": "http://[x"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.dialog_of(administrator, **values)
        self.dialog_of(
            administrator,
            addresses="a@example.com, B <b@example.com>",
            stamp_url="https://tsa.example.com/tsr",
        ).action_apply()
        parameters = self.env["ir.config_parameter"]
        self.assertEqual(parameters.get_param(STAMP_URL), "https://tsa.example.com/tsr")
        shown = self.dialog_of(administrator)
        self.assertEqual(shown.addresses, "a@example.com, B <b@example.com>")
        self.dialog_of(administrator, addresses=False, stamp_url=False).action_apply()
        self.assertFalse(parameters.get_param(STAMP_URL))

    def test_managers_do_not_choose_where_the_server_connects(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param(STAMP_URL, "https://tsa.example.com/tsr")
        dialogs = self.env["privacy.consent.seal.destination"].with_user(self.manager)
        self.assertEqual(
            dialogs.default_get(["addresses", "stamp_url"]), {"addresses": False}
        )
        with self.assertRaises(AccessError):
            self.dialog_of(self.manager, stamp_url="http://127.0.0.1")
        self.dialog_of(self.manager, addresses="a@example.com").action_apply()
        self.assertEqual(parameters.get_param(ADDRESSES), "a@example.com")
        self.assertEqual(parameters.get_param(STAMP_URL), "https://tsa.example.com/tsr")

    def test_not_for_readers(self):
        with self.assertRaises(AccessError):
            self.dialog_of(self.reader)
        dialogs = self.env["privacy.consent.seal.destination"].with_user(self.reader)
        with self.assertRaises(AccessError):
            dialogs.default_get(["addresses"])
