# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Names and subjects reach a real SMTP server as one mailbox and one line each."""

import pytest
from consumers import add_mails, mail

NAMES = {
    "comma": "Sons, Daughters & Co.",
    "long": "A Company, Whose Name Is Rather Long, " * 20 + "Ltd.",
    "injected": "Ann\r\nBcc: x@example.com",
    "encoded": "=?utf-8?q?Ann=0D=0ABcc:_x@example.com?=",
    "address": "x@example.com, y@example.com",
    "odd": 'Änne "漢" <x@example.com>\u2028😀\\',
}


@pytest.fixture(scope="module")
def server(new_server):
    return new_server(None, "--max-cron-threads", "0")


@pytest.fixture(scope="module")
def consumers(new_consumers, server):
    return new_consumers(server.database)


@pytest.fixture
def deliver(server, consumers, inbox):
    """A function that queues a mail to each recipient and has them sent."""

    def run(recipients, **values):
        inbox.messages.clear()
        mails = add_mails(server, recipients, **values)
        consumers.run()
        assert [mail(server.database, one)[0] for one in mails] == ["sent"] * len(mails)
        for message in inbox.messages:
            assert "Bcc" not in message.mime
            assert len(message.mime["From"].addresses) == 1
            assert len(message.mime["To"].addresses) == 1
            assert len(message.to) == 1
        assert len(inbox.messages) == len(mails), "each is delivered once"
        return inbox

    return run


def same(name, other):
    """:return: whether names are the same, but for blanks and what became one"""
    return [
        "".join(character for character in text if character.isprintable()).split()
        for text in (name, other)
    ] == [other.split()] * 2 or "".join(name.split()) == "".join(other.split())


@pytest.mark.parametrize("kind", NAMES)
def test_name_of_a_contact(deliver, server, kind):
    contact = server.execute(
        "res.partner",
        "create",
        {"name": NAMES[kind], "email": f"{kind}@example.com"},
    )
    inbox = deliver([[contact]])
    (mailbox,) = inbox.to(f"{kind}@example.com").mime["To"].addresses
    assert mailbox.addr_spec == f"{kind}@example.com"
    assert same(NAMES[kind], mailbox.display_name)


@pytest.mark.parametrize("kind", NAMES)
def test_name_of_a_company(deliver, server, kind):
    (company,) = server.execute("res.company", "search", [], limit=1)
    values = {"name": NAMES[kind], "email": "company@example.com"}
    server.execute("res.company", "write", [company], values)
    (found,) = server.execute("res.company", "read", [company], ["email_formatted"])
    sender = found["email_formatted"]
    inbox = deliver(["a@example.com"], email_from=sender, reply_to=sender)
    for header in ("From", "Reply-To"):
        (mailbox,) = inbox.to("a@example.com").mime[header].addresses
        assert mailbox.addr_spec == "company@example.com"
        assert same(NAMES[kind], mailbox.display_name)


@pytest.mark.parametrize(
    "subject",
    ["News\r\nBcc: x@example.com", "News\u2028Bcc: x@example.com"]
    + ["=?utf-8?q?News=0D=0ABcc:_x@example.com?="],
)
def test_subject(deliver, subject):
    inbox = deliver(["a@example.com"], subject=subject)
    assert inbox.to("a@example.com").subject == "News Bcc: x@example.com"


def test_headers_of_a_mail(deliver):
    headers = {"X-A": "a\nBcc: x@example.com", "X-B\nBcc": "x@example.com"}
    inbox = deliver(
        ["a@example.com"],
        headers=repr(headers),
        references="<1@example.com>\r\nBcc: x@example.com",
    )
    mime = inbox.to("a@example.com").mime
    assert mime["X-A"] == "a Bcc: x@example.com"
    assert mime["References"] == "<1@example.com> Bcc: x@example.com"
