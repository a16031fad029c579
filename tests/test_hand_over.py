# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nobody waits for the mail server, and a mail that left never returns to the queue."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from page import RECORDED, press
from server import Scene, Shell, eventually, query

FACTS = (
    "SELECT consent.state, consent.status, request.state, request.effects_due,"
    " mail.state, (SELECT string_agg(kind, ' ' ORDER BY id)"
    " FROM privacy_consent_event WHERE consent_id = consent.id)"
    " FROM privacy_consent AS consent"
    " JOIN privacy_consent_request AS request ON request.consent_id = consent.id"
    " JOIN mail_mail AS mail ON mail.id = request.mail_id"
    " WHERE consent.partner_id = %s"
)
CONFLICT = """
CREATE FUNCTION conflict() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'somebody was faster' USING ERRCODE = '40001';
END $$ LANGUAGE plpgsql;
CREATE TRIGGER conflict BEFORE UPDATE ON privacy_consent
    FOR EACH ROW EXECUTE FUNCTION conflict();
SELECT 1
"""

# A program that sends another way than with SMTP, as addons for services do.
SERVICE = """
from odoo.addons.base.models.ir_mail_server import IrMail_Server
IrMail_Server.send_email = lambda self, message, **options: message["Message-Id"]
env["mail.mail"].process_email_queue()
env.cr.commit()
"""


@pytest.fixture(scope="module", params=["lean", "odoo_queue"])
def scene(request, new_server, new_database):
    """A server, with and without mail_queue_safe, that does nothing by itself."""
    server = new_server(new_database(request.param), "--max-cron-threads", "0")
    # A trigger of these tests says so.
    server.expected_errors += ["bad query", "somebody was faster", "PL/pgSQL function"]
    return Scene(server, {}, cc=False)


def run(scene, cron):
    server = scene.server
    server.execute("ir.cron", "method_direct_trigger", [server.ref(cron)])


def run_queue(scene):
    run(scene, "mail.ir_cron_mail_scheduler_action")


def run_effects(scene):
    run(scene, "privacy_consent.cron_effects")


def ask(scene, inbox, name):
    """:return: the address of a new subject, whose request waits"""
    inbox.messages.clear()
    address = f"{name}@example.com"
    scene.add({address: "en_US"})
    scene.generate()
    return address


def facts(scene, address):
    """:return: what is stored about the consent, its only request, and its events"""
    (found,) = query(scene.server.database, FACTS, scene.subjects[address])
    return found


@contextmanager
def handing_over(scene, inbox, address):
    """Send the request, and keep the server from taking it until the block ends.

    Nothing in the block can wait for the server: it would not come to its end.
    """
    came, released = Event(), Event()
    messages = []

    def hold(message):
        messages.append(message)
        came.set()
        assert released.wait(50), "somebody waited for the mail server"

    inbox.on_message = hold
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(run_queue, scene)
        try:
            assert came.wait(50)
            yield messages[0]
            assert not sending.done()
        finally:
            inbox.on_message = lambda message: None
            released.set()
        sending.result()
    # What follows is the next transaction's; and nothing is sent again.
    run_queue(scene)
    run_effects(scene)
    assert [one.to for one in inbox.messages].count([address]) == 1


def check_free(scene, address):
    """Check that the consent is neither locked nor written."""
    consent = scene.consent(address)
    assert consent["state"] == "draft"
    query(
        scene.server.database,
        "SELECT FROM privacy_consent WHERE id = %s FOR NO KEY UPDATE NOWAIT",
        consent["id"],
    )


def test_answer(scene, inbox):
    address = ask(scene, inbox, "quick")
    with handing_over(scene, inbox, address) as message:
        check_free(scene, address)
        page = press(message.links()["accept"])
        assert RECORDED.search(page.text)
        # A refusal may follow at once.
        assert RECORDED.search(press(message.links()["reject"]).text)
    assert facts(scene, address) == (
        "answered",
        "withdrawn",
        "delivered",
        False,
        "sent",
        "given withdrawn requested",
    )


