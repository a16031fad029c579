# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A designer drags the box into a form, and a visitor uses it, in a browser."""

from odoo.tests import new_test_user, tagged

from .common import WebsiteCase


@tagged("post_install", "-at_install")
class TestBuilder(WebsiteCase):
    def test_from_the_builder_to_the_consent(self):
        self.activity.name = "A letter"
        letter = self.activity.copy({"name": "Tour letter"})
        new_test_user(
            self.env,
            "designer",
            groups="base.group_user,website.group_website_designer",
        ).email = "designer@example.com"
        page = self.env["website"].get_client_action_url("/contactus", True)
        self.start_tour(page, "privacy_consent_website_build", login="designer")
        view = self.env["ir.ui.view"].search(
            [("arch_db", "like", "data-consent-activity")]
        )
        self.assertNotIn("privacy_consent_", view.arch, "the page keeps no text of it")
        self.start_tour("/contactus", "privacy_consent_website_submit")
        self.ask_waiting()
        consent = self.contacts().privacy_consent_ids
        self.assertEqual(consent.activity_id, letter)
        self.run_queue()
        self.assertEqual(self.consent_of(self.contacts(), letter).status, "requested")
        letter.active = False
        self.env.flush_all()
        self.start_tour("/contactus", "privacy_consent_website_without_box")
