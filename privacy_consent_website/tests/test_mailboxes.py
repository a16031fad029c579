# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addresses of one mailbox are one."""

from odoo.tests import BaseCase

from ..mailboxes import mailbox


class TestMailboxes(BaseCase):
    def test_mailbox(self):
        for address, expected in [
            ("kim@example.com", "kim@example.com"),
            ("kim+1@example.com", "kim@example.com"),
            ("kim+1+2@example.com", "kim@example.com"),
            ("+@example.com", "+@example.com"),
            ("kim@bücher.example", "kim@xn--bcher-kva.example"),
            ("kim@xn--bcher-kva.example", "kim@xn--bcher-kva.example"),
            ("JÖRG@example.com", "jörg@example.com"),
            ("kim@ab--cd.example.com", "kim@ab--cd.example.com"),
        ]:
            with self.subTest(address):
                self.assertEqual(mailbox(address), expected)
