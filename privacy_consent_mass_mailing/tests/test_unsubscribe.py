# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Unsubscribing from a mailing withdraws the consent that it was sent with."""

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.privacy_consent import links
from odoo.addons.privacy_consent.links.proof import NotProven
from odoo.addons.privacy_consent.tests.answers import press

from ..unsubscribed import unsubscribed
from .test_mailing import MailingCase


@tagged("post_install", "-at_install")
class TestUnsubscribe(MailingCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.consent = self.consent_of(self.ann)

    def link(self, mailing, document, email="ann@example.com"):
        url = mailing.sudo()._get_unsubscribe_oneclick_url(email, document.id)
        self.env.flush_all()
        return url.removeprefix(mailing.get_base_url())

    def test_from_contacts(self):
        mailing = self.new_mailing()
        one_click = self.link(mailing, self.ann)
        page = self.url_open(one_click, method="POST")
        self.assertEqual(page.status_code, 200)
        self.assertEqual(self.consent.status, "withdrawn")
        event = self.consent.event_ids.filtered(lambda one: one.kind == "withdrawn")
        self.assertEqual((event.by, event.channel), ("subject", "mailing"))
        self.assertTrue(event.user_agent)
        self.assertFalse(
            self.env["mail.blacklist"].search([("email", "=", "ann@example.com")]),
            "other mailings are none of this",
        )
        page = self.url_open(one_click.replace("unsubscribe_oneclick", "unsubscribe"))
        self.assertIn("You get no more mails about “Newsletter”", page.text)
        self.assertEqual(len(self.consent.event_ids.filtered("answered_at")), 2)

    def test_after_a_change_of_address(self):
        mailing = self.new_mailing()
        link = self.link(mailing, self.ann)
        self.ann.email = "new@example.com"
        self.url_open(link, method="POST")
        self.assertEqual(self.consent.status, "withdrawn")
        self.assertEqual(self.consent_of(self.luc).status, "refused")
        self.assertEqual(
            len(self.consent_of(self.luc).event_ids.filtered("answered_at")), 1
        )

    def test_from_users(self):
        """The contact of whatever record was mailed about."""
        user = new_test_user(self.env, "ann_2", email="ann@example.com")
        user.partner_id.category_id = self.marker
        self.generate()
        consent = self.consent_of(user.partner_id)
        press(consent, True)
        mailing = self.new_mailing()
        mailing.sudo().mailing_model_id = self.env["ir.model"]._get("res.users")
        link = self.link(mailing, user)
        user.email = "new@example.com"
        self.url_open(link, method="POST")
        self.assertEqual(consent.status, "withdrawn")

    def test_from_a_list(self):
        everybody = self.new_list("ann@example.com")
        contact = everybody.contact_ids
        mailing = self.new_mailing(
            "mailing.list", contact_list_ids=[(6, 0, everybody.ids)]
        )
        self.url_open(self.link(mailing, contact), method="POST")
        self.assertEqual(self.consent.status, "withdrawn")
        self.assertTrue(contact.subscription_ids.opt_out)

    @mute_logger("odoo.http")
    def test_wrong_links(self):
        mailing = self.new_mailing()
        link = self.link(mailing, self.ann)
        for wrong in (
            link.replace("hash_token=", "hash_token=0"),
            link.replace("ann%40", "luc%40"),
            link.partition("?")[0],
        ):
            with self.subTest(wrong):
                self.url_open(wrong, method="POST")
                self.assertEqual(self.consent.status, "given")

    def test_nothing_but_a_withdrawal(self):
        mailing = self.new_mailing()
        other = self.activity.copy({"name": "Other"})
        self.generate(other)
        token = mailing.sudo()._generate_mailing_recipient_token
        email = "ann@example.com"
        origin = links.proof.Origin()
        good = (mailing.id, str(self.ann.id), email, token(self.ann.id, email), origin)
        for what, answer, consent, args in [
            ("a yes", True, self.consent, good),
            ("another activity", False, self.consent_of(self.ann, other), good),
            ("another person", False, self.consent_of(self.luc), good),
            ("a wrong token", False, self.consent, (*good[:3], "x", origin)),
        ]:
            with self.subTest(what), self.assertRaises(NotProven):
                consent.sudo()._record_answer(answer, unsubscribed(*args))
        self.assertEqual(self.consent.status, "given")

    def test_without_consent_as_odoo_does(self):
        mailing = self.new_mailing(consent_activity_id=False)
        self.url_open(self.link(mailing, self.ann), method="POST")
        self.assertEqual(self.consent.status, "given")
        self.assertTrue(
            self.env["mail.blacklist"].search([("email", "=", "ann@example.com")])
        )
