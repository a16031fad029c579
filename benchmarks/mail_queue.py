# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long mails take in the queue, compared with Odoo's own, and with each other.

The clock runs from the first mail until the queue is empty and everything is done that
follows a mail: notifications, histories, server actions.
"""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass

from tools.process import say

from .parts.processes import OdooWorker, SmtpServer, database
from .parts.report import Figure, Ratio, report

MAILS = 100
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 7))
LATENCY = 0.02


@dataclass(frozen=True)
class Queue:
    """One thing to measure: mails that wait, and who sends them.

    :ivar kind: of mails, as in :meth:`.mail_worker.MailWorker.make`
    :ivar own: whether the queue is Odoo's own
    :ivar delay: seconds that the SMTP server takes for a message
    :ivar consumers: how many processes send at once
    """

    kind: str
    own: bool = False
    delay: float = 0
    consumers: int = 1


QUEUES = {
    "plain, Odoo": Queue("plain", own=True),
    "plain": Queue("plain"),
    "plain, Odoo, 20 ms": Queue("plain", own=True, delay=LATENCY),
    "plain, 20 ms": Queue("plain", delay=LATENCY),
    "plain, 20 ms, 2 consumers": Queue("plain", delay=LATENCY, consumers=2),
    "plain, 20 ms, 4 consumers": Queue("plain", delay=LATENCY, consumers=4),
    "notification, Odoo": Queue("notification", own=True),
    "notification": Queue("notification"),
    "auto-delete, Odoo": Queue("auto_delete", own=True),
    "auto-delete": Queue("auto_delete"),
    "five contacts, Odoo": Queue("five_contacts", own=True),
    "five contacts": Queue("five_contacts"),
    "like a consent's, Odoo": Queue("as_consent", own=True),
    "consent": Queue("consent"),
    "consent, server action": Queue("consent_action"),
}
RATIOS = [
    Ratio("Plain, to Odoo's own", "plain", "plain, Odoo", at_most=0.70),
    Ratio(
        "Plain at 20 ms, to Odoo's own",
        "plain, 20 ms",
        "plain, Odoo, 20 ms",
        at_most=0.93,
    ),
    Ratio(
        "Consent, to a plain mail of its body in Odoo's",
        "consent",
        "like a consent's, Odoo",
        at_most=0.95,
    ),
    Ratio(
        "Consent with server action, to the same",
        "consent, server action",
        "like a consent's, Odoo",
        at_most=1.25,
    ),
    Ratio(
        "Notification, to Odoo's own",
        "notification",
        "notification, Odoo",
        at_most=0.65,
    ),
    Ratio(
        "Auto-delete, to Odoo's own", "auto-delete", "auto-delete, Odoo", at_most=0.50
    ),
    Ratio(
        "One mail to five contacts, to Odoo's own",
        "five contacts",
        "five contacts, Odoo",
        at_most=1.15,
    ),
    Ratio(
        "1 consumer at 20 ms, to 2",
        "plain, 20 ms",
        "plain, 20 ms, 2 consumers",
        at_least=1.85,
    ),
    Ratio("1 consumer at 20 ms, to 4", "plain, 20 ms", "plain, 20 ms, 4 consumers"),
    Figure(
        "Statements per plain mail", "plain", figure="statements per mail", at_most=4
    ),
]


def run():
    """Measure, report, and return 1 if a limit was missed, else 0."""
    with ExitStack() as stack:
        enter = stack.enter_context
        own = enter(database("odoo_queue"))
        ours = enter(database("lean"))
        ports = {
            delay: enter(SmtpServer(delay)).port
            for delay in {queue.delay for queue in QUEUES.values()}
        }
        most = max(queue.consumers for queue in QUEUES.values())
        workers = {
            True: [enter(OdooWorker("mail_worker", own))],
            False: [enter(OdooWorker("mail_worker", ours)) for _ in range(most)],
        }

        def measure(queue, count=MAILS):
            consumers = workers[queue.own][: queue.consumers]
            return _measure(queue, consumers, ports[queue.delay], count)

        say("Warming up")
        # A request for consent comes before what looks like one.
        for kind in ("consent", *(queue.kind for queue in QUEUES.values())):
            measure(Queue(kind, consumers=most), MAILS // 4)
        for queue in QUEUES.values():
            if queue.own:
                if queue.kind == "as_consent":
                    # which looks like a request that there is
                    _measure(Queue("consent"), workers[True], ports[0], MAILS // 4)
                measure(queue, MAILS // 4)
        rounds = []
        for number in range(1, ROUNDS + 1):
            say(f"Round {number} of {ROUNDS}")
            # Back and forth, so that what only gets worse hits all alike.
            names = list(QUEUES) if number % 2 else list(reversed(QUEUES))
            rounds.append({name: measure(QUEUES[name]) for name in names})
    title = f"{MAILS} mails, {ROUNDS} rounds"
    return 0 if report("mail_queue", title, rounds, RATIOS) else 1


def _measure(queue, consumers, port, count):
    """Measure once.

    :return: figures per mail
    """
    first = consumers[0]
    first.ask("make", kind=queue.kind, count=count)
    start = time.perf_counter()
    for consumer in consumers:
        consumer.begin("drain", smtp_port=port)
    statements = sum(consumer.result() for consumer in consumers)
    seconds = time.perf_counter() - start
    first.ask("check", kind=queue.kind)
    return {
        "milliseconds per mail": 1000 * seconds / count,
        "statements per mail": statements / count,
    }
