# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nobody but Odoo's tracking says what changed on a consent."""

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Command


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse commands for tracking values that a client sends.

        Odoo runs them with superuser rights. Its own tracking has these rights already.

        :raise AccessError: for tracking values of a consent, and for commands that
            change, take or delete existing ones
        """
        if not self.env.su:
            for vals in vals_list:
                commands = vals.get("tracking_value_ids") or []
                if any(
                    vals.get("model") == "privacy.consent"
                    or command[0] != Command.CREATE
                    for command in commands
                ):
                    raise AccessError(
                        self.env._("Only Odoo itself logs what changed on a record.")
                    )
        return super().create(vals_list)
