# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Servers with names outside ASCII: links that every program understands."""

from odoo.tests import BaseCase

from .. import links
from .common import ConsentCase

BOOKS = "https://xn--bcher-kva.example"


class TestHost(BaseCase):
    def test_base(self):
        for url, expected in [
            ("https://bücher.example", BOOKS),
            ("https://BÜCHER.example/", BOOKS),
            ("https://bücher.example:8069//", f"{BOOKS}:8069"),
            ("https://b%C3%BCcher.example/odoo/", f"{BOOKS}/odoo"),
            # UTS 46 as in browsers, not transitional: not of 2003
            ("https://straße.example", "https://xn--strae-oqa.example"),
            ("https://日本。example", "https://xn--wgv71a.example"),
            ("https://💌.example", "https://xn--rr8h.example"),
            (BOOKS, BOOKS),
            ("http://localhost:8069/", "http://localhost:8069"),
            ("http://my_server", "http://my_server"),
            ("http://[::1]:8069", "http://[::1]:8069"),
            ("https://\u2028ü.example", "https://\u2028ü.example"),
        ]:
            with self.subTest(url=url):
                self.assertEqual(links.host.base(url), expected)

    def test_in_html(self):
        self.assertEqual(
            links.host.in_html(
                '<a href="https://bücher.example/x?y=ü">https://bücher.example</a>'
                "<img src='http://B%c3%bccher.example:80/ü.png'>"
            ),
            f'<a href="{BOOKS}/x?y=ü">https://bücher.example</a>'
            "<img src='http://xn--bcher-kva.example:80/ü.png'>",
        )


class TestDeliveredHosts(ConsentCase):
    def _delivered(self, base):
        self.env["ir.config_parameter"].set_param("web.base.url", base)
        self.activity.description = (
            f'<p>One mail. <a href="{base}/terms">Terms</a> '
            '<a href="/privacy-policy">Policy</a></p>'
        )
        self.generate()
        return {mail.to[0]: mail for mail in self.run_queue()}

    def test_umlaut(self):
        mails = self._delivered("https://bücher.example")
        self.assertEqual(set(mails), {"ann@example.com", "luc@example.com"})
        mail = mails["ann@example.com"]
        self.assertTrue(mail.message.as_string().isascii(), "also of the headers")
        consent = self.consent_of(self.ann)
        for url in (*mail.links().values(), consent._url(True)):
            self.assertTrue(url.startswith(f"{BOOKS}/privacy/consent/"), url)
        self.assertTrue(
            mail.message["List-Unsubscribe"].startswith(f"<{BOOKS}/privacy/consent/")
        )
        for body in (mail.html, mail.text):
            self.assertNotIn("bücher", body)
            self.assertNotIn("%C3", body)
        self.assertIn(f'href="{BOOKS}/terms"', mail.html)
        self.assertIn(f'href="{BOOKS}/privacy-policy"', mail.html)

    def test_copies(self):
        self.template.email_cc = "boss@example.com"
        mails = self._delivered("https://bücher.example")
        self.assertIn(f'href="{BOOKS}/terms"', mails["boss@example.com"].html)
        self.assertNotIn("bücher", mails["boss@example.com"].html)

    def test_one_slash_where_parts_meet(self):
        mail = self._delivered("https://example.com/")["ann@example.com"]
        for url in (*mail.links().values(), mail.message["List-Unsubscribe"]):
            self.assertIn("https://example.com/privacy/consent/", url)
        self.assertNotIn("//privacy", mail.html)
