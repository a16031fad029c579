# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Before addons are uninstalled: what proof is lost, and how to take it along."""

from odoo import api, fields, models

_CONSENTS, _EVIDENCE = "privacy_consent", "privacy_consent_evidence"


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
        # How much there is, and nothing of what it says.
        counts = {
            model: self.env[model].sudo().with_context(active_test=False).search_count
            for model in (
                "privacy.consent",
                "privacy.consent.event",
                "privacy.consent.text",
                "privacy.consent.seal",
            )
        }
        lines = []
        if _CONSENTS in names:
            lines.append(
                self.env._(
                    "%(consents)s consents, with %(events)s events that prove who was "
                    "asked what, and answered what, and the %(texts)s texts that were "
                    "shown.",
                    consents=counts["privacy.consent"]([]),
                    events=counts["privacy.consent.event"]([]),
                    texts=counts["privacy.consent.text"]([]),
                )
            )
        if _EVIDENCE in names:
            lines.append(
                self.env._(
                    "%s seals: nobody can show any more that nothing was changed.",
                    counts["privacy.consent.seal"]([]),
                )
            )
        return lines

    def action_download_consent_proof(self):
        """Download the proof of everything, of all companies.

        :rtype: dict
        :raise AccessError: for who is no manager of data protection
        """
        self.check_access("write")
        pack = self.env["privacy.consent.pack"].create({"everything": True})
        return pack.action_download()
