# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What follows a delivery that is stored already."""

from odoo.tests import TransactionCase


class TestEffects(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reached, cls.refused = cls.env["res.partner"].create(
            [
                {"name": name, "email": f"{name}@example.com"}
                for name in ("reached", "refused")
            ]
        )
        cls.message = cls.env["mail.message"].create({"message_type": "comment"})

    def _mail(self, **values):
        mail = self.env["mail.mail"].create(
            {
                "mail_message_id": self.message.id,
                "recipient_ids": [(6, 0, (self.reached + self.refused).ids)],
                "queue_accepted": [["reached@example.com", self.reached.id]],
                **values,
            }
        )
        mail.queue_effects_due = True
        self.env["mail.notification"].create(
            [
                {
                    "mail_mail_id": mail.id,
                    "mail_message_id": self.message.id,
                    "notification_type": "email",
                    "notification_status": "ready",
                    "res_partner_id": partner.id,
                }
                for partner in self.reached + self.refused
            ]
        )
        return mail

    def _statuses(self):
        return {
            status.res_partner_id.name: status.notification_status
            for status in self.message.notification_ids
        }

    def test_success(self):
        mail = self._mail(state="sent")
        mail._queue_do_effects()
        self.assertEqual(self._statuses(), {"reached": "sent", "refused": "sent"})
        self.assertFalse(mail.queue_effects_due)

    def test_failure_of_one_recipient(self):
        mail = self._mail(
            state="exception",
            failure_type="unknown",
            failure_reason="refused@example.com: 550 No",
        )
        mail._queue_do_effects()
        self.assertEqual(self._statuses(), {"reached": "sent", "refused": "exception"})
        failed = self.message.notification_ids.filtered("failure_reason")
        self.assertEqual(failed.failure_reason, "refused@example.com: 550 No")

    def test_deleted_contact(self):
        mail = self._mail(state="sent")
        self.reached.unlink()
        mail._queue_do_effects()
        self.assertFalse(mail.queue_effects_due)

    def test_mail_that_is_not_kept(self):
        mail = self._mail(state="sent", auto_delete=True)
        mail._queue_do_effects()
        self.assertFalse(mail.exists())

    def test_deleting_a_mail_does_first_what_was_to_follow(self):
        self._mail(state="sent").unlink()
        self.assertEqual(self._statuses(), {"reached": "sent", "refused": "sent"})

    def test_retried_before_it_was_followed(self):
        mail = self._mail(state="exception", failure_type="unknown", auto_delete=True)
        mail.mark_outgoing()
        self.assertFalse(mail.queue_effects_due)
