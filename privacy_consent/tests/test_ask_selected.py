# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The dialog before a selection of people is asked."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import ConsentCase


class TestAskSelected(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity.consent_required = "manual"
        cls.eve = cls._create_subject("Eve", "eve@example.com", lang="en_US")
        cls.consents = cls.generate().with_user(cls.manager)
        cls.consent = cls.consent_of(cls.ann)

    def open(self, consents=None):
        return self.dialog((consents or self.consents).action_manual_ask())

    def left_out(self, dialog):
        return set((dialog.left_out or "").splitlines())

    def test_says_how_many_about_what_and_until_when(self):
        other = self.activity.copy({"name": "Profiles"})
        consents = self.consents + self.generate(other).with_user(self.manager)
        with self.at("2026-05-01 12:00:00"):
            dialog = self.open(consents)
            self.assertEqual(str(dialog.last_mail_date), "2026-05-01 12:00:01")
        self.assertEqual(dialog.asked_count, 6)
        self.assertEqual(
            set(dialog.activities.splitlines()), {"Newsletter: 3", "Profiles: 3"}
        )
        self.assertEqual((dialog.left_out_count, dialog.left_out), (0, ""))
        self.assertFalse(consents.sudo().request_ids, "nobody is asked before")
        self.assertFalse(self.run_queue())

    def test_press_asks_them(self):
        action = self.open().action_ask()
        self.assertIn("enqueued: 3.", action["params"]["message"])
        self.assertEqual(len(self.run_queue()), 3)

    def test_says_who_is_left_out_and_why(self):
        stopped = self.activity.copy({"name": "Stopped"})
        consents = self.consents + self.generate(stopped).with_user(self.manager)
        stopped.action_stop_asking()
        self.consent.action_archive()
        self.luc.email = "luc 17@example.com"
        self.consent_of(self.eve).action_auto_ask()
        dialog = self.open(consents)
        self.assertEqual(dialog.asked_count, 0)
        self.assertFalse(dialog.activities)
        self.assertEqual(dialog.left_out_count, 6)
        self.assertEqual(
            self.left_out(dialog),
            {
                "Asking was stopped: 3",
                "The consent was archived: 1",
                "A request is under way: 1",
                "No address that anybody could reach: 1",
            },
        )
        dialog.action_ask()
        self.assertEqual([mail.to for mail in self.run_queue()], [["eve@example.com"]])
        self.consent_of(self.eve).sudo().action_answer(False)
        self.consent_of(self.ann).action_unarchive()
        self.consent_of(self.ann).action_auto_ask()
        self.run_queue()
        self.assertLess(
            {"Answered already: 1", "Asked already: 1"}, self.left_out(self.open())
        )

    def test_who_answers_meanwhile_is_not_asked(self):
        dialog = self.open()
        self.consent.sudo().action_answer(False)
        action = dialog.action_ask()
        self.assertFalse(self.run_queue(), "nobody is asked whom it did not tell of")
        dialog = self.dialog(action)
        self.assertTrue(dialog.changed)
        self.assertEqual(dialog.asked_count, 2)
        self.assertEqual(self.left_out(dialog), {"Answered already: 1"})
        dialog.action_ask()
        self.assertEqual(len(self.run_queue()), 2)

    def test_who_can_be_asked_since_is_told_first(self):
        self.consent.action_archive()
        dialog = self.open()
        self.consent.action_unarchive()
        self.dialog(dialog.action_ask())
        self.assertFalse(self.run_queue())
        self.assertEqual(dialog.asked_count, 3)

    def test_who_gets_no_mailings(self):
        self.activity.server_action_id = self.env.ref("privacy_consent.sync_blacklist")
        self.assertEqual(self.open().opt_out_count, 3)
        self.activity.server_action_id = False
        self.assertEqual(self.open().opt_out_count, 0)

    def test_without_template(self):
        self.activity.consent_template_id = False
        with self.assertRaisesRegex(UserError, "(?s)template.*Newsletter"):
            self.open()

    # Rights -----------------------------------------------------------------------

    def test_readers_do_not_open_it(self):
        with self.assertRaises(AccessError):
            self.consents.with_user(self.reader).action_manual_ask()
        dialogs = self.env["privacy.consent.ask.selected"]
        with self.assertRaises(AccessError):
            dialogs.with_user(self.reader).create({"consent_ids": self.consents.ids})

    def test_dialogs_of_others(self):
        dialog = self.open()
        other = new_test_user(
            self.env, "other", groups="privacy.group_data_protection_manager"
        )
        self.assertFalse(dialog.with_user(other).search([]))
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_rule"),
        ):
            dialog.with_user(other).action_ask()

    def test_consents_of_another_company(self):
        company = self.env["res.company"].create({"name": "Other company"})
        officer = new_test_user(
            self.env,
            "officer",
            groups="privacy.group_data_protection_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        self.activity.controller_id = self.env["res.partner"].create({"name": "Club"})
        self.env.flush_all()
        dialogs = self.env["privacy.consent.ask.selected"].with_user(officer)
        dialog = dialogs.create({"consent_ids": [Command.set(self.consents.ids)]})
        self.ann.company_id = self.env.company
        self.env.flush_all()
        self.env.invalidate_all()
        with mute_logger("odoo.addons.base.models.ir_rule"):
            with self.assertRaises(AccessError):
                dialog.action_ask()
            with self.assertRaises(AccessError):
                dialogs.create({"consent_ids": [Command.set(self.consents.ids)]})
            with self.assertRaises(AccessError):
                self.consents.with_user(officer).action_ask_unreached()
        self.assertFalse(self.run_queue())

    # Whom nobody reached ----------------------------------------------------------

    def test_who_was_not_reached_is_asked_again_at_once(self):
        self.ask_selected(self.consents)
        self.run_queue()
        request = self.consent.request_ids
        request._bounced(True, "No such user", fields.Datetime.now())
        self.assertEqual(self.consent.request_state, "bounced")
        action = (
            self.env["privacy.consent"]
            .with_user(self.manager)
            .with_context(default_activity_id=self.activity.id)
            .action_ask_unreached()
        )
        self.assertFalse(self.run_queue(), "nobody before the press")
        dialog = self.dialog(action)
        self.assertEqual((dialog.asked_count, dialog.left_out_count), (1, 0))
        dialog.action_ask()
        self.assertEqual([mail.to for mail in self.run_queue()], [["ann@example.com"]])

    def test_of_a_selection_only_who_was_not_reached(self):
        self.consent._note_not_made("No server knows it.")
        dialog = self.dialog(self.consents.action_ask_unreached())
        self.assertEqual(dialog.consent_ids, self.consent)

    def test_without_selection_and_activity_nobody_is_meant(self):
        self.consent._note_not_made("No server knows it.")
        nobody = self.env["privacy.consent"].with_user(self.manager)
        self.assertFalse(self.dialog(nobody.action_ask_unreached()).consent_ids)
