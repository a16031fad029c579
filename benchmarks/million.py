# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a million consents cost: screens, Stop, the daily run, and storage."""

from contextlib import closing

from tools import postgres
from tools.process import say

from .parts.processes import OdooWorker, database
from .parts.report import Figure, report

SMALL = 10_000
LARGE = 1_000_000
# The median of so many counts.
TIMES = 5
# What must hold with a million consents, in milliseconds.
LIMITS = {
    "Stop, 40 % wait": 1000,
    "Stop, 5 % wait": 1000,
    "Filter Request failed": 100,
    "Filter Suspected": 20,
    "Filter Server action failed": 20,
    "Filter Archived": 20,
    "Form of an activity": 50,
    "Cards of all activities": 1000,
    "Answers by day": 1000,
    "Answers by activity": 1000,
    "Answers by channel": 1000,
    "Answers by language": 1000,
    "All answers by day": 1000,
    "All answers by activity": 1000,
    "All answers by channel": 1000,
    "All answers by language": 1000,
    "List of all answers": 1000,
    "Dialog, 40 % wait": 500,
    "Dialog, many to ask": 500,
    "Dialog of Continue, 5 % cancelled": 500,
    "Daily run": 500,
}
RESULTS = [
    *(
        Figure(f"{question}, ms", f"{question}, {LARGE:,}", at_most=limit)
        for question, limit in LIMITS.items()
    ),
    Figure(
        "Filter Request failed, statements",
        f"Filter Request failed, {LARGE:,}",
        figure="statements",
        at_most=12,
    ),
    Figure(
        "Stop in the background, longest run, s",
        f"stop in the background, {LARGE:,}",
        figure="longest run, s",
        at_most=60,
    ),
    Figure("Bytes per consent", f"storage, {LARGE:,}"),
    Figure("With indexes", f"storage, {LARGE:,}", figure="with indexes"),
]


def run():
    """Measure, report, and return 1 if a limit was missed, else 0."""
    measured = {}
    for size in (SMALL, LARGE):
        say(f"{size:,} consents")
        with database("lean") as name, OdooWorker("million_worker", name) as worker:
            worker.ask("make", consents=size)
            _vacuum(name)
            figures = worker.ask("storage")
            worker.ask("spread")
            _vacuum(name)
            # Plans are those of the last size, which is the largest.
            asked, plans = worker.ask("ask_all", times=TIMES)
            figures |= asked
            figures["stop in the background"] = worker.ask("stop")
            asked, more = worker.ask("ask_stopped", times=TIMES)
            figures |= asked
            plans |= more
        measured |= {f"{name}, {size:,}": values for name, values in figures.items()}
    return 0 if report("million", f"Up to {LARGE:,}", [measured], RESULTS, plans) else 1


def _vacuum(name):
    """Do what PostgreSQL does by itself after a while."""
    with closing(postgres.connect(name)) as connection:
        connection.cursor().execute("VACUUM ANALYZE")
