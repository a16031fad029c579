# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every recipient of a mail counts, whatever happens to the others or to the sender."""

from collections import Counter

import pytest
from consumers import add_mails, mail
from server import Scene, query

# Odoo sends to contacts in the order of their names: one, three, two.
ONE, TWO, THREE = (f"{name}@example.com" for name in ("one", "two", "three"))


class Killed(Exception):
    """The sender was killed while the server received a message."""


class Post:
    """A queue whose consumers run, and die, on demand."""

    def __init__(self, server, consumers, inbox):
        self.client = server
        self.database = server.database
        self.consumers = consumers
        self.inbox = inbox
        emails = (ONE, TWO, THREE)
        self.contacts = server.execute(
            "res.partner", "create", [{"name": one, "email": one} for one in emails]
        )

    def run(self):
        self.consumers.run()

    def retry(self, mail_id):
        self.client.execute("mail.mail", "action_retry", [mail_id])
        self.run()

    def run_and_die(self, address, accepted=False):
        """Run the queue, and kill it while a message to this address is received.

        :param bool accepted: whether the server takes the message all the same
        """

        def kill(message):
            if message.to[0] == address:
                self.inbox.on_message = lambda message: None
                assert self.consumers.kill(consumer)
                if not accepted:
                    raise Killed

        self.inbox.on_message = kill
        consumer = self.consumers.start()
        self.inbox.wait_until(lambda: self.inbox.on_message is not kill)

    def delivered(self):
        """:return: how many messages each address got"""
        return Counter(
            address for message in self.inbox.messages for address in message.to
        )


@pytest.fixture(scope="module")
def running(new_server, new_consumers, inbox):
    server = new_server(None, "--max-cron-threads", "0")
    # Odoo logs what fails.
    server.expected_errors.append("failed sending mail")
    sender = server.execute("res.users", "search", [("login", "=", "admin")])
    server.execute("res.users", "write", sender, {"email": "admin@example.com"})
    consumers = new_consumers(server.database)
    consumers.expected_errors.append("failed sending mail")
    return Post(server, consumers, inbox)


@pytest.fixture
def post(running, inbox):
    """The queue, with nothing in it and nothing delivered yet."""
    query(
        running.database,
        "UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing' RETURNING id",
    )
    inbox.messages.clear()
    yield running
    inbox.refuse.clear()
    inbox.refuse_data.clear()
    inbox.hang_up.clear()
    inbox.hang_up_after_data.clear()


@pytest.fixture(scope="module")
def scene(running):
    """An activity, without anybody to ask yet."""
    return Scene(running.client, {})


def test_one_of_three_contacts_refused(post):
    post.inbox.refuse[TWO] = "450 Mailbox is busy"
    (mail_id,) = add_mails(post.client, [post.contacts])
    post.run()
    state, reason, _accepted = mail(post.database, mail_id)
    assert state == "outgoing", "it is tried again later"
    assert reason == f"{TWO}: 450 Mailbox is busy"
    assert post.delivered() == {ONE: 1, THREE: 1}
    post.inbox.refuse.clear()
    post.retry(mail_id)
    assert mail(post.database, mail_id)[0] == "sent"
    assert post.delivered() == {ONE: 1, TWO: 1, THREE: 1}


def test_one_of_three_contacts_refused_and_the_sender_killed(post):
    post.inbox.refuse[ONE] = "450 Mailbox is busy"
    (mail_id,) = add_mails(post.client, [post.contacts])
    post.run_and_die(TWO)
    assert mail(post.database, mail_id)[0] == "outgoing"
    assert post.delivered() == {THREE: 1}
    post.run()
    state, reason, _accepted = mail(post.database, mail_id)
    assert (state, reason) == ("outgoing", f"{ONE}: 450 Mailbox is busy")
    assert post.delivered() == {TWO: 1, THREE: 1}


def test_one_of_two_addresses_refused(post):
    """Odoo sends one message to both, and would call it sent."""
    post.inbox.refuse[TWO] = "550 No such user"
    (mail_id,) = add_mails(post.client, [f"{ONE}, {TWO}"])
    post.run()
    state, reason, _accepted = mail(post.database, mail_id)
    assert (state, reason) == ("exception", f"{TWO}: 550 No such user")
    post.inbox.refuse.clear()
    post.retry(mail_id)
    assert mail(post.database, mail_id)[0] == "sent"
    assert [message.to for message in post.inbox.messages] == [[ONE], [TWO]]


