# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Before addons are uninstalled: what proof is lost."""

from odoo import api, fields, models


class BaseModuleUninstall(models.TransientModel):
    _inherit = "base.module.uninstall"

    consent_proof_lost = fields.Text(compute="_compute_consent_proof_lost")

    @api.depends("module_ids")
    def _compute_consent_proof_lost(self):
        for wizard in self:
            names = set(wizard._get_modules().mapped("name"))
            wizard.consent_proof_lost = "\n".join(wizard._proof_lost(names))

    def _proof_lost(self, names):
        """:return: lines that say what is lost with addons of these names"""
        if "privacy_consent" not in names:
            return []
        return [
            self.env._(
                "%(consents)s consents, with %(events)s events that prove who was "
                "asked what, and answered what, and the %(texts)s texts that were "
                "shown.",
                consents=self._count_all("privacy.consent"),
                events=self._count_all("privacy.consent.event"),
                texts=self._count_all("privacy.consent.text"),
            )
        ]

    def _count_all(self, model):
        """:return: how many there are, and nothing of what they say"""
        return self.env[model].sudo().with_context(active_test=False).search_count([])
