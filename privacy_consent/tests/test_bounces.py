# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reports of mail servers and replies of programs are read."""

import random
from email import message_from_bytes, policy

from odoo.tests import BaseCase

from .. import bounces
from ..automatic_replies import is_automatic
from . import reports


def parsed(source):
    """:return: a message as Odoo parses it"""
    return message_from_bytes(source, policy=policy.SMTP)


def told(source):
    """:return: the addresses, action, status and severity of each recipient"""
    return [
        (one.addresses, one.action, one.status, one.hard)
        for one in bounces.read(parsed(source)).recipients
    ]


class TestBounces(BaseCase):
    def test_postfix(self):
        report = bounces.read(parsed(reports.postfix("ann@example.com", "<1@x>")))
        self.assertEqual(report.message_ids, ("<1@x>",))
        (recipient,) = report.recipients
        self.assertEqual(recipient.addresses, ("ann@example.com",))
        self.assertEqual(recipient.status, "5.1.1")
        self.assertTrue(recipient.failed)
        self.assertTrue(recipient.hard)
        self.assertEqual(
            recipient.diagnostic, "550 5.1.1 <ann@example.com>: User unknown"
        )
        self.assertEqual(recipient.reason, recipient.diagnostic)

    def test_exim(self):
        """Only the headers of the message are returned, and there is no address type
        of the first recipient."""
        source = reports.report(
            [
                {
                    "Action": "failed",
                    "Final-Recipient": "rfc822;ann@example.com",
                    "Status": "5.0.0",
                    "Diagnostic-Code": "smtp; 550 no such user here",
                },
            ],
            "<1@x>",
            returned="text/rfc822-headers",
        )
        self.assertEqual(
            told(source), [(("ann@example.com",), "failed", "5.0.0", True)]
        )
        self.assertEqual(bounces.read(parsed(source)).message_ids, ("<1@x>",))

    def test_several_recipients(self):
        source = reports.report(
            [
                {
                    "Original-Recipient": "rfc822;ann@example.com",
                    "Final-Recipient": "rfc822; ann@example.org",
                    "Action": "failed (no such user)",
                    "Status": "5.1.1 (bad destination)",
                },
                {
                    "Final-Recipient": "rfc822; boss@example.com",
                    "Action": "Delayed",
                    "Status": "4.4.1",
                },
                {
                    "Final-Recipient": "rfc822; list@example.com",
                    "Action": "expanded",
                    "Status": "2.0.0",
                },
            ],
            "<1@x>",
        )
        self.assertEqual(
            told(source),
            [
                (("ann@example.com", "ann@example.org"), "failed", "5.1.1", True),
                (("boss@example.com",), "delayed", "4.4.1", False),
                (("list@example.com",), "expanded", "2.0.0", False),
            ],
        )

    def test_hard_or_soft(self):
        for status, diagnostic, expected, hard in (
            ("5.1.1", "", "5.1.1", True),
            ("5.7.1", "", "5.7.1", True),
            ("4.4.7", "", "4.4.7", False),
            ("5.2.2", "", "5.2.2", False),
            # The server's own words are the more precise.
            ("5.0.0", "smtp; 552 5.2.2 Mailbox full", "5.2.2", False),
            ("5.0.0", "smtp; 550 5.1.1 Unknown", "5.1.1", True),
            ("", "smtp; 452 Mailbox full", "4.0.0", False),
            ("", "smtp; 550 Unknown", "5.0.0", True),
            ("", "", "", True),
            ("nonsense", "192.168.5.1.1", "", True),
        ):
            with self.subTest(status=status, diagnostic=diagnostic):
                source = reports.report(
                    [
                        {
                            "Final-Recipient": "rfc822; ann@example.com",
                            "Action": "failed",
                            "Status": status,
                            "Diagnostic-Code": diagnostic,
                        }
                    ],
                    "<1@x>",
                )
                self.assertEqual(
                    told(source), [(("ann@example.com",), "failed", expected, hard)]
                )

    def test_international_address(self):
        """RFC 6533 has types of its own for addresses and parts."""
        source = reports.report(
            [
                {
                    "Final-Recipient": "utf-8; j\\x{F6}rg@example.com",
                    "Action": "failed",
                    "Status": "5.1.1",
                }
            ],
            "<1@x>",
            kind="message/global-delivery-status",
            returned="message/global-headers",
        )
        self.assertEqual(
            told(source), [(("jörg@example.com",), "failed", "5.1.1", True)]
        )
        self.assertEqual(bounces.read(parsed(source)).message_ids, ("<1@x>",))

    def test_message_ids(self):
        """Exchange writes another Message-ID, and keeps ours."""
        source = reports.postfix("ann@example.com", "<2@outlook>").replace(
            b"Message-ID: <2@outlook>",
            b"Message-ID: <2@outlook>\r\nX-Microsoft-Original-Message-ID: <1@x>",
        )
        source = b"In-Reply-To: <3@x>\r\nReferences: <4@x>\r\n\t<3@x>\r\n" + source
        self.assertEqual(
            bounces.read(parsed(source)).message_ids,
            ("<2@outlook>", "<1@x>", "<3@x>", "<4@x>"),
        )

    def test_qmail(self):
        report = bounces.read(parsed(reports.qmail("ann@example.com", "<1@x>")))
        self.assertEqual(report.message_ids, ("<1@x>",))
        (recipient,) = report.recipients
        self.assertEqual(recipient.addresses, ("ann@example.com",))
        self.assertEqual(recipient.status, "5.1.1")
        self.assertTrue(recipient.hard)
        self.assertEqual(
            recipient.reason, "Sorry, no mailbox here by that name. (#5.1.1)"
        )

    def test_no_report(self):
        report = reports.postfix("ann@example.com", "<1@x>")
        for source in (
            b"Subject: Hi\r\n\r\nHi. I am Ann.\r\n",
            # one that somebody forwards
            b"Content-Type: message/rfc822\r\n\r\n" + report,
            # a read receipt, RFC 8098
            report.replace(b"delivery-status", b"disposition-notification"),
            b"",
        ):
            self.assertIsNone(bounces.read(parsed(source)), source)

    def test_anything(self):
        """Nothing that anybody sends is an error, or cannot be stored."""
        some = random.Random(1)
        pieces = [b"\0", b"\xff", b"\r\n", b"\r\n\r\n", b":", b";", b"<", b"--b1", b"="]
        for base in (
            reports.postfix("ann@example.com", "<1@x>"),
            reports.qmail("ann@example.com", "<1@x>"),
        ):
            for _time in range(300):
                source = bytearray(base)
                for _change in range(some.randint(1, 5)):
                    start = some.randrange(len(source))
                    end = start + some.choice([0, 0, 1, 30])
                    source[start:end] = some.choice(pieces)
                message = parsed(bytes(source))
                report = bounces.read(message)
                is_automatic(message)
                for one in report.recipients if report else ():
                    self.assertNotIn("\0", one.reason)
                    one.reason.encode()


