# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Forms that were made with the website's form builder."""

import json

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.website.controllers.form import WebsiteForm

from .. import form_fields
from ..models.privacy_consent_form import ask_from_form


class ConsentForm(WebsiteForm):
    """Ask for the consents whose boxes were ticked, once the form is taken."""

    @http.route()
    def website_form(self, model_name, **kwargs):
        return super().website_form(model_name, **kwargs)

    def _handle_website_form(self, model_name, **kwargs):
        form = form_fields.read(kwargs)
        if form.activity_ids and not form.address:
            raise UserError(
                request.env._(
                    "Type one e-mail address into the form: you get a message there "
                    "in which you confirm your consent."
                )
            )
        result = super()._handle_website_form(
            model_name, **form_fields.without_boxes(kwargs)
        )
        if (json.loads(result) or {}).get("id"):
            ask_from_form(kwargs)
        return result