@pytest.mark.parametrize("what", ["word", "links", "archive", "stop"])
def test_staff(scene, inbox, what):
    address = ask(scene, inbox, what)
    execute = scene.server.execute
    with handing_over(scene, inbox, address):
        consent = scene.consent(address)["id"]
        if what == "word":
            values = {"accepted": True, "state": "answered", "answer_channel": "phone"}
            execute("privacy.consent", "write", [consent], values, login="officer")
        elif what == "links":
            execute(
                "privacy.consent", "action_invalidate_links", [consent], login="officer"
            )
        elif what == "archive":
            execute("privacy.consent", "action_archive", [consent], login="officer")
        else:
            scene.press("action_stop_asking")
    state, status, *rest, kinds = facts(scene, address)
    assert rest == ["delivered", False, "sent"]
    assert kinds.split().count("requested") == 1
    if what == "word":
        assert (state, status) == ("answered", "given")
    else:
        assert (state, status) == ("sent", "requested")
    if what == "stop":
        scene.press("action_continue_asking")


def test_text_that_changes(scene, inbox):
    """Managers get a to-do. The mail about it waits for the queue, and nobody does."""
    execute = scene.server.execute
    execute("res.users", "write", [2], {"email": "admin@example.com"})
    asked = scene.consent(ask(scene, inbox, "accepted"))["id"]
    execute("privacy.consent", "action_answer", [asked], True)
    run_queue(scene)
    run_effects(scene)
    address = ask(scene, inbox, "text")
    with handing_over(scene, inbox, address):
        values = {"description": "<p>A mail a day.</p>"}
        execute("privacy.activity", "write", [scene.activity], values)
    subjects = [one.mime["Subject"] for one in inbox.messages if one.to != [address]]
    assert any("Say what the change of the text means" in one for one in subjects)


def test_erasing_waits_until_the_mail_left(scene, inbox):
    """Otherwise a request would come about which nobody knows anything."""
    address = ask(scene, inbox, "erased")
    consent = scene.consent(address)["id"]
    execute = scene.server.execute
    wizard = execute(
        "privacy.consent.erase",
        "create",
        {"consent_ids": [(6, 0, [consent])], "reason": "wished"},
        login="officer",
    )
    with ThreadPoolExecutor(1) as pool:
        with handing_over(scene, inbox, address):
            erasing = pool.submit(
                execute,
                "privacy.consent.erase",
                "action_erase",
                [wizard],
                login="officer",
            )
            eventually(
                lambda: erasing.done()
                or query(
                    scene.server.database,
                    "SELECT 1 FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
            )
            assert not erasing.done()
        erasing.result()
    kinds = query(
        scene.server.database,
        "SELECT kind FROM privacy_consent_event ORDER BY id DESC LIMIT 2",
    )
    assert kinds == [("erased",), ("requested",)]


@pytest.mark.parametrize("how", ["queue", "send"])
def test_conflict_in_what_follows(scene, inbox, how):
    address = ask(scene, inbox, f"conflict_{how}")
    database = scene.server.database
    query(database, CONFLICT)
    try:
        if how == "queue":
            run_queue(scene)
        else:
            script = "env['mail.mail'].search([('state', '=', 'outgoing')]).send()\n"
            Shell(database, f"{script}env.cr.commit()\n", inbox.port).finish()
        assert facts(scene, address)[2:5] == ("delivered", True, "sent")
        run_effects(scene)
        assert facts(scene, address)[0] == "draft", "it is still to do"
    finally:
        query(
            database,
            "DROP TRIGGER conflict ON privacy_consent; DROP FUNCTION conflict;"
            " SELECT 1",
        )
    run_queue(scene)
    run_effects(scene)
    assert facts(scene, address) == (
        "sent",
        "requested",
        "delivered",
        False,
        "sent",
        "requested",
    )
    assert [one.to for one in inbox.messages].count([address]) == 1


def test_sent_another_way_than_with_smtp(scene, inbox):
    address = ask(scene, inbox, "service")
    Shell(scene.server.database, SERVICE, inbox.port).finish()
    _state, _status, request, _due, mail, _events = facts(scene, address)
    assert (request, mail) == ("delivered", "sent")
    run_effects(scene)
    assert facts(scene, address)[0] == "sent"
    assert not inbox.messages
