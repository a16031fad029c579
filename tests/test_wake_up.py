# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mails leave within seconds, and not when the hour of the queue comes.

Nobody runs the queue here but its scheduled action, which has to be woken.
"""

from contextlib import closing, contextmanager

import pytest
from generation_scene import QUEUE, settle
from page import press
from server import Scene, query

from tools import postgres

ANN = "ann@example.com"
LUC = "luc@example.com"
FOLLOWER = "follower@example.com"
# Seconds. Without being woken, Odoo looks every 60 for what is due.
SOON = 20


@pytest.fixture(scope="module", params=["lean", "odoo_queue"])
def scene(request, new_server, new_database, inbox):
    """Two subjects who were asked, with the safe mail queue and with Odoo's own."""
    inbox.messages.clear()
    scene = Scene(
        new_server(new_database(request.param)),
        {ANN: "en_US", LUC: "en_US"},
        cc=False,
    )
    scene.generate()
    scene.wait_until_sent(2)
    return scene


@pytest.fixture(autouse=True)
def asleep(scene):
    """Nothing that was done before wakes the queue."""
    settle(scene.server)
    query(scene.server.database, "DELETE FROM ir_cron_trigger")


@contextmanager
def queue_held(server):
    """Let the queue not run, and forget then that it was woken."""
    with closing(postgres.connect(server.database)) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM ir_cron WHERE id = %s FOR NO KEY UPDATE",
                [server.ref(QUEUE)],
            )
            yield
            query(server.database, "DELETE FROM ir_cron_trigger")
        connection.rollback()


def comes(inbox, address, count=1):
    """Wait until an address has so many messages."""

    def has_come():
        return sum(one.to == [address] for one in inbox.messages) >= count

    inbox.wait_until(has_come, SOON)


def test_answer_told_to_a_follower(scene, inbox):
    follower = scene.server.execute(
        "res.partner", "create", {"name": "Follower", "email": FOLLOWER}
    )
    scene.server.execute(
        "privacy.consent",
        "message_subscribe",
        [scene.consent(ANN)["id"]],
        partner_ids=[follower],
        subtype_ids=[scene.server.ref("privacy_consent.mt_consent_acceptance_changed")],
    )
    press(inbox.to(ANN).links()["accept"])
    comes(inbox, FOLLOWER)


def test_asked_again(scene, inbox):
    consent = scene.consent(LUC)["id"]
    scene.server.execute(
        "privacy.consent", "action_auto_ask", [consent], login="officer"
    )
    comes(inbox, LUC, 2)


def test_continued(scene, inbox):
    new = [f"new{number}@example.com" for number in range(3)]
    scene.add(dict.fromkeys(new, "en_US"))
    with queue_held(scene.server):
        scene.generate()
        scene.press("action_stop_asking")
    assert not set(new).intersection(one.to[0] for one in inbox.messages)
    scene.press("action_continue_asking")
    for address in new:
        comes(inbox, address)
