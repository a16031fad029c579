# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reports as mail servers write them, for tests."""

_REPORT = """\
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <report@mx.example.com>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.com. {words}

--b1
Content-Type: {kind}

Reporting-MTA: dns; mx.example.com
Arrival-Date: Sat, 28 Nov 2026 10:00:00 +0000

{blocks}

--b1
Content-Type: {returned}

Message-ID: {message_id}
Subject: Your consent
To: somebody

{quoted}
--b1--
"""
_QMAIL = """\
From: MAILER-DAEMON@mx.example.com
To: {to}
Subject: failure notice
Message-ID: <report@mx.example.com>

Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{address}>:
{words}
mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <bounce@example.com>
Message-ID: {message_id}
Subject: Your consent

{quoted}
"""


def report(
    blocks,
    message_id,
    *,
    to="bounce@example.com",
    words="",
    quoted="",
    kind="message/delivery-status",
    returned="message/rfc822",
):
    """Make a report as of RFC 3464.

    :param blocks: the fields of each recipient
    :param str words: for people
    :param str quoted: the body of the message that is returned
    :rtype: bytes
    """
    text = _REPORT.format(
        blocks="\n\n".join(
            "\n".join(f"{name}: {value}" for name, value in block.items())
            for block in blocks
        ),
        **{name: value for name, value in locals().items() if name != "blocks"},
    )
    return text.replace("\n", "\r\n").encode()


def postfix(address, message_id, said="User unknown", status="5.1.1", **values):
    """:return: the report of Postfix that another server refused a message"""
    block = {
        "Final-Recipient": f"rfc822; {address}",
        "Original-Recipient": f"rfc822;{address}",
        "Action": "failed",
        "Status": status,
        "Remote-MTA": "dns; mx.example.net",
        "Diagnostic-Code": f"smtp; 550 {status} <{address}>: {said}",
    }
    return report([block], message_id, **values)


def qmail(address, message_id, to="bounce@example.com", words="Sorry, no", quoted=""):
    """:return: the report of qmail about an address that does not exist"""
    return _QMAIL.format(**locals()).replace("\n", "\r\n").encode()
