# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The mail that confirms an answer to whoever gave it."""

import psycopg2

from odoo import fields, models
from odoo.tools import formataddr

from .. import links
from .privacy_consent import store
from .privacy_consent_effects import leaves_for_later
from .privacy_consent_links import NO_AUTOMATIC_REPLIES


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    confirmation_mail = fields.Boolean(
        string="Confirm answers by e-mail",
        help="Whoever answers themselves gets a mail that says what is recorded, at "
        "their present address. The receipt is attached, if there is one.",
    )


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    confirmation_due = fields.Boolean(
        readonly=True,
        copy=False,
        exportable=False,
        help="The mail that confirms the answer is still to be made.",
    )

    def _plan_confirmations(self, words):
        """Have the subjects told what is recorded, after answers of their own.

        An answer that looks automated is none of theirs, until they confirm it.

        :param dict words: whose word each of these answers is
        """
        for consent in self:
            word = words[consent]
            own = word.proof.by == links.proof.SUBJECT and not word.signs
            if not own or not consent.activity_id.sudo().confirmation_mail:
                continue
            if leaves_for_later():
                consent._leave_for_later({"confirmation_due": True})
            else:
                store(consent.sudo(), {"confirmation_due": True})
                consent._confirm_by_mail()

    def _confirm_by_mail(self):
        """Put the mail into the queue, if it is due.

        If that fails, the answer stays, the consent says what failed, and it is
        repeated.
        """
        consent_sudo = self.sudo()
        if not consent_sudo.confirmation_due:
            return
        try:
            with self.env.cr.savepoint():
                consent_sudo._make_confirmation()
        except psycopg2.OperationalError:
            raise  # Odoo tries all again
        except Exception as error:
            label = self.env._("The answer could not be confirmed by e-mail")
            self._note_due("confirmation_due", True, error, label)
        else:
            self._note_done("confirmation_due")

    def _make_confirmation(self):
        """Make the mail for what counts now. There is no personal link in it."""
        address, sender = self._address_to_ask(), self.activity_id._sender()
        if self.state != "answered" or not address or not sender:
            return
        consent = self.with_context(lang=self.partner_id.lang or "en_US")
        text = consent.answer_text_id
        files = consent._confirmation_files()
        body = self.env["ir.qweb"].with_context(lang=consent.env.lang)
        body = body._render(
            "privacy_consent.confirmation_mail",
            {"consent": consent, "files": files, "text": text},
            minimal_qcontext=True,
        )
        self.env["mail.mail"].create(
            {
                "model": self._name,
                "res_id": self.id,
                "subject": consent.env._(
                    "Your answer: %s", text.name or consent.activity_name
                ),
                "body_html": body,
                "email_from": sender,
                "reply_to": sender,
                "email_to": formataddr((self.partner_id.name or "", address)),
                "headers": repr(NO_AUTOMATIC_REPLIES),
                "auto_delete": True,
                "attachment_ids": [
                    fields.Command.create({"name": name, "raw": content})
                    for name, content in files
                ],
            }
        )

    def _confirmation_files(self):
        """:return: name and content of each file that goes with the mail"""
        return []
