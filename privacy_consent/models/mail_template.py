# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a template that asks for consent must contain."""

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from .. import links
from .guard import making


class MailTemplate(models.Model):
    _inherit = "mail.template"

    @api.constrains("body_html", "model_id")
    def _check_consent_links(self):
        """Refuse a consent template that lacks one of the two links.

        :raise ValidationError: showing both links
        """
        for template in self:
            if template.model_id.model != "privacy.consent":
                continue
            if (
                links.placeholder.choices(template.body_html)
                != links.placeholder.CHOICES
            ):
                raise ValidationError(
                    self.env._(
                        "The template “%(template)s” asks for consent, so its body "
                        "must contain these two links, from which each subject's own "
                        "links are made:\n"
                        '<a href="%(accept)s">Accept</a>\n'
                        '<a href="%(reject)s">Reject</a>',
                        template=template.name,
                        accept=links.placeholder.ACCEPT,
                        reject=links.placeholder.REJECT,
                    )
                )

    def send_mail_batch(self, res_ids, *args, **kwargs):
        """Let requests have their reports, which Odoo adds to the finished mails.

        :raise AccessError: for whoever may not write the consents
        """
        if self.model != "privacy.consent":
            return super().send_mail_batch(res_ids, *args, **kwargs)
        self.env["privacy.consent"].browse(res_ids).check_access("write")
        with making():
            mails = super().send_mail_batch(res_ids, *args, **kwargs)
        for mail in self.report_template_ids and mails:
            mail.attachment_ids.filtered(
                lambda file: file.res_model == "mail.message"
            ).write({"res_model": mail.model, "res_id": mail.res_id})
        return mails

    def _render_lang(self, res_ids, *args, **kwargs):
        """Ask who reads a language that is not installed any more in Odoo's own."""
        languages = super()._render_lang(res_ids, *args, **kwargs)
        if self.model != "privacy.consent":
            return languages
        return {
            res_id: self.env["res.lang"]._get_data(code=code).code
            for res_id, code in languages.items()
        }

    def _update_field_translations(self, field_name, translations, *args, **kwargs):
        """Check each translation: constraints see the current language only."""
        result = super()._update_field_translations(
            field_name, translations, *args, **kwargs
        )
        if field_name == "body_html":
            for lang in translations:
                self.with_context(lang=lang)._check_consent_links()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asking(self):
        """Keep the request of activities that ask automatically.

        :raise UserError: naming them
        """
        # Activities of other companies count too.
        activities_sudo = (
            self.env["privacy.activity"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("consent_template_id", "in", self.ids),
                    ("consent_required", "=", "auto"),
                ]
            )
        )
        if activities_sudo:
            raise UserError(
                self.env._(
                    "The template is what the subjects of “%s” get: choose another one "
                    "there first.",
                    ", ".join(activities_sudo.mapped("name")),
                )
            )
