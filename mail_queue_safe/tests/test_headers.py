# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whatever people write into names and subjects, headers hold nothing else."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, TransactionCase
from odoo.tools import email_normalize_all, formataddr

from ..smtp.headers import clean_file_name, clean_header, clean_headers, clean_mailboxes

# It looks like an encoded word, and hides a line break.
HIDDEN = "=?utf-8?q?Ann=0D=0ABcc:_x@example.com?="
LONG = "Very Long Company, Sons & Daughters, of Somewhere " * 20
NAMES = [
    "Ann",
    "Ann, Bob",
    'Ann "the" \\ Bee',
    "Ann\r\nBcc: x@example.com",
    "Ann\rBcc: x@example.com\u2028\x85\x00\x1f",
    "x@example.com, y@example.com",
    "<x@example.com>",
    "Ann <x@example.com>,",
    'Ann" <x@example.com>, "',
    "Ann;:[](),.",
    HIDDEN,
    f"Ann {HIDDEN} Bee",
    "=?utf-8?b?YSwgeEBleGFtcGxlLmNvbSwg?=",
    "=?nonsense?q?a?=",
    "=?utf-8?q?",
    "=?utf-8?b?/w==?=",
    "Änne, Bö",
    "漢字、😀, \u202eRTL\u200f",
    "é" * 1000,
    "x" * 1000,
    LONG.strip(),
    '"' * 60,
    "\\",
]
WORDS = st.sampled_from(
    [*NAMES, "\r\n", "\n ", "\x00", "=?", "?=", ",", '"', "\\", " "]
)
ANY_NAME = (
    st.sampled_from(NAMES)
    | st.text(max_size=1000)
    | st.lists(WORDS, max_size=6).map("".join)
)
quickly = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck)
)


def readable(text):
    """:return: a text without blanks, and what became one"""
    # Python's parser keeps the blanks between encoded words.
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", "", text)


class TestCleaning(BaseCase):
    def test_header(self):
        for text, expected in (
            ("News", "News"),
            ("  two  blanks ", "two  blanks"),
            ("a\r\n b\tc\x00d\x85e\u2028f\u2029g", "a b c d e f g"),
            ("=?utf-8?q?N=C3=A9ws?=", "Néws"),
            (HIDDEN, "Ann Bcc: x@example.com"),
            ("", ""),
        ):
            with self.subTest(text=text):
                self.assertEqual(clean_header(text), expected)

    def test_mailboxes(self):
        for text, expected in (
            ("a@b.c", ["a@b.c"]),
            (" <a@b.c> ", ["a@b.c"]),
            ("Ann <a@b.c>", ['"Ann" <a@b.c>']),
            ('"Ann, \\"Bee\\"" <a@b.c>', ['"Ann, \\"Bee\\"" <a@b.c>']),
            ("Ann, Bee <a@b.c>", ['"Ann, Bee" <a@b.c>']),
            ("a@b.c (Ann)", ['"Ann" <a@b.c>']),
            ("Ann a@b.c", ['"Ann" <a@b.c>']),
            ("a@b.c, Bob <b@b.c>; c@b.c", ["a@b.c", '"Bob" <b@b.c>', "c@b.c"]),
            ("=?utf-8?q?Ann=2C_B=C3=A9?= <a@b.c>", ['"Ann, Bé" <a@b.c>']),
            ('"Ann <a@b.c>', ['"\\" Ann" <a@b.c>']),
            ('"a b"@b.c', ['"a b"@b.c']),
            ("<a\r\n@b.c>", ["a@b.c"]),
            # Odoo shows what is no address as it is.
            ("Ann <@ >", ['"Ann" <@ >']),
            ("Ann <x@b.c> <a@b.c>", ['"Ann <x@b.c>" <a@b.c>']),
            ("Ann", ["Ann"]),
            ("Ann Lee", ['"Ann Lee" <>']),
            ("", []),
            (", ,", []),
        ):
            with self.subTest(text=text):
                self.assertEqual(clean_mailboxes([text]), expected)

    def test_headers(self):
        headers = {
            "X-A": "a\r\nBcc: x@example.com",
            "X-B\r\nBcc": "x@example.com",
            "X-C: c\r\nBcc": "x@example.com",
            "Sender": "Ann, Bee <a@b.c>",
            "": "x",
            "X-D": 4,
        }
        cleaned = {
            "X-A": "a Bcc: x@example.com",
            "Sender": '"Ann, Bee" <a@b.c>',
            "X-D": 4,
        }
        self.assertEqual(clean_headers(headers), cleaned)

    def test_file_name(self):
        self.assertEqual(clean_file_name("a\r\nb.pdf"), "a b.pdf")
        self.assertNotIn("=?", clean_file_name(HIDDEN))


