# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the log of a million events costs: sealing, verifying, proofs."""

import os
from contextlib import closing

from tools import postgres
from tools.process import say

from .parts.processes import OdooWorker, database
from .parts.report import Difference, Figure, Ratio, report

SMALL = 1_000
LARGE = int(os.environ.get("BENCH_EVENTS", 1_000_000))
NEW = 1_000
PACKED = 10_000
TIMES = 9
RESULTS = [
    Ratio(
        f"Seal {NEW:,} after {LARGE:,}, to after {SMALL:,}",
        f"seal, {LARGE}",
        reference=f"seal, {SMALL}",
        at_most=1.3,
    ),
    Ratio("Verify, to reading the same", "verify", reference="read", at_most=4),
    Difference(
        "Peak memory of verifying above its start, MB",
        "verify",
        figure="peak MB",
        reference="start",
        at_most=100,
    ),
    Figure("Inclusion proof, ms", "proof", at_most=50),
    Difference(
        f"Peak memory of a pack of {PACKED:,} consents above its start, MB",
        "pack",
        figure="peak MB",
        reference="pack start",
        at_most=100,
    ),
    Figure("Bytes of the log per event", "storage"),
]


def run():
    """Measure, report, and return 1 if a limit was missed, else 0."""
    measured, plans = {}, {}
    with database("evidence") as name, OdooWorker("evidence_worker", name) as worker:
        made = 0
        for size in (SMALL, LARGE):
            say(f"{size:,} events")
            # Seals of the smaller size made some of them already.
            worker.ask("make", count=size - made)
            with closing(postgres.connect(name)) as connection:
                # what PostgreSQL does by itself after a while
                connection.cursor().execute("VACUUM ANALYZE")
            measured[f"seal, {size}"] = worker.ask("seal", count=NEW, times=TIMES)
            made = size + NEW * TIMES
        figures, plans["Inclusion proof"] = worker.ask("proof", times=TIMES)
        measured |= figures
        measured |= worker.ask("verify")
        measured |= worker.ask("pack", count=PACKED)
    title = f"{LARGE:,} events"
    return 0 if report("evidence", title, [measured], RESULTS, plans) else 1
