# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Real parts for end-to-end tests: databases, an SMTP server, Odoo servers."""

import os
import resource
from contextlib import ExitStack, contextmanager
from itertools import count

import pytest

pytest.register_assert_rewrite(
    "consumers", "generation_scene", "kills", "page", "server"
)

from consumers import Consumers  # noqa: E402
from inbox import Inbox, SeparateInbox  # noqa: E402
from server import Server  # noqa: E402

from tools import browser, databases  # noqa: E402

_numbers = count()
# those of the present module, whose logs are checked after each test
_programs = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Let a test fail during which a program warned of something unexpected."""
    try:
        return (yield)
    finally:
        _check(_programs)


def _check(programs):
    with ExitStack() as stack:  # all are checked, whatever is found
        for program in programs:
            stack.callback(program.check)


@contextmanager
def _module_programs():
    """A function to name what a module starts, all of which is stopped in the end.

    What is logged after the last test fails that test's teardown.
    """
    started = []

    def add(program):
        started.append(program)
        _programs.append(program)
        return program

    yield add
    with ExitStack() as stack:
        stack.callback(_check, started)
        for program in started:
            _programs.remove(program)
            stack.callback(program.stop)


@pytest.fixture(scope="module")
def new_database():
    """A function that copies a template database, and drops the copies in the end."""
    names = []

    def copy(variant="lean"):
        name = f"{databases.PREFIX}e2e_{os.getpid()}_{next(_numbers)}"
        databases.copy(databases.template(variant), name)
        names.append(name)
        return name

    yield copy
    for name in names:
        databases.drop(name)


@pytest.fixture(scope="module")
def inbox():
    """An SMTP server that keeps what it gets."""
    server = Inbox()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def separate_inbox(request):
    """An SMTP server that the tests are not in the way of.

    Its parameter is how many seconds it takes for a message.
    """
    server = SeparateInbox(getattr(request, "param", 0))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def new_server(new_database, inbox, tmp_path_factory):
    """A function that starts an Odoo server, which is stopped in the end."""
    with _module_programs() as add:

        def start(database=None, *options, **settings):
            log = tmp_path_factory.mktemp("odoo") / "odoo.log"
            database = database or new_database()
            return add(Server(log, database, inbox.port, *options, **settings))

        yield start


@pytest.fixture(scope="module")
def new_consumers(inbox, tmp_path_factory):
    """A function that loads Odoo for consumers of a database's mail queue."""
    with _module_programs() as add:

        def start(database, port=inbox.port, hooks=None):
            log = tmp_path_factory.mktemp("consumers") / "odoo.log"
            return add(Consumers(log, database, port, hooks))

        yield start


@pytest.fixture(scope="module")
def chromium():
    """The browser of this machine."""
    if not browser.find():
        pytest.skip("Chromium is not installed")
    # Odoo limits the address space of its process; a browser needs much more.
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    with browser.running() as chromium:
        yield chromium
