# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What all processes with Odoo loaded have in common.

::

    python -m benchmarks.parts.MODULE DATABASE OPTIONS_OF_ODOO
"""

import threading
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

from .commands import obey


class Worker:
    """What such a process can do: modules with a program have a class of this class.

    :param database: name of the database
    """

    def __init__(self, database):
        self._database = database

    @contextmanager
    def _env(self):
        with Registry(self._database).cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})


def main(worker_class, database, *options):
    """Load Odoo, and obey."""
    config.parse_config(list(options), setup_logging=True)
    threading.current_thread().dbname = database
    obey(worker_class(database))
