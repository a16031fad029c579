# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What nobody confirmed is erased, with what the form made for it."""

from odoo.tests import tagged

from odoo.addons.privacy_consent.tests.answers import press

from .common import WebsiteCase


@tagged("post_install", "-at_install")
class TestUnconfirmed(WebsiteCase):
    def clean_up(self, days=31):
        """Let days pass, and Odoo clean up."""
        self.env.cr.execute(
            "UPDATE privacy_consent_form SET day = day - %s,"
            " create_date = create_date - make_interval(days => %s)",
            [days, days],
        )
        self.env.invalidate_all()
        self.env["privacy.consent.form"]._gc_unconfirmed()
        self.env.flush_all()

    def test_contact_and_consent_go(self):
        self.submit()
        self.run_queue()
        contact = self.contacts()
        self.clean_up(29)
        self.assertTrue(contact.exists())
        self.clean_up(2)
        self.assertFalse(contact.exists())
        self.assertFalse(self.env["privacy.consent.form"].search([]))

    def test_who_was_asked_again_may_still_confirm(self):
        self.submit()
        self.clean_up(29)
        self.submit()
        self.clean_up(2)
        self.assertTrue(self.contacts().privacy_consent_ids)
        self.clean_up(29)
        self.assertFalse(self.contacts())

    def test_contact_that_is_used_stays(self):
        self.submit()
        contact = self.contacts()
        self.env["res.partner"].create({"name": "Assistant", "parent_id": contact.id})
        self.clean_up()
        self.assertTrue(contact.exists())
        self.assertFalse(contact.privacy_consent_ids)

    def test_contact_that_somebody_worked_with_stays(self):
        manager = self.env.ref("base.user_admin")
        for work in (
            lambda contact: contact.write({"phone": "+32 2 290 34 90"}),
            lambda contact: contact.message_post(body="Called, calls back."),
            lambda contact: contact.activity_schedule("mail.mail_activity_data_todo"),
            lambda contact: self.env["ir.attachment"].create(
                {"name": "Contract", "res_model": "res.partner", "res_id": contact.id}
            ),
        ):
            self.submit()
            contact = self.contacts()
            work(contact.with_user(manager))
            self.clean_up()
            self.assertTrue(contact.exists())
            self.assertFalse(contact.privacy_consent_ids)
            contact.unlink()

    def test_answer_of_another_contact_stays(self):
        """Whoever merged it with one who consented loses nothing."""
        merge = self.env["base.partner.merge.automatic.wizard"]._merge
        self.generate()
        self.run_queue()
        given = self.consent_of(self.ann)
        press(given, True)
        self.submit()
        self.run_queue()
        kim = self.contacts()
        merge((kim | self.ann).ids, kim)
        self.clean_up()
        self.assertEqual(given.status, "given")
        self.assertTrue(kim.exists())
        self.assertFalse(self.env["privacy.consent.form"].search([]))

    def test_answers_stay(self):
        self.submit()
        self.run_queue()
        consent = self.consent_of(self.contacts())
        press(consent, False)
        self.clean_up()
        self.assertTrue(consent.exists())
        self.assertFalse(self.env["privacy.consent.form"].search([]))

    def test_what_was_there_before_stays(self):
        self.generate()
        consent = self.consent_of(self.ann)
        self.run_queue()
        self.submit(self.ann.email)
        self.clean_up()
        self.assertTrue(consent.exists())
        self.assertTrue(self.ann.exists())
