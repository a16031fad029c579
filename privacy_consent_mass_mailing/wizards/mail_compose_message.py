# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who does not consent is left out of a mailing, with a trace of it."""

from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _process_mail_values_state(self, mail_values_dict):
        """Cancel the mails to addresses without a consent that counts today."""
        mails = super()._process_mail_values_state(mail_values_dict)
        activity = self.mass_mailing_id.consent_activity_id
        if not activity:
            return mails
        recipients = self._get_recipients_data(mails)
        may = activity._consents_by_address(
            {
                address
                for one in recipients.values()
                for address in one["mail_to_normalized"]
            }
        )
        for record_id, vals in mails.items():
            addresses = recipients[record_id]["mail_to_normalized"]
            if vals.get("state") not in ("cancel", "exception") and not all(
                map(may.get, addresses)
            ):
                vals.update(
                    state="cancel",
                    failure_type="mail_no_consent",
                    # It is not shown as sent at the contact.
                    is_notification=False,
                )
        return mails
