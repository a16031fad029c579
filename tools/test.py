# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every test of the repository, or every long one, in one pytest session."""

import os
import re
import signal
from pathlib import Path

import psutil

from . import browser, databases, postgres, settings

PREFIX = f"{databases.PREFIX}test_"
# The databases that a session makes: its own, copies of that, and those of its tests.
# Each name has the number of the process that drops it.
MADE = re.compile(rf"{databases.PREFIX}(?:test|e2e)_(\d+)")
# The long tests. A session collects them when it is given their folder.
SOAK = settings.ROOT / "tests" / "soak"
# Two processes share the files, in the order of `testpaths`; `-n 0` is one process.
PARALLEL = ["--numprocesses=logical", "--maxprocesses=2"]
PARALLEL += ["--dist=loadfile", "--no-loadscope-reorder"]


def run(arguments):
    """Run the tests, and return pytest's exit code.

    :param arguments: more arguments for pytest
    """
    browser.install()
    _drop_leftovers()
    template = databases.template(_variant(arguments))
    database = f"{PREFIX}{os.getpid()}"
    databases.copy(template, database)
    try:
        return _run_pytest(database, arguments)
    finally:
        databases.drop(database)
        _drop_leftovers()


def _variant(arguments):
    """:return: the smallest variant with the addons whose tests the arguments name

    Most tests need no website, which all of Odoo's pages would load.
    """
    named = {
        folder.name
        for folder in settings.addons()
        if any(folder.name in Path(one).parts for one in arguments)
    }
    return next(
        variant
        for variant in ("portal", "website")
        if named.issubset(databases.VARIANTS[variant].addons) or variant == "website"
    )


def _run_pytest(database, arguments):
    pytest = psutil.Popen(
        [settings.VENV_PYTHON, "-m", "pytest", "-p", "tools.pytest_skips"]
        + ["-p", "tools.pytest_filestore"]
        + ["--odoo-config", settings.CONF, "--odoo-database", database, "--odoo-http"]
        + arguments,
        env=postgres.environment(),
    )

    def interrupt(*_):
        for process in [*pytest.children(), pytest]:
            process.send_signal(signal.SIGINT)

    # Ctrl-C reaches all of pytest by itself, and its summary is worth waiting for
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, interrupt)
    return pytest.wait()


def _drop_leftovers():
    """Drop the databases of processes that could not do it themselves."""
    for name in databases.names(databases.PREFIX):
        made = MADE.match(name)
        if made and not psutil.pid_exists(int(made[1])):
            databases.drop(name)
