# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the log of a million events costs: sealing, verifying, proofs."""

import os
from contextlib import ExitStack, closing
from statistics import median

from tools import postgres
from tools.process import say

from .parts.processes import OdooWorker, database
from .parts.report import Difference, Figure, Ratio, report

SMALL = 1_000
LARGE = int(os.environ.get("BENCH_EVENTS", 1_000_000))
NEW = 1_000
PACKED = 10_000
TIMES = 15
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
    measured, plans, workers = {}, {}, {}
    with ExitStack() as stack:
        for size in (SMALL, LARGE):
            say(f"{size:,} events")
            name = stack.enter_context(database("evidence"))
            worker = stack.enter_context(OdooWorker("evidence_worker", name))
            worker.ask("make", count=size)
            with closing(postgres.connect(name)) as connection:
                # what PostgreSQL does by itself after a while
                connection.cursor().execute("VACUUM ANALYZE")
            workers[f"seal, {size}"] = worker
        # In turn, so that what else the machine does concerns both alike.
        milliseconds = {name: [] for name in workers}
        for _ in range(TIMES):
            for name, one in workers.items():
                milliseconds[name].append(one.ask("seal", count=NEW)["ms"])
        measured |= {name: {"ms": median(all_)} for name, all_ in milliseconds.items()}
        figures, plans["Inclusion proof"] = worker.ask("proof", times=TIMES)
        measured |= figures
        measured |= worker.ask("verify")
        measured |= worker.ask("pack", count=PACKED)
    title = f"{LARGE:,} events"
    return 0 if report("evidence", title, [measured], RESULTS, plans) else 1
