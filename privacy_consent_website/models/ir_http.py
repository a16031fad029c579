# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every form of the website may have boxes for consent."""

from odoo import api, http, models
from odoo.exceptions import UserError
from odoo.http import request

from .. import form_fields
from .privacy_consent_form import ask, check_writable, read_form

# Odoo's checkout has no captcha, but takes forms of who has a cart, and mails them.
_CHECKOUT = {"/shop/address/submit", "/website/form/shop.sale.order"}


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        """Ask for the consents whose boxes were ticked, once the form is taken."""
        response = super()._dispatch(endpoint)
        visitor = request.httprequest
        if visitor.method == "POST" and isinstance(response, http.Response):
            form = read_form(visitor.form)
            if (
                form.activity_ids
                # Odoo's pages say so what is wrong with an account.
                and not response.qcontext.get("error")
                and form_fields.is_taken(
                    response.status_code, response.location, response.get_data()
                )
            ):
                # Before the captcha, which is good for one check.
                check_writable()
                if cls._passes_captcha(endpoint):
                    ask(form)
        return response

    @api.model
    def _verify_request_recaptcha_token(self, action):
        """Note that the form has a captcha: it is good for one check."""
        request.privacy_consent_has_captcha = True
        return super()._verify_request_recaptcha_token(action)

    @classmethod
    def _passes_captcha(cls, endpoint):
        """Tell whether the captcha of the website, if it has one, lets somebody ask.

        A form that was taken passed its own. A program could send the box with a form
        that has none.

        :rtype: bool
        """
        if getattr(request, "privacy_consent_has_captcha", False):
            return True
        if _CHECKOUT.intersection(endpoint.routing["routes"]):
            return True
        if not request.env.user._is_public():
            return True
        try:
            request.env["ir.http"]._verify_request_recaptcha_token("website_form")
        except UserError:
            return False
        return True
