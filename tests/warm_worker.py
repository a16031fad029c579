# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A program with Odoo loaded, which forks consumers of the mail queue.

Loading Odoo takes seconds, a fork milliseconds. Each line read is a command::

    fork               a child runs the queue once, and ends; its process id is printed
    join <process id>  wait for a child's end; its exit code is printed

The environment variable ``WARM_WORKER_HOOKS`` names a Python file to run before: what
it changes in Odoo, all children have.
"""

import os
import runpy
import sys
import traceback

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.netsvc import init_logger
from odoo.tools import config


def main(database, *options):
    """Load Odoo, and obey."""
    config.parse_config(list(options), setup_logging=False)
    init_logger()
    registry = Registry(database)
    if hooks := os.environ.get("WARM_WORKER_HOOKS"):
        runpy.run_path(hooks)
    sql_db.close_all()
    answer("ready")
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "fork":
            child = os.fork()
            if not child:
                run_queue(registry)
            answer(child)
        else:
            _pid, status = os.waitpid(int(arguments[0]), 0)
            answer(os.waitstatus_to_exitcode(status))


def answer(value):
    """Write a line to whoever gives the commands."""
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


def run_queue(registry):
    """Run the queue as its scheduled action does, and end this process."""
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["mail.mail"].process_email_queue()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
