# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When the mail queue will be through."""

from datetime import datetime, timedelta

from odoo.tests import BaseCase

from ..queue_forecast import seconds_per_mail, seconds_until_sent

START = datetime(2026, 5, 1)


def every(seconds, count, start=START):
    return [start + timedelta(seconds=seconds * number) for number in range(count)]


class TestQueueForecast(BaseCase):
    def test_from_what_was_sent_lately(self):
        self.assertEqual(seconds_per_mail(every(2, 30)), 2)

    def test_times_of_whole_seconds(self):
        times = every(1, 10) * 10
        self.assertAlmostEqual(seconds_per_mail(times), 9 / 99)

    def test_pauses_do_not_count(self):
        times = every(2, 30) + every(2, 30, START + timedelta(days=1))
        self.assertEqual(seconds_per_mail(times), 2)

    def test_too_little_to_tell(self):
        for times in ([], every(5, 1), every(5, 10), every(3600, 100), every(0, 100)):
            with self.subTest(times=len(times)):
                self.assertEqual(seconds_per_mail(times), 0.1)

    def test_until_sent(self):
        for mails, to_the_end, seconds in [
            (0, True, 0),
            (10, True, 1),
            (100_000, True, 10_000),
            (0, False, 0),
            (1000, False, 100),
            (1001, False, 100.1 + 3600),
            (3000, False, 300 + 2 * 3600),
        ]:
            with self.subTest(mails=mails, to_the_end=to_the_end):
                self.assertAlmostEqual(
                    seconds_until_sent(mails, [], runs_to_the_end=to_the_end), seconds
                )
