# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The register of activities (GDPR, article 30), to print it and as a file."""

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from .pack import file_response


class RegisterController(http.Controller):
    @http.route(
        "/privacy/register/<int:register_id>/<any(page, jsonld):form>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def register(self, register_id, form, **_kwargs):
        """Send the activities that somebody chose in the dialog.

        :param int register_id: the dialog
        :param str form: as a ``page``, or as ``jsonld``
        """
        register = request.env["privacy.register"].browse(register_id)
        try:
            if form == "page":
                return file_response(register._write_page, "text/html; charset=utf-8")
            return file_response(
                register._write_jsonld, "application/ld+json", "register.jsonld"
            )
        except AccessError as error:
            raise NotFound() from error
