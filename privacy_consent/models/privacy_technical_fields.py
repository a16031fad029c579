# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fields for programs stay out of what officers export, filter and group by."""

from odoo import api, models

_OFFERED = ("groupable", "searchable", "sortable")


class PrivacyTechnicalFields(models.AbstractModel):
    """Has the web client offer no field that is not exportable.

    Programs and views use such a field as any other.
    """

    _name = "privacy.technical.fields"
    _description = "Fields for programs"

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """Describe the fields, and offer no technical ones to people."""
        described = super().fields_get(allfields, attributes)
        for name, description in described.items():
            if not self._fields[name].exportable:
                description.update(
                    dict.fromkeys(description.keys() & {*_OFFERED}, False)
                )
        return described


class PrivacyActivity(models.Model):
    _name = "privacy.activity"
    _inherit = ["privacy.activity", "privacy.technical.fields"]
