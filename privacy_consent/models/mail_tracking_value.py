# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What tracking logged about a consent stays as it was logged."""

from odoo import api, models
from odoo.exceptions import AccessError

from .guard import not_erased


class MailTrackingValue(models.Model):
    _inherit = "mail.tracking.value"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse to add what tracking did not log about a consent.

        :raise AccessError: for a value of a consent, unless Odoo itself logs it
        """
        values = super().create(vals_list)
        if not self.env.su:
            values._check_of_no_consent()
        return values

    def write(self, vals):
        """Refuse to change what tracking logged about a consent.

        Commands on other messages reach these values with superuser rights.

        :raise AccessError: for a value of a consent, or one that would become one
        """
        self._check_of_no_consent()
        result = super().write(vals)
        if "mail_message_id" in vals:
            self._check_of_no_consent()
        return result

    def unlink(self):
        """Refuse to delete what tracking logged about a consent.

        :raise AccessError: for a value of a consent
        """
        self._check_of_no_consent()
        return super().unlink()

    def _check_of_no_consent(self):
        messages_sudo = not_erased(self.sudo().mail_message_id)
        if "privacy.consent" in messages_sudo.mapped("model"):
            raise AccessError(
                self.env._("What Odoo logged about a consent cannot be changed.")
            )
