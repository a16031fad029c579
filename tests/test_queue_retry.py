# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One poisoned mail among a hundred: its neighbours leave, and it is tried again."""

import socket
import threading
from collections import Counter
from contextlib import closing, suppress

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
from inbox import Inbox, free_port
from server import query

from tools import postgres

POISON = "poison@example.com"


@pytest.fixture(scope="module")
def client(new_server, inbox):
    """A server whose mails leave through the inbox, if no other server is named."""
    server = new_server(None, "--max-cron-threads", "0")
    add_server(server, inbox.port, sequence=1)
    return server


@pytest.fixture(scope="module")
def consumers(client, new_consumers):
    consumers = new_consumers(client.database)
    consumers.expected_errors += [
        # Odoo logs what fails.
        "failed sending mail",
        "Exception while processing mail",
        "takes no mails",
    ]
    return consumers


@pytest.fixture
def tried(client, inbox):
    """How often each recipient was named to the server; the queue is empty."""
    query(
        client.database,
        "UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing' RETURNING id",
    )
    inbox.messages.clear()
    counter = Counter()
    inbox.on_recipient = lambda address: counter.update([address])
    yield counter
    inbox.on_recipient = lambda address: None
    inbox.refuse.clear()
    inbox.refuse_data.clear()
    inbox.hang_up.clear()
    inbox.hang_up_after_data.clear()


@pytest.mark.parametrize(
    ("refuse", "refuse_data", "reason"),
    [
        ("450 Busy", None, f"{POISON}: 450 Busy"),
        (None, "451 Later", "451 Later"),
    ],
)
def test_for_the_time_being(
    client, consumers, inbox, tried, refuse, refuse_data, reason
):
    if refuse:
        inbox.refuse[POISON] = refuse
    if refuse_data:
        inbox.refuse_data[POISON] = refuse_data
    mail_id = among_neighbours(client, POISON)
    for attempts in range(1, 5):
        consumers.run()
        check_neighbours(inbox)
        assert found(client, mail_id) == ("outgoing", reason, attempts, True)
        consumers.run()
        assert tried[POISON] == attempts, "not before its time"
        move_time(client)
    inbox.refuse.clear()
    inbox.refuse_data.clear()
    consumers.run()
    assert found(client, mail_id)[:2] == ("sent", None)


@pytest.mark.parametrize(
    ("refuse", "refuse_data", "reason"),
    [
        ("550 No such user", None, f"{POISON}: 550 No such user"),
        ("552 Mailbox full", None, f"{POISON}: 552 Mailbox full"),
        (None, "554 Spam", "554 Spam"),
    ],
)
def test_for_good(client, consumers, inbox, tried, refuse, refuse_data, reason):
    if refuse:
        inbox.refuse[POISON] = refuse
    if refuse_data:
        inbox.refuse_data[POISON] = refuse_data
    mail_id = among_neighbours(client, POISON)
    for _run in range(4):
        consumers.run()
        check_neighbours(inbox)
        assert found(client, mail_id) == ("exception", reason, 1, False)
        move_time(client)
    assert tried[POISON] == 1


@pytest.mark.parametrize(
    ("recipient", "word"),
    [
        ("not an address", "valid recipient"),
        ("", "valid recipient"),
    ],
)
def test_address_that_cannot_be_used(client, consumers, inbox, tried, recipient, word):
    mail_id = among_neighbours(client, recipient)
    for _run in range(4):
        consumers.run()
        check_neighbours(inbox)
        state, reason, attempts, planned = found(client, mail_id)
        assert (state, attempts, planned) == ("exception", 1, False)
        assert word in reason
        move_time(client)


@pytest.mark.parametrize("moment", ["hang_up", "hang_up_after_data"])
def test_server_that_hangs_up(client, consumers, inbox, tried, moment):
    getattr(inbox, moment).add(POISON)
    mail_id = among_neighbours(client, POISON)
    consumers.run()
    check_neighbours(inbox)
    # Before it got anything it may only have had enough of the session.
    assert tried[POISON] == (2 if moment == "hang_up" else 1)
    for attempts in range(1, 4):
        state, reason, count, planned = found(client, mail_id)
        assert (state, count, planned) == ("outgoing", attempts, True)
        assert "Connection unexpectedly closed" in reason
        move_time(client)
        consumers.run()


def test_refused_for_good_is_not_tried_again_with_the_rest(
    client, consumers, inbox, tried
):
    inbox.refuse.update({POISON: "550 No", "busy@example.com": "450 Busy"})
    (mail_id,) = add_mails(client, [f"{POISON}, busy@example.com, {GOOD[0]}"])
    consumers.run()
    assert found(client, mail_id)[0] == "outgoing"
    inbox.refuse.clear()
    move_time(client)
    consumers.run()
    assert tried == {POISON: 1, "busy@example.com": 2, GOOD[0]: 1}
    assert found(client, mail_id)[:2] == ("exception", f"{POISON}: 550 No")
    client.execute("mail.mail", "action_retry", [mail_id])
    consumers.run()
    assert tried == {POISON: 2, "busy@example.com": 2, GOOD[0]: 1}
    assert found(client, mail_id)[:2] == ("sent", None)


