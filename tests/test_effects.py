# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An answer commits first. What follows is done in the same request."""

from contextlib import closing

import pytest
from effects_scene import POST, acted, add_action, follow_answers, told
from page import RECORDED, press
from server import Scene, query

from tools import postgres

EMAILS = [f"subject{i}@example.com" for i in range(6)]


def run_effects(scene):
    scene.server.execute(
        "ir.cron",
        "method_direct_trigger",
        [scene.server.ref("privacy_consent.cron_effects")],
    )


@pytest.fixture(scope="module")
def scene(new_server, inbox):
    """A server with subjects whose requests have come; nobody makes up for anything."""
    server = new_server(None, "--max-cron-threads", "0")
    server.expected_errors += [
        "What follows",
        # what the action breaks
        "bad query",
        "ERROR: savepoint",
        "ERROR: current transaction is aborted",
        "ERROR: division by zero",
    ]
    scene = Scene(server, dict.fromkeys(EMAILS, "en_US"), cc=False)
    follow_answers(scene)
    scene.generate()
    queue = server.ref("mail.ir_cron_mail_scheduler_action")
    server.execute("ir.cron", "method_direct_trigger", [queue])
    scene.wait_until_sent(len(EMAILS))
    add_action(scene, POST)
    return scene


def answer(scene, inbox, email, choice="accept", **contact):
    if contact:
        scene.server.execute("res.partner", "write", [scene.subjects[email]], contact)
    page = press(inbox.to(email).links()[choice])
    assert page.status_code == 200
    assert RECORDED.search(page.text)
    return scene.consent(email)


def test_what_somebody_had_locked_is_looked_at_again(scene):
    """Their transaction may do nothing of it, as that of whoever says the same."""
    email = EMAILS[-1]
    consent_id = scene.consent(email)["id"]
    database = scene.server.database
    due = "UPDATE privacy_consent SET action_due = true WHERE id = %s"
    query(database, due, consent_id)
    with closing(postgres.connect(database)) as other, other.cursor() as cursor:
        other.autocommit = False
        cursor.execute(
            "SELECT id FROM privacy_consent WHERE id = %s FOR UPDATE", [consent_id]
        )
        run_effects(scene)
    assert scene.consent(email)["action_due"]
    assert not acted(scene, email)
    cron = scene.server.ref("privacy_consent.cron_effects")
    again = (
        "SELECT 1 FROM ir_cron_trigger WHERE cron_id = %s"
        " AND call_at > now() AT TIME ZONE 'UTC'"
    )
    assert query(database, again, cron)
    run_effects(scene)
    assert len(acted(scene, email)) == 1
    query(database, "DELETE FROM ir_cron_trigger WHERE cron_id = %s", cron)


def test_in_the_same_request_after_the_commit(scene, inbox):
    email = EMAILS[0]
    consent = answer(scene, inbox, email)
    assert acted(scene, email) == [(True,)], "once, and the answer was committed"
    assert told(scene, email) == [("ready",)]
    assert not (consent["action_due"] or consent["action_error"])
    run_effects(scene)
    assert len(acted(scene, email)) == 1


@pytest.mark.parametrize(
    "number, how", [(1, "poison"), (2, "broken"), (3, "rolled back")]
)
def test_failure_is_noted_and_repeated(scene, inbox, number, how):
    email = EMAILS[number]
    consent = answer(scene, inbox, email, "reject", function=how)
    assert (consent["state"], consent["status"]) == ("answered", "refused")
    assert consent["action_due"]
    assert consent["action_error"]
    assert acted(scene, email) == [(True,)]
    if how != "rolled back":
        assert told(scene, email) == [("ready",)]
    assert email not in scene.server.log.read_text().partition("What follows")[2]
    run_effects(scene)
    assert scene.consent(email)["action_attempts"] == 2
    partner = scene.subjects[email]
    scene.server.execute("res.partner", "write", [partner], {"function": False})
    run_effects(scene)
    consent = scene.consent(email)
    assert not (consent["action_due"] or consent["action_error"])
    assert len(acted(scene, email)) == 3
    assert len(told(scene, email)) == 1
    kinds = "SELECT kind FROM privacy_consent_event WHERE consent_id = %s ORDER BY id"
    found = query(scene.server.database, kinds, consent["id"])
    assert found == [("requested",), ("refused",)]


def test_orm_call_is_one_transaction(scene):
    email = EMAILS[4]
    consent = scene.consent(email)
    scene.server.execute("privacy.consent", "action_answer", [consent["id"]], True)
    assert acted(scene, email) == [(False,)], "the answer was not committed yet"
    assert len(told(scene, email)) == 0, "it is no answer of the subject"
    assert not scene.consent(email)["action_due"]


def test_from_another_database(new_server, new_database, inbox):
    """A link names its database, and a visitor's session another one."""
    first, second = new_database(), new_database()
    server = new_server(
        first, "--load", "base,web,privacy_consent", serves=f"{first},{second}"
    )
    for database in (first, second):
        server.database = database
        server.prepare()
    scene = Scene(server, {"away@example.com": "en_US"}, cc=False)
    scene.generate()
    scene.wait_until_sent(1)
    add_action(scene, POST)
    server.database = first
    staff = server.session()
    page = press(inbox.to("away@example.com").links()["accept"], session=staff)
    assert RECORDED.search(page.text)
    server.database = second
    assert acted(scene, "away@example.com") == [(True,)]
    assert not scene.consent("away@example.com")["action_due"]
