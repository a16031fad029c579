# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ports of the demo, which the person may choose."""

import os
import socket

from .errors import ToolError

DEFAULTS = {"HTTP_PORT": 8069, "SMTP_PORT": 1025, "INBOX_PORT": 1080}


def port(variable):
    """The port that this environment variable names, or its default."""
    value = os.environ.get(variable) or str(DEFAULTS[variable])
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise ToolError(f"{variable} is {value}, but has to be a port number.")
    return int(value)


def check():
    """See that nobody else uses the demo's ports.

    :raises ToolError: for the first one that is taken
    """
    for variable in DEFAULTS:
        wanted = port(variable)
        if not _is_free(wanted):
            taken = {port(name) for name in DEFAULTS}
            free = next(
                number
                for number in range(wanted + 1, 65536)
                if number not in taken and _is_free(number)
            )
            raise ToolError(
                f"Port {wanted} is taken by another program: stop that, or choose "
                f"another port, as in `make demo {variable}={free}`."
            )


def _is_free(number):
    with socket.socket() as server:
        # what a server does that starts again while old connections fade away
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True
