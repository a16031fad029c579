# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many people can open the page of their consent, or answer, at once.

They are compared with as many who open the login page of the same server.
"""

import os
import time
from contextlib import closing

from tools import postgres
from tools.process import say

from .parts.processes import HttpClients, OdooServer, OdooWorker, database
from .parts.report import Figure, Ratio, report

CLIENTS = 32
SECONDS = float(os.environ.get("BENCH_SECONDS") or 60)
ROUNDS = 3
# All of them together are no more than what one press of the button asks at once.
CONSENTS_PER_CLIENT = 15

# What clients do, and the method of Clients that does it.
KINDS = {"login page": "get", "consent page": "get", "answer": "post"}
RESULTS = [
    Ratio("Consent page, to login page", "consent page", "login page", at_least=0.8),
    Ratio("Answer, to login page", "answer", "login page", at_least=0.5),
    Figure("Failed login pages", "login page", figure="failed", at_most=0),
    Figure("Failed consent pages", "consent page", figure="failed", at_most=0),
    Figure("Failed answers", "answer", figure="failed", at_most=0),
    Figure("Lost answers", "last answers", figure="lost", at_most=0),
]


def run():
    """Measure, report, and return 1 if a limit was missed, else 0."""
    with database("lean") as name:
        with OdooWorker("generation_worker", name) as worker:
            links = worker.ask("links", count=CLIENTS * CONSENTS_PER_CLIENT)
        paths = {
            "login page": CLIENTS * [["/web/login"]],
            "consent page": [links[number::CLIENTS] for number in range(CLIENTS)],
        }
        paths["answer"] = paths["consent page"]
        with OdooServer(name) as server, HttpClients(server.port) as clients:

            def measure(what, seconds=SECONDS):
                return _measure(server, clients, KINDS[what], seconds, paths[what])

            say("Warming up")
            for what in KINDS:
                measure(what, SECONDS / 10)
            rounds = []
            for number in range(1, ROUNDS + 1):
                say(f"Round {number} of {ROUNDS}")
                # Back and forth, so that what only gets worse hits all alike.
                names = list(KINDS) if number % 2 else list(reversed(KINDS))
                measured = {what: measure(what) for what in names}
                answers = {what: measured[what].pop("answers") for what in KINDS}
                measured = {what: measured[what] for what in KINDS}
                measured["last answers"] = _compare(name, answers["answer"])
                rounds.append(measured)
    title = f"{CLIENTS} clients, {SECONDS:g} seconds, {ROUNDS} rounds"
    return 0 if report("answer_page", title, rounds, RESULTS) else 1


def _measure(server, clients, kind, seconds, paths):
    """Let the clients work once, and add what the server needed of a processor."""
    work, start = server.work(), time.perf_counter()
    figures = clients.ask(kind, seconds=seconds, paths=paths)
    elapsed = time.perf_counter() - start
    return {**figures, "server's CPU %": 100 * (server.work() - work) / elapsed}


def _compare(name, answers):
    """Compare the last answers that the server confirmed with those that are stored.

    :return: figures
    """
    with closing(postgres.connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, state, accepted, last_metadata FROM privacy_consent")
        stored = {number: facts for number, *facts in cursor.fetchall()}
    lost = 0
    for path, choice, agent in answers:
        state, accepted, metadata = stored[int(path.split("/")[4])]
        lost += (
            state != "answered"
            or accepted != (choice == "accept")
            or f"User agent: {agent}" not in metadata.splitlines()
        )
    return {"given": len(answers), "lost": lost}
