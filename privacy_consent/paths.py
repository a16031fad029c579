# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Links that mail gateways rewrote, on servers with several databases.

Odoo asks ``ir.http`` for the page of an address once it knows the database. Before that
it has no hook, and looks it up itself.
"""

from functools import wraps

from odoo import http

from . import links


def read_without_database():
    """Have Odoo look up the pages of links as they were mailed."""
    http.Request._serve_nodb = _reading(http.Request._serve_nodb)


def _reading(serve):
    @wraps(serve)
    def read_and_serve(request):
        environ = request.httprequest.environ
        # Its characters are the bytes of the path (PEP 3333).
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        plain = links.path.plain(path)
        if plain != path:
            environ["PATH_INFO"] = plain.encode("utf-8", "replace").decode("latin-1")
        return serve(request)

    return read_and_serve
