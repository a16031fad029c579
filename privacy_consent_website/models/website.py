# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What boxes are about in forms into which nobody can drag one."""

from odoo import fields, models


class Website(models.Model):
    _inherit = "website"

    # The website builder asks for both. Without Odoo's addon no form has the box.
    consent_event_id = fields.Many2one(
        comodel_name="privacy.activity", string="Consent in event registrations"
    )
    consent_checkout_id = fields.Many2one(
        comodel_name="privacy.activity", string="Consent at the checkout"
    )
