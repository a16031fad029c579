# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What people and other programs do to mails while the queue runs."""

import re
from concurrent.futures import ThreadPoolExecutor
from xmlrpc.client import ServerProxy

import pytest
import requests
from consumers import add_mails, mail, states
from page import RECORDED, press
from server import Scene, Shell, eventually, query

# Seconds. Without being woken, Odoo looks every 60 for what is due.
SOON = 20
LATER = {"scheduled_date": "2099-01-01 00:00:00"}


@pytest.fixture(scope="module")
def client(new_server):
    """A server with the scheduled action that runs the queue."""
    server = new_server()
    server.expected_errors += [
        "You are not allowed to modify 'Outgoing Mails'",
        "Nothing was deleted",
        "failed sending mail",
        # of XML-RPC, by Odoo
        "endpoints are deprecated",
    ]
    return server


@pytest.fixture(scope="module")
def consumers(client, new_consumers):
    return new_consumers(client.database)


@pytest.fixture(autouse=True)
def empty(client, inbox):
    idle(client)
    inbox.messages.clear()


def idle(client):
    """Wait until the scheduled actions have done what they were triggered for."""
    due = "SELECT id FROM ir_cron_trigger WHERE call_at <= now() AT TIME ZONE 'UTC'"
    eventually(lambda: not query(client.database, due))


def add(client, *addresses, **values):
    """Queue mails that the scheduled action does not send by itself yet."""
    return add_mails(client, addresses, **values)


def while_receiving(inbox, address, function):
    """Call a function while a message to this address is being received.

    :return: a list, which gets the result
    """
    results = []

    def call(message):
        if message.to == [address]:
            inbox.on_message = lambda message: None
            results.append(function())

    inbox.on_message = call
    return results


@pytest.mark.parametrize("method", ["send", "action_send_and_close"])
def test_send_now(client, inbox, method):
    """The request returns at once; the scheduled action sends, what was put off too."""
    (mail_id,) = add(client, "now@example.com", **LATER)
    sent_within = []
    inbox.on_message = lambda message: sent_within.append(
        query(client.database, "SELECT state FROM mail_mail WHERE id = %s", mail_id)
    )
    client.execute("mail.mail", method, [mail_id])
    inbox.wait_for(1)
    inbox.on_message = lambda message: None
    assert sent_within == [[("outgoing",)]]


@pytest.mark.parametrize("protocol", ["xmlrpc", "json2"])
def test_send_now_by_another_protocol(client, inbox, protocol):
    (mail_id,) = add(client, "now@example.com", **LATER)
    if protocol == "xmlrpc":
        proxy = ServerProxy(f"{client.url}/xmlrpc/2/object", allow_none=True)
        arguments = (client.database, 2, "admin", "mail.mail", "send", [[mail_id]])
        result = proxy.execute_kw(*arguments)
    else:
        key = Shell(
            client.database,
            "user = env.ref('base.user_admin')\n"
            "key = env['res.users.apikeys'].with_user(user)._generate("
            "None, 'test', user.env.cr.now().replace(year=2099))\n"
            "env.cr.commit()\nprint(key, flush=True)\n",
        ).line()
        response = requests.post(
            f"{client.url}/json/2/mail.mail/send",
            json={"ids": [mail_id]},
            headers={
                "Authorization": f"bearer {key}",
                "X-Odoo-Database": client.database,
            },
            timeout=60,
        )
        result = response.json()
    assert result["tag"] == "display_notification", "not sent in the request"
    inbox.wait_for(1)


def test_send_now_by_an_unusual_address(client, inbox):
    """Odoo takes any words after ``call_kw/``, and notes some of them down."""
    (mail_id,) = add(client, "now@example.com", **LATER)
    session = requests.Session()
    params = {"db": client.database, "login": "admin", "password": "admin"}
    session.post(
        f"{client.url}/web/session/authenticate", json={"params": params}, timeout=60
    )
    response = session.post(
        f"{client.url}/web/dataset/call_kw/mail.mail.send",
        json={
            "params": {
                "model": "mail.mail",
                "method": "send",
                "args": [[mail_id]],
                "kwargs": {},
            }
        },
        timeout=60,
    )
    assert response.json()["result"]["tag"] == "display_notification"
    inbox.wait_for(1)


