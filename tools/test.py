# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every test of the repository, or every long one, in one pytest session."""

import os
import signal
import subprocess

from . import browser, databases, postgres, settings

PREFIX = f"{databases.PREFIX}test_"
# The long tests. A session collects them when it is given their folder.
SOAK = settings.ROOT / "tests" / "soak"


def run(arguments):
    """Run the tests, and return pytest's exit code.

    :param arguments: more arguments for pytest
    """
    browser.install()
    _drop_leftovers()
    template = databases.template("portal")  # it has all of our addons
    database = f"{PREFIX}{os.getpid()}"
    databases.copy(template, database)
    try:
        return _run_pytest(database, arguments)
    finally:
        databases.drop(database)


def _run_pytest(database, arguments):
    pytest = subprocess.Popen(
        [settings.VENV_PYTHON, "-m", "pytest", "-p", "tools.pytest_skips"]
        + ["--odoo-config", settings.CONF, "--odoo-database", database, "--odoo-http"]
        + arguments,
        env=postgres.environment(),
    )
    # Ctrl-C reaches pytest by itself, and its summary is worth waiting for
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: pytest.terminate())
    return pytest.wait()


def _drop_leftovers():
    """Drop the databases of sessions that could not do it themselves."""
    for name in databases.names(PREFIX):
        try:
            os.kill(int(name.removeprefix(PREFIX)), 0)
        except ProcessLookupError:
            databases.drop(name)
        except PermissionError:
            pass  # a session of another user
