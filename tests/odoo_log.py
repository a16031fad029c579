# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's log, in which every warning is a failure, as in the tests of OCA."""

import re

from checklog_odoo.checklog import do_checklog
from checklog_odoo.config import ChecklogConfig
from click import ClickException

from tools import settings

CONFIGURATION = settings.ROOT / "checklog-odoo.cfg"


def check(log, *expected):
    """Check that a log has no warning and no error.

    :param log: path of the log
    :param expected: parts of what a test provokes
    :raise AssertionError: with the log's warnings and errors
    """
    ignore = ChecklogConfig(str(CONFIGURATION)).getlist("checklog-odoo", "ignore")
    ignore += [re.escape(part) for part in expected]
    try:
        do_checklog(str(log), ignore, echo=False)
    except ClickException as error:
        raise AssertionError(f"{error.message} {log.read_text()}") from error
