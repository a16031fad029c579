# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Dialogs say what follows before it does; who is asked again by hand, and who not."""

from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, tagged

from .answers import press
from .test_life import ASKED, GIVEN, LifeCase


@tagged("post_install", "-at_install")
class TestSettingsDialog(LifeCase):
    def open(self, **values):
        dialog = self.dialog(self.activity.with_user(self.manager).action_set_life())
        form = Form(dialog)
        for name, value in values.items():
            form[name] = value
        return form

    def counts(self, form):
        return form.given_count, form.expiring_count, form.mail_count

    def test_sentence(self):
        self.assertEqual(
            self.activity.life_sentence, "Consent has no end. No reminders."
        )
        self.set_up(validity_months=12, renewal_days=30, reminder_count=2)
        self.assertEqual(
            self.activity.life_sentence,
            "Consent ends after 12 months; people are asked again 30 days before. "
            "2 reminders, 7 days apart.",
        )

    def test_reminders(self):
        with self.at(ASKED + timedelta(days=1)):
            form = self.open()
            self.assertEqual(self.counts(form), (0, 0, 0))
            form.reminder_count = 1
            self.assertEqual(self.counts(form), (0, 0, 2))
            form.reminder_count = 3
            self.assertEqual(self.counts(form), (0, 0, 6))
            form.reminder_days = 14
            self.assertEqual(self.counts(form), (0, 0, 4))
            self.env["mail.blacklist"]._add("ann@example.com")
            form.reminder_count = 2
            self.assertEqual(self.counts(form), (0, 0, 2))
            form.reminder_count = 1
            self.assertEqual(self.counts(form), (0, 0, 1))
            self.assertFalse(self.activity.reminder_count)
            form.save().action_apply()
        self.assertEqual(self.activity.reminder_count, 1)
        self.assertTrue(self.live(ASKED + timedelta(days=14)))

    def test_validity(self):
        self.press_at(GIVEN)
        self.press_at(GIVEN + timedelta(days=60), self.other)
        with self.at("2026-06-15 12:00:00"):
            form = self.open(validity_months=3)
            self.assertEqual(self.counts(form), (2, 1, 0))
            form.renewal_days = 5
            self.assertEqual(self.counts(form), (2, 1, 0), "on 26 July")
            form.renewal_days = 20
            self.assertEqual(self.counts(form), (2, 1, 1))
            form.validity_months = 6
            form.renewal_days = 0
            self.assertEqual(self.counts(form), (2, 0, 0))
            form.save().action_apply()
        self.assertTrue(self.activity.validity_changed)
        self.live("2026-06-15 13:00:00")
        with self.at("2026-06-16 12:00:00"):
            self.assertEqual(self.counts(self.open()), (0, 0, 0))

    def test_continue(self):
        """Whoever continues learns how many mails follow by themselves."""
        self.set_up(reminder_count=2)
        activity = self.activity.with_user(self.manager)
        with self.at(ASKED + timedelta(days=1)):
            activity.action_stop_asking()
            dialog = self.dialog(activity.action_confirm_new_consents())
            self.assertEqual((dialog.people_count, dialog.mail_count), (0, 4))
            self.assertTrue(activity.asking_stopped)
            dialog.action_ask()
            self.assertFalse(activity.asking_stopped)
            activity.action_stop_asking()
        # What came due meanwhile follows.
        self.assertFalse(self.live(ASKED + timedelta(days=8)))
        with self.at(ASKED + timedelta(days=8)):
            dialog = self.dialog(activity.action_confirm_new_consents())
            self.assertEqual((dialog.people_count, dialog.mail_count), (0, 4))
            dialog.action_ask()
        self.assertEqual(len(self.live(ASKED + timedelta(days=8))), 2)

    def test_numbers_that_cannot_be_saved(self):
        """Whoever mistypes is told when they save, and sees no failure before."""
        self.press_at(GIVEN)
        with self.at("2026-06-15 12:00:00"):
            for name in ("validity_months", "renewal_days", "reminder_days"):
                for number in (2**31 - 1, -(2**31)):
                    with self.subTest(name, number=number):
                        form = self.open(validity_months=12, reminder_count=1)
                        form[name] = number
                        self.assertEqual(form.given_count, 1)
            form = self.open(reminder_count=2**31 - 1, reminder_days=1)
            self.assertEqual(form.mail_count, 3)
            with self.assertRaisesRegex(ValidationError, "while their consent counts"):
                self.open(validity_months=1, renewal_days=60).save().action_apply()

    def test_what_will_be_sent_when(self):
        self.set_up(validity_months=12, renewal_days=30, reminder_count=1)
        self.press_at(GIVEN)
        with self.at("2026-03-05 00:00:00"):
            action = self.activity.with_user(self.reader).action_show_forecast()
            found = self.env[action["res_model"]].with_user(self.reader)
            rows = found.search(action["domain"])
            self.assertEqual(
                [(str(one.date), one.kind, one.consent_id) for one in rows],
                [
                    ("2026-03-09", "reminder", self.other),
                    ("2027-01-31", "renewal", self.consent),
                    ("2027-03-02", "expired", self.consent),
                ],
            )
            self.assertEqual(
                found._read_group(action["domain"], ["date:week"], ["__count"])[0][1], 1
            )
        self.live("2027-02-01 00:00:00")
        with self.at("2027-02-02 00:00:00"):
            self.env.invalidate_all()
            rows = found.search(action["domain"])
            self.assertEqual(rows.mapped("kind"), ["reminder", "expired"])
            self.assertEqual(rows.consent_id, self.consent)

    def test_only_who_may_change_it(self):
        with self.assertRaises(AccessError):
            self.activity.with_user(self.reader).action_set_life()


