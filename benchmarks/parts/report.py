# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ratios between what was measured in the same round, and their limits."""

import json
from dataclasses import dataclass
from datetime import date
from statistics import median

from tools import settings
from tools.process import say

FOLDER = settings.DEV / "benchmarks"


@dataclass(frozen=True)
class Ratio:
    """A ratio to report: how many times as long one thing takes as another.

    :ivar text: what is compared
    :ivar measured: name of the one
    :ivar reference: name of the other
    :ivar at_most: the limit, if there is one
    :ivar at_least: a limit from below, where a large ratio is what is wanted
    """

    text: str
    measured: str
    reference: str
    at_most: float | None = None
    at_least: float | None = None

    def evaluate(self, rounds):
        """Compute the median of the ratios of all rounds.

        :param rounds: as of :func:`report`
        :return: facts to report
        """
        ratios = [
            _first(one[self.measured]) / _first(one[self.reference]) for one in rounds
        ]
        ratio = median(ratios)
        return {
            "text": self.text,
            "ratio": ratio,
            "lowest": min(ratios),
            "highest": max(ratios),
            "at_most": self.at_most,
            "at_least": self.at_least,
            "kept": (self.at_most is None or ratio <= self.at_most)
            and (self.at_least is None or ratio >= self.at_least),
        }


def report(name, title, rounds, ratios):
    """Print tables, and write what they say to a file.

    :param rounds: a list with, per round and per name of what was measured, its
        figures by their own names; ratios are those of the first figure
    :param ratios: what to compare
    :return: whether all limits were kept
    """
    results = [ratio.evaluate(rounds) for ratio in ratios]
    medians = {
        measured: {
            figure: median(one[measured][figure] for one in rounds)
            for figure in figures
        }
        for measured, figures in rounds[0].items()
    }
    say(f"\n{title}: medians\n")
    _say_table(
        ["", *next(iter(medians.values()))],
        [
            [measured, *(f"{value:.2f}" for value in figures.values())]
            for measured, figures in medians.items()
        ],
    )
    say("\nRatios within one round: median, lowest, highest\n")
    _say_table(
        ["", "median", "lowest", "highest", "limit"],
        [
            [
                result["text"],
                *(f"{result[key]:.2f}" for key in ("ratio", "lowest", "highest")),
                _limit(result),
            ]
            for result in results
        ],
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    content = {
        "date": date.today().isoformat(),
        "ratios": results,
        "medians": medians,
        "rounds": rounds,
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    say(f"\nWritten to {path.relative_to(settings.ROOT)}.")
    return all(result["kept"] for result in results)


def _first(figures):
    return next(iter(figures.values()))


def _limit(result):
    bounds = [("at most", result["at_most"]), ("at least", result["at_least"])]
    text = ", ".join(f"{words} {bound:.2f}" for words, bound in bounds if bound)
    return text if result["kept"] else f"{text}, MISSED"


def _say_table(head, rows):
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = map(str.rjust, row[1:], widths[1:])
        say("  ".join([row[0].ljust(widths[0]), *cells]))
