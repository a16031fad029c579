# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the daily run of ends, renewals and reminders costs with a million consents."""

from contextlib import closing

from tools import postgres
from tools.process import say

from .parts.processes import OdooWorker, database
from .parts.report import Figure, Ratio, report

SMALL = 10_000
LARGE = 1_000_000
DUE = 1000
TIMES = 3
RESULTS = [
    Figure(f"{DUE:,} due of {LARGE:,}, ms", "large"),
    Ratio("The same of 10,000, times", "large", "small", at_most=1.5),
    Figure("Nothing due, ms", "idle, large"),
]


def run(small=SMALL, large=LARGE):
    """Measure, report, and return 1 if a limit was missed, else 0."""
    measured, plans = {}, {}
    for name, size in (("small", small), ("large", large)):
        say(f"{size:,} consents, of which {DUE:,} are due")
        with database("lean") as db, OdooWorker("life_worker", db) as worker:
            worker.ask("make_life", consents=size, due=DUE)
            with closing(postgres.connect(db)) as connection:
                connection.cursor().execute("VACUUM ANALYZE")
            figures, plan = worker.ask("run_life", times=TIMES)
            measured[name] = figures["due"]
            measured[f"idle, {name}"] = figures["idle"]
            plans |= {f"{what}, {name}": text for what, text in plan.items()}
    return 0 if report("life", f"Up to {large:,}", [measured], RESULTS, plans) else 1