class TestAutomaticReplies(BaseCase):
    def test_headers(self):
        for header, expected in (
            ("X-Nothing: yes", False),
            ("Auto-Submitted: no", False),
            ("Auto-Submitted: No (a person)", False),
            ("Auto-Submitted:", False),
            ("Auto-Submitted: auto-replied", True),
            ('Auto-Submitted: Auto-Replied; owner-email="x@example.com"', True),
            ("Auto-Submitted: auto-generated (vacation)", True),
            ("auto-submitted: x-other", True),
            ("X-Autoreply: yes", True),
            ("X-Autoreply: no", False),
            ("X-Autorespond: Out of office", True),
            ("Precedence: auto_reply", True),
            ("Precedence: auto-reply", True),
            ("Precedence: Bulk", True),
            ("Precedence: junk", True),
            ("Precedence: list", True),
            ("Precedence: first-class", False),
        ):
            message = parsed(f"{header}\r\nSubject: x\r\n\r\nHello".encode())
            self.assertEqual(is_automatic(message), expected, header)

    def test_reports_are_no_replies(self):
        for source in (
            reports.postfix("ann@example.com", "<1@x>"),
            b"Precedence: bulk\r\n" + reports.qmail("ann@example.com", "<1@x>"),
        ):
            self.assertFalse(is_automatic(parsed(source)))
