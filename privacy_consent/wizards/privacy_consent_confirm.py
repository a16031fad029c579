# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Confirm that a person gave an answer that looks automated."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class PrivacyConsentConfirm(models.TransientModel):
    """How a manager found out that the answer is the person's."""

    _name = "privacy.consent.confirm"
    _description = "Confirm an answer"

    consent_id = fields.Many2one(
        comodel_name="privacy.consent",
        default=lambda self: self._default_consent_id(),
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    suspicion_reason = fields.Text(related="consent_id.suspicion_reason")
    note = fields.Text(
        required=True,
        help="How you found out, for example: they said so on the phone.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create the dialog, for who may change the answer."""
        dialogs = super().create(vals_list)
        dialogs.consent_id.check_access("write")
        return dialogs

    def _default_consent_id(self):
        if self.env.context.get("active_model") != "privacy.consent":
            return False
        return self.env.context.get("active_id")

    def action_confirm(self):
        """Confirm the answer, which counts from now on.

        :raise AccessError: for whoever may not change the consent
        :raise UserError: without a note, or if there is nothing to confirm
        """
        self.ensure_one()
        self.check_access("write")
        self.consent_id.check_access("write")
        note = (self.note or "").strip()
        if not note:
            raise UserError(self.env._("Say how you found out."))
        self.consent_id._confirm_answer(note)
        return {"type": "ir.actions.act_window_close"}
