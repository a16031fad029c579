# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking from the consents themselves: by hand, or a selection."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .common import ConsentCase


class TestAsk(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity.consent_required = "manual"
        cls.consents = cls.generate().with_user(cls.manager)
        cls.consent = cls.consents.filtered(lambda one: one.partner_id == cls.ann)

    def test_rights_come_before_who_is_left_out(self):
        self.ann.company_id = self.env.company
        self.consent.active = False
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="privacy.group_data_protection_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        with self.assertRaises(AccessError):
            self.consent.with_user(stranger).action_auto_ask()

    def test_composer_action(self):
        action = self.consent.action_manual_ask()
        self.assertEqual(action["res_model"], "mail.compose.message")
        context = action["context"]
        self.assertEqual(context["default_composition_mode"], "comment")
        self.assertEqual(context["default_model"], "privacy.consent")
        self.assertEqual(context["default_res_ids"], self.consent.ids)
        self.assertEqual(context["default_template_id"], self.template.id)
        self.assertTrue(context["default_use_template"])
        self.assertTrue(context["tpl_force_default_to"])

    def test_composer_asks_through_the_queue(self):
        action = self.consent.action_manual_ask()
        composer = Form(
            self.env["mail.compose.message"]
            .with_user(self.manager)
            .with_context(**action["context"])
        ).save()
        self.assertEqual(composer.partner_ids, self.ann)
        queue = self.assert_wakes("mail.ir_cron_mail_scheduler_action")
        with self.mock_smtplib_connection(), queue:
            composer.action_send_mail()
            self.assertFalse(self.emails, "nothing is sent in the request")
        mails = self.run_queue()
        own = [mail for mail in mails if mail.to == ["ann@example.com"]]
        self.assertEqual(len(own), 1)
        self.assertEqual(own[0].links()["reject"], self.consent._url(False))
        self.assertEqual(own[0].message["Auto-Submitted"], "auto-generated")
        self.assertEqual(self.consent.state, "sent")
        for mail in mails:
            if mail.to != ["ann@example.com"]:
                self.assertNotIn("/privacy/consent/", mail.html + mail.text)
        token = self.consent._token()
        for message in self.consent.message_ids:
            self.assertNotIn(token, message.body)

    def test_selection_is_enqueued(self):
        with self.mock_smtplib_connection():
            self.ask_selected(self.consents)
            self.assertFalse(self.emails, "nothing is sent in the request")
        self.assertEqual(len(self.run_queue()), 2)
        self.assertEqual(set(self.consents.mapped("state")), {"sent"})

    def test_list_action_asks_the_selection(self):
        action = self.env.ref("privacy_consent.action_ask").with_user(self.manager)
        action = action.with_context(
            active_model="privacy.consent", active_ids=self.consents.ids
        ).run()
        self.assertFalse(self.consents.sudo().request_ids, "nothing before the press")
        self.dialog(action).action_ask()
        self.assertEqual(len(self.run_queue()), 2)

    def test_without_template(self):
        self.activity.consent_template_id = False
        for ask in (self.consents.action_auto_ask, self.consent.action_manual_ask):
            with self.assertRaisesRegex(UserError, "(?s)template.*Newsletter"):
                ask()

    def test_pressing_twice_asks_once(self):
        self.ask_selected(self.consents)
        self.assertFalse(self.consents.action_auto_ask())
        self.assertEqual(len(self.run_queue()), 2)

    def test_archived_consents_are_not_asked(self):
        self.consent.action_archive()
        self.assertEqual(self.consents.action_auto_ask(), self.consents - self.consent)

    def test_archived_consent_is_not_asked_from_its_form(self):
        self.consent.action_archive()
        with self.assertRaisesRegex(UserError, "unarchive it first"):
            self.consent.action_manual_ask()

    def test_selection_leaves_out_who_was_asked(self):
        self.ask_selected(self.consents)
        self.assertEqual(self.consent.request_state, "waiting")
        self.run_queue()
        self.assertEqual(self.consent.request_state, "delivered")
        self.ask_selected(self.consents)
        self.assertFalse(self.run_queue())
        action = self.consent.action_manual_ask()
        self.assertEqual(action["res_model"], "mail.compose.message", "one may again")

    def test_archiving_takes_the_request_back(self):
        self.consents.action_auto_ask()
        self.consent.action_archive()
        self.assertEqual([mail.to for mail in self.run_queue()], [["luc@example.com"]])

    def test_asking_again_does_not_undo_an_answer(self):
        self.consent.sudo().action_answer(False)
        self.consent.action_auto_ask()
        self.run_queue()
        self.assertEqual(self.consent.state, "answered")

    def test_colleague_who_reads_messages_in_odoo(self):
        user = new_test_user(
            self.env, "colleague", partner_id=self.ann.id, email=self.ann.email
        )
        user.notification_type = "inbox"
        action = self.consent.action_manual_ask()
        composer = self.env["mail.compose.message"].with_user(self.manager)
        Form(composer.with_context(**action["context"])).save().action_send_mail()
        mails = [mail for mail in self.run_queue() if mail.to == ["ann@example.com"]]
        self.assertEqual(len(mails), 1)
        self.assertEqual(set(mails[0].links()), {"accept", "reject"})
        self.assertEqual(self.consent.state, "sent")

    def test_reader_cannot_ask(self):
        with self.assertRaises(AccessError):
            self.consents.with_user(self.reader).action_auto_ask()