class TestBuiltMessage(TransactionCase):
    """Bytes that go to the server, as others read them."""

    def _build(self, **values):
        return self.env["ir.mail_server"]._build_email__(
            **{
                "email_from": "from@example.com",
                "email_to": ["to@example.com"],
                "subject": "News",
                "body": "<p>Hello</p>",
                "subtype": "html",
                "message_id": "<1@example.com>",
                **values,
            }
        )

    def _deliver(self, message):
        """:return: the message, parsed strictly and leniently"""
        source = message.as_bytes()
        for line in source.split(b"\r\n\r\n")[0].split(b"\r\n"):
            self.assertLess(len(line), 999)
        parsed = [
            message_from_bytes(source, policy=one)
            for one in (policy.default, policy.compat32)
        ]
        for one in parsed:
            self.assertEqual(len(one.keys()), len(set(map(str.lower, one.keys()))))
            self.assertNotIn("Bcc", one)
            self.assertEqual(len(one.get_payload()), 2)
        return parsed

    def _assert_mailboxes(self, message, header, expected):
        """Check names and addresses of a header, for all kinds of readers."""
        strict, lenient = self._deliver(message)
        found = [(one.display_name, one.addr_spec) for one in strict[header].addresses]
        self.assertEqual(
            [(readable(name), address) for name, address in found],
            [(readable(name), address) for name, address in expected],
        )
        found = getaddresses([str(lenient[header])])
        self.assertEqual(
            [
                (readable(str(make_header(decode_header(name)))), address)
                for name, address in found
            ],
            [(readable(name), address) for name, address in expected],
        )

    def _assert_name(self, name):
        mailbox = formataddr((name, "a@example.com"))
        expected = [(name if readable(name) else "", "a@example.com")]
        message = self._build(
            email_from=mailbox,
            reply_to=mailbox,
            email_to=[mailbox, formataddr((name, "b@example.com"))],
            email_cc=[mailbox],
        )
        for header in ("From", "Reply-To", "Cc"):
            self._assert_mailboxes(message, header, expected)
        self._assert_mailboxes(
            message, "To", [*expected, (expected[0][0], "b@example.com")]
        )

    def test_names(self):
        for name in NAMES:
            with self.subTest(name=name):
                self._assert_name(name)

    @quickly
    @given(ANY_NAME)
    def test_any_name(self, name):
        self._assert_name(name)

    def test_sender_that_odoo_puts_in(self):
        """Odoo sends in the name of its own address when the server needs that."""
        server = self.env["ir.mail_server"].with_context(
            domain_notifications_email="notify@example.org"
        )
        session = type("Session", (), {"smtp_from": "notify@example.org"})()
        for name in NAMES:
            with self.subTest(name=name):
                message = self._build(email_from=formataddr((name, "a@example.com")))
                server._prepare_email_message__(message, session)
                self._assert_mailboxes(message, "From", [(name, "notify@example.org")])

    def test_recipients_that_odoo_adds(self):
        for name in NAMES:
            with self.subTest(name=name):
                added = formataddr((name, "b@example.com"))
                message = self._build(headers={"X-Msg-To-Add": added})
                self.env["ir.mail_server"]._prepare_email_message__(message, None)
                strict, _lenient = self._deliver(message)
                addresses = [one.addr_spec for one in strict["To"].addresses]
                self.assertEqual(addresses[0], "to@example.com")
                self.assertEqual(addresses[-1], "b@example.com")

    @quickly
    @given(ANY_NAME)
    @example(HIDDEN)
    def test_any_subject(self, text):
        strict, lenient = self._deliver(
            self._build(
                subject=text,
                references=text,
                message_id="<1@example.com>\r\nBcc: x@example.com",
                headers={"X-Any": text, f"X{text[:50]}": "x", "Return-Path": text},
            )
        )
        self.assertTrue(strict["Message-Id"].startswith("<1@example.com>"))
        if "=?" not in text:
            self.assertEqual(readable(strict["Subject"]), readable(text))
            subject = str(make_header(decode_header(lenient["Subject"])))
            self.assertEqual(readable(subject), readable(text))

    def test_subject_with_half_an_encoded_word(self):
        subject = "漢 =?utf-8?q?a?="
        _strict, lenient = self._deliver(self._build(subject=subject))
        self.assertEqual(str(make_header(decode_header(lenient["Subject"]))), subject)

    @quickly
    @given(ANY_NAME)
    @example(HIDDEN)
    def test_any_file_name(self, name):
        message = self._build(attachments=[(f"{name}.txt", b"x", "text/plain")])
        strict, lenient = (
            message_from_bytes(message.as_bytes(), policy=one)
            for one in (policy.default, policy.compat32)
        )
        for parsed in (strict, lenient):
            for part in parsed.walk():
                self.assertNotIn("Bcc", part)
        (attachment,) = strict.iter_attachments()
        self.assertEqual(attachment.get_content().strip(), "x")

    def test_links_stay_links(self):
        link = f"<https://example.com/{'x' * 200}>"
        message = self._build(
            headers={"List-Unsubscribe": f"{link}, <mailto:stop@example.com>"},
            references=f"<{'y' * 200}@example.com> <z@example.com>",
            message_id=f"<{'z' * 200}@example.com>",
        )
        source = message.as_bytes()
        self.assertIn(link.encode(), source)
        self.assertIn(f"<{'y' * 200}@example.com>".encode(), source)
        self.assertIn(f"Message-Id: <{'z' * 200}@example.com>".encode(), source)

    def test_addresses_beyond_ascii(self):
        message = self._build(email_to=["é@exämple.com"])
        strict, _lenient = self._deliver(message)
        self.assertIn("@xn--exmple-cua.com", str(strict["To"]))
        message.policy = message.policy.clone(utf8=True)
        self.assertIn("To: é@exämple.com\r\n".encode(), message.as_bytes())

    def test_header_that_is_added_later(self):
        message = self._build()
        message["X-Later"] = "a\r\nBcc: x@example.com"
        del message["To"]
        message["To"] = 'Ann\r\n, "Bob" <a@example.com>'
        self._assert_mailboxes(message, "To", [("Ann, Bob", "a@example.com")])

    def test_as_a_text(self):
        message = self._build(email_to=[f'"{LONG}" <a@example.com>'])
        self.assertEqual(message.as_string().encode(), message.as_bytes())

    def test_nothing_given(self):
        message = self._build(reply_to=False, email_cc=None, attachments=None)
        self.assertEqual(message["Reply-To"], "from@example.com")
        self.assertNotIn("Cc", message)


