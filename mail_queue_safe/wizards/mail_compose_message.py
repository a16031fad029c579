# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mails to many records, written in the composer."""

from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_mass_mail(self, res_ids, auto_commit=False):
        """Leave to the queue what Odoo would send from half-done work."""
        if auto_commit and self.force_send:
            self.force_send = False
            self.env["mail.mail"]._queue_trigger()
        return super()._action_send_mail_mass_mail(res_ids, auto_commit=auto_commit)
