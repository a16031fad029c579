# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a data protection officer does, in a browser."""

from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestTour(HttpCase):
    def test_generate(self):
        new_test_user(
            self.env,
            "officer",
            groups="privacy.group_data_protection_manager",
            email="officer@example.com",
        )
        self.env.company.email = "company@example.com"
        subject = self.env["res.partner"].create(
            {"name": "Tour Subject", "email": "tour@example.com"}
        )
        self.start_tour(
            "/odoo/privacy-activities", "privacy_consent_generate", login="officer"
        )
        self.assertEqual(subject.privacy_consent_ids.activity_id.name, "Tour letter")
