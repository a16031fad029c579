# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's log, in which every warning is a failure, as in the tests of OCA."""

import re

from checklog_odoo.checklog import do_checklog
from checklog_odoo.config import ChecklogConfig
from click import ClickException

from tools import settings

CONFIGURATION = settings.ROOT / "checklog-odoo.cfg"


def check(log, *expected, may_be_empty=False):
    """Check that a log has no warning and no error.

    :param log: path of the log
    :param expected: parts of what a test provokes
    :param bool may_be_empty: whether nothing at all may be in it
    :raise AssertionError: with the log's warnings and errors
    """
    ignore = ChecklogConfig(str(CONFIGURATION)).getlist("checklog-odoo", "ignore")
    ignore += [re.escape(part) for part in expected]
    try:
        do_checklog(str(log), ignore, echo=False, err_if_empty=not may_be_empty)
    except ClickException as error:
        raise AssertionError(f"{error.message} {log.read_text()}") from error


class Logged:
    """A program with Odoo, whose log is checked after each test.

    :ivar log: path of the log
    :ivar expected_errors: parts of the errors that a test provokes in its log
    """

    def __init__(self, log):
        self.log = log
        self.expected_errors = []
        self._checked = 0

    def check(self):
        """Check that it warned of nothing unexpected since the last check."""
        with open(self.log, "rb") as log:
            log.seek(self._checked)
            lines = log.read()
        self._checked += len(lines)
        new = self.log.with_suffix(".new")
        # A server that is told to stop breaks off what its scheduled actions do.
        new.write_bytes(lines.partition(b"Initiating shutdown")[0])
        check(new, *self.expected_errors, may_be_empty=True)
