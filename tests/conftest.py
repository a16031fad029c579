# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Real parts for end-to-end tests: databases, an SMTP server, Odoo servers."""

import os
import resource
from itertools import count

import pytest
from inbox import Inbox
from server import Scene, Server

from tools import browser, databases

_numbers = count()


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


@pytest.fixture(scope="module")
def new_server(new_database, inbox, tmp_path_factory):
    """A function that starts an Odoo server, which is stopped in the end."""
    servers = []

    def start(database=None, *options, **settings):
        server = Server(
            tmp_path_factory.mktemp("odoo") / "odoo.log",
            database or new_database(),
            inbox.port,
            *options,
            **settings,
        )
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
    for server in servers:
        server.check()


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with an activity and three subjects in two languages."""
    return Scene(
        new_server(),
        {
            "ann@example.com": "en_US",
            "luc@example.com": "fr_FR",
            "refused@example.com": "en_US",
        },
    )


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
