# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a company tells everybody whom it asks for consent."""

from odoo import api, fields, models

_TOLD = {"privacy_officer", "privacy_policy_url"}


class ResCompany(models.Model):
    _inherit = "res.company"

    privacy_officer = fields.Char(
        string="Contact of the data protection officer",
        help="Name, e-mail address, telephone: whatever people need to reach them.",
    )
    privacy_policy_url = fields.Char(
        string="Privacy policy", help="The address of a page, with https://"
    )

    @api.constrains("privacy_policy_url")
    def _check_privacy_policy_url(self):
        """Refuse what is no address of a web page: people are shown it as a link."""
        self.env["privacy.activity"]._check_policy_urls(self)

    def write(self, vals):
        """Follow the change of the texts that say it.

        :raise AccessError: for whoever may not write these companies
        """
        if not _TOLD & vals.keys():
            return super().write(vals)
        self.check_access("write")
        activities_sudo = (
            self.env["privacy.activity"]
            .sudo()
            .with_context(active_test=False)
            .search([("controller_company_id", "in", self.ids)])
        )
        before = activities_sudo._keep_texts()
        result = super().write(vals)
        activities_sudo._follow_text_changes(before)
        return result
