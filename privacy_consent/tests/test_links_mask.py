# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tokens do not get into the log."""

import logging
import sys
from urllib.parse import quote

from odoo.tests import BaseCase

from .. import links


class TestLogMask(BaseCase):
    def test_mask(self):
        for text, expected in [
            (
                '"POST /privacy/consent/accept/7/sEc-r_et?db=x HTTP/1.1" 200',
                '"POST /privacy/consent/accept/7/***?db=x HTTP/1.1" 200',
            ),
            (
                "http://localhost/privacy/consent/preferences/7/0a1b and more",
                "http://localhost/privacy/consent/preferences/7/*** and more",
            ),
            (
                "/privacy//consent/reject/7//0a1b/x/y",
                "/privacy//consent/reject/7//***/x/y",
            ),
            (
                "?url=https%3A%2F%2Fx%2Fprivacy%2Fconsent%2Faccept%2F7%2F0a1b%3Fdb%3Dx",
                "?url=https%3A%2F%2Fx%2Fprivacy%2Fconsent%2Faccept%2F7%2F***%3Fdb%3Dx",
            ),
            (
                "/PRIVACY/CONSENT/ACCEPT/7/0A1B?DB=X",
                "/PRIVACY/CONSENT/ACCEPT/7/***?DB=X",
            ),
            (
                "/privacy/consent/accept/7/%20%22'0a1b%C2%A0?db=x",
                "/privacy/consent/accept/7/%20%22'***%C2%A0?db=x",
            ),
            (
                "/privacy%252Fconsent%252Faccept%252F7%252F%25200a1b%253Fdb%253Dx",
                "/privacy%252Fconsent%252Faccept%252F7%252F%25***%253Fdb%253Dx",
            ),
            ("/privacy/consent/accept/%205/0a1b", "/privacy/consent/accept/%205/***"),
            ("/privacy/consent/accept/5./0a1b?", "/privacy/consent/accept/5./***?"),
            ("/privacy/consent/accept/", "/privacy/consent/accept/"),
            ("/web/login", "/web/login"),
        ]:
            self.assertEqual(links.mask.mask(text), expected)

    def test_loggers(self):
        for name in links.mask.LOGGERS:
            logger = logging.getLogger(name)
            record = logger.makeRecord(
                name,
                logging.INFO,
                __file__,
                1,
                "%s %s%%",
                ("/privacy/consent/accept/7/x", 5),
                None,
            )
            self.assertTrue(logger.filter(record))
            self.assertEqual(record.getMessage(), "/privacy/consent/accept/7/*** 5%")

    def test_mail_servers(self):
        """What they say may be in an error, which is logged with its origin."""
        secret = links.token.sign(b"key", 1)
        link = f"https://example.com/privacy/consent/accept/7/{secret}?db=x"
        said = f"554 {quote(link, safe='')} {link[:60]}\n5.7.1 {link[60:]}"
        for name in (*links.mask.LOGGERS, *links.mask.MAIL_LOGGERS):
            logger = logging.getLogger(name)
            try:
                raise ValueError(said)
            except ValueError:
                error = sys.exc_info()
            record = logger.makeRecord(
                name, logging.ERROR, __file__, 1, "failed: %s", (said,), error
            )
            self.assertTrue(logger.filter(record))
            text = logging.Formatter().format(record)
            self.assertIn("ValueError: 554 ***", text)
            self.assertNotIn(secret[-15:], text.partition("Traceback")[2])
            if name in links.mask.MAIL_LOGGERS:
                self.assertIn("failed: 554 ***", text)
                self.assertNotIn(secret[-15:], text)
