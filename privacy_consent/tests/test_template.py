# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A template that asks for consent contains both links."""

from lxml import etree

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form
from odoo.tools.safe_eval import safe_eval

from .common import ConsentCase

ACCEPT = '<a href="/privacy/consent/accept/">Yes</a>'
REJECT = '<a href="/privacy/consent/reject/">No</a>'


class TestTemplate(ConsentCase):
    def test_links_are_required(self):
        for body in [
            False,
            "",
            "<p>Please answer</p>",
            ACCEPT,
            REJECT,
            ACCEPT + '<a title="/privacy/consent/reject/">No</a>',
            ACCEPT + '<img src="/privacy/consent/reject/"/>',
        ]:
            with self.subTest(body=body):
                with self.assertRaises(ValidationError) as error, self.cr.savepoint():
                    self.template.body_html = body
                self.assertIn("/privacy/consent/accept/", str(error.exception))
                self.assertIn("/privacy/consent/reject/", str(error.exception))

    def test_what_cannot_become_personal_is_refused(self):
        for wrong in (
            '<img src="/privacy/consent/accept/"/>',
            '<a href="/privacy/consent/acept/">Yes</a>',
            '<a href="https://t.example/?u=%2Fprivacy%2Fconsent%2Faccept%2F">Yes</a>',
            '<!--[if mso]><img src="/privacy/consent/accept/"/><![endif]-->',
        ):
            with self.subTest(wrong=wrong):
                with self.assertRaises(ValidationError) as error, self.cr.savepoint():
                    self.template.body_html = f"<p>{ACCEPT}\n{REJECT}\n{wrong}</p>"
                self.assertIn("line 3: ", str(error.exception))
                self.assertIn(wrong[-30:-14], str(error.exception))

    def test_what_cannot_become_personal_is_refused_in_a_translation(self):
        wrong = f'{ACCEPT}{REJECT}<img src="/privacy/consent/accept/"/>'
        with self.assertRaisesRegex(ValidationError, "1.: .*accept"):
            self.template.update_field_translations("body_html", {"fr_FR": wrong})

    def test_subject_has_no_links(self):
        with self.assertRaisesRegex(ValidationError, "subject: .*accept"):
            self.template.subject = "https://example.com/privacy/consent/accept/"
        with self.assertRaisesRegex(ValidationError, "subject: .*accept"):
            self.template.update_field_translations(
                "subject", {"fr_FR": "/privacy/consent/accept/"}
            )

    def test_links_are_required_in_each_translation(self):
        with self.assertRaises(ValidationError):
            self.template.update_field_translations(
                "body_html", {"fr_FR": "<p>Rien</p>"}
            )

    def test_links_suffice(self):
        self.template.body_html = f"<p>{ACCEPT} or {REJECT}</p>"

    def test_other_models_need_no_links(self):
        self.env["mail.template"].create(
            {
                "name": "Other",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "body_html": "<p>Hello</p>",
            }
        )

    def test_turning_another_template_into_a_consent_template(self):
        template = self.env["mail.template"].create(
            {
                "name": "Other",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "body_html": "<p>Hello</p>",
            }
        )
        with self.assertRaises(ValidationError):
            template.model_id = self.env["ir.model"]._get("privacy.consent")

    def test_template_in_use_is_kept(self):
        with self.assertRaisesRegex(UserError, "Newsletter"):
            self.template.unlink()
        self.activity.consent_required = "manual"
        (self.env["privacy.activity"].search([]) - self.activity).write(
            {"consent_required": False}
        )
        self.template.unlink()
        self.assertFalse(self.activity.consent_template_id)

    def test_new_template_starts_from_the_default(self):
        activity = self.activity.with_user(self.manager)

        def template_field():
            arch = activity.get_view(self.env.ref("privacy.activity_form").id)["arch"]
            (field,) = etree.fromstring(arch).xpath(
                "//field[@name='consent_template_id']"
            )
            return field

        self.assertIn("no_create", template_field().get("options"), "Odoo refuses it")
        self.manager.group_ids += self.env.ref("mail.group_mail_template_editor")
        field = template_field()
        self.assertNotIn("no_create", field.get("options", ""))
        context = safe_eval(
            field.get("context"),
            {
                name: activity[name]
                for name in (
                    "consent_template_default_body_html",
                    "consent_template_default_subject",
                )
            },
        )
        templates = self.env["mail.template"].with_user(self.manager)
        form = Form(templates.with_context(**context))
        form.name = "Ours"
        template = form.save()
        self.assertEqual(template.subject, self.template.subject)
        self.assertEqual(template.body_html, self.template.body_html)
        self.assertEqual(template.email_from, self.template.email_from)
        self.activity.consent_template_id = template
        self.generate()
        mails = {mail.to[0]: mail for mail in self.run_queue()}
        self.assertEqual(set(mails["ann@example.com"].links()), {"accept", "reject"})
