# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A process with Odoo loaded, which seals and verifies."""

import re
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

from odoo.tools import SQL

from .odoo_worker import Worker, main

# Events as answers make them, with UUIDs of version 7 and both personal parts.
EVENTS = """
WITH parts AS MATERIALIZED (
    SELECT number, regexp_replace(
            lpad(to_hex((1000 * extract(epoch FROM clock_timestamp()))::bigint), 12,
                '0'), '(.{8})(.{4})', '\\1-\\2-7'
        ) || substr(gen_random_uuid()::text, 16) AS uuid,
        md5(random()::text) AS salt, md5(random()::text) AS origin_salt,
        '{"email":"reader' || number || '@example.com","name":"Reader ' || number
            || '"}' AS person
    FROM generate_series(1, %(count)s) AS number
), added AS (
    INSERT INTO privacy_consent_event (
        format, uuid, at, answered_at, consent_uuid, activity_uuid, kind, by, channel,
        language, surroundings, detail_digest, origin_digest
    )
    SELECT 1, uuid, timezone('UTC', clock_timestamp()), timezone('UTC', now()),
        gen_random_uuid(), %(activity)s, 'given', 'subject', 'mail_link', 'en_US',
        'page 1', encode(sha256(convert_to(salt || person, 'UTF8')), 'hex'),
        encode(sha256(convert_to(origin_salt || %(origin)s, 'UTF8')), 'hex')
    FROM parts RETURNING id, uuid
)
INSERT INTO privacy_consent_event_detail
    (event_id, part, salt, name, email, network_address, user_agent)
SELECT id, 'person', salt, 'Reader ' || number, 'reader' || number || '@example.com',
    NULL, NULL
FROM added JOIN parts USING (uuid)
UNION ALL
SELECT id, 'origin', origin_salt, NULL, NULL, '192.0.2.7', 'Mozilla/5.0 (X11)'
FROM added JOIN parts USING (uuid)
"""
ORIGIN = '{"network_address":"192.0.2.7","user_agent":"Mozilla/5.0 (X11)"}'
DETAILS = """
SELECT event_id, part, salt, name, email, staff, note, network_address, user_agent
FROM privacy_consent_event_detail
"""
SIZE = """
SELECT pg_total_relation_size('privacy_consent_leaf')::float / count(*)
FROM privacy_consent_leaf
"""


class EvidenceWorker(Worker):
    """What the process can do."""

    def make(self, count):
        """Let so many events happen, and seal them all."""
        with self._env() as env:
            self._happen(env, count)
        while self._seal():
            pass

    def _happen(self, env, count):
        env.cr.execute(
            EVENTS, {"count": count, "activity": self._database, "origin": ORIGIN}
        )

    def _seal(self):
        # It is there once Odoo is loaded.
        from odoo.addons.privacy_consent_evidence.models import privacy_consent_seal

        with self._env() as env:
            return privacy_consent_seal.seal(env)

    def seal(self, count):
        """Let new events happen, and seal them.

        :return: figures
        """
        with self._env() as env:
            self._happen(env, count)
        start = time.perf_counter()
        self._seal()
        return {"ms": 1000 * (time.perf_counter() - start)}

    def proof(self, times):
        """Prove that events are in the log, each in a new transaction.

        :return: figures, and how the database finds what is needed
        """
        seconds = []
        for number in range(times):
            with self._env() as env:
                size = env["privacy.consent.seal"].search([], limit=1).size
                leaf = env["privacy.consent.leaf"].search(
                    [("position", "=", (2 * number + 1) * size // (2 * times))]
                )
                start = time.perf_counter()
                assert leaf._inclusion_proof(size)
                seconds.append(time.perf_counter() - start)
        with self._env() as env:
            env.cr.execute(SIZE)
            (size,) = env.cr.fetchone()
            env.cr.execute(
                "EXPLAIN (ANALYZE, COSTS OFF) SELECT position, hashes"
                " FROM privacy_consent_leaf WHERE position = ANY(%s)",
                [[2**number for number in range(20)]],
            )
            plan = "\n".join(line for (line,) in env.cr.fetchall())
        figures = {
            "proof": {"ms": 1000 * median(seconds)},
            "storage": {"bytes": size},
        }
        return figures, plan

    def verify(self):
        """Read what is to be verified, and verify it.

        :return: figures
        """
        # It is there once Odoo is loaded.
        from odoo.addons.privacy_consent_evidence.models import privacy_consent_leaf

        with self._env() as env:
            columns = ", ".join(f'"{name}"' for name in privacy_consent_leaf.NAMES)
            start = time.perf_counter()
            for query in (
                f"SELECT {columns} FROM privacy_consent_event",
                "SELECT position, event_uuid, hashes FROM privacy_consent_leaf",
                DETAILS,
            ):
                cursor = env.cr._cnx.cursor("everything")
                cursor.itersize = 2000
                cursor.execute(query)
                for _row in cursor:
                    pass
                cursor.close()
            read = time.perf_counter() - start
        before = self._new_peak()
        with self._env() as env:
            start = time.perf_counter()
            found = env["privacy.consent.seal"]._verify()
            seconds = time.perf_counter() - start
        assert not found, found[:3]
        return {
            "read": {"s": read},
            "verify": {"s": seconds, "peak MB": self._peak()},
            "start": {"s": 0, "peak MB": before},
        }

    def pack(self, count):
        """Write the proof pack of the consents of so many events.

        :return: figures
        """
        # It is there once Odoo is loaded.
        from odoo.addons.privacy_consent_evidence import proof_pack

        condition = SQL(
            "privacy_consent_event.id IN"
            " (SELECT id FROM privacy_consent_event ORDER BY id LIMIT %s)",
            count,
        )
        before = self._new_peak()
        with self._env() as env, TemporaryFile() as file:
            start = time.perf_counter()
            proof_pack.ProofPack(env, condition).write_to(file)
            seconds = time.perf_counter() - start
            assert file.tell()
        return {
            "pack": {"s": seconds, "peak MB": self._peak()},
            "pack start": {"s": 0, "peak MB": before},
        }

    def _new_peak(self):
        """Have the kernel note the peak anew from here on.

        :return: how much memory is in use now, in MB
        """
        Path("/proc/self/clear_refs").write_text("5")
        return self._peak()

    def _peak(self):
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


if __name__ == "__main__":
    main(EvidenceWorker, *sys.argv[1:])
