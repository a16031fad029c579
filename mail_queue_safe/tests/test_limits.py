# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The arithmetic of limits."""

from datetime import datetime, timedelta

from odoo.tests import BaseCase

from ..smtp import limits

NOW = datetime(2026, 5, 1, 12)
MINUTE, HOUR, DAY = limits.WINDOWS


def ago(**delta):
    return NOW - timedelta(**delta)


class TestLimits(BaseCase):
    def test_room(self):
        for present, counts, expected in (
            ({MINUTE: 5}, {MINUTE: 0}, 5),
            ({MINUTE: 5}, {MINUTE: 5}, 0),
            ({MINUTE: 5, DAY: 9}, {MINUTE: 1, DAY: 8}, 1),
            # somebody has lowered the limit
            ({MINUTE: 5}, {MINUTE: 7}, 0),
        ):
            with self.subTest(present=present, counts=counts):
                self.assertEqual(limits.room(present, counts), expected)

    def test_look_again_when_the_oldest_is_gone(self):
        self.assertEqual(
            limits.look_again(NOW, HOUR, ago(minutes=50), ago(minutes=1)),
            NOW + timedelta(minutes=10),
        )

    def test_look_again_when_others_know_what_they_sent(self):
        later = NOW + timedelta(seconds=40)
        self.assertEqual(limits.look_again(NOW, HOUR, ago(minutes=50), later), later)
        self.assertEqual(
            limits.look_again(NOW, MINUTE, ago(seconds=30), later),
            NOW + timedelta(seconds=30),
        )

    def _last(self, count, present, departures=()):
        return limits.last_departure(count, present, departures, NOW) - NOW

    def test_last_departure(self):
        for count, present, seconds in (
            (0, {}, 0),
            (1000, {}, 0),
            (0, {MINUTE: 10}, 0),
            (10, {MINUTE: 10}, 0),
            (11, {MINUTE: 10}, 60),
            (25, {MINUTE: 10}, 120),
            (150, {MINUTE: 10, HOUR: 100}, 3600 + 4 * 60),
            (1500, {MINUTE: 10, HOUR: 1000}, 149 * 60),
            (2001, {DAY: 1000}, 2 * 86400),
        ):
            with self.subTest(count=count, present=present):
                last = self._last(count, present)
                self.assertEqual(last.total_seconds(), seconds)

    def test_last_departure_after_others(self):
        departures = [ago(hours=23), ago(minutes=30), ago(seconds=20)]
        for count, present, expected in (
            (1, {DAY: 3}, timedelta(hours=1)),
            (2, {DAY: 3}, timedelta(hours=23, minutes=30)),
            (1, {MINUTE: 1}, timedelta(seconds=40)),
            (1, {MINUTE: 2}, timedelta(0)),
            (2, {MINUTE: 2}, timedelta(seconds=40)),
        ):
            with self.subTest(count=count, present=present):
                self.assertEqual(self._last(count, present, departures), expected)
