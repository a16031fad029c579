# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a template that asks for consent must contain."""

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from .. import links


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