@tagged("post_install", "-at_install")
class TestChangeDialog(LifeCase, HttpCase):
    def open(self):
        self.activity.description = "<p>A letter a day.</p>"
        activity = self.activity.with_user(self.manager)
        return self.dialog(activity.action_confirm_processing_changed())

    def test_ask_again(self):
        self.press_at(GIVEN)
        dialog = self.open()
        self.assertEqual(dialog.consent_count, 1)
        with self.assertRaisesRegex(UserError, "what has changed"):
            dialog.action_ask_again()
        dialog.what_changed = "The post office delivers it."
        dialog.action_ask_again()
        self.env["privacy.activity"]._cron_follow_texts()
        self.env.flush_all()
        mails = self.sent()
        self.assertIn("The post office delivers it.", mails["ann@example.com"].text)
        consent = self.consent
        for word in ("accept", "preferences"):
            url = consent._link(word, consent._token())
            page = self.url_open(url.removeprefix(consent.get_base_url())).text
            self.assertIn("The post office delivers it.", page)
        press(consent, True)
        page = self.url_open(url.removeprefix(consent.get_base_url())).text
        self.assertNotIn("The post office delivers it.", page)

    def test_where_nobody_could_be_asked(self):
        """Whoever stops asking to edit the text keeps those consents until then."""
        self.press_at(GIVEN)
        dialog = self.open()
        dialog.what_changed = "The post office delivers it."
        for put, reason in (
            ({"asking_stopped": True}, "press “Continue”"),
            ({"active": False}, "does not ask any more"),
            ({"consent_required": "manual", "consent_template_id": False}, "template"),
        ):
            with self.subTest(reason), self.env.cr.savepoint() as savepoint:
                self.activity.write(put)
                with self.assertRaisesRegex(UserError, reason):
                    dialog.action_ask_again()
                self.assertFalse(self.activity.invalid_answers_until)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_page_says_when_it_ends(self):
        self.set_up(validity_months=12)
        self.press_at(GIVEN)
        url = self.consent._link("accept", self.consent._token())
        page = self.url_open(url.removeprefix(self.consent.get_base_url())).text
        self.assertIn("March 2, 2027", page)

    def test_end_only(self):
        self.press_at(GIVEN)
        self.open().action_end_only()
        self.env["privacy.activity"]._cron_follow_texts()
        self.assertEqual(self.consent.status, "invalidated")
        self.assertFalse(self.sent())

    def test_text_changed_since(self):
        self.press_at(GIVEN)
        dialog = self.open()
        self.activity.description = "<p>Two letters a day.</p>"
        with self.assertRaisesRegex(UserError, "changed again"):
            dialog.action_end_only()


