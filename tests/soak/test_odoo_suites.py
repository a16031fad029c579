# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What passes of Odoo's own tests of mails also passes with mail_queue_safe.

These tests never commit. They show that the addon is compatible, not that it is safe.
"""

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from inbox import free_port
from server import ODOO

from tools import databases, settings

ADDON = "mail_queue_safe"
# The tests in a browser are left out: they take long, and no mail leaves in them.
TAGS = "/mail,/test_mail,/mass_mailing_sms,/test_mass_mailing,-is_tour"
ODOO_WITH_LATE_TESTS = (
    settings.VENV_PYTHON,
    Path(__file__).with_name("late_tests.py"),
)
RECORD = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ [A-Z]+ )", re.M)
START = re.compile(r"\S+ \S+ \d+ INFO \S+ (\S+): Starting (\S+) \.\.\.")
FAILURE = re.compile(r"\S+ \S+ \d+ ERROR \S+ (\S+): (?:FAIL|ERROR): (.+)")
SUMMARY = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
HOUR = 3600


class Odoo:
    """An Odoo that does something with a database, and ends.

    :ivar log: path of what it printed
    """

    def __init__(self, log, database, *options, odoo=ODOO):
        self.log = log
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                [*odoo, "server", "-c", settings.CONF, "-d", database, *options]
                + ["--http-port", str(free_port()), "--stop-after-init"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self):
        """:return: its exit code"""
        try:
            return self.process.wait(HOUR)
        finally:
            self.process.kill()


class Results:
    """What a log says about the tests.

    :ivar started: names of the tests
    :ivar failures: names of what failed, tests or parts of them
    :ivar details: the record of each failure by its name
    """

    def __init__(self, log):
        text = log.read_text()
        self.started = Counter()
        self.failures = Counter()
        self.details = {}
        for record in RECORD.split(text):
            if start := START.match(record):
                self.started[" ".join(start.groups())] += 1
            elif failure := FAILURE.match(record):
                name = " ".join(failure.groups())
                self.failures[name] += 1
                self.details[name] = record
        (summary,) = SUMMARY.findall(text)
        failed, errors, count = map(int, summary)
        assert failed + errors == self.failures.total(), log
        assert count == self.started.total(), log


@pytest.fixture(scope="module")
def suite_databases(tmp_path_factory):
    """The names of two databases: without the addon, and with it."""
    folder = tmp_path_factory.mktemp("install")
    names = [
        f"{databases.PREFIX}e2e_{os.getpid()}_{kind}" for kind in ("without", "with")
    ]
    without, with_addon = names
    options = ("--with-demo", "--skip-auto-install", "--no-http")

    def install(database, modules):
        odoo = Odoo(folder / f"{database}.log", database, "-i", modules, *options)
        assert odoo.wait() == 0, odoo.log.read_text()

    try:
        install(without, "test_mail,test_mass_mailing")
        databases.copy(without, with_addon)
        install(with_addon, ADDON)
        yield names
    finally:
        for name in names:
            databases.drop(name)


def test_nothing_fails_that_passed(suite_databases, tmp_path):
    suites = [
        Odoo(
            tmp_path / f"{database}.log",
            database,
            "--test-tags",
            TAGS,
            odoo=ODOO_WITH_LATE_TESTS,
        )
        for database in suite_databases
    ]
    for suite in suites:
        suite.wait()
    without, with_addon = (Results(suite.log) for suite in suites)
    assert with_addon.started == without.started
    assert without.started.total() > 500
    # a test that fails anyway tells nothing
    assert without.failures.total() < without.started.total() / 10
    new = with_addon.failures - without.failures
    details = "\n".join(with_addon.details[name] for name in new)
    assert not new, f"{details}\nFailed only with {ADDON}:\n" + "\n".join(new)
