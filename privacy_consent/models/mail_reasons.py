# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Why a mail did not arrive, in the words of a mail server that may quote the mail."""

from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _without_links_in_reasons(self, vals):
        """:return: the values to write, without personal links in reasons"""
        # The second one is of the addon mail_queue_safe.
        names = ("failure_reason", "queue_refused")
        if not any(map(vals.get, names)):
            return vals
        return consents_of(self)._values_without_links(vals, names)


class MailNotification(models.Model):
    _inherit = "mail.notification"

    def write(self, vals):
        """Keep personal links out of reasons."""
        if vals.get("failure_reason"):
            consents = consents_of(self.sudo().mail_message_id)
            vals = consents._values_without_links(vals, ["failure_reason"])
        return super().write(vals)


def consents_of(messages):
    """:return: the consents that mails or messages are about, deleted ones included"""
    about = messages.filtered(lambda one: one.model == "privacy.consent")
    return messages.env["privacy.consent"].browse(set(about.mapped("res_id")))
