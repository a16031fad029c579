# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One poisoned mail among a hundred: servers, addons and consents that fail.

What a server that answers may say is in ``test_queue_retry``.
"""

import socket
import threading
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from consumers import (
    GOOD,
    add_mails,
    add_server,
    among_neighbours,
    check_neighbours,
    found,
    move_time,
    outages,
)
from server import Scene, query

_HOOKS = Path(__file__).with_name("poison_hooks.py")
_LATER_RUNS = 3
_numbers = count()


@pytest.fixture(scope="module")
def client(new_server, inbox):
    """A server whose mails leave through the inbox, if no other server is named."""
    server = new_server(None, "--max-cron-threads", "0")
    add_server(server, inbox.port, sequence=1)
    return server


@pytest.fixture(scope="module")
def scene(client):
    return Scene(client, {}, cc="")


@pytest.fixture(scope="module")
def consumers(client, new_consumers):
    consumers = new_consumers(client.database, hooks=_HOOKS)
    consumers.expected_errors += [
        # Odoo logs what fails.
        "failed sending mail",
        "Exception while processing mail",
        "takes no mails",
        "bad query",
        "What follows an answer or a request failed",
    ]
    return consumers


@pytest.fixture(autouse=True)
def empty(client, inbox):
    """Nothing waits, and nothing has come."""
    query(
        client.database,
        "UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing' RETURNING id",
    )
    inbox.messages.clear()


@contextmanager
def silent_server(greeting):
    """A server that says nothing after its greeting.

    :return: its port, and a list of the connections so far
    """
    connections = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def accept():
            with suppress(OSError):
                while True:
                    connections.append(listening.accept()[0])
                    connections[-1].sendall(greeting)

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1], connections
    for connection in connections:
        connection.close()


def reached(inbox, address):
    return [message for message in inbox.messages if address in message.to]


@pytest.mark.parametrize("greeting", [b"", b"220 Wait\r\n"])
def test_server_that_never_answers(client, consumers, inbox, greeting):
    """It costs one timeout each time, and then its mail leaves another way."""
    with silent_server(greeting) as (port, connections):
        server = add_server(client, port)
        mail_id = among_neighbours(client, "waiting@example.com", mail_server_id=server)
        for attempts in range(1, 2 + _LATER_RUNS):
            consumers.run()
            check_neighbours(inbox)
            state, reason, mail_attempts, planned = found(client, mail_id)
            assert (state, mail_attempts, planned) == ("outgoing", 0, True)
            assert "timed out" in reason
            assert outages(client) == [(server, attempts)]
            assert len(connections) == attempts
            move_time(client)
    assert not reached(inbox, "waiting@example.com")
    client.execute("ir.mail_server", "unlink", [server])
    consumers.run()
    check_neighbours(inbox, ["waiting@example.com"])
    assert found(client, mail_id)[:2] == ("sent", None)


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        ("value_error@example.com", "No stamps left"),
        ("sql_error@example.com", "division by zero"),
    ],
)
def test_hook_that_fails(client, consumers, inbox, recipient, reason):
    mail_id = among_neighbours(client, recipient)
    for attempts in range(1, 2 + _LATER_RUNS):
        consumers.run()
        consumers.run()
        check_neighbours(inbox)
        state, failure_reason, mail_attempts, planned = found(client, mail_id)
        assert (state, mail_attempts, planned) == ("outgoing", attempts, True)
        assert failure_reason.strip() == reason
        move_time(client)
    assert not reached(inbox, recipient)


@pytest.fixture
def trigger(client):
    """A function that has the database refuse to store who got a mail."""

    def add(mail_id):
        query(
            client.database,
            f"""
            CREATE FUNCTION no_ink() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'No ink left'; END $$;
            CREATE TRIGGER no_ink BEFORE UPDATE OF queue_accepted ON mail_mail
            FOR EACH ROW WHEN (NEW.id = {mail_id}) EXECUTE FUNCTION no_ink()
            """,
        )

    def drop():
        query(client.database, "DROP FUNCTION IF EXISTS no_ink CASCADE")

    add.drop = drop
    yield add
    drop()


def test_fact_that_the_database_refuses(client, consumers, inbox, trigger):
    """The server does not get the message before it is stored who gets it."""
    recipient = "trigger@example.com"
    mail_id = among_neighbours(client, recipient)
    trigger(mail_id)
    for attempts in range(1, 2 + _LATER_RUNS):
        consumers.run()
        consumers.run()
        check_neighbours(inbox)
        state, reason, mail_attempts, planned = found(client, mail_id)
        assert (state, mail_attempts, planned) == ("outgoing", attempts, True)
        assert "No ink left" in reason
        assert not reached(inbox, recipient)
        move_time(client)
    trigger.drop()
    consumers.run()
    check_neighbours(inbox, [*GOOD, recipient])
    assert found(client, mail_id)[:2] == ("sent", None)


class Requests:
    """20 requests among 80 mails, one of them poisoned.

    :ivar poison: the address of the subject that makes trouble
    :ivar others: the addresses of all others who get a mail
    :ivar mail_id: id of the mail to the subject that makes trouble
    """

    def __init__(self, scene):
        self.scene = scene
        number = next(_numbers)
        addresses = [f"subject{number}_{i}@example.com" for i in range(20)]
        scene.add(dict.fromkeys(addresses, "en_US"))
        add_mails(scene.server, GOOD[:40])
        scene.generate()
        add_mails(scene.server, GOOD[40:80])
        self.poison = addresses.pop(10)
        self.subjects = addresses
        self.others = [*GOOD[:80], *addresses]
        (self.mail_id,) = scene.server.execute(
            "mail.mail",
            "search",
            [
                ("model", "=", "privacy.consent"),
                ("res_id", "=", self.consent()["id"]),
                ("state", "=", "outgoing"),
            ],
        )

    def consent(self):
        """:return: the facts about the consent of the subject that makes trouble"""
        return self.scene.consent(self.poison)

    def check(self, inbox):
        """Check that all others got their mail, and their consents say so."""
        check_neighbours(inbox, self.others)
        consents = self.scene.server.execute(
            "privacy.consent",
            "search_read",
            [("partner_id", "in", [self.scene.subjects[one] for one in self.subjects])],
        )
        assert [
            (one["state"], bool(one["sent_date"]), one["action_error"])
            for one in consents
        ] == [("sent", True, False)] * 19


def test_consent_deleted(client, consumers, inbox, scene):
    requests = Requests(scene)
    client.execute(
        "privacy.consent", "unlink", [requests.consent()["id"]], login="officer"
    )
    assert not client.execute("mail.mail", "search", [("id", "=", requests.mail_id)])
    for _run in range(1 + _LATER_RUNS):
        consumers.run()
        requests.check(inbox)
        assert not reached(inbox, requests.poison)
        move_time(client)


def test_subject_archived(client, consumers, inbox, scene):
    """Nobody asks them any more, and the others are not concerned."""
    requests = Requests(scene)
    client.execute("res.partner", "action_archive", [scene.subjects[requests.poison]])
    for _run in range(1 + _LATER_RUNS):
        consumers.run()
        requests.check(inbox)
        assert not reached(inbox, requests.poison)
        assert requests.consent()["state"] == "draft"
        assert requests.consent()["request_state"] == "cancelled"
        assert found(client, requests.mail_id)[0] == "cancel"
        move_time(client)


def test_server_action_that_fails(client, consumers, inbox, scene):
    """The request is sent all the same, once; the action is run again when mended."""
    requests = Requests(scene)
    contact = scene.subjects[requests.poison]
    note = "partner.write({'function': (partner.function or '') + 'x'})"
    action = client.execute(
        "ir.actions.server",
        "create",
        {
            "name": "Note it",
            "model_id": client.ref("privacy_consent.model_privacy_consent"),
            "state": "code",
            "code": "partner = record.partner_id\n"
            f"{note}\n"
            f"if partner.id == {contact}:\n"
            "    raise UserError('printer on fire')",
        },
    )
    client.execute(
        "privacy.activity", "write", [scene.activity], {"server_action_id": action}
    )

    def notes():
        everybody = [*requests.subjects, requests.poison]
        return [
            one["function"]
            for one in client.execute(
                "res.partner", "read", [scene.subjects[one] for one in everybody]
            )
        ]

    for _run in range(1 + _LATER_RUNS):
        consumers.run()
        requests.check(inbox)
        check_neighbours(inbox, [requests.poison])
        assert found(client, requests.mail_id)[0] == "sent"
        consent = requests.consent()
        assert consent["state"] == "sent"
        assert consent["sent_date"]
        assert consent["action_error"] == "Note it: printer on fire"
        assert notes() == ["x"] * 19 + [False]
        move_time(client)
    client.execute(
        "ir.actions.server",
        "write",
        [action],
        {"code": f"partner = record.partner_id\n{note}"},
    )
    client.execute(
        "privacy.consent", "action_run_again", [consent["id"]], login="officer"
    )
    assert requests.consent()["action_error"] is False
    assert notes() == ["x"] * 20
    assert len(reached(inbox, requests.poison)) == 1
    client.execute(
        "privacy.activity", "write", [scene.activity], {"server_action_id": False}
    )