def test_one_of_two_addresses_refused_and_the_sender_killed(post):
    post.inbox.refuse[TWO] = "550 No such user"
    contact = [(6, 0, post.contacts[2:])]
    (mail_id,) = add_mails(post.client, [f"{ONE}, {TWO}"], recipient_ids=contact)
    post.run_and_die(THREE)
    post.run()
    state, reason, _accepted = mail(post.database, mail_id)
    assert (state, reason) == ("exception", f"{TWO}: 550 No such user")
    assert post.delivered() == {ONE: 1, THREE: 1}


def test_copy(post):
    contacts = [(6, 0, post.contacts[1:])]
    (mail_id,) = add_mails(
        post.client, [ONE], email_cc="copy@example.com", recipient_ids=contacts
    )
    post.run_and_die(THREE)
    assert [message.to for message in post.inbox.messages] == [
        [ONE, "copy@example.com"]
    ]
    post.run()
    assert mail(post.database, mail_id)[0] == "sent"
    assert post.delivered() == {ONE: 1, "copy@example.com": 1, TWO: 1, THREE: 1}


def test_refused_copy(post):
    post.inbox.refuse["copy@example.com"] = "452 Too many"
    (mail_id,) = add_mails(post.client, [ONE], email_cc="copy@example.com")
    post.run()
    state, reason, _accepted = mail(post.database, mail_id)
    assert (state, reason) == ("outgoing", "copy@example.com: 452 Too many")
    post.inbox.refuse.clear()
    post.retry(mail_id)
    assert post.delivered() == {ONE: 1, "copy@example.com": 1}


def test_two_contacts_with_one_address(post):
    """Each gets a message of their own."""
    (twin,) = post.client.execute(
        "res.partner", "create", [{"name": "Twin", "email": ONE}]
    )
    post.inbox.refuse[TWO] = "450 Mailbox is busy"
    (mail_id,) = add_mails(post.client, [[*post.contacts[:2], twin]])
    post.run()
    post.inbox.refuse.clear()
    post.retry(mail_id)
    assert post.delivered() == {ONE: 2, TWO: 1}


def test_message_refused_after_it_was_handed_over(post):
    post.inbox.refuse_data[ONE] = "554 No spam please"
    (mail_id,) = add_mails(post.client, [post.contacts[:2]])
    post.run()
    state, reason, accepted = mail(post.database, mail_id)
    assert state == "exception"
    assert reason == "554 No spam please"
    assert accepted == [[TWO, post.contacts[1]]]


def test_contact_without_address(post):
    (mute,) = post.client.execute("res.partner", "create", [{"name": "Mute"}])
    (mail_id,) = add_mails(post.client, [[mute, post.contacts[0]]])
    post.run()
    assert mail(post.database, mail_id)[0] == "exception"
    post.client.execute("res.partner", "write", [mute], {"email": TWO})
    post.retry(mail_id)
    assert mail(post.database, mail_id)[0] == "sent"
    assert post.delivered() == {ONE: 1, TWO: 1}


def test_nobody_to_send_to(post):
    (mail_id,) = add_mails(post.client, [""])
    post.run()
    state, reason, _accepted = mail(post.database, mail_id)
    assert state == "exception"
    assert "At least one valid recipient" in reason


def test_server_hangs_up(post):
    """The neighbours leave in the same run, in a new session."""
    post.inbox.hang_up.add(TWO)
    post.consumers.expected_errors.append("Exception while processing mail")
    mail_ids = add_mails(post.client, [ONE, TWO, THREE])
    post.run()
    found = [mail(post.database, mail_id) for mail_id in mail_ids]
    assert [state for state, _reason, _accepted in found] == [
        "sent",
        "outgoing",
        "sent",
    ]
    assert "Connection unexpectedly closed" in found[1][1]
    assert post.delivered() == {ONE: 1, THREE: 1}


def test_server_hangs_up_after_it_got_the_message(post):
    """Nobody knows whether it took the message: it is not sent again at once."""
    post.inbox.hang_up_after_data.add(TWO)
    post.consumers.expected_errors.append("Exception while processing mail")
    mail_ids = add_mails(post.client, [ONE, TWO, THREE])
    post.run()
    post.run()
    states = [mail(post.database, mail_id)[0] for mail_id in mail_ids]
    assert states == ["sent", "outgoing", "sent"]
    assert post.delivered() == {ONE: 1, TWO: 1, THREE: 1}


def test_contact_named_twice(post):
    """Once by address and once as contact, as some templates do."""
    contact = [(6, 0, post.contacts[:1])]
    (mail_id,) = add_mails(post.client, [ONE], recipient_ids=contact)
    post.run()
    assert mail(post.database, mail_id)[0] == "sent"
    assert post.delivered() == {ONE: 2}, "as in Odoo, two messages"


