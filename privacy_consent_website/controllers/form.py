# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Forms that were made with the website's form builder."""

from odoo.exceptions import UserError
from odoo.http import request, route

from odoo.addons.website.controllers.form import WebsiteForm

from .. import form_fields
from ..models.privacy_consent_form import read_form


class ConsentForm(WebsiteForm):
    """Forms with boxes for consent: ``ir.http`` asks, once the form is taken."""

    # A function, because Odoo warns of any other change.
    @route(readonly=lambda *_args: False)
    def website_form_empty(self, **kwargs):
        """Let the box write at once, or Odoo logs that it repeats the form."""
        return super().website_form_empty(**kwargs)

    def _handle_website_form(self, model_name, **kwargs):
        """Refuse a form with a box that lacks the address to ask at.

        :raise UserError: telling the visitor to type one
        """
        form = read_form(kwargs)
        if form.activity_ids and not form.address:
            raise UserError(
                request.env._(
                    "Type one e-mail address into the form: you get a message there "
                    "in which you confirm your consent."
                )
            )
        return super()._handle_website_form(model_name, **kwargs)

    def extract_data(self, model_sudo, values):
        """Leave the boxes out of what the office gets."""
        return super().extract_data(model_sudo, form_fields.without_boxes(values))
