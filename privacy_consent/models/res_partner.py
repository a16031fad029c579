# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The consents of a contact."""

from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    privacy_consent_ids = fields.One2many(
        comodel_name="privacy.consent",
        inverse_name="partner_id",
        string="Privacy consents",
        groups="privacy.group_data_protection_user",
    )
    privacy_consent_count = fields.Integer(
        string="Consents",
        compute="_compute_privacy_consent_count",
        groups="privacy.group_data_protection_user",
    )

    @api.depends("privacy_consent_ids")
    def _compute_privacy_consent_count(self):
        counts = dict(
            self.env["privacy.consent"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.privacy_consent_count = counts.get(partner._origin, 0)
