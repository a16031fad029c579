# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several companies: a consent follows its contact, an activity its controller."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import ConsentCase


class TestCompany(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Other company"})
        cls.officer = new_test_user(
            cls.env,
            "officer",
            groups="privacy.group_data_protection_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
            email="officer@example.com",
        )

    def test_consent_follows_its_contact(self):
        self.generate()
        self.ann.company_id = self.env.company
        self.luc.company_id = self.company
        consents = self.env["privacy.consent"]
        ours = [("activity_id", "=", self.activity.id)]
        self.assertEqual(
            consents.with_user(self.manager).search(ours).partner_id, self.ann
        )
        self.assertEqual(
            consents.with_user(self.officer).search(ours).partner_id, self.luc
        )
        with self.assertRaises(AccessError):
            self.consent_of(self.ann).with_user(self.officer).read(["state"])

    def test_activity_follows_its_controller(self):
        activities = self.env["privacy.activity"]
        self.assertNotIn(self.activity, activities.with_user(self.officer).search([]))
        self.activity.controller_id = self.company.partner_id
        self.assertIn(self.activity, activities.with_user(self.officer).search([]))
        self.assertNotIn(self.activity, activities.with_user(self.manager).search([]))
        self.activity.controller_id = self.env["res.partner"].create({"name": "Agency"})
        self.assertIn(self.activity, activities.with_user(self.officer).search([]))
        self.assertIn(self.activity, activities.with_user(self.manager).search([]))

    def test_glance_at_a_consent_of_a_hidden_activity(self):
        self.generate()
        consent = self.consent_of(self.ann).with_user(self.officer)
        with self.assertRaises(AccessError):
            consent.activity_id.read(["name"])
        self.assertEqual(consent.activity_name, "Newsletter")
        self.assertEqual(consent.controller_name, self.env.company.name)
        read = consent.web_read(
            {
                "partner_id": {"fields": {"display_name": {}}},
                "activity_id": {"fields": {"display_name": {}}},
                "failure_reason": {},
            }
        )
        self.assertEqual(read[0]["activity_id"]["display_name"], "Newsletter")

    def test_asked_by_one_company_is_asked(self):
        """A consent that the other company may not see still counts as asked."""
        # A colleague's contact is visible in all companies, its consent is not.
        new_test_user(
            self.env,
            "colleague",
            partner_id=self.ann.id,
            email=self.ann.email,
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.ann.company_id = self.company
        self.env["privacy.consent"].create(
            {"partner_id": self.ann.id, "activity_id": self.activity.id}
        )
        consents = self.env["privacy.consent"].with_user(self.manager)
        ours = [("activity_id", "=", self.activity.id)]
        self.assertFalse(consents.search(ours))
        self.activity.controller_id = self.env["res.partner"].create({"name": "Agency"})
        self.assertEqual(self.generate().partner_id, self.luc)

    def test_button_and_scheduled_action_ask_the_same(self):
        self.ann.company_id = self.company
        self.env["privacy.activity"]._cron_new_consents()
        self.assertEqual(self.activity.consent_ids.partner_id, self.luc)
        self.assertFalse(self.generate())

    def test_activity_with_consents_of_another_company_is_kept(self):
        self.generate()
        (self.ann + self.luc).company_id = self.company
        self.assertFalse(self.activity.with_user(self.manager).consent_count)
        with self.assertRaisesRegex(UserError, "Archive the activity"):
            self.activity.with_user(self.manager).unlink()
