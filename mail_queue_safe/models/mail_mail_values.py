# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is stored of a mail, whoever creates or changes it."""

from odoo import api, models

from .mail_mail_lock import made_by
from .mail_message import in_one_line


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        # The mail keeps what it was created with, also of its message, in the cache.
        mails = super().create([in_one_line(vals) for vals in vals_list])
        made_by(self.env.cr).update(mails.ids)
        return mails

    def write(self, vals):
        vals = in_one_line(vals)
        if "state" in vals:
            # What was to follow the former state has no meaning any more.
            vals = {"queue_effects_due": False, **vals}
        if vals.get("state") == "outgoing":
            # Whoever wants a mail sent again that was sent wants it sent to everybody.
            sent = self.filtered(lambda mail: mail.state == "sent")
            if sent:
                super(MailMail, sent).write({"queue_accepted": False})
            # And of what failed, to all that it did not reach.
            failed = self.filtered(lambda mail: mail.state == "exception")
            if failed:
                super(MailMail, failed).write({"queue_refused": False})
        return super().write(vals)
