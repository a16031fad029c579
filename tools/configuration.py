# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's configuration file in .dev."""

import os

from . import settings


def write(odoo, server):
    """Write .dev/odoo.conf.

    :param odoo: the Odoo whose addons are used
    :param server: Odoo's `db_*` options for the PostgreSQL server
    """
    options = {
        "addons_path": ",".join(
            str(folder) for folder in (settings.ROOT, *odoo.addons_path)
        ),
        "data_dir": settings.DATA_DIR,
        "http_interface": "127.0.0.1",
        **server,
    }
    text = "".join(f"{name} = {value}\n" for name, value in options.items())
    unfinished = settings.CONF.with_suffix(".unfinished")
    # it may hold a password
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as file:
        file.write("[options]\n" + text)
    unfinished.replace(settings.CONF)
