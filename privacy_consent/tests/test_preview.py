# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Before anybody is asked: what the mail looks like, a test of it, and its size."""

from email.utils import parseaddr

from markupsafe import Markup

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from .common import ConsentCase
from .test_mail_identity import SVG, picture

RECORDS = ("privacy.consent", "privacy.consent.request", "privacy.consent.event")


class TestPreview(ConsentCase):
    def counts(self):
        self.env.flush_all()
        return [
            self.env[model].with_context(active_test=False).search_count([])
            for model in RECORDS
        ]

    def preview(self, user=None):
        activity = self.activity.with_user(user or self.manager)
        return self.dialog(activity.action_preview_request(), user)

    def test_a_contact_of_the_filter_in_each_language(self):
        before = self.counts()
        preview = self.preview()
        self.assertEqual(preview.partner_id, self.ann)
        self.assertEqual(preview.lang, "en_US")
        self.assertIn("Hello Ann", preview.body_html)
        self.assertIn("One mail a month.", preview.body_html)
        self.assertEqual(preview.subject, "Do you consent to “Newsletter”?")
        with Form(preview) as form:
            form.lang = "fr_FR"
            self.assertEqual(form.subject, "Votre avis sur Newsletter")
            form.partner_id = self.luc
        self.assertIn("Luc", preview.body_html)
        self.assertIn('lang="fr-FR"', preview.body_html)
        self.assertEqual(self.counts(), before)
        self.assertFalse(self.activity.consent_ids)
        self.assertFalse(self.run_queue())

    def test_who_was_asked_already(self):
        self.generate()
        self.assertIn(self.preview().partner_id, self.ann + self.luc)

    def test_filter_that_finds_nobody(self):
        self.activity.subject_domain = "[('id', '=', 0)]"
        self.assertEqual(self.preview().partner_id, self.manager.partner_id)

    def test_logo_in_the_preview(self):
        self.env.company.logo = picture("PNG")
        self.assertIn('src="data:image/png;base64,', self.preview().body_html)

    def test_template_that_fails(self):
        self.template.body_html = Markup(self.template.body_html) + Markup(
            "<p t-out='object.nothing'></p>"
        )
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            preview = self.preview()
            self.assertIn("nothing", preview.error)
        self.assertFalse(preview.body_html)

    def test_send_me_a_test(self):
        self.env.company.logo = picture("PNG")
        before = self.counts()
        preview = self.preview()
        with self.assert_wakes("mail.ir_cron_mail_scheduler_action"):
            action = preview.action_send_test()
        self.assertIn("manager@example.com", action["params"]["message"])
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["manager@example.com"])
        self.assertEqual(mail.subject, "[Test] Do you consent to “Newsletter”?")
        for text in (mail.html, mail.text):
            self.assertIn("This is a test.", text)
            self.assertEqual(text.count("/privacy/consent/test?db="), 3)
            self.assertNotRegex(text, "/privacy/consent/(accept|reject|preferences)")
        types = [part.get_content_type() for part in mail.message.walk()]
        self.assertIn("image/png", types)
        self.assertIn("color-scheme", mail.html)
        self.assertEqual(self.counts(), before)
        left = self.env["mail.message"].search_count(
            [("subject", "like", "[Test]"), ("model", "=", "privacy.activity")]
        )
        self.assertFalse(left, "nothing of it stays")
        self.generate()
        senders = {one.message["From"] for one in self.run_queue()}
        self.assertEqual(senders, {mail.message["From"]})

    def test_sender_of_the_test(self):
        controller = self.activity.controller_id
        for email, expected in (
            ("boss@example.com, other@example.com", "boss@example.com"),
            ("n/a; Boss <boss@example.com>", "boss@example.com"),
        ):
            with self.subTest(email=email):
                controller.email = email
                self.preview().action_send_test()
                (mail,) = self.run_queue()
                for name in ("From", "Reply-To"):
                    self.assertEqual(parseaddr(mail.message[name])[1], expected)
        for email in ("n/a", False):
            controller.email = email
            with self.assertRaisesRegex(UserError, "nobody can be asked in their name"):
                self.preview().action_send_test()

    def test_user_without_an_address(self):
        preview = self.preview()
        self.manager.partner_id.email = False
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            preview.action_send_test()

    def test_who_may_not_ask(self):
        with self.assertRaises(AccessError):
            self.preview(self.reader)
        preview = self.preview()
        with self.assertRaises(AccessError):
            preview.with_user(self.reader).action_send_test()
        self.manager.group_ids -= self.env.ref("privacy.group_data_protection_manager")
        with self.assertRaises(AccessError):
            preview.action_send_test()

    def ask_dialog(self):
        activity = self.activity.with_user(self.manager)
        return self.dialog(activity.action_confirm_new_consents())

    def test_a_usual_mail_needs_no_warning(self):
        self.assertFalse(self.ask_dialog().mail_warning)

    def test_from_the_dialog_before_asking(self):
        action = self.ask_dialog().action_preview()
        self.assertEqual(action["res_model"], "privacy.consent.preview")

    def test_large_mail(self):
        self.activity.description = "<p>" + "One mail a month. " * 6000 + "</p>"
        warning = self.ask_dialog().mail_warning
        self.assertRegex(warning, r"has 1\d\d KB of HTML \(.*English.*French")
        self.assertIn("Gmail shows the first 102 KB", warning)
        mails = self.generate() and self.run_queue()
        size = len(mails[0].html.encode()) / 1024
        (said,) = [int(word) for word in warning.split() if word.isdecimal()][:1]
        self.assertLess(abs(said - size), 2)

    def test_large_in_one_language(self):
        french = self.activity.with_context(lang="fr_FR")
        french.description = "<p>" + "Un courriel par mois. " * 6000 + "</p>"
        warning = self.ask_dialog().mail_warning
        self.assertIn("French", warning)
        self.assertNotIn("English", warning)

    def test_logo_that_mail_programs_do_not_show(self):
        company = self.env["res.company"].create({"name": "Other", "email": "b@c.de"})
        self.activity.controller_id = company.partner_id
        company.logo = SVG
        self.manager.write({"company_ids": company.ids, "company_id": company.id})
        self.assertIn("do not show the logo", self.ask_dialog().mail_warning)
        company.logo = picture("PNG")
        self.env.registry.clear_cache()
        self.assertFalse(self.ask_dialog().mail_warning)

    def test_pasted_pictures(self):
        self.activity.description = (
            '<p><img src="data:image/png;base64,iVBORw0KGgo="></p>'
        )
        warning = self.ask_dialog().mail_warning
        self.assertRegex(warning, r"pasted pictures \(data:\): 1. Outlook and Gmail")
        self.assertNotIn("KB", warning)

    def test_dialog_for_a_selection(self):
        self.activity.consent_required = "manual"
        self.activity.description = (
            '<p><img src="data:image/png;base64,iVBORw0KGgo="></p>'
        )
        drafts = self.generate().with_user(self.manager)
        dialog = self.dialog(drafts.action_manual_ask())
        self.assertIn("pasted pictures", dialog.mail_warning)


@tagged("post_install", "-at_install")
class TestTrialPage(ConsentCase, HttpCase):
    def test_it_says_that_nothing_is_recorded(self):
        activity = self.activity.with_user(self.manager)
        self.dialog(activity.action_preview_request()).action_send_test()
        (mail,) = self.run_queue()
        (url,) = set(
            part.split('"')[0]
            for part in mail.html.split('href="')
            if "/privacy/consent/test" in part.split('"')[0]
        )
        for data in (None, {"nonce": "x", "List-Unsubscribe": "One-Click"}):
            page = self.url_open(url, data=data)
            self.assertEqual(page.status_code, 200)
            self.assertIn("This was a test", page.text)
            self.assertIn("Nothing was recorded", page.text)
            self.assertNotIn("<form", page.text)
            self.assertEqual(page.headers["Cache-Control"], "no-store")
        page = self.url_open("/privacy/consent/test")
        self.assertIn("This was a test", page.text)
