# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A sample of what `make soak` does: consumers killed while they send."""

import random

from kills import Ordeal

KILLS = 30


def test_killed_consumers(new_server, new_consumers, separate_inbox, capsys):
    server = new_server(None, "--max-cron-threads", "0")
    ordeal = Ordeal(server, requests=120, others=150)
    consumers = new_consumers(ordeal.database, separate_inbox.port)
    ordeal.kill(consumers, separate_inbox, KILLS, random.Random(1), 0.05)
    consumers.run()
    # Never more than the one mail between its reply and its commit. How rarely it is
    # hit depends on what else the machine does: `make soak` has the rate, and a limit.
    assert ordeal.check(separate_inbox, capsys) <= KILLS / 3
