# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several consumers of one queue, and people who press buttons meanwhile."""

import random
import threading
from collections import Counter

import pytest
from consumers import add_mails, states
from server import eventually

COUNT = 2000
ADDRESSES = [f"reader{i}@example.com" for i in range(COUNT)]


@pytest.fixture(scope="module")
def client(new_server):
    return new_server()


def test_every_recipient_exactly_once(client, inbox, new_consumers):
    """Four consumers, the scheduled action, and a person who presses *Send now*."""
    consumers = new_consumers(client.database)
    later = {"scheduled_date": "2099-01-01 00:00:00"}
    mail_ids = add_mails(client, ADDRESSES[: COUNT // 2], **later)
    mail_ids += add_mails(client, ADDRESSES[COUNT // 2 :])
    chance = random.Random(4)
    done = threading.Event()

    def press():
        while not done.is_set():
            chosen = chance.sample(mail_ids, 80)
            client.execute("mail.mail", "send", chosen)
        client.execute("mail.mail", "send", mail_ids)

    person = threading.Thread(target=press)
    person.start()
    consumers.run(4)
    done.set()
    person.join()
    consumers.run(4)
    # The scheduled action may not be through yet.
    eventually(lambda: states(client.database) == {"sent": COUNT})
    assert Counter(one.to[0] for one in inbox.messages) == Counter(ADDRESSES)