def test_parameters_of_a_visitor(new_server, inbox):
    """A visitor's words do not turn a mail of Odoo into one that a client sends."""
    client = new_server(None, "--max-cron-threads", "0")
    module = client.execute(
        "ir.module.module", "search", [("name", "=", "auth_signup")]
    )
    client.execute("ir.module.module", "button_immediate_install", module)
    client.execute(
        "res.users",
        "create",
        {"name": "Lost", "login": "lost@example.com", "email": "lost@example.com"},
        context={"no_reset_password": True},
    )
    session = requests.Session()
    address = f"{client.url}/web/reset_password?__model__=mail.mail&__method__=send"
    page = session.get(address, params={"db": client.database}, timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    response = session.post(
        address,
        data={"csrf_token": token, "login": "lost@example.com"},
        timeout=60,
    )
    assert response.status_code == 200
    assert [message.to for message in inbox.messages] == [["lost@example.com"]]


def test_send_now_needs_rights(client):
    (mail_id,) = add(client, "later@example.com", **LATER)
    client.execute(
        "res.users",
        "create",
        {"name": "Clerk", "login": "clerk", "password": "clerk"},
        context={"no_reset_password": True},
    )
    with pytest.raises(AssertionError, match="AccessError"):
        client.execute("mail.mail", "send", [mail_id], login="clerk")
    client.execute("mail.mail", "cancel", [mail_id])


def test_cancel_while_it_is_sent(client, consumers, inbox):
    (mail_id,) = add(client, "cancel@example.com")
    answers = while_receiving(
        inbox,
        "cancel@example.com",
        lambda: client.execute("mail.mail", "cancel", [mail_id]),
    )
    consumers.run()
    inbox.wait_for(1)
    assert mail(client.database, mail_id)[0] == "sent"
    assert "left alone" in answers[0]["params"]["message"]


def test_delete_while_it_is_sent(client, consumers, inbox):
    mail_ids = add(client, "delete@example.com", "other@example.com")

    def delete():
        with pytest.raises(AssertionError, match="Nothing was deleted"):
            client.execute("mail.mail", "unlink", mail_ids)
        return True

    assert while_receiving(inbox, "delete@example.com", delete) == []
    consumers.run()
    inbox.wait_for(2)
    assert [mail(client.database, one)[0] for one in mail_ids] == ["sent", "sent"]


def test_cancelled_before_its_turn(client, consumers, inbox):
    first, second = add(client, "first@example.com", "second@example.com")
    while_receiving(
        inbox,
        "first@example.com",
        lambda: client.execute("mail.mail", "cancel", [second]),
    )
    consumers.run()
    assert [message.to for message in inbox.messages] == [["first@example.com"]]
    assert mail(client.database, second)[0] == "cancel"
    client.execute("mail.mail", "mark_outgoing", [second])
    inbox.wait_for(2)


def test_retry(client, inbox):
    inbox.refuse["retry@example.com"] = "550 No such user"
    (mail_id,) = add(client, "retry@example.com", **LATER)
    client.execute("mail.mail", "send", [mail_id])
    eventually(lambda: mail(client.database, mail_id)[0] == "exception")
    idle(client)
    inbox.refuse.clear()
    client.execute("mail.mail", "action_retry", [mail_id])
    inbox.wait_for(1, SOON)


def test_retry_of_what_was_sent_meanwhile(client, consumers, inbox):
    """The page still shows a failure that somebody else has mended."""
    (mail_id,) = add(client, "mended@example.com")
    consumers.run()
    answer = client.execute("mail.mail", "mark_outgoing", [mail_id])
    assert "left alone" in answer["params"]["message"]
    consumers.run()
    assert mail(client.database, mail_id)[0] == "sent"
    assert len(inbox.messages) == 1


def test_retry_before_the_failure_was_followed(client, inbox):
    """It must not count as a success, after which such a mail is deleted."""
    (mail_id,) = add(client, "retry@example.com", auto_delete=True)
    query(
        client.database,
        "UPDATE mail_mail SET state = 'exception', queue_effects_due = true,"
        " failure_type = 'unknown', failure_reason = 'x' WHERE id = %s RETURNING id",
        mail_id,
    )
    client.execute("mail.mail", "mark_outgoing", [mail_id])
    inbox.wait_for(1)
    idle(client)
    found = "SELECT id FROM mail_mail WHERE id = %s"
    assert query(client.database, found, mail_id) == [], "deleted after it was sent"


def test_message_posted_in_a_thread(client, inbox):
    """It leaves after the commit, and its notification says so."""
    reader = client.execute(
        "res.partner", "create", {"name": "Reader", "email": "reader@example.com"}
    )
    admin = client.execute("res.users", "search", [("login", "=", "admin")])
    client.execute("res.users", "write", admin, {"email": "admin@example.com"})
    client.execute(
        "res.partner",
        "message_post",
        [reader],
        body="News",
        partner_ids=[reader],
        subtype_xmlid="mail.mt_comment",
    )
    assert [message.to for message in inbox.messages] == [["reader@example.com"]]
    assert query(
        client.database,
        "SELECT notification_status, failure_reason FROM mail_notification"
        " WHERE res_partner_id = %s",
        reader,
    ) == [("sent", "")]


OPEN = """
mails = env["mail.mail"].browse({mail_ids})
mails.send()
print(mails.mapped(lambda mail: (mail.state, mail.failure_reason or "")), flush=True)
env.cr.{end}()
"""


def test_send_in_a_transaction_of_the_caller(client, inbox):
    """As in Odoo: all or nothing, and failures stay on the mails."""
    inbox.refuse["refused@example.com"] = "550 No such user"
    inbox.refuse_data["spam@example.com"] = "554 No spam please"
    mail_ids = add(
        client,
        "fine@example.com, refused@example.com",
        "spam@example.com",
        "good@example.com",
        **LATER,
    )
    script = OPEN.format(mail_ids=mail_ids, end="commit")
    seen = Shell(client.database, script, inbox.port).finish()
    inbox.refuse.clear()
    inbox.refuse_data.clear()
    assert "('exception', 'refused@example.com: 550 No such user')" in seen
    assert "No spam please" in seen
    assert "('sent', '')" in seen
    accepted = [mail(client.database, mail_id)[2] for mail_id in mail_ids]
    assert accepted == [[["fine@example.com", None]], None, None]
    client.execute("mail.mail", "cancel", mail_ids)


FAILING = """
from unittest.mock import patch
from odoo.addons.mail_queue_safe.models.mail_mail_attempt import MailMail
calls = []

def announce(mail, partner):
    calls.append(partner)
    if len(calls) == 1:
        {statement}

contacts = env["res.partner"].create(
    [{{"name": name, "email": name + "@example.com"}} for name in ("a", "b")])
mail = env["mail.mail"].create({{
    "recipient_ids": [(6, 0, contacts.ids)], "body_html": "<p>News</p>",
    "email_from": "sender@example.com"}})
with patch.object(MailMail, "_queue_announce", announce):
    mail.send()
print(mail.state, flush=True)
env.cr.commit()
"""


@pytest.mark.parametrize(
    "statement", ["raise ValueError", "env.cr.execute('SELECT 1 / 0')"]
)
def test_hook_that_fails_in_a_transaction_of_the_caller(client, inbox, statement):
    """Everybody gets the mail once, and the transaction goes on."""
    script = FAILING.format(statement=statement)
    shell = Shell(client.database, script, inbox.port)
    assert shell.line() == "sent"
    assert [message.to for message in inbox.messages] == [
        ["a@example.com"],
        ["b@example.com"],
    ]


@pytest.fixture(scope="module")
def scene(client):
    return Scene(client, {"ann@example.com": "en_US"}, cc="copy@example.com")


def test_archived_while_the_request_is_sent(client, scene, consumers, inbox):
    """The request had left, and its copy was leaving."""
    # Odoo logs a conflict with what follows the delivery, and repeats the request.
    client.expected_errors.append('bad query: b\' UPDATE "privacy_consent"')
    results = while_receiving(
        inbox,
        "copy@example.com",
        lambda: pool.submit(
            client.execute,
            "privacy.consent",
            "write",
            [scene.consent("ann@example.com")["id"]],
            {"active": False},
            login="officer",
        ),
    )
    with ThreadPoolExecutor() as pool:
        scene.generate()
        inbox.wait_for(2)
        results[0].result()
    consumers.run()
    idle(client)
    # Where both wrote the consent at one moment, what follows is made up for later.
    idle(client)
    effects = client.ref("privacy_consent.cron_effects")
    client.execute("ir.cron", "method_direct_trigger", [effects])
    reached = [message.to for message in inbox.messages]
    consent = client.execute(
        "privacy.consent",
        "search_read",
        [("partner_id", "=", scene.subjects["ann@example.com"])],
        context={"active_test": False},
    )[0]
    assert reached == [["ann@example.com"], ["copy@example.com"]]
    assert consent["state"] == "sent"
    assert not consent["active"]


def test_processing_changed_while_a_request_is_sent(client, scene, inbox):
    """Whoever just got a request about the earlier text is asked about the new one."""
    scene.add({"bea@example.com": "en_US"})
    template = client.ref("privacy_consent.template_consent")
    client.execute("mail.template", "write", [template], {"email_cc": False})
    scene.generate()
    idle(client)
    page = press(inbox.to("bea@example.com").links()["accept"])
    assert RECORDED.search(page.text)
    idle(client)
    # The inbox takes no other mail while it receives one: the to-do leaves before.
    text = {"description": "<p>Two mails a month.</p>"}
    client.execute("privacy.activity", "write", [scene.activity], text)
    idle(client)
    inbox.messages.clear()
    consent = scene.consent("bea@example.com")["id"]
    cron = client.ref("privacy_consent.cron_follow_texts")

    def change():
        client.execute(
            "privacy.activity",
            "action_processing_changed",
            [scene.activity],
            "One more.",
            login="officer",
        )
        client.execute("ir.cron", "method_direct_trigger", [cron])
        return scene.consent("bea@example.com")["status"]

    seen = while_receiving(inbox, "bea@example.com", change)
    client.execute("privacy.consent", "action_auto_ask", [consent], login="officer")
    inbox.wait_for(1)
    idle(client)
    client.execute("ir.cron", "method_direct_trigger", [cron])
    inbox.wait_for(2)
    assert seen == ["given"]
    assert scene.consent("bea@example.com")["status"] == "invalidated"
    assert ["One more." in one.text for one in inbox.messages] == [False, True]


def test_caller_that_rolls_back(client, inbox):
    mail_ids = add(client, "rolled@example.com", **LATER)
    script = OPEN.format(mail_ids=mail_ids, end="rollback")
    Shell(client.database, script, inbox.port).finish()
    assert mail(client.database, mail_ids[0])[0] == "outgoing"
    client.execute("mail.mail", "cancel", mail_ids)


def test_send_leaves_alone_what_another_consumer_sends(client, consumers, inbox):
    mail_ids = add(client, "twice@example.com")
    script = OPEN.format(mail_ids=mail_ids, end="commit")
    shells = while_receiving(
        inbox,
        "twice@example.com",
        lambda: Shell(client.database, script, inbox.port).finish(),
    )
    consumers.run()
    assert "('outgoing', '')" in shells[0]
    assert len(inbox.messages) == 1
    assert mail(client.database, mail_ids[0])[0] == "sent"


UNFINISHED = """
import logging
env["res.partner"].create({{"name": "Begun before"}})
{flush}
logging.getLogger("odoo.addons.mail_queue_safe").addHandler(logging.StreamHandler(sys.stdout))
env["mail.mail"].browse({mail_id}).{call}
env.cr.rollback()
"""


@pytest.mark.parametrize("flush", ["", "env.cr.flush()"])
@pytest.mark.parametrize(
    "call", ["process_email_queue({mail_id})", "send(auto_commit=True)"]
)
def test_work_of_a_caller(client, inbox, flush, call):
    """It is committed, as by Odoo's own queue, with one warning."""
    mail_ids = add(client, "after@example.com")
    call = call.format(mail_id=mail_ids)
    script = "import sys\n" + UNFINISHED.format(
        flush=flush, call=call, mail_id=mail_ids
    )
    output = Shell(client.database, script, inbox.port).finish()
    assert output.count("changed something before it called the mail queue") == 1
    found = "DELETE FROM res_partner WHERE name = 'Begun before' RETURNING id"
    assert len(query(client.database, found)) == 1


IN_SAVEPOINT = """
env["res.partner"].create({"name": "Not committed"})
with env.cr.savepoint():
    CALL
print(env["mail.mail"].browse(MAIL).state, flush=True)
env.cr.END()
"""


@pytest.mark.parametrize(
    "call",
    [
        "env['mail.mail'].process_email_queue([MAIL])",
        "env['mail.mail'].browse(MAIL).send(auto_commit=True)",
    ],
)
@pytest.mark.parametrize(
    ("end", "state"), [("commit", "sent"), ("rollback", "outgoing")]
)
def test_inside_a_savepoint(client, inbox, call, end, state):
    """Nothing is committed: the mail leaves in the caller's transaction."""
    (mail_id,) = add(client, "saved@example.com")
    script = IN_SAVEPOINT.replace("CALL", call).replace("END", end)
    script = script.replace("MAIL", str(mail_id))
    output = Shell(client.database, script, inbox.port).finish()
    assert output.strip() == "sent"
    assert mail(client.database, mail_id)[0] == state
    found = "DELETE FROM res_partner WHERE name = 'Not committed' RETURNING id"
    assert len(query(client.database, found)) == (end == "commit")
    client.execute("mail.mail", "cancel", [mail_id])


COMPOSER = """
contacts = env["res.partner"].create(
    [{"name": str(i), "email": f"mass{i}@example.com"} for i in range(3)])
composer = env["mail.compose.message"].create({
    "composition_mode": "mass_mail", "model": "res.partner", "subject": "News",
    "res_ids": str(contacts.ids), "body": "<p>News</p>",
    "email_from": "sender@example.com"})
composer._action_send_mail(auto_commit=True)
env.cr.rollback()
"""


def test_composer_that_commits(client, inbox):
    """Odoo's mass mailing does that; its mails are sent from the queue."""
    Shell(client.database, COMPOSER, inbox.port).finish()
    inbox.wait_for(3)
    assert sorted(message.to[0] for message in inbox.messages) == [
        f"mass{i}@example.com" for i in range(3)
    ]


def test_uninstalled_while_mails_wait(new_server, new_consumers, inbox):
    """They stay in Odoo's queue, and nothing of ours stays."""
    server = new_server(None, "--max-cron-threads", "0")
    add_mails(server, ["one@example.com", "two@example.com"])
    (delivered,) = add_mails(server, ["gone@example.com"], auto_delete=True)
    query(
        server.database,
        "UPDATE mail_mail SET state = 'sent', queue_effects_due = true"
        " WHERE id = %s RETURNING id",
        delivered,
    )
    module = server.execute(
        "ir.module.module", "search", [("name", "=", "mail_queue_safe")]
    )
    server.execute("ir.module.module", "button_immediate_uninstall", module)
    assert states(server.database) == {"outgoing": 2}, "what followed was done"
    assert (
        query(
            server.database,
            "SELECT attname FROM pg_attribute WHERE attrelid = 'mail_mail'::regclass"
            " AND attname LIKE 'queue%' AND NOT attisdropped",
        )
        == []
    )
    new_consumers(server.database).run()
    inbox.wait_for(2)
    assert states(server.database) == {"sent": 2}
