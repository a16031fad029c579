# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files with very many answers: the export takes no memory, the import a minute."""

import re
import time
from pathlib import Path

import pytest
from server import Scene, query

from tools.process import say

ROWS = 100_000
# What Odoo keeps in memory of a first export, and by how much it may grow.
WARM, MEGABYTES = 5_000, 40
IMPORTED, AT_ONCE = 10_000, 2_000
MAKE = """
WITH subject AS (
    INSERT INTO res_partner
        (name, complete_name, email, email_normalized, type, active)
    SELECT name, name, name, name, 'contact', TRUE
      FROM generate_series(1, %s) AS number,
           concat('many', number, '-', %s, '@example.com') AS name
    RETURNING id, name
), consent AS (
    INSERT INTO privacy_consent
        (uuid, partner_id, activity_id, state, status, active, accepted)
    SELECT gen_random_uuid(), id, %s, 'draft', 'unknown', TRUE, FALSE FROM subject
    RETURNING id, uuid
)
INSERT INTO privacy_consent_event (format, uuid, at, consent_id, consent_uuid, kind, by)
SELECT 1, gen_random_uuid(), now(), id, uuid, 'links_ended', 'system' FROM consent
"""


@pytest.fixture(scope="module")
def scene(new_server, new_database):
    """A server with an activity."""
    server = new_server(
        new_database("portal"), "--limit-time-cpu=900", "--limit-time-real=900"
    )
    return Scene(server, {}, cc=False)


def memory(server, what):
    """:return: the memory of the server's process, in megabytes"""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024


def export(server, activity):
    """:return: how many rows the file has that the server sends"""
    url = f"{server.url}/privacy/export/answers.csv?activities={activity}"
    with server.session("officer").get(url, stream=True, timeout=900) as response:
        response.raise_for_status()
        return sum(part.count(b"\r\n") for part in response.iter_content(65536)) - 1


def test_export(scene):
    server = scene.server
    few = server.execute("privacy.activity", "create", {"name": "Few"})
    query(server.database, MAKE, WARM, few, few)
    query(server.database, MAKE, ROWS, scene.activity, scene.activity)
    assert export(server, few) == WARM
    before = memory(server, "VmHWM")
    start = time.monotonic()
    assert export(server, scene.activity) == ROWS
    seconds = time.monotonic() - start
    growth = memory(server, "VmHWM") - before
    say(f"{ROWS:,} rows in {seconds:.0f} s, {growth:.1f} MB more at most")
    assert growth < MEGABYTES


def test_import(scene):
    server = scene.server
    columns = ["partner_id", "activity_id", "accepted", "answer_date"]
    columns += ["answer_channel", "answer_note"]
    addresses = [f"import{number}@example.com" for number in range(IMPORTED)]
    query(
        server.database,
        "INSERT INTO res_partner"
        " (name, complete_name, email, email_normalized, type, active)"
        " SELECT name, name, name, name, 'contact', TRUE FROM unnest(%s) AS name",
        addresses,
    )
    server.execute("privacy.activity", "create", {"name": "Imported"})
    rows = [
        [address, "Imported", "1", "2026-01-02 10:00:00", "paper", "Fair"]
        for address in addresses
    ]
    start = time.monotonic()
    for first in range(0, len(rows), AT_ONCE):
        result = server.execute(
            "privacy.consent",
            "load",
            columns,
            rows[first : first + AT_ONCE],
            login="officer",
            context={"import_file": True},
        )
        assert not result["messages"]
    seconds = time.monotonic() - start
    say(f"{IMPORTED:,} rows imported in {seconds:.0f} s")
