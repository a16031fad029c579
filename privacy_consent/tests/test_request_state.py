# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What became of a request: its own state, and what its consent tells about it."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form
from odoo.tools import mute_logger

from ..models.guard import erasing
from .common import ConsentCase


class TestRequestState(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        cls.mail = cls.env["mail.mail"].search(
            [("recipient_ids", "=", cls.ann.id), ("state", "=", "outgoing")]
        )
        cls.mail.ensure_one()

    def _consent(self):
        """:return: Ann's consent, as a data protection user sees it"""
        self.env.invalidate_all()
        return self.consent_of(self.ann).with_user(self.reader)

    def _request(self):
        """:return: Ann's last request, as a data protection user sees it"""
        return self._consent().last_request_id.with_env(self.env(user=self.reader))

    def _set(self, **values):
        self.mail.write(values)
        self.env.flush_all()

    def _compose(self, **values):
        """Write a request by hand."""
        context = self.consent_of(self.ann).action_manual_ask()["context"]
        composer = self.env["mail.compose.message"].with_context(**context)
        composer.create(values).action_send_mail()
        self.env.flush_all()

    def _skip_without_retries(self):
        if "queue_attempts" not in self.mail._fields:
            self.skipTest("mail_queue_safe is not installed")

    def test_reader_has_no_access_to_the_mail(self):
        with self.assertRaises(AccessError):
            self.mail.with_user(self.reader).read(["state"])

    def test_none(self):
        """It was erased."""
        with erasing(self.mail, self.mail.consent_request_ids.consent_id):
            self.mail.consent_request_ids.unlink()
            self.mail.unlink()
        consent = self._consent()
        self.assertFalse(consent.request_state)
        self.assertFalse(consent.last_request_id)
        self.assertFalse(consent.failure_reason)

    def test_new_consent(self):
        consent = self.env["privacy.consent"].new({"partner_id": self.ann.id})
        self.assertFalse(consent.request_state)
        self.assertFalse(consent.failure_reason)

    def test_waiting(self):
        request = self._request()
        self.assertEqual(self._consent().request_state, "waiting")
        self.assertEqual(request.state, "waiting")
        self.assertEqual(request.address, "ann@example.com")
        self.assertEqual(request.attempts, 0)
        self.assertFalse(request.next_attempt)
        self.assertFalse(request.delay_reason)
        self.assertFalse(request.delivered_date)
        self.assertFalse(request.ended_date)

    def test_delivered(self):
        with self.at(self.later(minutes=5)) as moment:
            self.run_queue()
        request = self._request()
        self.assertEqual(self._consent().request_state, "delivered")
        self.assertEqual(request.delivered_date, moment)
        self.assertFalse(request.effects_due)
        self.assertFalse(request.reason)

    def test_failed(self):
        with self.at(self.later(minutes=5)) as moment:
            self._set(state="exception", failure_reason="no such user")
        request = self._request()
        self.assertEqual(self._consent().request_state, "failed")
        self.assertEqual(request.reason, "no such user")
        self.assertEqual(request.ended_date, moment)
        self.assertFalse(request.delay_reason, "nobody tries again")
        self.assertEqual(self._consent().failure_reason, "no such user")

    def test_failed_without_a_reason(self):
        self._set(state="exception")
        consent = self._consent()
        self.assertTrue(consent.failure_reason)
        self.assertFalse(
            consent.search([("id", "=", consent.id), ("failure_reason", "=", False)])
        )

    def test_retried_by_hand(self):
        """Whoever presses Retry on the mail has it sent, whatever the reason was."""
        self._set(state="exception", failure_reason="no such user")
        self.mail.mark_outgoing()
        request = self._request()
        self.assertEqual(request.state, "waiting")
        self.assertFalse(request.reason)
        self.assertFalse(request.ended_date)
        self.assertFalse(self._consent().failure_reason)
        self.run_queue()
        self.assertEqual(self._request().state, "delivered")

    def test_retried_although_asked_later(self):
        """By somebody who retries all, or by the queue: nobody is asked twice."""
        self._set(state="exception", failure_reason="no such user")
        failed = self._request().sudo()
        self.consent_of(self.ann).action_auto_ask()
        later = self._request().sudo()
        for become in (
            lambda: None,
            self.run_queue,
            lambda: later.mail_id.write({"state": "exception"}),
        ):
            with self.subTest(become), self.env.cr.savepoint() as savepoint:
                become()
                (self.mail + later.mail_id).filtered(
                    lambda one: one.state == "exception"
                ).mark_outgoing()
                self.assertEqual(
                    (failed.state, failed.cause), ("cancelled", "replaced")
                )
                self.assertEqual(self.mail.state, "cancel")
                sent = [mail.to for mail in self.run_queue()]
                self.assertEqual(
                    sent.count(["ann@example.com"]), 1 - (become == self.run_queue)
                )
                self.assertEqual(later.state, "delivered")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_retried_after_none_could_be_made(self):
        self._set(state="exception", failure_reason="no such user")
        values = {"use_default_to": False, "partner_to": False}
        self.template.write({**values, "email_to": "x@example.com"})
        with mute_logger("odoo.addons.privacy_consent.models.privacy_consent_asking"):
            self.consent_of(self.ann).action_auto_ask()
        self.assertEqual(self._request().state, "failed")
        self.mail.mark_outgoing()
        self.assertEqual(self.mail.consent_request_ids.state, "waiting")

    def test_cancelled_one_retried_after_a_delivery(self):
        self.mail.cancel()
        self.consent_of(self.ann).action_auto_ask()
        self.run_queue()
        self.mail.mark_outgoing()
        self.assertEqual(self.mail.state, "cancel")
        self.assertFalse(self.run_queue())

    def test_cancelled_mail(self):
        self.mail.cancel()
        request = self._request()
        self.assertEqual(self._consent().request_state, "cancelled")
        self.assertEqual(request.cause, "mail")
        self.assertTrue(request.ended_date)
        self.assertFalse(self._consent().failure_reason)

    def test_cancelled_because(self):
        for cause, cancel in {
            "answered": lambda: self.consent_of(self.ann).action_answer(False),
            "archived": lambda: self.consent_of(self.ann).action_archive(),
            "contact": lambda: self.ann.action_archive(),
            "off": lambda: self.activity.write({"consent_required": False}),
            "stopped": self.activity.action_stop_asking,
        }.items():
            with self.subTest(cause), self.env.cr.savepoint() as savepoint:
                cancel()
                self.env.flush_all()
                request = self._request()
                self.assertEqual(request.state, "cancelled")
                self.assertEqual(request.cause, cause)
                self.assertEqual(self.mail.state, "cancel")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_deleted_mail(self):
        """However that happened, nobody takes the request for one that waits."""
        self.env.cr.execute("DELETE FROM mail_mail WHERE id = %s", self.mail.ids)
        self.env.invalidate_all()
        self.env["privacy.consent"]._cron_effects()
        request = self._request()
        self.assertEqual((request.state, request.cause), ("cancelled", "deleted"))
        self.assertTrue(self.consent_of(self.ann).action_auto_ask())

    def test_mail_that_fails_after_the_delivery(self):
        """As with a copy for somebody else, which the mail has too."""
        self.run_queue()
        self.mail.write({"state": "exception", "failure_reason": "no such user"})
        self.assertEqual(self._request().state, "delivered", "the server took it")
        self.assertFalse(self._request().reason)

    def test_last_request_counts(self):
        self._set(state="exception", failure_reason="no such user")
        self.consent_of(self.ann).action_auto_ask()
        self.env.flush_all()
        consent = self._consent()
        self.assertEqual(consent.request_state, "waiting")
        self.assertFalse(consent.failure_reason)
        self.assertFalse(
            consent.search([("id", "=", consent.id), ("failure_reason", "!=", False)])
        )

    def test_other_mail_does_not_count(self):
        self.env["mail.mail"].create(
            {
                "model": "privacy.consent",
                "res_id": self.consent_of(self.ann).id,
                "recipient_ids": [Command.set(self.ann.ids)],
                "body_html": "<p>Thank you</p>",
                "state": "exception",
            }
        )
        self.assertEqual(self._consent().request_state, "waiting")

    def test_nobody_is_asked_twice_at_once(self):
        with self.assertRaisesRegex(UserError, "being asked already"):
            self.consent_of(self.ann).action_manual_ask()
        (mail,) = [one for one in self.run_queue() if one.to == ["ann@example.com"]]
        self.assertEqual(set(mail.links()), {"accept", "reject"})

    def test_retried(self):
        self._skip_without_retries()
        moment = self.later(minutes=5)
        self._set(
            queue_attempts=3, queue_next_attempt=moment, failure_reason="greylisted"
        )
        consent, request = self._consent(), self._request()
        self.assertEqual(consent.request_state, "waiting")
        self.assertEqual(request.attempts, 3)
        self.assertEqual(request.next_attempt, moment)
        self.assertEqual(request.delay_reason, "greylisted")
        self.assertFalse(consent.failure_reason, "it may still reach the subject")
        self.assertFalse(
            consent.search([("id", "=", consent.id), ("failure_reason", "!=", False)])
        )

    def test_given_up(self):
        self._skip_without_retries()
        self._set(
            state="exception",
            queue_attempts=9,
            queue_next_attempt=self.later(minutes=5),
            failure_reason="greylisted",
        )
        request = self._request()
        self.assertEqual(request.state, "failed")
        self.assertEqual(request.attempts, 9)
        self.assertFalse(request.next_attempt)
        self.assertFalse(request.delay_reason)

    def test_each_consent_has_its_own(self):
        self._set(state="exception", failure_reason="no such user")
        self.env.invalidate_all()
        both = self.consent_of(self.ann) + self.consent_of(self.luc)
        both = both.with_user(self.reader)
        self.assertEqual(both.mapped("request_state"), ["failed", "waiting"])
        self.assertEqual(
            both.search([("id", "in", both.ids), ("failure_reason", "!=", False)]),
            both[0],
        )

    def test_form(self):
        self.assertEqual(Form(self._consent()).request_state, "waiting")

    def test_labels(self):
        """They are those of the request, in the language of the user."""
        names = self.env["privacy.consent"].fields_get(["request_state"])
        requests = self.env["privacy.consent.request"].fields_get(["state"])
        self.assertEqual(
            names["request_state"]["selection"], requests["state"]["selection"]
        )
