# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The download of a proof pack, which may be too large for a field."""

import os
from tempfile import SpooledTemporaryFile

from werkzeug.exceptions import NotFound
from werkzeug.wsgi import wrap_file

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from odoo.addons.privacy_consent.controllers.page import HEADERS

_IN_MEMORY = 2**20


class PackController(http.Controller):
    @http.route("/privacy/pack/<int:pack_id>", type="http", auth="user")
    def pack(self, pack_id, **_kwargs):
        """Send the proof pack that somebody chose in the dialog.

        :param int pack_id: the dialog
        """
        try:
            pack = request.env["privacy.consent.pack"].browse(pack_id)
            return pack_response(pack._write_pack)
        except AccessError as error:
            raise NotFound() from error


def pack_response(write):
    """Send a proof pack.

    :param write: writes it to a file
    """
    return file_response(write, "application/zip", "proof-pack.zip")


def file_response(write, content_type, name=None):
    """Send what may be large, of which nobody keeps a copy on the way.

    :param write: writes it to a file
    :param str name: of the file; without one the browser shows it
    """
    # It is sent while the response is read, and closed with that.
    file = SpooledTemporaryFile(_IN_MEMORY)
    try:
        write(file)
    except Exception:
        file.close()
        raise
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    headers = [
        *HEADERS.items(),
        ("Content-Length", size),
        ("Content-Type", content_type),
    ]
    if name:
        headers.append(("Content-Disposition", http.content_disposition(name)))
    response = request.make_response(
        wrap_file(request.httprequest.environ, file), headers
    )
    response.direct_passthrough = True
    return response
