# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every form of the website may have boxes for consent."""

from odoo import models
from odoo.http import request

from .privacy_consent_form import ask_from_form

# Its controller knows whether the form was taken.
_BUILT_FORMS = "/website/form/"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _post_dispatch(cls, response):
        result = super()._post_dispatch(response)
        visitor = request.httprequest
        if (
            visitor.method == "POST"
            and response.status_code < 400
            and not visitor.path.startswith(_BUILT_FORMS)
        ):
            ask_from_form(visitor.form)
        return result
