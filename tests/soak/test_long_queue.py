# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One trigger empties a long queue, by Odoo's scheduled actions alone."""

import re
import time
from collections import Counter
from itertools import pairwise

from consumers import add_mails, states
from server import eventually, query

COUNT = 3000
WORKERS = 4


def number(message):
    return int(re.search(r"\d+", message.to[0])[0])


def test_emptied_by_one_trigger(new_server, inbox):
    """Oldest first, without a person, a long pause or a long run."""
    server = new_server()
    times = []
    inbox.on_message = lambda message: times.append(time.monotonic())
    add_mails(server, [f"reader{i}@example.com" for i in range(COUNT)])
    (mail_id,) = add_mails(server, [f"reader{COUNT}@example.com"])
    server.execute("mail.mail", "send", [mail_id])
    inbox.wait_for(COUNT + 1, timeout=600)
    assert max(later - earlier for earlier, later in pairwise(times)) < 5
    assert [number(message) for message in inbox.messages] == list(range(COUNT + 1))
    inbox.on_message = lambda message: None
    eventually(lambda: states(server.database) == {"sent": COUNT + 1})
    runs = re.compile(r"Email Queue Manager.*duration ([\d.]+)s")
    # Odoo notes down how long a run took when it is over.
    eventually(lambda: runs.search(server.log.read_text()))
    assert max(map(float, runs.findall(server.log.read_text()))) < 60


def test_two_servers(new_server, new_database, inbox, tmp_path):
    """Two server processes with their own folders, and four workers."""
    inbox.messages.clear()
    database = new_database()
    servers = [
        new_server(
            database,
            *["--max-cron-threads", "3", "--data-dir", str(tmp_path / f"data{i}")],
        )
        for i in range(2)
    ]
    settings = servers[0].execute(
        "res.config.settings", "create", {"mail_queue_workers": WORKERS}
    )
    servers[0].execute("res.config.settings", "execute", [settings])
    addresses = [f"reader{i}@example.com" for i in range(COUNT)]
    mail_ids = add_mails(servers[0], addresses)
    servers[0].execute("mail.mail", "send", mail_ids[:1])
    inbox.wait_for(COUNT, timeout=600)
    assert Counter(message.to[0] for message in inbox.messages) == Counter(addresses)
    late = [
        abs(number(message) - place) for place, message in enumerate(inbox.messages)
    ]
    assert sorted(late)[-COUNT // 20] <= WORKERS, "oldest first, but for the workers"
    eventually(lambda: states(database) == {"sent": COUNT})
    due = "SELECT count(*) FROM mail_mail WHERE queue_effects_due"
    eventually(lambda: query(database, due) == [(0,)])
    for server in servers:
        assert "Email Queue" in server.log.read_text(), "both took part"
