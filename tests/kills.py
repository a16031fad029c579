# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consumers killed while they send, and what must be true afterwards."""

import sys
import time
from collections import Counter

from consumers import add_mails, states
from generation_scene import set_batch_size
from server import Scene, query

COPY = "copy@example.com"


class Ordeal:
    """Requests, each with a copy, and mails to two contacts, in a queue.

    :param int requests: how many requests
    :param int others: how many other mails
    :ivar int kills: how many there were so far
    :ivar list pauses: the times from each kill until the next consumer may begin
    :ivar expected: how often each address gets a message
    """

    def __init__(self, server, requests, others):
        self.server = server
        self.database = server.database
        self.requests = requests
        self.others = others
        self.kills = 0
        self.pauses = []
        subjects = [f"subject{i}@example.com" for i in range(requests)]
        scene = Scene(server, dict.fromkeys(subjects, "en_US"), cc=COPY)
        action = server.execute(
            "ir.actions.server",
            "create",
            {
                "name": "Count",
                "model_id": server.ref("privacy_consent.model_privacy_consent"),
                "state": "code",
                "code": "partner = record.partner_id\n"
                "partner.write({'function': (partner.function or '') + record.state})",
            },
        )
        server.execute(
            "privacy.activity",
            "write",
            [scene.activity],
            {"server_action_id": action},
        )
        self.expected = Counter([*subjects, *[COPY] * requests])
        self._add_other_mails()
        # All in the press: what is killed here is no scheduled action that generates.
        set_batch_size(server, requests)
        scene.generate()

    def _add_other_mails(self):
        emails = [f"reader{i}@example.com" for i in range(2 * self.others)]
        readers = self.server.execute(
            "res.partner",
            "create",
            [{"name": email, "email": email} for email in emails],
        )
        pairs = zip(readers[::2], readers[1::2], strict=True)
        add_mails(self.server, map(list, pairs))
        self.expected.update(emails)

    def kill(self, consumers, inbox, kills, chance, seconds):
        """Kill a consumer again and again, each time at any moment while it sends.

        :param random.Random chance: decides when
        :param float seconds: for how long it sends at most: the time of many messages,
            so that no moment of a message is hit more often than the others
        """
        killed = 0
        while killed < kills:
            before = len(inbox.messages)
            consumer = consumers.start()
            inbox.wait_for(before + 1)
            time.sleep(chance.uniform(0, seconds))
            killed += consumers.kill(consumer)
            # What it had begun, the server may still take.
            time.sleep(2 * inbox.delay)
            self.pauses.append((consumers.killed_at, time.monotonic()))
        self.kills += killed

    def check(self, inbox, capsys):
        """Check that none is lost, and that all tells the truth exactly once.

        A message may come a second time if its consumer is killed between the server's
        reply and the commit. The server may also take one from a consumer that was
        killed before: the kernel frees the memory of a process first, which takes some
        milliseconds, and closes its connections then.

        :return: how many messages came a second time, but for the latter; both numbers
            are printed
        """
        pairs = Counter(
            (message.to[0], message.mime["Message-Id"]) for message in inbox.messages
        )
        assert Counter(address for address, _id in pairs) == self.expected, (
            "none is lost, and a repeat has the same Message-ID"
        )
        assert states(self.database) == {"sent": self.requests + self.others}
        marked = "SELECT count(*) FROM mail_mail WHERE queue_effects_due"
        assert query(self.database, marked) == [(0,)]
        facts = query(
            self.database,
            """
            SELECT consent.state, consent.sent_date IS NOT NULL,
                request.state, request.effects_due, consent.action_error,
                partner.function,
                (SELECT count(*) FROM privacy_consent_event AS event
                 WHERE event.consent_id = consent.id AND kind = 'requested')
            FROM privacy_consent AS consent
            JOIN privacy_consent_request AS request
                ON request.consent_id = consent.id
            JOIN res_partner AS partner ON partner.id = consent.partner_id
            """,
        )
        told = ("sent", True, "delivered", False, None, "sent", 1)
        assert Counter(facts) == {told: self.requests}
        repeats = sum(pairs.values()) - len(pairs)
        late = sum(
            killed < message.at < begun
            for message in inbox.messages
            for killed, begun in self.pauses
        )
        with capsys.disabled():
            sys.stdout.write(
                f" {repeats} repeats in {self.kills} kills, of which {late} were taken"
                " from the dead "
            )
        return repeats - late
