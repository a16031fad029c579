# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Merging contacts keeps every answer."""

from psycopg2.errors import ForeignKeyViolation, RestrictViolation, UniqueViolation

from odoo import api, models
from odoo.exceptions import ConcurrencyError

from ..models.privacy_consent_merge import merge_subjects, merging


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Have Odoo try again where one of the contacts was asked at this moment.

        Follow the change of a text that says the name of one of them, too.
        """
        partners = self.env["res.partner"].browse(partner_ids)
        activities_sudo = self.env["privacy.activity"]._naming_sudo(partners)
        before = activities_sudo._keep_texts()
        try:
            with merging(partners.ids):
                result = super()._merge(partner_ids, dst_partner, extra_checks)
        except (ForeignKeyViolation, RestrictViolation, UniqueViolation) as error:
            if error.diag.table_name != self.env["privacy.consent"]._table:
                raise
            raise ConcurrencyError(partner_ids) from error
        if activities_sudo:
            # SQL put one contact in place of the others.
            self.env.registry.clear_cache()
            activities_sudo.invalidate_recordset()
            activities_sudo._follow_text_changes(before)
        return result

    @api.model
    def _update_foreign_keys_generic(self, model, src_records, dst_record):
        """Move the consents first: where two of them collide, Odoo deletes rows."""
        if model == "res.partner":
            merge_subjects(src_records, dst_record)
        return super()._update_foreign_keys_generic(model, src_records, dst_record)
