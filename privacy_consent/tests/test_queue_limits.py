# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the addon mail_queue_safe tells whoever asks for consent."""

from odoo import fields
from odoo.tests import Form, tagged

from .common import ConsentCase


# All addons are loaded.
@tagged("post_install", "-at_install")
class TestQueueLimits(ConsentCase):
    def setUp(self):
        super().setUp()
        if "mail.queue.departure" not in self.registry:
            self.skipTest("mail_queue_safe is not installed")
        self.env["mail.mail"].search([("state", "=", "outgoing")]).unlink()
        self.env["ir.mail_server"].search([]).active = False
        self.limited = self.env["ir.mail_server"].create(
            {"name": "Limited", "smtp_host": "x", "queue_per_hour": 1}
        )
        self.quick = self.env["ir.mail_server"].create(
            {"name": "Quick", "smtp_host": "x", "from_filter": "elsewhere.example.com"}
        )
        self.activities = self.env["privacy.activity"].with_user(self.manager)
        self.now = self.env.cr.now().replace(microsecond=0)

    def forecast(self, counts):
        """:return: in how many whole hours the last mail leaves"""
        last = self.activities._forecast_last_mail(counts)
        return (last - fields.Datetime.now()).total_seconds() // 3600

    def test_dialog_knows_the_limits(self):
        with self.at("2026-05-01 12:00:00"):
            action = self.activity.with_user(self.manager).action_confirm_new_consents()
            wizard = self.env["privacy.consent.ask"].browse(action["res_id"])
            last = f"2026-05-01 {11 + wizard.subject_count}:00:00"
            self.assertEqual(str(wizard.last_mail_date), last)

    def test_server_of_the_template(self):
        self.assertEqual(self.forecast({self.activity: 4}), 3)
        self.template.mail_server_id = self.quick
        self.assertEqual(self.forecast({self.activity: 4}), 0)

    def test_server_of_the_sender(self):
        self.assertEqual(self.forecast({self.activity: 4}), 3)
        self.activity.controller_id.email = "us@elsewhere.example.com"
        self.assertEqual(self.forecast({self.activity: 4}), 0)

    def test_each_server_has_its_own(self):
        other = self.activity.copy()
        self.assertEqual(self.forecast({self.activity: 4, other: 3}), 6)
        other.consent_template_id = self.template.copy(
            {"mail_server_id": self.quick.id}
        )
        self.assertEqual(self.forecast({self.activity: 4, other: 300}), 3)

    def test_no_server(self):
        (self.limited + self.quick).active = False
        self.assertEqual(self.forecast({self.activity: 4}), 0)

    def test_activity_warns_when_nobody_sends(self):
        workers = self.env["ir.cron"]._mail_queue_workers()
        workers.nextcall = fields.Datetime.now()
        activity = self.activity.with_user(self.manager)
        self.assertFalse(Form(activity).queue_warning)
        workers.active = False
        activity.invalidate_recordset()
        self.assertIn("stands still", Form(activity).queue_warning)