def test_international_domain(post):
    (mail_id,) = add_mails(post.client, [f"zoe@m\u00fcller.example, {ONE}"])
    post.run()
    assert mail(post.database, mail_id)[0] == "sent"
    assert post.delivered() == {"zoe@xn--mller-kva.example": 1, ONE: 1}
    mail_ids = add_mails(post.client, ["zoe@m\u00fcller.example"])
    post.run()
    assert mail(post.database, mail_ids[0])[0] == "sent"


def test_unusual_message_id(post):
    """Python writes some differently from how they were given."""
    author = post.contacts[2]
    post.client.execute(
        "res.partner",
        "message_post",
        [author],
        body="News",
        message_id="<a b@c>",
        partner_ids=post.contacts[:1],
        subtype_xmlid="mail.mt_comment",
    )
    assert post.delivered() == {ONE: 1}
    found = query(
        post.database,
        "SELECT notification_status FROM mail_notification ORDER BY id DESC LIMIT 1",
    )
    assert found == [("sent",)]


def test_wrong_address_beside_a_busy_one(post):
    """The mail is kept for the retry, though Odoo keeps none with wrong addresses."""
    (mute,) = post.client.execute("res.partner", "create", [{"name": "Mute"}])
    post.inbox.refuse[TWO] = "450 Mailbox is busy"
    recipients = [[mute, post.contacts[1]]]
    (mail_id,) = add_mails(post.client, recipients, auto_delete=True)
    post.run()
    post.inbox.refuse.clear()
    post.retry(mail_id)
    assert post.delivered() == {TWO: 1}


def test_effect_that_fails(post):
    """It is noted on its mail, which stays sent; the neighbours are not concerned."""
    post.consumers.expected_errors.append("What follows mail")
    mail_ids = add_mails(post.client, [ONE, TWO, THREE])
    query(
        post.database,
        f"""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''printer on fire''; END';
        CREATE TRIGGER fail BEFORE UPDATE OF queue_effects_due ON mail_mail
            FOR EACH ROW WHEN (OLD.queue_effects_due AND OLD.id = {mail_ids[1]:d}
                AND NEW.failure_reason IS NULL)
            EXECUTE FUNCTION fail();
        """,
    )
    post.consumers.expected_errors.append("bad query")
    post.run()
    found = [mail(post.database, mail_id) for mail_id in mail_ids]
    assert [state for state, _reason, _accepted in found] == ["sent"] * 3
    reasons = [reason for _state, reason, _accepted in found]
    assert reasons[0] is reasons[2] is None
    assert "printer on fire" in reasons[1]
    due = "SELECT id FROM mail_mail WHERE queue_effects_due"
    assert query(post.database, due) == []


def test_regression_repeat_has_the_same_message_id(post):
    """The sender dies between the server's reply and the commit."""
    add_mails(post.client, [ONE])
    post.run_and_die(ONE, accepted=True)
    post.run()
    assert post.delivered() == {ONE: 2}
    assert len({message.mime["Message-Id"] for message in post.inbox.messages}) == 1


def test_notification_of_each_recipient(post):
    """Those who did not get it are told apart from those who did."""
    post.inbox.refuse[TWO] = "550 No such user"
    execute = post.client.execute
    author = execute(
        "res.partner", "create", {"name": "Author", "email": "a@b.example"}
    )
    message_id = execute(
        "res.partner",
        "message_post",
        [author],
        body="News",
        partner_ids=post.contacts[:2],
        subtype_xmlid="mail.mt_comment",
    )
    statuses = query(
        post.database,
        "SELECT partner.email, status.notification_status, status.failure_reason"
        " FROM mail_notification AS status"
        " JOIN res_partner AS partner ON partner.id = status.res_partner_id"
        " WHERE status.mail_message_id = %s ORDER BY partner.email",
        message_id if isinstance(message_id, int) else message_id[0],
    )
    assert statuses == [
        (ONE, "sent", ""),
        (TWO, "exception", f"{TWO}: 550 No such user"),
    ]
    assert post.delivered() == {ONE: 1}


