# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a template that asks for consent must contain."""

import re

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from .. import links
from .guard import making
from .ir_qweb import is_batch

_INDENTATION = re.compile(r"\n\s+")


class MailTemplate(models.Model):
    _inherit = "mail.template"

    @api.constrains("body_html", "model_id", "subject")
    def _check_consent_links(self):
        """Refuse a consent template that lacks one of the two links.

        Refuse also what looks like such a link and could not become a personal one.

        :raise ValidationError: showing both links, or the place
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
            template._check_consent_places()

    def _check_consent_places(self):
        """Refuse placeholders from which no personal link can be made.

        :raise ValidationError: showing where they stand
        """
        places = [
            self.env._("line %(number)s: %(text)s", number=number, text=text)
            for number, text in links.placeholder.faults(self.body_html)
        ]
        if links.placeholder.is_suspect(self.subject):
            places.append(self.env._("subject: %s", self.subject))
        if places:
            raise ValidationError(
                self.env._(
                    "The template “%(template)s” has links from which no personal ones "
                    "can be made. Write them as %(accept)s, %(reject)s or "
                    "%(preferences)s, as the address of a link, or as text:\n"
                    "%(places)s",
                    template=self.name,
                    accept=links.placeholder.ACCEPT,
                    reject=links.placeholder.REJECT,
                    preferences=links.placeholder.PREFERENCES,
                    places="\n".join(places),
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

    def _generate_template(self, res_ids, *args, **kwargs):
        """Say why somebody is asked again, and what else, whatever the template."""
        values = super()._generate_template(res_ids, *args, **kwargs)
        if self.model == "privacy.consent" and is_batch():
            for consent in self.env["privacy.consent"].browse(res_ids):
                lang = consent.activity_id._installed(consent.partner_id.lang)
                translated = consent.with_context(lang=lang)
                mail = values[consent.id]
                mail["subject"], mail["body_html"] = translated._complete_request(
                    mail.get("subject") or "", mail.get("body_html") or ""
                )
        return values

    def _render_lang(self, res_ids, *args, **kwargs):
        """Ask who reads a language that is not installed any more in Odoo's own."""
        languages = super()._render_lang(res_ids, *args, **kwargs)
        if self.model != "privacy.consent":
            return languages
        return {
            res_id: self.env["res.lang"]._get_data(code=code).code
            for res_id, code in languages.items()
        }

    def _render_field(self, field, res_ids, *args, **kwargs):
        """Keep the buttons that Outlook reads in comments, and no indentation.

        The body is stored with each request.
        """
        if field != "body_html" or self.model != "privacy.consent":
            return super()._render_field(field, res_ids, *args, **kwargs)
        kwargs["options"] = {"preserve_comments": True, **(kwargs.get("options") or {})}
        bodies = super()._render_field(field, res_ids, *args, **kwargs)
        return {
            res_id: links.placeholder.without_notes(_without_indentation(body))
            for res_id, body in bodies.items()
        }

    def _update_field_translations(self, field_name, translations, *args, **kwargs):
        """Check each translation: constraints see the current language only."""
        result = super()._update_field_translations(
            field_name, translations, *args, **kwargs
        )
        if field_name in ("body_html", "subject"):
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


def _without_indentation(body):
    """:return: a text in HTML that looks the same, unless spaces count in it"""
    if "<pre" in body or "white-space" in body:
        return body
    return type(body)(_INDENTATION.sub("\n", body))
