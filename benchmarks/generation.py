# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long it takes to ask many people for consent, compared with a plain loop.

And what the size costs: memory, the press of the button, opening the activity, and the
daily run when nobody is missing.
"""

from contextlib import closing
from statistics import median

from tools import postgres
from tools.process import say

from .parts.processes import OdooWorker, database
from .parts.report import Difference, Figure, Ratio, report

SMALL = 1_000
MIDDLE = 5_000
LARGE = 100_000
NAIVE_FOLLOWED = 1_000
OPENED = 10
IDLE_ACTIVITIES = 100
IDLE_CONTACTS = 100_000
ROUNDS = 3
# What takes a moment is done so often, and the median counts.
TIMES = 5

COST = "ms per consent"
RESULTS = [
    Ratio("Loop, to 5,000", "loop, followed", "5,000, followed", at_least=7),
    Ratio("Loop without a follower, to 5,000", "loop", "5,000"),
    Ratio("100,000, to 1,000", "100,000", "1,000", at_most=1.2),
    Difference(
        "Peak memory at 100,000, above 1,000, MB",
        "100,000",
        "1,000",
        figure="peak MB",
        at_most=100,
    ),
    Figure(
        "Statements per consent, 5,000",
        "5,000",
        figure="statements per consent",
        at_most=0.5,
    ),
    Figure(
        "Statements per consent, 100,000",
        "100,000",
        figure="statements per consent",
        at_most=0.5,
    ),
    Figure("Longest run, s", "100,000", figure="longest run, s", at_most=60),
    Ratio(
        "Button at 100,000, to 1,000", "button, 100,000", "button, 1,000", at_most=1.5
    ),
    Ratio("Opening 100,000, to 10", "opening, 100,000", "opening, 10"),
    Figure("Nothing to do, ms per activity", "nothing to do", at_most=1_000),
    Figure(
        "Nothing to do, statements per activity",
        "nothing to do",
        figure="statements per activity",
        at_most=3,
    ),
]


def run():
    """Measure, report, and return 1 if a limit was missed, else 0."""
    rounds = []
    for number in range(1, ROUNDS + 1):
        say(f"Round {number} of {ROUNDS}")
        # The next round finds the same, not the leftovers of this one.
        with (
            database("lean") as name,
            OdooWorker("generation_worker", name) as worker,
            # The loop needs memory that a process keeps, and would hide what we need.
            OdooWorker("generation_worker", name) as loop_worker,
        ):
            measured, large = _measure(worker, loop_worker)
            rounds.append(measured)
            if number == ROUNDS:
                plans = worker.ask("explain", activity_id=large)
    say(f"{IDLE_ACTIVITIES} activities with nothing to do")
    with database("lean") as name, OdooWorker("generation_worker", name) as worker:
        for measured, idle in zip(rounds, _measure_idle(name, worker), strict=True):
            measured["nothing to do"] = idle
    title = f"Up to {LARGE:,} consents, {ROUNDS} rounds"
    return 0 if report("generation", title, rounds, RESULTS, plans) else 1


def _measure(worker, loop_worker):
    """Measure once in a new database.

    :param loop_worker: a process of its own for the loop
    :return: the figures, and the id of the large activity
    """

    def make(contacts, followers=0):
        return worker.ask("make_activity", contacts=contacts, followers=followers)

    def loop(contacts, followers=0):
        activity = make(contacts, followers)
        return loop_worker.ask(
            "generate_naively", activity_id=activity, expected=contacts
        )

    def generate(contacts, followers=0):
        activity = make(contacts, followers)
        return worker.ask("generate", activity_id=activity, expected=contacts)

    worker.ask("prepare")
    generate(SMALL)  # warms up
    loop(SMALL // 10)
    loops = {
        "loop": loop(MIDDLE),
        "loop, followed": loop(NAIVE_FOLLOWED, followers=1),
    }
    small = [generate(SMALL)]
    followed = generate(MIDDLE, followers=1)
    small.append(generate(SMALL))
    middle = generate(MIDDLE)
    small.append(generate(SMALL))
    few, large, opened = make(SMALL), make(LARGE), make(OPENED)
    buttons = {
        "button, 1,000": worker.ask("press", activity_id=few, times=TIMES),
        "button, 100,000": worker.ask("press", activity_id=large, times=TIMES),
    }
    worker.ask("generate", activity_id=opened, expected=OPENED)
    generated = {
        "1,000": {figure: median(one[figure] for one in small) for figure in middle},
        "5,000, followed": followed,
        "5,000": middle,
        "100,000": worker.ask("generate", activity_id=large, expected=LARGE),
    }
    forms = {
        "opening, 10": worker.ask("open", activity_id=opened, times=TIMES),
        "opening, 100,000": worker.ask("open", activity_id=large, times=TIMES),
    }
    return {**loops, **generated, **buttons, **forms}, large


def _measure_idle(name, worker):
    """Measure the daily run when nobody is missing.

    :return: the figures of each round
    """
    worker.ask("prepare")
    worker.ask("make_idle_activities", count=IDLE_ACTIVITIES, contacts=IDLE_CONTACTS)
    with closing(postgres.connect(name)) as connection, connection.cursor() as cursor:
        # what PostgreSQL does by itself after a while
        cursor.execute("VACUUM ANALYZE")
    worker.ask("run_daily", activities=IDLE_ACTIVITIES)  # warms up
    return [worker.ask("run_daily", activities=IDLE_ACTIVITIES) for _ in range(ROUNDS)]
