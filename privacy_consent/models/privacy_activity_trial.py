# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The request as somebody would get it, before anybody does."""

import re
from urllib.parse import quote

from markupsafe import Markup

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_list
from odoo.tools.image import image_data_uri

from .. import links, mail_document
from .privacy_consent_together import asking_along

# Gmail clips a message there, whatever it counts.
_GMAIL_KB = 102
_LARGE_KB = 90
_PASTED = re.compile(r"""(?:src=["']|url\(["']?|url\(&quot;)data:""", re.IGNORECASE)
_BANNER = Markup(
    '<p style="margin:0 auto 16px;padding:8px 16px;max-width:568px;'
    "border:2px solid #b45309;background-color:#fef3c7;color:#1f2933;"
    'font-family:Arial,sans-serif">%s</p>'
)


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    def action_preview_request(self):
        """Show the request as somebody would get it.

        :return: the action that opens the dialog
        :rtype: dict
        :raise AccessError: for whoever may not ask the subjects
        """
        self.ensure_one()
        dialog = self.env["privacy.consent.preview"].create({"activity_id": self.id})
        return dialog._get_records_action(
            name=self.env._("Preview of the request"), target="new", context={}
        )

    def _check_may_ask(self):
        """:raise AccessError: for whoever may not ask the subjects of these"""
        self.env["privacy.consent"].check_access("create")
        self.check_access("write")

    def _sample_subject(self):
        """:return: a contact that the filter finds, or else the user's own"""
        asked = self.env["privacy.consent"].search(
            [("activity_id", "=", self.id)], limit=1
        )
        return (
            self._subjects_missing(limit=1)
            or asked.partner_id
            or self.env.user.partner_id
        )

    def _try_consents(self, subject):
        """Make consents for a request that asks nobody.

        :param subject: the ``res.partner`` who seems to be asked
        :return: the leading one and those that come along, of which nothing is stored
        """
        consents = self.env["privacy.consent"]
        activities = self + self._others_with(subject)
        first, *others = (
            consents.new({"activity_id": one.id, "partner_id": subject.id})
            for one in activities.sorted(lambda one: one._rank_together())
        )
        return first, consents.concat(*others)

    def _try_request(self, subject, lang):
        """Make the text of a request that asks nobody, and of which nothing is stored.

        :param subject: the ``res.partner`` who seems to be asked
        :param str lang: code of the language
        :return: subject and body, whose links lead to a page that records nothing
        :raise UserError: when there is no template, or it cannot be rendered
        """
        consent, others = self._try_consents(subject)
        template = consent._request_template()
        title, body = (
            template._render_field(name, [consent.id], set_lang=lang)[consent.id]
            for name in ("subject", "body_html")
        )
        with asking_along({consent.id: others}):
            title, body = consent.with_context(lang=lang)._complete_request(title, body)
        url = (
            f"{consent.activity_id._link_host(consent)}/privacy/consent/test"
            f"?db={quote(self.env.cr.dbname, safe='')}"
        )
        places = dict.fromkeys(("accept", "reject", "preferences"), url)
        return title, links.placeholder.personalize(body, places)

    def _preview_request(self, subject, lang):
        """:return: as :meth:`_try_request`, to be shown in the web client"""
        title, body = self._try_request(subject, lang)
        image = self.env["privacy.consent"]._own_logo(self.controller_id.id)
        picture = image_data_uri(image) if self.mail_logo else ""
        return title, type(body)(body.replace(f"cid:{mail_document.LOGO}", picture))

    def _enqueue_test(self, subject, lang):
        """Enqueue a request to the user alone, which says that it is a test.

        :raise UserError: for a user or a controller without an address
        """
        self._check_may_ask()
        user = self.env.user
        if not user.email_normalized:
            raise UserError(
                self.env._("You have no e-mail address: enter it in your preferences.")
            )
        title, body = self._try_request(subject, lang)
        translated = self.with_context(lang=lang)
        note = translated.env._(
            "This is a test. Nobody else gets it, and its links record nothing."
        )
        consent, _others = self._try_consents(subject)
        template = consent._request_template()
        sender = consent.activity_id._sender()
        if not sender:
            raise UserError(consent.activity_id._sender_problem())
        self.env["mail.mail"].sudo().create(
            {
                # Its messages have the logo of the controller, but no personal links.
                "model": self._name,
                "res_id": consent.activity_id.id,
                "subject": translated.env._("[Test] %s", title),
                "body_html": _BANNER % note + body,
                "email_from": sender,
                "reply_to": sender,
                "email_to": user.email_formatted,
                "mail_server_id": template.mail_server_id.id,
                "auto_delete": True,
            }
        )
        self.env["privacy.consent"]._trigger_mail_queue()

    def _mail_warning(self):
        """Say what mail programs make of the requests about these activities.

        :return: a text, or False where nothing is to be said
        """
        lines = []
        for activity in self.filtered("consent_template_id"):
            try:
                found = activity._mail_problems()
            except UserError:
                continue  # whoever asks is told what is wrong with the template
            prefix = f"{activity.display_name}: " if len(self) > 1 else ""
            lines += [prefix + one for one in found]
        return "\n".join(lines) or False

    def _mail_problems(self):
        subject = self._sample_subject()
        picture = self.sudo()._mail_logo_sudo()
        sizes, pasted = {}, 0
        for code, name in self.env["res.lang"].get_installed():
            _title, body = self._try_request(subject, code)
            email = {"body": body, "attachments": []}
            html = mail_document.finish(email, picture)["body"]
            sizes[name] = len(html.encode()) / 1024
            pasted = max(pasted, len(_PASTED.findall(html)))
        problems = []
        large = [name for name, size in sizes.items() if size > _LARGE_KB]
        if large:
            problems.append(
                self.env._(
                    "The mail has %(size)s KB of HTML (%(languages)s). Gmail shows the "
                    "first %(limit)s KB and hides the rest behind a link: shorten the "
                    "description or the template.",
                    size=round(max(sizes.values())),
                    languages=format_list(self.env, large),
                    limit=_GMAIL_KB,
                )
            )
        own_logo = self.env["privacy.consent"]._own_logo(self.controller_id.id)
        if own_logo and not picture:
            problems.append(
                self.env._(
                    "Mail programs do not show the logo: use a picture in the form PNG "
                    "or JPEG."
                )
            )
        if pasted:
            problems.append(
                self.env._(
                    "The mail has pasted pictures (data:): %s. Outlook and Gmail do "
                    "not show them: say what matters in words.",
                    pasted,
                )
            )
        return problems
