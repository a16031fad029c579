# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consumers of the mail queue, processes that can be killed, and mails for them."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from odoo_log import Logged
from server import query

from tools import settings

_WORKER = Path(__file__).with_name("warm_worker.py")
_BODY = "<p>Dear reader,</p><p>one mail a month, and not more.</p>"

#: the neighbours of a poisoned mail
GOOD = [f"reader{i}@example.com" for i in range(99)]


class Consumers(Logged):
    """A process with Odoo loaded that forks consumers on demand.

    :param hooks: path of a Python file that it runs once Odoo is loaded
    :ivar float killed_at: when the last one was killed, on the monotonic clock
    """

    def __init__(self, log, database, smtp_port, hooks=None):
        super().__init__(log)
        self.database = database
        self.killed_at = None
        with open(log, "w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, _WORKER, database, "-c", settings.CONF]
                + ["--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "WARM_WORKER_HOOKS": str(hooks or "")},
            )
        assert self._answer() == "ready"

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, self.log.read_text()
        return line.strip()

    def _ask(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def start(self):
        """Start a consumer, which runs the queue once.

        :return: its process id
        """
        return self._ask("fork")

    def join(self, pid):
        """Wait for the end of a consumer.

        :return: its exit code, negative if a signal ended it
        """
        return self._ask("join", pid)

    def run(self, count=1):
        """Run the queue with so many consumers at once, until they are through."""
        pids = [self.start() for _ in range(count)]
        assert [self.join(pid) for pid in pids] == [0] * count, self.log.read_text()

    def kill(self, pid):
        """Kill a consumer, as a machine that fails would.

        :return: whether it was still running
        """
        os.kill(pid, signal.SIGKILL)
        self.killed_at = time.monotonic()
        return self.join(pid) == -signal.SIGKILL

    def stop(self):
        """End the process."""
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def add_mails(client, recipients, **values):
    """Queue a mail for each of these recipients.

    :param client: the server's client
    :param recipients: values of ``email_to``, or lists of contacts' ids
    :return: their ids
    """
    return client.execute(
        "mail.mail",
        "create",
        [
            {
                "subject": "News",
                "body_html": _BODY,
                "email_from": "sender@example.com",
                **(
                    {"email_to": recipient}
                    if isinstance(recipient, str)
                    else {"recipient_ids": [(6, 0, recipient)]}
                ),
                **values,
            }
            for recipient in recipients
        ],
    )


def states(database):
    """:return: how many mails are in which state"""
    return dict(query(database, "SELECT state, count(*) FROM mail_mail GROUP BY state"))


def mail(database, mail_id):
    """:return: state, failure reason and accepted recipients of a mail"""
    (found,) = query(
        database,
        "SELECT state, failure_reason, queue_accepted FROM mail_mail WHERE id = %s",
        mail_id,
    )
    return found


def found(client, mail_id):
    """:return: state, failure reason, attempts, and whether another one is planned"""
    ((state, reason, attempts, planned),) = query(
        client.database,
        "SELECT state, failure_reason, COALESCE(queue_attempts, 0),"
        " queue_next_attempt > now() AT TIME ZONE 'UTC'"
        " FROM mail_mail WHERE id = %s",
        mail_id,
    )
    return state, reason, attempts, bool(planned)


def move_time(client):
    """Let the time of all next attempts come."""
    for table, column in (
        ("mail_mail", "queue_next_attempt"),
        ("mail_queue_outage", "next_attempt"),
    ):
        query(
            client.database,
            f"UPDATE {table} SET {column} = now() AT TIME ZONE 'UTC'"
            f" - interval '1 second' WHERE {column} IS NOT NULL RETURNING id",
        )


def among_neighbours(client, recipient, **values):
    """Queue a mail in the middle of 99 others.

    :return: its id
    """
    add_mails(client, GOOD[:50])
    (mail_id,) = add_mails(client, [recipient], **values)
    add_mails(client, GOOD[50:])
    return mail_id


def check_neighbours(inbox, addresses=GOOD):
    """Check that each of these addresses got one message."""
    reached = Counter(message.to[0] for message in inbox.messages)
    assert {one: reached[one] for one in addresses} == dict.fromkeys(addresses, 1)


def add_server(client, port, **values):
    """:return: the id of a mail server"""
    return client.execute(
        "ir.mail_server",
        "create",
        {"name": "Other", "smtp_host": "127.0.0.1", "smtp_port": port, **values},
    )


def outages(client):
    """:return: server and number of attempts of each outage"""
    return query(
        client.database, "SELECT mail_server_id, attempts FROM mail_queue_outage"
    )
