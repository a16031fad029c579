# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking many people with the composer: all of them, or nobody."""

from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_mass_mail(self, res_ids, auto_commit=False):
        """Leave mails about consents to the queue, and start it.

        Odoo makes and sends them in batches, and a later one may be refused.

        :raise AccessError: for whoever may not write the consents
        """
        if self.model != "privacy.consent":
            return super()._action_send_mail_mass_mail(res_ids, auto_commit=auto_commit)
        self.env[self.model].browse(res_ids).check_access("write")
        self.force_send = False
        mails = super()._action_send_mail_mass_mail(res_ids, auto_commit=auto_commit)
        self.env["privacy.consent"]._trigger_mail_queue()
        return mails
