# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail that waited is looked at again when it leaves."""

from odoo import models
from odoo.tools import email_normalize_all


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Cancel a mail of a mailing to whom does not consent any more."""
        activity = self.sudo().mailing_id.consent_activity_id
        if activity:
            addresses = set(email_normalize_all(self.email_to or ""))
            addresses.update(self.sudo().recipient_ids.mapped("email_normalized"))
            may = activity._consents_by_address(addresses - {False})
            if not all(may.get(address) for address in addresses):
                self.write({"state": "cancel", "failure_reason": False})
                self.sudo().mailing_trace_ids.write(
                    {"trace_status": "cancel", "failure_type": "mail_no_consent"}
                )
                return []
        return super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )

    def _postprocess_sent_message(self, success_pids, success_emails, *args, **kwargs):
        """Leave the traces of what was just cancelled as they are."""
        left = self.filtered(lambda mail: mail.state != "cancel")
        return super(MailMail, left)._postprocess_sent_message(
            success_pids, success_emails, *args, **kwargs
        )
