# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A request is delivered when a mail server took it, and not when somebody says so."""

from odoo.tools import mute_logger

from .common import ConsentCase

# What the code of a server action on a consent may say, however low it reaches.
CLAIMS = (
    "record._mail_delivered(mail, record.partner_id)",
    "mail._postprocess_sent_message([record.partner_id], [])",
    "mail.write({'state': 'sent'})\nrecord._mail_delivered(mail, record.partner_id)",
    "env.registry['base'].write(mail, {'state': 'sent'})\n"
    "mail._postprocess_sent_message([record.partner_id], [])",
    "mail.write({'state': 'exception'})\nmail.sudo().write({'state': 'outgoing'})\n"
    "record._mail_delivered(mail, record.partner_id)",
    # Another mail, and whoever got it, are not meant.
    "other = env['mail.mail'].create({'body_html': 'x', 'email_to': 'x@example.com'})\n"
    "other.send()\n"
    "record._mail_delivered(mail, record.partner_id)",
)


class TestDelivery(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        cls.consent = cls.consent_of(cls.ann)

    def _run_code(self, code):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Forge",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": f"mail = record.sudo().request_ids.mail_id\n{code}",
            }
        )
        action.with_user(self.env.ref("base.user_admin")).with_context(
            active_model="privacy.consent", active_id=self.consent.id
        ).run()
        self.env.cr.flush()
        self.env["privacy.consent"]._cron_effects()
        self.env.invalidate_all()

    # of what some of the code tries to send
    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_nobody_is_believed_who_did_not_send_it(self):
        for code in CLAIMS:
            with self.subTest(code), self.mock_smtplib_connection():
                with self.env.cr.savepoint() as savepoint:
                    self._run_code(code)
                    self.assertEqual(self.consent.state, "draft")
                    self.assertFalse(self.consent.event_ids)
                    self.assertFalse(self.consent.request_ids.delivered_date)
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_code_may_send_it(self):
        with self.mock_smtplib_connection():
            self._run_code("mail.send()")
            self.assertEqual(
                [one["smtp_to_list"] for one in self.emails], [["ann@example.com"]]
            )
        self.assertEqual(self.consent.state, "sent")
        self.assertEqual(self.consent.event_ids.kind, "requested")
