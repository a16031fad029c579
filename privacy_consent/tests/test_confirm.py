# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A manager confirms an answer that looks as if a program had given it."""

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .answers import press
from .common import AskedCase


class TestConfirm(AskedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        press(cls.consent, True, agent="curl/8.14")

    def setUp(self):
        super().setUp()
        self.assertTrue(self.consent.suspected_automated)

    def wizard(self, user=None, note="She said so on the phone."):
        return (
            self.env["privacy.consent.confirm"]
            .with_user(user or self.manager)
            .with_context(active_model="privacy.consent", active_id=self.consent.id)
            .create({"note": note})
        )

    def test_screens_say_that_it_does_not_count_yet(self):
        consents = self.consent.with_user(self.manager)
        said = "It does not count as consent until it is confirmed."
        form = etree.fromstring(consents.get_view(view_type="form")["arch"])
        (alert,) = form.xpath("//div[@invisible='not suspected_automated']")
        self.assertIn(said, " ".join(alert.itertext()))
        search = etree.fromstring(consents.get_view(view_type="search")["arch"])
        (chosen,) = search.xpath("//filter[@name='suspected_automated']")
        self.assertIn(said, chosen.get("help"))

    def test_confirmed_answer_counts(self):
        self.wizard().action_confirm()
        self.assertFalse(self.consent.suspected_automated)
        self.assertFalse(self.consent.suspicion_reason)
        self.assertTrue(self.consent.accepted)
        self.assertEqual(self.consent.answered_by, "subject")
        event = self.consent.event_ids[0]
        self.assertEqual((event.kind, event.by), ("confirmed", "staff"))
        self.assertEqual(event.staff, self.manager.name)
        self.assertEqual(event.note, "She said so on the phone.")

    def test_dialog_says_what_looked_automated(self):
        form = Form(
            self.env["privacy.consent.confirm"]
            .with_user(self.manager)
            .with_context(active_model="privacy.consent", active_id=self.consent.id)
        )
        self.assertIn("no browser", form.suspicion_reason)
        form.note = "Asked her"
        form.save().action_confirm()
        self.assertFalse(self.consent.suspected_automated)

    def test_note_is_needed(self):
        with self.assertRaisesRegex(UserError, "how you found out"):
            self.wizard(note="  ").action_confirm()
        self.assertTrue(self.consent.suspected_automated)

    def test_confirmed_once(self):
        self.wizard().action_confirm()
        with self.assertRaisesRegex(UserError, "nothing to confirm"):
            self.wizard().action_confirm()
        kinds = self.consent.event_ids.mapped("kind")
        self.assertEqual(kinds.count("confirmed"), 1)

    def test_only_managers_confirm(self):
        employee = new_test_user(self.env, "employee", groups="base.group_user")
        wizard = self.wizard()
        for user in (self.reader, employee):
            with self.assertRaises(AccessError):
                wizard.with_user(user).action_confirm()
            with self.assertRaises(AccessError):
                self.wizard(user)
        self.assertTrue(self.consent.suspected_automated)

    def test_other_company(self):
        company = self.env["res.company"].create({"name": "Other company"})
        officer = new_test_user(
            self.env,
            "officer",
            groups="privacy.group_data_protection_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        self.ann.company_id = self.env.company
        self.env.flush_all()
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_rule"),
        ):
            self.wizard(officer).action_confirm()
        self.assertTrue(self.consent.suspected_automated)
