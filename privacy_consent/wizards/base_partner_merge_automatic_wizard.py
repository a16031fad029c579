# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Merging contacts keeps every answer."""

from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Move the consents first: where two of them collide, Odoo deletes rows."""
        # Whoever may merge the contacts needs no right to their consents.
        self.env["privacy.consent"].sudo()._merge_subjects(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)
