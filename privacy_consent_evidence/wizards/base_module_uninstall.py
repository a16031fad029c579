# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Before addons are uninstalled: how to take the proof along."""

from odoo import models


class BaseModuleUninstall(models.TransientModel):
    _inherit = "base.module.uninstall"

    def _proof_lost(self, names):
        """Count the seals, too."""
        lines = super()._proof_lost(names)
        if "privacy_consent_evidence" in names:
            lines.append(
                self.env._(
                    "%s seals: nobody can show any more that nothing was changed.",
                    self._count_all("privacy.consent.seal"),
                )
            )
        return lines

    def action_download_consent_proof(self):
        """Offer the proof of everything, of all companies.

        :return: the action that opens the dialog
        :rtype: dict
        :raise AccessError: for who is no manager of data protection
        """
        self.check_access("write")
        pack = self.env["privacy.consent.pack"].create({"everything": True})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Proof pack"),
            "res_model": pack._name,
            "res_id": pack.id,
            "view_mode": "form",
            "target": "new",
        }
