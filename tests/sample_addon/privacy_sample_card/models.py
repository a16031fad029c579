# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A sample for integrators, see docs/integrators.md: points for who consents."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.privacy_consent import links


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_points = fields.Integer()

    def action_add_loyalty_points(self, activity, points):
        """Check before using somebody's data."""
        self.ensure_one()
        if not self._has_consent(activity):
            raise UserError(self.env._("%s does not consent.", self.display_name))
        self.loyalty_points += points

    def action_ask_for_loyalty(self, activity):
        """Ask these people, and nobody else, by e-mail."""
        values = [{"partner_id": one.id, "activity_id": activity.id} for one in self]
        self.env["privacy.consent"].create(values).action_auto_ask()


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def action_answer(self, answer, metadata=False):
        """Forget the points of who does not consent, whichever way they say so."""
        result = super().action_answer(answer, metadata)
        if not answer:
            self.partner_id.sudo().loyalty_points = 0
        return result

    def action_answer_at_till(self, answer):
        """Record what somebody says at the till: a channel of our own."""
        for consent in self:
            proof = links.proof.by_hand(self.env.user, "till")
            consent._record_answer(answer, proof)


class PrivacyConsentEvent(models.Model):
    _inherit = "privacy.consent.event"

    @api.model
    def _channels(self):
        return {**super()._channels(), "till": self.env._("At the till")}
