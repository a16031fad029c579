# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several consumers of one queue, and people who press buttons meanwhile."""

import random
import threading
from collections import Counter

import pytest
from consumers import add_mails, add_server, states
from server import eventually, query

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


def test_limit_of_a_server(client, inbox, new_consumers):
    """Four consumers and the scheduled action keep to it together."""
    inbox.messages.clear()
    server = add_server(client, inbox.port, queue_per_hour=50)
    mail_ids = add_mails(client, ADDRESSES[:200], mail_server_id=server)
    new_consumers(client.database).run(4)
    waiting = (
        "SELECT count(*) FROM mail_mail WHERE state = 'outgoing'"
        " AND queue_next_attempt IS NOT NULL AND id = ANY(%s)"
    )
    # What those put off to whom the limit leaves nothing is not sent by others now.
    eventually(
        lambda: query(client.database, waiting, mail_ids)[0][0] + len(inbox.messages)
        == len(mail_ids)
    )
    addresses = Counter(message.to[0] for message in inbox.messages)
    assert 0 < len(addresses) <= 50
    assert set(addresses.values()) == {1}
