# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a consent tells about the mail of its last request."""

from odoo.exceptions import AccessError
from odoo.tests import Form

from ..models.guard import erasing
from .common import ConsentCase


class TestRequestState(ConsentCase):
    def setUp(self):
        super().setUp()
        self.generate()
        self.mail = self.env["mail.mail"].search(
            [("recipient_ids", "=", self.ann.id), ("state", "=", "outgoing")]
        )
        self.mail.ensure_one()

    def _consent(self):
        """:return: Ann's consent, as a data protection user sees it"""
        self.env.invalidate_all()
        return self.consent_of(self.ann).with_user(self.reader)

    def _set(self, **values):
        self.mail.write(values)
        self.env.flush_all()

    def _skip_without_retries(self):
        if "queue_attempts" not in self.mail._fields:
            self.skipTest("mail_queue_safe is not installed")

    def test_reader_has_no_access_to_the_mail(self):
        with self.assertRaises(AccessError):
            self.mail.with_user(self.reader).read(["state"])

    def test_none(self):
        """Its mail was erased."""
        with erasing():
            self.mail.consent_request_ids.unlink()
            self.mail.unlink()
        consent = self._consent()
        self.assertFalse(consent.request_state)
        self.assertEqual(consent.request_attempts, 0)
        self.assertFalse(consent.request_next_attempt)
        self.assertFalse(consent.request_delay_reason)
        self.assertFalse(consent.request_waiting)

    def test_new_consent(self):
        consent = self.env["privacy.consent"].new({"partner_id": self.ann.id})
        self.assertFalse(consent.request_state)
        self.assertEqual(consent.request_attempts, 0)

    def test_waiting(self):
        consent = self._consent()
        self.assertEqual(consent.request_state, "outgoing")
        self.assertTrue(consent.request_waiting)
        self.assertEqual(consent.request_attempts, 0)
        self.assertFalse(consent.request_delay_reason)

    def test_sent(self):
        self.run_queue()
        consent = self._consent()
        self.assertEqual(consent.request_state, "sent")
        self.assertFalse(consent.request_waiting)

    def test_failed(self):
        self._set(state="exception", failure_reason="no such user")
        consent = self._consent()
        self.assertEqual(consent.request_state, "exception")
        self.assertEqual(consent.failure_reason, "no such user")
        self.assertFalse(consent.request_delay_reason, "nobody tries again")

    def test_cancelled(self):
        self.mail.cancel()
        self.assertEqual(self._consent().request_state, "cancel")

    def test_last_request_counts(self):
        self._set(state="exception", failure_reason="no such user")
        self.consent_of(self.ann).action_auto_ask()
        self.env.flush_all()
        self.assertEqual(self._consent().request_state, "outgoing")

    def test_other_mail_does_not_count(self):
        self.env["mail.mail"].create(
            {
                "model": "privacy.consent",
                "res_id": self.consent_of(self.ann).id,
                "recipient_ids": [(6, 0, self.ann.ids)],
                "body_html": "<p>Thank you</p>",
                "state": "exception",
            }
        )
        self.assertEqual(self._consent().request_state, "outgoing")

    def test_retried(self):
        self._skip_without_retries()
        moment = self.later(minutes=5)
        self._set(
            queue_attempts=3, queue_next_attempt=moment, failure_reason="greylisted"
        )
        consent = self._consent()
        self.assertEqual(consent.request_state, "outgoing")
        self.assertTrue(consent.request_waiting)
        self.assertEqual(consent.request_attempts, 3)
        self.assertEqual(consent.request_next_attempt, moment)
        self.assertEqual(consent.request_delay_reason, "greylisted")
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
        consent = self._consent()
        self.assertEqual(consent.request_attempts, 9)
        self.assertFalse(consent.request_next_attempt)
        self.assertFalse(consent.request_delay_reason)

    def test_each_consent_has_its_own(self):
        self._set(state="exception", failure_reason="no such user")
        self.env.invalidate_all()
        both = self.consent_of(self.ann) + self.consent_of(self.luc)
        both = both.with_user(self.reader)
        self.assertEqual(both.mapped("request_state"), ["exception", "outgoing"])

    def test_form(self):
        self.assertEqual(Form(self._consent()).request_state, "outgoing")

    def test_labels(self):
        """They are those of the mail, in the language of the user."""
        names = self.env["privacy.consent"].fields_get(["request_state"])
        self.assertEqual(
            names["request_state"]["selection"],
            self.env["mail.mail"].fields_get(["state"])["state"]["selection"],
        )
