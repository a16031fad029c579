# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All settings are on one page, and do what they say."""

from lxml import etree

from odoo.exceptions import ValidationError

from ..models.privacy_activity_batch import BATCH_SIZE
from .common import ConsentCase


class TestSettings(ConsentCase):
    def save(self, **values):
        self.env["res.config.settings"].create(values).execute()
        self.env.flush_all()

    def new_activity(self):
        return self.env["privacy.activity"].create({"name": "New"})

    def test_one_page(self):
        settings = self.env["res.config.settings"]
        view = settings.get_view(view_type="form")
        (page,) = etree.fromstring(view["arch"]).iterfind(".//app[@name='privacy']")
        names = {field.get("name") for field in page.iter("field")}
        expected = {
            "consent_batch_size",
            "default_consent_template_id",
            "default_reminder_count",
            "default_validity_months",
            "privacy_officer",
            "privacy_policy_url",
            "privacy_sender",
        }
        # What other addons have to set.
        others = {"consent_seal_addresses", "mail_queue_workers"}
        self.assertLessEqual(expected | others & settings._fields.keys(), names)

    def test_saving_changes_nothing(self):
        defaults = self.env["ir.default"].search_count([])
        self.save()
        self.assertEqual(self.env["ir.default"].search_count([]), defaults)
        self.assertEqual(self.new_activity().consent_template_id, self.template)

    def test_new_activities(self):
        template = self.template.copy()
        self.save(
            default_consent_template_id=template.id,
            default_validity_months=12,
            default_renewal_days=30,
            default_reminder_count=2,
            default_reminder_days=5,
        )
        activity = self.new_activity()
        self.assertEqual(activity.consent_template_id, template)
        self.assertEqual(
            activity.life_sentence,
            "Consent ends after 12 months; people are asked again 30 days before. "
            "2 reminders, 5 days apart.",
        )
        self.assertEqual(self.activity.validity_months, 0)
        self.assertEqual(
            self.env["res.config.settings"].create({}).default_renewal_days, 30
        )

    def test_sender(self):
        self.save(privacy_sender="privacy@example.com")
        self.generate()
        (mail,) = (one for one in self.run_queue() if one.to == ["ann@example.com"])
        self.assertIn("privacy@example.com", mail.message["From"])

    def test_batch(self):
        self.save(consent_batch_size=1)
        run = self.env["privacy.activity.generation"]
        self.assertEqual(run._consent_batch_size(), 1)
        self.assertEqual(self.env["ir.config_parameter"].get_param(BATCH_SIZE), "1")

    def test_numbers_that_would_fail_later(self):
        for name, numbers in {
            "consent_batch_size": (0, 2001),
            "default_validity_months": (-1, 1201),
            "default_renewal_days": (-1, 1),
            "default_reminder_count": (-1, 4),
            "default_reminder_days": (0, 366),
        }.items():
            for number in numbers:
                with self.subTest(name=name, number=number):
                    with self.assertRaisesRegex(ValidationError, "is a number from"):
                        self.save(**{name: number})