@tagged("post_install", "-at_install")
class TestAskAgain(LifeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.zoe = cls.consent_of(cls._create_subject("Zoe", "zoe@example.com"))
        with cls.at(ASKED):
            cls.generate()
            cls.run_queue()
        cls.zoe = cls.env["privacy.consent"].search([("partner_id.name", "=", "Zoe")])
        cls.all = cls.consent + cls.other + cls.zoe

    def ask_again(self, consents):
        return self.dialog(consents.with_user(self.manager).action_ask_again())

    def test_silent_are_asked_and_refusals_left_out(self):
        self.press_at(GIVEN, self.zoe, False)
        dialog = self.ask_again(self.all)
        self.assertEqual(dialog.asked_count, 2)
        self.assertEqual(dialog.kinds, "Asked again: 2")
        self.assertEqual(dialog.left_out, "Refused or withdrew: 1")
        self.assertFalse(dialog.refused_name)
        dialog.action_ask_refused()
        self.assertFalse(self.sent())
        dialog.action_ask()
        self.env.flush_all()
        self.assertEqual({*self.sent()}, {"ann@example.com", "luc@example.com"})

    def test_given_ones(self):
        self.press_at(GIVEN, self.other)
        self.set_up(validity_months=12)
        self.press_at(GIVEN)
        with self.at("2026-10-01 00:00:00"):
            dialog = self.ask_again(self.all)
            self.assertEqual(dialog.kinds, "Renewal: 1\nAsked again: 1")
            self.assertEqual(dialog.left_out, "Answered already: 1")
            dialog.action_ask()
            self.env.flush_all()
            self.assertEqual({*self.sent()}, {"ann@example.com", "zoe@example.com"})
        self.assertEqual(self.kinds(), [("first", 0), ("renewal", 0)])
        self.set_up(renewal_days=30)
        mails = self.live("2027-02-20 00:00:00")
        self.assertEqual({*mails}, {"luc@example.com"}, "the other was asked already")
        dialog = self.ask_again(self.consent)
        self.assertEqual(dialog.kinds, "Asked again: 1")

    def test_one_who_refused_by_name(self):
        self.press_at(GIVEN, self.zoe, False)
        dialog = self.ask_again(self.zoe)
        self.assertEqual((dialog.asked_count, dialog.refused_name), (0, "Zoe"))
        dialog.action_ask_refused()
        self.env.flush_all()
        self.assertEqual({*self.sent()}, {"zoe@example.com"})
        self.set_up(reminder_count=3)
        later = datetime.now() + timedelta(days=30)
        self.assertNotIn("zoe@example.com", self.live(later))

    def test_silent_since(self):
        found = self.env["privacy.consent"].with_user(self.reader)
        silent = [("silent_since", "=", True), ("id", "in", self.all.ids)]
        self.assertFalse(found.search(silent))
        self.ask_again(self.consent + self.other).action_ask()
        self.env.flush_all()
        self.assertFalse(found.search(silent))
        self.sent()
        self.env.flush_all()
        self.assertEqual(found.search(silent), self.consent + self.other)
        self.press_at(self.later(minutes=1), answer=False)
        self.env.invalidate_all()
        self.assertEqual(found.search(silent), self.other)
        self.assertTrue(self.other.silent_since)
        self.assertFalse(self.consent.silent_since)
        rest = [("silent_since", "=", False), ("id", "in", self.all.ids)]
        self.assertEqual(found.search(rest), self.consent + self.zoe)