def test_killed_between_fact_and_effects(post, scene):
    """Tracking message and server action appear exactly once after the next run."""
    scene.add({"ann@example.com": "en_US"})
    execute = post.client.execute
    action = execute(
        "ir.actions.server",
        "create",
        {
            "name": "Count",
            "model_id": post.client.ref("privacy_consent.model_privacy_consent"),
            "state": "code",
            "code": "partner = record.partner_id\n"
            "partner.write({'function': (partner.function or '') + record.state})",
        },
    )
    execute("privacy.activity", "write", [scene.activity], {"server_action_id": action})
    scene.generate()
    add_mails(post.client, [ONE])
    post.run_and_die(ONE)
    subject = scene.subjects["ann@example.com"]

    def seen():
        (partner,) = execute("res.partner", "read", [subject], ["function"])
        consent = scene.consent("ann@example.com")
        events = execute(
            "privacy.consent.event",
            "search_count",
            [["consent_id", "=", consent["id"]], ["kind", "=", "requested"]],
        )
        return (
            consent["request_state"],
            consent["state"],
            partner["function"],
            events,
        )

    assert post.delivered() == {"copy@example.com": 1, "ann@example.com": 1}
    stored = ("delivered", "draft", False, 0)
    assert seen() == stored, "the fact is stored, its effects are not"
    post.run()
    assert seen() == ("delivered", "sent", "sent", 1)
    post.run()
    assert seen() == ("delivered", "sent", "sent", 1)


def test_conflict_before_the_message_is_handed_over(post, scene):
    """What says *delivered* cannot be stored at first: it is repeated."""
    address = "bob@example.com"
    scene.add({address: "en_US"})
    scene.generate()
    post.consumers.expected_errors += ["bad query", "Exception while processing mail"]
    # A sequence remembers what a transaction that is undone forgets.
    query(
        post.database,
        """
        CREATE SEQUENCE attempts;
        CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN
                IF nextval(''attempts'') = 1 THEN
                    RAISE EXCEPTION ''conflict'' USING ERRCODE = ''40001'';
                END IF;
                RETURN NEW;
            END';
        CREATE TRIGGER conflict BEFORE UPDATE ON privacy_consent_request
            FOR EACH ROW WHEN (NEW.state = 'delivered')
            EXECUTE FUNCTION conflict();
        """,
    )
    post.run()
    assert query(post.database, "SELECT last_value > 1 FROM attempts") == [(True,)]
    assert post.delivered() == {"copy@example.com": 1, address: 1}
    assert scene.consent(address)["state"] == "sent"


def test_consent_written_while_the_message_is_handed_over(post, scene):
    """Whoever works with a consent neither waits for its mail nor disturbs it."""
    address = "cid@example.com"
    scene.add({address: "en_US"})
    scene.generate()

    def write(recipient):
        if recipient == address:
            post.inbox.on_recipient = lambda address: None
            query(
                post.database,
                "UPDATE privacy_consent SET write_date = now()"
                " WHERE partner_id = %s RETURNING id",
                scene.subjects[address],
            )

    post.inbox.on_recipient = write
    post.run()
    assert post.delivered() == {"copy@example.com": 1, address: 1}
    assert scene.consent(address)["state"] == "sent"


def test_personal_server(post):
    """A mail that is too large for this minute is split, and nobody is lost."""
    execute = post.client.execute
    owner = execute("res.users", "search", [("login", "=", "admin")])[0]
    (server,) = execute(
        "ir.mail_server",
        "create",
        [
            {
                "name": "Mine",
                "smtp_host": "127.0.0.1",
                "smtp_port": post.inbox.port,
                "from_filter": "admin@example.com",
                "smtp_user": "admin@example.com",
                "smtp_pass": "secret",
                "owner_user_id": owner,
            }
        ],
    )
    execute(
        "ir.config_parameter", "set_param", "mail.server.personal.limit.minutes", "2"
    )
    add_mails(
        post.client,
        [post.contacts],
        email_from="admin@example.com",
        mail_server_id=server,
    )
    add_mails(
        post.client,
        ["other@example.com"] * 5,
        email_from="admin@example.com",
        mail_server_id=server,
    )
    post.run_and_die(THREE)
    assert post.delivered() == {ONE: 1}
    for _minute in range(5):
        # A minute later, what was put off is due.
        for table, column in (
            ("mail_mail", "scheduled_date"),
            ("ir_mail_server", "owner_limit_time"),
        ):
            query(
                post.database,
                f"UPDATE {table} SET {column} = {column} - interval '1 hour'"
                f" WHERE {column} IS NOT NULL RETURNING id",
            )
        before = post.delivered().total()
        post.consumers.run(2)
        assert post.delivered().total() - before <= 2, "the limit holds for both"
    assert post.delivered() == {ONE: 1, TWO: 1, THREE: 1, "other@example.com": 5}
    execute("ir.mail_server", "unlink", [server])
