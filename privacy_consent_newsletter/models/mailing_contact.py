# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Contacts of newsletters: naming their lists subscribes them, too."""

from odoo import api, models


class MailingContact(models.Model):
    _inherit = "mailing.contact"

    @api.model_create_multi
    def create(self, vals_list):
        """Have visitors confirm: this subscribes past the model of subscriptions."""
        contacts = super().create(vals_list)
        contacts.subscription_ids._ask_visitors()
        return contacts
