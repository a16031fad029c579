# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Figures and ratios between what was measured in the same round, and limits."""

import json
from dataclasses import dataclass, field
from datetime import date
from statistics import median

from tools import settings
from tools.process import say

FOLDER = settings.DEV / "benchmarks"


@dataclass(frozen=True)
class Figure:
    """A figure to report.

    :ivar text: what it is, with its unit
    :ivar measured: name of what was measured
    :ivar figure: its own name, if it is not the first one
    :ivar at_most: the limit, if there is one
    :ivar at_least: a limit from below, where a large value is what is wanted
    """

    text: str
    measured: str
    figure: str | None = field(default=None, kw_only=True)
    at_most: float | None = field(default=None, kw_only=True)
    at_least: float | None = field(default=None, kw_only=True)

    def evaluate(self, rounds):
        """Compute the median of all rounds.

        :param rounds: as of :func:`report`
        :return: facts to report
        """
        values = [self._value(one) for one in rounds]
        value = median(values)
        return {
            "text": self.text,
            "median": value,
            "lowest": min(values),
            "highest": max(values),
            "at_most": self.at_most,
            "at_least": self.at_least,
            "kept": (self.at_most is None or value <= self.at_most)
            and (self.at_least is None or value >= self.at_least),
        }

    def _value(self, one):
        return self._figure(one[self.measured])

    def _figure(self, figures):
        return figures[self.figure or next(iter(figures))]


@dataclass(frozen=True)
class Ratio(Figure):
    """How many times as much one thing takes as another one in the same round.

    :ivar reference: name of the other one
    """

    reference: str

    def _value(self, one):
        return super()._value(one) / self._figure(one[self.reference])


@dataclass(frozen=True)
class Difference(Ratio):
    """How much more one thing takes than another one in the same round."""

    def _value(self, one):
        return self._figure(one[self.measured]) - self._figure(one[self.reference])


def report(name, title, rounds, results, plans=None):
    """Print tables, and write what they say to a file.

    :param rounds: a list with, per round and per name of what was measured, its
        figures by their own names
    :param results: what to report of them, as :class:`Figure`
    :param plans: how the database runs some queries: texts by the query's name
    :return: whether all limits were kept
    """
    evaluated = [result.evaluate(rounds) for result in results]
    medians = {
        measured: {
            figure: median(one[measured][figure] for one in rounds)
            for figure in figures
        }
        for measured, figures in rounds[0].items()
    }
    say(f"\n{title}: medians")
    for names in dict.fromkeys(tuple(figures) for figures in medians.values()):
        say("")
        _say_table(
            ["", *names],
            [
                [measured, *(f"{value:.2f}" for value in figures.values())]
                for measured, figures in medians.items()
                if tuple(figures) == names
            ],
        )
    say("\nWithin one round: median, lowest, highest\n")
    _say_table(
        ["", "median", "lowest", "highest", "limit"],
        [
            [
                result["text"],
                *(f"{result[key]:.2f}" for key in ("median", "lowest", "highest")),
                _limit(result),
            ]
            for result in evaluated
        ],
    )
    for question, plan in (plans or {}).items():
        say(f"\n{question}\n\n{plan}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    content = {
        "date": date.today().isoformat(),
        "results": evaluated,
        "medians": medians,
        "rounds": rounds,
        "plans": plans,
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    say(f"\nWritten to {path.relative_to(settings.ROOT)}.")
    return all(result["kept"] for result in evaluated)


def _limit(result):
    bounds = [("at most", result["at_most"]), ("at least", result["at_least"])]
    text = ", ".join(
        f"{words} {bound:.2f}" for words, bound in bounds if bound is not None
    )
    return text if result["kept"] else f"{text}, MISSED"


def _say_table(head, rows):
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = map(str.rjust, row[1:], widths[1:])
        say("  ".join([row[0].ljust(widths[0]), *cells]))
