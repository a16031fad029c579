# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A server that has enough of everybody for a day, and sixteen consumers."""

import socket
import sys
import threading
from collections import Counter
from contextlib import closing, suppress

from consumers import add_mails, add_server, move_time, outages, states
from server import query

WORKERS = 16
MAILS = 200
DAY = 24 * 3600


def test_a_day_of_421(new_server, new_consumers, capsys):
    """All run whenever the time of the next attempt has come, and one before it.

    The time between is skipped: it comes as soon as it is stored.
    """
    client = new_server(None, "--max-cron-threads", "0")
    consumers = new_consumers(client.database)
    consumers.expected_errors.append("takes no mails")
    connections = []
    with closing(socket.create_server(("127.0.0.1", 0), backlog=100)) as listening:

        def answer():
            with suppress(OSError):
                while True:
                    connection, address = listening.accept()
                    connections.append(address)
                    connection.sendall(b"421 4.7.0 Too many connections from you\r\n")
                    connection.close()

        threading.Thread(target=answer, daemon=True).start()
        server = add_server(client, listening.getsockname()[1])
        addresses = [f"reader{number}@example.com" for number in range(MAILS)]
        mail_ids = add_mails(client, addresses, mail_server_id=server)
        by_hour, seconds = Counter(), 0
        while seconds < DAY:
            before = len(connections)
            consumers.run(WORKERS)
            by_hour[int(seconds) // 3600] += len(connections) - before
            consumers.run()
            assert sum(by_hour.values()) == len(connections), "not before its time"
            ((delay,),) = query(
                client.database,
                "SELECT extract(epoch FROM next_attempt - now() AT TIME ZONE 'UTC')"
                " FROM mail_queue_outage",
            )
            seconds += float(delay)
            move_time(client)
    hours = [by_hour[hour] for hour in range(24)]
    with capsys.disabled():
        sys.stdout.write(f" connections per hour: {hours} ")
    # All may be connecting when it begins: later there is one for each attempt.
    assert hours[0] <= WORKERS + 5
    assert max(hours[1:]) <= 3
    assert min(hours) >= 1
    ((_server, attempts),) = outages(client)
    assert attempts <= sum(hours[1:]) + 5, "those who met it at once count as one"
    assert states(client.database) == {"outgoing": len(mail_ids)}
