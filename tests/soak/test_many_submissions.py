# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ten thousand forms from one network, half of them with the address of one person."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import requests
from server import Scene, eventually, query

SUBMISSIONS = int(os.environ.get("SUBMISSIONS", 10_000))
PER_ADDRESS = 3
PER_NETWORK = 20
ANN = "ann@example.com"
# What they may leave in the memory of the server, in MB.
MEMORY = 50
MADE = (
    "privacy_consent_form",
    "privacy_consent",
    "privacy_consent_request",
    "mail_mail",
    f"res_partner WHERE email LIKE 'visitor%' OR email = '{ANN}'",
)


def memory(server):
    """:return: how much memory a server has, in MB"""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def count(server, table):
    ((number,),) = query(server.database, f"SELECT count(*) FROM {table}")
    return number


def test_flood(new_server, new_database):
    """Visitors are told the same from the first to the last, and few are asked."""
    server = new_server(new_database("website"))
    scene = Scene(server, {}, cc=False)
    values = {"website_offered": True}
    server.execute("privacy.activity", "write", [scene.activity], values)
    lists = [
        server.execute(
            "mailing.list",
            "create",
            {"name": f"News {number}", "consent_activity_id": scene.activity},
        )
        for number in range(PER_ADDRESS + 1)
    ]

    def submit(number):
        params = {
            "list_id": lists[number % len(lists)],
            "value": ANN if number % 2 else f"visitor{number}@example.com",
            "subscription_type": "email",
        }
        start = time.monotonic()
        response = requests.post(
            f"{server.url}/website_mass_mailing/subscribe",
            json={"params": params},
            timeout=120,
        )
        return str(response.json().get("result")), time.monotonic() - start

    for table in MADE:
        assert not count(server, table), table
    # Whatever Odoo keeps from the first on is no leak.
    for number in range(PER_NETWORK * 2):
        submit(number)
    before = memory(server)
    start = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        said, seconds = zip(*pool.map(submit, range(SUBMISSIONS)), strict=True)
    part = SUBMISSIONS // 10
    first, last = median(seconds[:part]), median(seconds[-part:])
    eventually(lambda: not count(server, "privacy_consent_form_pending"))
    made = {table: count(server, table) for table in MADE}
    sys.stdout.write(
        f"{SUBMISSIONS} in {time.monotonic() - start:.0f} s, each {first * 1000:.1f} ms"
        f" at first and {last * 1000:.1f} ms at last, {memory(server) - before:.1f} MB"
        f" {made}\n"
    )
    assert len(set(said)) == 1, set(said)
    assert last < 2 * first
    assert memory(server) - before < MEMORY
    for table in MADE:
        assert 0 < count(server, table) <= PER_NETWORK, table
    ((asked,),) = query(
        server.database,
        "SELECT count(*) FROM privacy_consent_form GROUP BY address_key"
        " ORDER BY 1 DESC LIMIT 1",
    )
    assert asked <= PER_ADDRESS

    # Nobody confirms anything, and a month later there is no trace.
    query(
        server.database,
        "UPDATE privacy_consent_form SET create_date = create_date - interval '31 days'"
        " RETURNING id",
    )
    vacuum = server.ref("base.autovacuum_job")
    server.execute("ir.cron", "method_direct_trigger", [vacuum])
    for table in MADE:
        if table != "mail_mail":  # Odoo keeps what it sent.
            assert not count(server, table), table
