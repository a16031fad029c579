# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose account it is."""

from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def write(self, vals):
        """Note that an account became another contact's: anybody may own it."""
        moved = self.browse()
        if "partner_id" in vals:
            moved = self.filtered(lambda user: user.partner_id.id != vals["partner_id"])
        result = super().write(vals)
        moved.sudo().partner_id.address_changed_by_others = True
        return result
