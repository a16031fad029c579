# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Pages with a box for consent are made afresh for each visitor."""

from odoo import api, models


class WebsitePage(models.Model):
    _inherit = "website.page"

    @api.model
    def _allow_cache_insertion(self, layout):
        """Keep no page with a box: what it is about may change at any moment."""
        box = "data-consent-activity="
        return box not in layout and super()._allow_cache_insertion(layout)
