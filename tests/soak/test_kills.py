# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consumers, and PostgreSQL itself, killed while mails are sent."""

import os
import random
import signal

import psutil
import pytest
from kills import Ordeal

from tools import postgres

KILLS = 200
RESTARTS = 3


@pytest.mark.parametrize(
    ("separate_inbox", "seconds"), [(0, 0.1), (0.02, 0.5)], indirect=["separate_inbox"]
)
def test_killed_consumers(new_server, new_consumers, separate_inbox, seconds, capsys):
    """Between the server's reply and the commit, a repeat cannot be avoided.

    That takes 0.1 to 0.2 ms, nearly all of which the process waits for a processor: the
    busier the machine, the more repeats. What a server takes from the dead is no fault
    of the queue, and does not count here.
    """
    server = new_server(None, "--max-cron-threads", "0")
    ordeal = Ordeal(server, requests=500, others=2000)
    consumers = new_consumers(ordeal.database, separate_inbox.port)
    ordeal.kill(consumers, separate_inbox, KILLS, random.Random(), seconds)
    _drain(consumers, ordeal)
    assert ordeal.check(separate_inbox, capsys) <= 3 * KILLS / 100


def test_killed_postgresql(new_server, new_consumers, separate_inbox, capsys):
    """The database server is killed under two consumers, and started again."""
    database_server = postgres.EmbeddedServer()
    if postgres.options()["db_host"] != str(database_server.socket_folder):
        pytest.fail("This kills PostgreSQL: unset the PG* variables that name yours.")
    server = new_server(None, "--max-cron-threads", "0")
    server.expected_errors.append("odoo.sql_db")
    ordeal = Ordeal(server, requests=200, others=200)
    consumers = new_consumers(ordeal.database, separate_inbox.port)
    # whatever one logs who loses the database
    consumers.expected_errors.append("")
    for _restart in range(RESTARTS):
        before = len(separate_inbox.messages)
        pids = [consumers.start(), consumers.start()]
        separate_inbox.wait_for(before + 100)
        _kill(database_server)
        ordeal.kills += 1
        for pid in pids:
            consumers.join(pid)
        database_server.start()
    _drain(consumers, ordeal)
    # each of the two may have been between reply and commit
    assert ordeal.check(separate_inbox, capsys) <= 2 * RESTARTS


def _drain(consumers, ordeal):
    # Odoo takes a thousand mails at most in one run.
    for _run in range(1 + (ordeal.requests + ordeal.others) // 1000):
        consumers.run()


def _kill(database_server):
    pid = int((database_server.data / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(pid)
    children = postmaster.children()
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([postmaster, *children], timeout=30)
