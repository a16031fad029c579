# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From whom requests come, and what happens where there is nobody."""

from email.header import decode_header, make_header
from email.utils import getaddresses, parseaddr

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ConsentCase

BOSS = "boss@controller.example.com"


@tagged("post_install", "-at_install")
class TestSender(ConsentCase):
    def setUp(self):
        super().setUp()
        self.controller = self.env["res.partner"].create(
            {"name": "Büro, Inc.", "email": BOSS}
        )
        self.activity.controller_id = self.controller
        # Then Odoo takes the sender's.
        self.env.company.alias_domain_id = False

    def _senders(self, mails):
        """:return: the addresses in the headers that say who asks"""
        self.assertTrue(mails)
        return {
            (name, address)
            for mail in mails
            for name in ("From", "Reply-To")
            for _name, address in getaddresses(mail.message.get_all(name))
        }

    def _names(self, mails):
        """:return: the names that stand before the addresses"""
        return {
            str(make_header(decode_header(parseaddr(mail.message[header])[0])))
            for mail in mails
            for header in ("From", "Reply-To")
        }

    def _assert_asked_by(self, address):
        # Followers get a message, too.
        mails = [
            mail
            for mail in self.run_queue()
            if mail.to[0] in ("ann@example.com", "luc@example.com")
        ]
        self.assertEqual(
            self._senders(mails), {("From", address), ("Reply-To", address)}
        )
        for mail in mails:
            for name in ("From", "Reply-To"):
                self.assertEqual(len(mail.message.get_all(name)), 1)

    def test_one_of_several_addresses(self):
        for email in (
            f"{BOSS}, other@example.com",
            f"n/a; Boss <{BOSS}>",
            f"{BOSS}\nother@example.com",
        ):
            with self.subTest(email=email):
                self.controller.email = email
                self.consent_of(self.ann).unlink()
                self.consent_of(self.luc).unlink()
                self.generate()
                with self.env.cr.savepoint() as savepoint:
                    self._assert_asked_by(BOSS)
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_not_whoever_is_at_work(self):
        self.template.email_from = "{{ user.email_formatted }}"
        self.generate()
        self._assert_asked_by(BOSS)
        self.consent_of(self.ann).with_user(
            self.env.ref("base.user_root")
        ).sudo()._ask()
        self._assert_asked_by(BOSS)

    def test_sender_and_reply_to_of_the_template(self):
        self.template.email_from = "Privacy <privacy@controller.example.com>"
        self.template.reply_to = "answers@controller.example.com"
        self.controller.email = False
        self.generate()
        self.assertEqual(
            self._senders(self.run_queue()),
            {
                ("From", "privacy@controller.example.com"),
                ("Reply-To", "answers@controller.example.com"),
            },
        )

    def test_malformed_addresses_of_the_template(self):
        self.template.email_from = "n/a"
        self.template.reply_to = "a@example.com, b@example.com"
        self.generate()
        self._assert_asked_by(BOSS)

    def test_catchall_takes_replies(self):
        self.env.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "replies.example.com", "catchall_alias": "catchall"}
        )
        self.controller.email = f"{BOSS}, other@example.com"
        self.generate()
        mails = self.run_queue()
        self.assertEqual(
            self._senders(mails),
            {("From", BOSS), ("Reply-To", "catchall@replies.example.com")},
        )
        # Whoever is at work has no part in it.
        self.assertEqual(self._names(mails), {"Büro, Inc."})

    def test_catchall_and_links_of_the_company_that_asks(self):
        domains = self.env["mail.alias.domain"].create(
            [
                {"name": f"{word}.example.com", "catchall_alias": "catchall"}
                for word in ("first", "second")
            ]
        )
        self.env.company.alias_domain_id = domains[0]
        other = self.env["res.company"].create(
            {"name": "Other", "email": BOSS, "alias_domain_id": domains[1].id}
        )
        self.activity.controller_id = other.partner_id
        self.ann.company_id = self.luc.company_id = False
        self.manager.write({"company_ids": other.ids, "company_id": other.id})
        self.generate()
        mails = self.run_queue()
        self.assertEqual(
            self._senders(mails),
            {("From", BOSS), ("Reply-To", "catchall@second.example.com")},
        )
        self.assertEqual(self._names(mails), {"Other"})
        for mail in mails:
            self.assertEqual(mail.sender.partition("@")[2], "second.example.com")

    def test_bounces_of_a_controller_without_company(self):
        self.env.company.alias_domain_id = domain = self.env[
            "mail.alias.domain"
        ].create({"name": "replies.example.com", "catchall_alias": "catchall"})
        self.activity.consent_required = "manual"
        self.generate()
        self._compose()._action_send_mail()
        mail = self.consent_of(self.ann).request_ids.mail_id
        self.assertEqual(mail.record_alias_domain_id, domain, "as Odoo found it")

    def test_domain_outside_of_ascii(self):
        for named in (False, "Büro <boss@bücher.example>"):
            with self.subTest(named=named):
                self.template.email_from = named
                self.controller.email = "boss@bücher.example"
                self.assertEqual(
                    parseaddr(self.activity._sender())[1],
                    "boss@xn--bcher-kva.example",
                )

    def test_template_that_computes_the_name(self):
        self.template.email_from = '"{{ object.activity_name }}" <other@example.com>'
        self.generate()
        self._assert_asked_by(BOSS)
        self.assertEqual(parseaddr(self.activity._sender())[1], BOSS)

    def _compose(self, mode="comment"):
        action = self.consent_of(self.ann).with_user(self.manager).action_manual_ask()
        context = {**action["context"], "default_composition_mode": mode}
        composer = self.env[action["res_model"]].with_user(self.manager)
        return Form(composer.with_context(**context)).save()

    def test_composer(self):
        self.activity.consent_required = "manual"
        self.template.email_from = False
        self.generate()
        for mode in ("comment", "mass_mail"):
            with self.subTest(mode=mode):
                self._compose(mode)._action_send_mail()
                self._assert_asked_by(BOSS)

    def test_template_sent_by_hand(self):
        self.activity.consent_required = "manual"
        self.template.email_from = "{{ user.email_formatted }}"
        self.generate()
        self.template.with_user(self.manager).send_mail(self.consent_of(self.ann).id)
        self._assert_asked_by(BOSS)

    # Nobody to ask in the name of ---------------------------------------------------

    def _assert_refused(self, ask):
        with self.assertRaisesRegex(UserError, "nobody can be asked in their name"):
            ask()

    def test_button_and_dialog(self):
        activity = self.activity.with_user(self.manager)
        for email in (False, "n/a", "boss@"):
            self.controller.email = email
            for button in ("action_new_consents", "action_confirm_new_consents"):
                with self.subTest(email=email, button=button):
                    self._assert_refused(getattr(activity, button))
        self.assertFalse(self.activity.consent_ids)
        activity.action_stop_asking()
        self._assert_refused(activity.action_continue_asking)
        self.controller.email = BOSS
        activity.action_continue_asking()
        self._assert_asked_by(BOSS)

    def test_dialog_that_was_open(self):
        action = self.activity.with_user(self.manager).action_confirm_new_consents()
        self.controller.email = "n/a"
        self._assert_refused(self.dialog(action).action_ask)
        self.assertFalse(self.activity.consent_ids)

    def test_generating_alone_asks_nobody(self):
        self.controller.email = False
        self.activity.consent_required = "manual"
        self.assertEqual(len(self.generate()), 2)

    @mute_logger("odoo.addons.privacy_consent.models.privacy_activity_run")
    def test_daily_run(self):
        self.controller.email = "n/a"
        self.env["privacy.activity"]._cron_new_consents()
        self.assertFalse(self.activity.consent_ids)
        self.assertIn("“n/a” of “Büro, Inc.”", self.activity.asking_error)
        self.assertIn("It lacks the “@”.", self.activity.asking_error)
        self.assertIn("“n/a”", self.activity.message_ids[0].body)
        self.controller.email = BOSS
        self.env["privacy.activity"]._cron_new_consents()
        self.assertFalse(self.activity.asking_error)
        self._assert_asked_by(BOSS)

    @mute_logger("odoo.addons.privacy_consent.models.privacy_activity_run")
    def test_run_under_way(self):
        self.generate()
        self._create_subject("Zoe", "zoe@example.com")
        self.env["privacy.activity.generation"]._begin(self.activity)
        self.controller.email = False
        self.env["privacy.activity"]._cron_continue_consents()
        self.assertEqual(len(self.activity.consent_ids), 2)
        self.assertIn("has no e-mail address", self.activity.asking_error)

    def test_list_action(self):
        self.activity.consent_required = "manual"
        consents = self.generate()
        self.controller.email = "n/a"
        dialog = self.dialog(consents.with_user(self.manager).action_manual_ask())
        self.assertFalse(dialog.asked_ids)
        self.assertEqual(
            dialog.left_out, "The controller has no usable e-mail address: 2"
        )
        self.assertFalse(consents.action_auto_ask())
        self.assertFalse(self.run_queue())

    def test_composer_does_not_open(self):
        self.activity.consent_required = "manual"
        consent = self.generate()[:1].with_user(self.manager)
        composer = self._compose()
        self.controller.email = "n/a"
        self._assert_refused(consent.action_manual_ask)
        self._assert_refused(composer._action_send_mail)

    def test_form_says_so(self):
        form = Form(self.activity.with_user(self.manager))
        self.assertFalse(form.sender_problem)
        self.controller.email = "n/a"
        form = Form(self.activity.with_user(self.manager))
        self.assertIn("“n/a”", form.sender_problem)
        form.controller_id = self.env["res.partner"].create({"name": "Nobody"})
        self.assertIn("“Nobody” has no e-mail address", form.sender_problem)
