# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Public pages answer to links that mail gateways rewrote."""

from odoo import models

from .. import links


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _match(cls, path_info):
        return super()._match(links.path.plain(path_info))