def test_giving_up(client, consumers, inbox, tried):
    inbox.refuse[POISON] = "450 Busy"
    (mail_id,) = add_mails(client, [POISON])
    query(
        client.database,
        "UPDATE mail_mail SET queue_attempts = 19 WHERE id = %s RETURNING id",
        mail_id,
    )
    consumers.run()
    assert found(client, mail_id) == ("exception", f"{POISON}: 450 Busy", 20, False)


def test_retry_at_once(client, consumers, inbox, tried):
    """A person does not want to wait for the next attempt; on a selection."""
    inbox.refuse[POISON] = "450 Busy"
    mail_ids = add_mails(client, [POISON, POISON])
    consumers.run()
    inbox.refuse.clear()
    client.execute("mail.mail", "action_retry", mail_ids)
    consumers.run()
    assert [found(client, one)[0] for one in mail_ids] == ["sent", "sent"]


def test_row_locked_by_another_transaction(client, consumers, inbox, tried):
    mail_id = among_neighbours(client, POISON)
    with closing(postgres.connect(client.database)) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM mail_mail WHERE id = %s FOR UPDATE", [mail_id]
            )
            consumers.run()
        connection.rollback()
    check_neighbours(inbox)
    assert found(client, mail_id)[0] == "outgoing"
    consumers.run()
    assert found(client, mail_id)[0] == "sent"


def test_server_out_of_reach(client, consumers, inbox, tried):
    """Its mails wait, whole; those of other servers go on; then all leave."""
    port = free_port()
    server = add_server(client, port, from_filter="other.example")
    sender = {"email_from": "me@other.example", "mail_server_id": server}
    mail_ids = add_mails(client, [f"late{i}@example.com" for i in range(5)], **sender)
    add_mails(client, GOOD)
    for attempts in range(1, 4):
        consumers.run()
        consumers.run()
        check_neighbours(inbox)
        assert outages(client) == [(server, attempts)], "tried once in its time"
        for mail_id in mail_ids:
            state, reason, count, planned = found(client, mail_id)
            assert (state, count, planned) == ("outgoing", 0, True)
            assert "refused" in reason
        move_time(client)
    other = Inbox(port=port)
    other.start()
    try:
        consumers.run()
        assert len(other.messages) == 5
    finally:
        other.stop()
    assert {found(client, mail_id)[0] for mail_id in mail_ids} == {"sent"}
    assert outages(client) == []


@pytest.mark.parametrize(
    ("international", "state"), [(True, "sent"), (False, "exception")]
)
def test_international_address(client, consumers, inbox, tried, international, state):
    """RFC 6531: not every server takes letters like this before the @."""
    other = Inbox(enable_SMTPUTF8=international)
    other.start()
    try:
        server = add_server(client, other.port)
        values = {"mail_server_id": server}
        mail_id = among_neighbours(client, "zo\u00eb@example.com", **values)
        consumers.run()
        check_neighbours(inbox)
    finally:
        other.stop()
    assert found(client, mail_id)[0] == state
    assert len(other.messages) == (1 if international else 0)


def test_server_that_answers_421(client, consumers, inbox, tried):
    """As soon as one connects: it is as good as out of reach."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def answer():
            with suppress(OSError):
                while True:
                    connection, _address = listening.accept()
                    connection.sendall(b"421 Too busy\r\n")
                    connection.close()

        threading.Thread(target=answer, daemon=True).start()
        server = add_server(client, listening.getsockname()[1])
        mail_id = among_neighbours(client, POISON, mail_server_id=server)
        consumers.run()
    check_neighbours(inbox)
    assert found(client, mail_id) == ("outgoing", "421 Too busy", 0, True)
    client.execute("ir.mail_server", "unlink", [server])


def test_server_without_encryption(client, consumers, inbox, tried):
    server = add_server(client, inbox.port, smtp_encryption="ssl")
    mail_id = among_neighbours(client, POISON, mail_server_id=server)
    consumers.run()
    check_neighbours(inbox)
    state, reason, attempts, planned = found(client, mail_id)
    assert (state, attempts, planned) == ("outgoing", 0, True)
    assert "SSL" in reason
    # An administrator deletes the server: the mail leaves through another one.
    client.execute("ir.mail_server", "unlink", [server])
    assert outages(client) == []
    move_time(client)
    consumers.run()
    assert found(client, mail_id)[0] == "sent"
