# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who does not consent is left out of a mailing, with a trace of it."""

from odoo import models
from odoo.tools import email_normalize_all


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _process_mail_values_state(self, mail_values_dict):
        """Cancel the mails to nobody whose consent counts today."""
        mails = super()._process_mail_values_state(mail_values_dict)
        activity = self.mass_mailing_id.consent_activity_id
        if not activity:
            return mails
        addresses = {
            record_id: {
                one for text in data["mail_to"] for one in email_normalize_all(text)
            }
            for record_id, data in self._get_recipients_data(mails).items()
        }
        may = activity._consents_by_address(set().union(*addresses.values()))
        for record_id, vals in mails.items():
            # The others are taken out of the mail when it leaves.
            if vals.get("state") not in ("cancel", "exception") and not any(
                map(may.get, addresses[record_id])
            ):
                vals.update(
                    state="cancel",
                    failure_type="mail_no_consent",
                    # It is not shown as sent at the contact.
                    is_notification=False,
                )
        return mails
