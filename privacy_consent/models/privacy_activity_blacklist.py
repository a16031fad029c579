# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many people get no mailings once an activity asks them."""

from odoo import models

from .mail_blacklist import not_on_blacklist


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    def _sync_blacklist_action_sudo(self):
        """:return: the server action that keeps the blacklist, if it still exists"""
        actions_sudo = self.env["ir.actions.server"].sudo()
        return actions_sudo.browse(
            self.env["ir.model.data"]._xmlid_to_res_id("privacy_consent.sync_blacklist")
        ).exists()

    def _count_opt_outs_missing(self):
        """Count who is not asked yet, and gets no mailings from then on.

        :rtype: int
        """
        action_sudo = self.sudo().server_action_id
        if (
            action_sudo != self._sync_blacklist_action_sudo()
            or not action_sudo
            or self.consent_required != "auto"
            or self.default_consent
        ):
            return 0
        with self._finding_subjects():
            return self.env["res.partner"].search_count(
                self._subjects_missing_domain() & not_on_blacklist(self.env)
            )
