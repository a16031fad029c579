# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's Privacy Lookup finds consents, and erases them as managers do."""

from odoo import models
from odoo.exceptions import AccessError

_CONSENT = "privacy.consent"
# They belong to consents, and go with these.
_PARTS = [
    "privacy.consent.event.detail",
    "privacy.consent.forecast",
    "privacy.consent.request",
]


class PrivacyLookupWizard(models.TransientModel):
    _inherit = "privacy.lookup.wizard"

    def _get_query(self):
        """Search activities, too, whose fields not every administrator may read."""
        return super(PrivacyLookupWizard, self.sudo())._get_query()

    def _get_query_models_blacklist(self):
        """Show consents, and not what belongs to them."""
        return [*super()._get_query_models_blacklist(), *_PARTS]


class PrivacyLookupWizardLine(models.TransientModel):
    _inherit = "privacy.lookup.wizard.line"

    def action_unlink(self):
        """Erase a consent: the proof stays, without a word about the person.

        :raise AccessError: for who may not erase it
        """
        self.ensure_one()
        if self.res_model != _CONSENT or self.is_unlinked:
            return super().action_unlink()
        self.check_access("write")
        consent = self.env[_CONSENT].with_context(active_test=False)
        consent = consent.search([("id", "=", self.res_id)])
        if not consent and self.env[_CONSENT].sudo().browse(self.res_id).exists():
            raise AccessError(self.env._("You may not erase this consent."))
        # One that was merged with another one is erased by now.
        consent.check_access("unlink")
        consent._erase(self.env._("Privacy Lookup"))
        self.execution_details = self.env._(
            "Erased %(model)s #%(id)s", model=self.res_model_id.name, id=self.res_id
        )
        self.is_unlinked = True
        return None
