# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A designer lets a newsletter ask, and visitors subscribe, in a browser."""

from odoo.tests import tagged

from odoo.addons.privacy_consent_website.tests.common import WebsiteCase


@tagged("post_install", "-at_install")
class TestBuilder(WebsiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lists = cls.env["mailing.list"]
        lists.search([]).is_public = False
        cls.news = lists.create({"name": "News", "is_public": True})
        cls.activity.name = "A letter"

    def test_block_and_popup(self):
        page = self.env["website"].get_client_action_url("/", True)
        self.start_tour(page, "privacy_consent_newsletter_build", login="admin")
        self.env.invalidate_all()
        self.assertEqual(self.news.consent_activity_id, self.activity)
        self.start_tour("/", "privacy_consent_newsletter_subscribe")
        self.ask_waiting()
        for email in ("kim@example.com", "lou@example.com"):
            consent = self.contacts(email).privacy_consent_ids
            self.assertEqual(consent.activity_id, self.activity)
            self.assertEqual(len(self.requests(email)), 1)
        self.assertFalse(self.news.contact_ids)
