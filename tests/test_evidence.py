# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The log of real databases: of several servers, upgraded, copied and neutralized."""

import os
import subprocess
from contextlib import closing

import pytest
from server import ODOO, Shell, query

from tools import databases, postgres, settings

HAPPEN = """
from odoo.addons.privacy_consent.models.privacy_consent_event import Event, append
activity = env["privacy.activity"].search([], limit=1)
activity = activity or env["privacy.activity"].create({"name": "Newsletter"})
append(env, [Event(kind="wording", by="system", activity=activity)] * 5)
env.cr.commit()
"""
CRON = """
env.ref("privacy_consent_evidence.cron_seal").method_direct_trigger()
env.cr.commit()
"""
# It begins, says so, and goes on when others began, too.
SEAL = """
import sys
from odoo.addons.privacy_consent_evidence.models import privacy_consent_seal
env.cr.execute("SELECT 1")
print("began", flush=True)
{wait}
privacy_consent_seal.seal(env)
print("sealed", flush=True)
{wait}
env.cr.commit()
"""
VERIFY = """
print(env["privacy.consent.seal"]._verify())
"""
SIZES = "SELECT size, origin FROM privacy_consent_seal ORDER BY id"
LEAVES = (
    "SELECT position, event_uuid, hashes::text FROM privacy_consent_leaf ORDER BY 1"
)
UNINSTALL = """
env["ir.module.module"].search(
    [("name", "=", "privacy_consent_evidence")]
).button_immediate_uninstall()
env.cr.commit()
"""
LEFT = """
SELECT relname FROM pg_class WHERE relname ~ 'privacy_consent_(leaf|seal|verify)'
UNION SELECT proname FROM pg_proc WHERE proname = 'privacy_consent_leaf_due'
"""


@pytest.fixture
def database(new_database):
    """A database in which five events are sealed."""
    name = new_database("portal")
    Shell(name, HAPPEN + CRON).finish()
    assert [size for size, _origin in query(name, SIZES)] == [5]
    return name


def verified(database):
    """:return: what the verification finds, as a text"""
    return Shell(database, VERIFY).finish().strip()


def odoo(*arguments):
    """Run a command of Odoo."""
    subprocess.run(
        [*ODOO, *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL
    )


def test_two_servers_seal_at_once(database):
    """While one transaction has sealed and not ended, others go on."""
    Shell(database, HAPPEN).finish()
    with closing(postgres.connect(database)) as gate, gate.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(1)")
        wait = 'env.cr.execute("SELECT pg_advisory_xact_lock_shared(1)")'
        late = Shell(database, SEAL.format(wait=wait))
        assert late.line() == "began"
        holder = Shell(
            database,
            SEAL.format(wait="").replace(
                "env.cr.commit()",
                'env.cr.execute("SELECT pg_advisory_lock(2)")\nenv.cr.commit()',
            ),
        )
        with closing(postgres.connect(database)) as end, end.cursor() as end_cursor:
            end_cursor.execute("SELECT pg_advisory_lock(2)")
            assert [holder.line(), holder.line()] == ["began", "sealed"]
            # Neither who answers nor another server waits for it.
            Shell(database, HAPPEN).finish()
            Shell(database, CRON).finish()
            assert [size for size, _origin in query(database, SIZES)] == [5]
        holder.finish()
    # Its transaction began before, and does not see that all is sealed.
    assert late.finish().split() == ["sealed"]
    assert [size for size, _origin in query(database, SIZES)] == [5, 10]
    Shell(database, CRON).finish()
    assert [size for size, _origin in query(database, SIZES)] == [5, 10, 15]
    assert verified(database) == "[]"


def test_upgrade_changes_no_hash(database):
    before = query(database, LEAVES)
    odoo(
        *["server", "-c", settings.CONF, "-d", database, "--stop-after-init"],
        *["--no-http", "-u", "privacy_consent,privacy_consent_evidence"],
    )
    assert query(database, LEAVES) == before
    assert verified(database) == "[]"


def test_neutralized(database):
    odoo("neutralize", "-c", settings.CONF, "-d", database)
    Shell(database, HAPPEN + CRON).finish()
    assert [size for size, _origin in query(database, SIZES)] == [5]


def test_copied(database):
    copy = f"{databases.PREFIX}e2e_{os.getpid()}_copied"
    databases.copy(database, copy)
    try:
        Shell(copy, HAPPEN + CRON).finish()
        (first, origin), (second, other) = query(copy, SIZES)
        assert (first, second) == (5, 10)
        assert other.partition("#")[0] != origin
        assert other.partition("#")[2].startswith("after-5-")
        assert verified(copy) == "[]"
    finally:
        databases.drop(copy)


def test_uninstalled(database):
    Shell(database, UNINSTALL).finish(120)
    assert query(database, LEFT) == []
    Shell(database, HAPPEN).finish()
    assert query(database, "SELECT count(*) FROM privacy_consent_event") == [(10,)]
