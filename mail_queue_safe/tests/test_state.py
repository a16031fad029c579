# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which changes of a mail's state are possible."""

from odoo.tests import TransactionCase


class TestState(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mails = cls.env["mail.mail"].create(
            [
                {"subject": state, "email_to": "a@example.com", "state": state}
                for state in ("outgoing", "sent", "exception", "cancel")
            ]
        )
        cls.outgoing, cls.sent, cls.failed, cls.cancelled = cls.mails

    def _states(self):
        return self.mails.mapped("state")

    def test_cancel(self):
        answer = self.mails.cancel()
        self.assertEqual(self._states(), ["cancel", "sent", "cancel", "cancel"])
        self.assertIn("1", answer["params"]["message"])

    def test_mark_outgoing(self):
        answer = self.mails.mark_outgoing()
        self.assertEqual(self._states(), ["outgoing", "sent", "outgoing", "outgoing"])
        self.assertIn("1", answer["params"]["message"])

    def test_nothing_left_alone(self):
        self.assertIs(self.outgoing.cancel(), True)

    def test_retry(self):
        self.mails.action_retry()
        self.assertEqual(self._states(), ["outgoing", "sent", "outgoing", "cancel"])

    def test_sent_mail_that_is_sent_again(self):
        """A program that wants that wants everybody to get it again."""
        self.mails.queue_accepted = [["a@example.com", None]]
        self.mails.write({"state": "outgoing"})
        self.assertFalse(self.sent.queue_accepted)
        self.assertTrue(self.failed.queue_accepted, "a retry goes to the rest only")

    def test_failed_mail_that_is_queued_again(self):
        """Whoever was refused is asked again, whatever way it is queued by."""
        self.failed.queue_refused = [["a@example.com", None, "No", "unknown", True]]
        self.failed.write({"state": "outgoing"})
        self.assertFalse(self.failed.queue_refused)

    def test_deleting(self):
        self.mails.unlink()
        self.assertFalse(self.mails.exists())

    def test_copy(self):
        """A copy is a new mail, which nobody got yet."""
        self.sent.write(
            {"queue_accepted": [["a@example.com", None]], "queue_effects_due": True}
        )
        copy = self.sent.copy()
        self.assertFalse(copy.queue_accepted)
        self.assertFalse(copy.queue_effects_due)
