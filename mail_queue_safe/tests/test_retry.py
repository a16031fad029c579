# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is said of failures, how long to wait after others, and when to give up."""

import smtplib
import socket
import ssl
from datetime import timedelta

from odoo.tests import BaseCase

from ..smtp.retry import MAIL, SERVER, RetryPolicy, describe

NAME = "a@example.com"


def raised_from(cause):
    """:return: an exception as Odoo raises it from another one"""
    try:
        try:
            raise cause
        except Exception:
            raise RuntimeError("Mail Delivery Failed")  # noqa: B904
    except RuntimeError as error:
        return error


CASES = [
    # what happened, and what is said about it
    (smtplib.SMTPDataError(421, b"Closing"), "421 Closing"),
    (smtplib.SMTPDataError(450, b"Busy"), "450 Busy"),
    (smtplib.SMTPDataError(451, b"Later"), "451 Later"),
    (smtplib.SMTPDataError(452, "Full"), "452 Full"),
    (smtplib.SMTPDataError(499, b"?"), "499 ?"),
    (smtplib.SMTPDataError(500, b"What?"), "500 What?"),
    (smtplib.SMTPDataError(552, b"Too large"), "552 Too large"),
    (smtplib.SMTPDataError(554, b"Spam"), "554 Spam"),
    (smtplib.SMTPDataError(600, b"?"), "600 ?"),
    (smtplib.SMTPSenderRefused(550, b"Who?", NAME), "550 Who?"),
    (smtplib.SMTPRecipientsRefused({NAME: (450, b"No")}), f"{NAME}: 450 No"),
    (smtplib.SMTPRecipientsRefused({NAME: (550, b"No")}), f"{NAME}: 550 No"),
    (
        smtplib.SMTPRecipientsRefused({NAME: (550, b"No"), "b": (450, b"Busy")}),
        f"{NAME}: 550 No\nb: 450 Busy",
    ),
    (smtplib.SMTPServerDisconnected("Connection closed"), "Connection closed"),
    (smtplib.SMTPNotSupportedError("SMTPUTF8"), "SMTPUTF8"),
    (UnicodeEncodeError("ascii", "é", 0, 1, "no"), None),
    (TimeoutError("timed out"), "timed out"),
    (ConnectionRefusedError(111, "Connection refused"), None),
    (socket.gaierror(-2, "Name or service not known"), None),
    (ssl.SSLError(1, "wrong version number"), None),
    (ValueError("a hook"), None),
    (KeyError(), None),
]


class TestRetryPolicy(BaseCase):
    def test_failures(self):
        for error, text in CASES:
            for found in (error, raised_from(error)):
                with self.subTest(error=repr(found)):
                    if text:
                        self.assertEqual(describe(found), text)
                    self.assertTrue(describe(found))

    def test_delays_grow_up_to_the_longest(self):
        minutes = [MAIL.delay(count) / timedelta(minutes=1) for count in range(1, 20)]
        expected = [10, 30, 90, 270] + [360] * 15
        for delay, middle in zip(minutes, expected, strict=True):
            self.assertTrue(0.9 * middle <= delay <= 1.1 * middle, minutes)

    def test_delays_vary(self):
        self.assertGreater(len({MAIL.delay(1) for _ in range(10)}), 1)

    def test_giving_up(self):
        self.assertIsNone(MAIL.delay(20))
        self.assertIsNone(MAIL.delay(1, age=timedelta(days=4)))
        self.assertTrue(MAIL.delay(19, age=timedelta(days=3, hours=23)))

    def test_server_is_never_given_up(self):
        delay = SERVER.delay(100_000, age=timedelta(days=1000))
        self.assertLess(delay, timedelta(minutes=34))

    def test_policies_that_make_no_sense(self):
        minute = timedelta(minutes=1)
        for wrong in (
            {"first_delay": -minute},
            {"first_delay": timedelta(0)},
            {"longest_delay": -minute},
            {"age": -minute},
            {"attempts": 0},
            {"attempts": -1},
        ):
            with self.subTest(**wrong), self.assertRaises(ValueError):
                RetryPolicy(**{"first_delay": minute, "longest_delay": minute, **wrong})
