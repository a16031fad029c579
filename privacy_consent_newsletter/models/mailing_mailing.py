# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Unsubscribing from a newsletter is a withdrawal."""

from odoo import models


class MailingMailing(models.Model):
    _inherit = "mailing.mailing"

    def _activities_to_withdraw(self):
        """Add what the mailing lists ask for."""
        return (
            super()._activities_to_withdraw()
            | self.contact_list_ids.consent_activity_id
        )
