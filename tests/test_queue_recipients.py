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
    """The queue, with nothing delivered yet."""
    inbox.messages.clear()
    yield running
    inbox.refuse.clear()
    inbox.refuse_data.clear()


def test_one_of_three_contacts_refused(post):
    post.inbox.refuse[TWO] = "450 Mailbox is busy"
    (mail_id,) = add_mails(post.client, [post.contacts])
    post.run()
    state, reason, _accepted = mail(post.database, mail_id)
    assert state == "exception"
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
    assert (state, reason) == ("exception", f"{ONE}: 450 Mailbox is busy")
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
    assert (state, reason) == ("exception", "copy@example.com: 452 Too many")
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
    assert "554" in reason
    assert "No spam please" in reason
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
    post.inbox.hang_up.clear()
    states = [mail(post.database, mail_id)[0] for mail_id in mail_ids]
    assert states == ["sent", "exception", "sent"]
    assert post.delivered() == {ONE: 1, THREE: 1}


def test_regression_repeat_has_the_same_message_id(post):
    """The sender dies between the server's reply and the commit."""
    add_mails(post.client, [ONE])
    post.run_and_die(ONE, accepted=True)
    post.run()
    assert post.delivered() == {ONE: 2}
    assert len({message.mime["Message-Id"] for message in post.inbox.messages}) == 1


def test_notification_of_each_recipient(post):
    """Those who did not get it are told apart from those who did."""
    post.inbox.refuse[TWO] = "450 Mailbox is busy"
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
        (TWO, "exception", f"{TWO}: 450 Mailbox is busy"),
    ]
    assert post.delivered() == {ONE: 1}


def test_killed_between_fact_and_effects(post):
    """Tracking message and server action appear exactly once after the next run."""
    scene = Scene(post.client, {"ann@example.com": "en_US"}, cc=False)
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
        tracking = [
            one for one in scene.thread("ann@example.com") if one["tracking_value_ids"]
        ]
        return (
            scene.consent("ann@example.com")["state"],
            partner["function"],
            len(tracking),
        )

    assert post.delivered() == {"ann@example.com": 1}
    assert seen() == ("sent", False, 0), "the fact is stored, its effects are not"
    post.run()
    assert seen() == ("sent", "sent", 1)
    post.run()
    assert seen() == ("sent", "sent", 1)


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
    post.run_and_die(THREE)
    assert post.delivered() == {ONE: 1}
    for _minute in range(3):
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
        post.consumers.run(2)
    assert post.delivered() == {ONE: 1, TWO: 1, THREE: 1}