class TestStoredAddresses(TransactionCase):
    """Odoo finds the right addresses in what was stored."""

    def test_name_with_a_line_break(self):
        """What comes after a carriage return would be an address."""
        mailbox = formataddr(("Ann\r\nBcc: x@example.com", "a@example.com"))
        mail = self.env["mail.mail"].create(
            {
                "email_from": mailbox,
                "reply_to": mailbox,
                "email_to": f"{mailbox}, b@example.com",
                "email_cc": mailbox,
                "subject": "News",
            }
        )
        addresses = {
            field: email_normalize_all(mail[field])
            for field in ("email_from", "reply_to", "email_to", "email_cc")
        }
        self.assertEqual(
            addresses,
            {
                "email_from": ["a@example.com"],
                "reply_to": ["a@example.com"],
                "email_to": ["a@example.com", "b@example.com"],
                "email_cc": ["a@example.com"],
            },
        )
        mail.mail_message_id.write({"email_from": mailbox, "reply_to": False})
        self.assertEqual(email_normalize_all(mail.email_from), ["a@example.com"])
        self.assertFalse(mail.reply_to)
        mail.write({"email_to": " "})
        self.assertEqual(mail.email_to, " ", "Odoo says that it is no address")
        mail.write({"email_to": mailbox, "email_cc": mailbox})
        for addresses in (mail.email_to, mail.email_cc):
            self.assertEqual(email_normalize_all(addresses), ["a@example.com"])

    def test_message_of_a_document(self):
        partner = self.env["res.partner"].create({"name": "Document"})
        sender = formataddr(("Ann\rx@example.com,", "a@example.com"))
        message = partner.message_post(body="Hello", email_from=sender)
        self.assertEqual(email_normalize_all(message.email_from), ["a@example.com"])
