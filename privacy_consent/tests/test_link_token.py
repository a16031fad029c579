# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The token of mailed links: fixed for ever, and compared safely."""

from odoo.tests import BaseCase

from .. import link_token


class TestLinkToken(BaseCase):
    def test_old_links_keep_working(self):
        # Computed independently: printf '%s' my_db-7-42-3 |
        # openssl dgst -sha512 -hmac secret
        self.assertEqual(
            link_token.make("secret", "my_db", 7, 42, 3),
            "6fc34509336119737a3c72875cbc4656a1633459e7bc688eb9ec18b71170661a"
            "92b7dd52962dd5807974a147c8ad2fbde0928621dbb6908a1f7fac219c530e09",
        )

    def test_every_part_counts(self):
        token = link_token.make("secret", "db", 1, 2, 3)
        for parts in [
            ("other", "db", 1, 2, 3),
            ("secret", "other", 1, 2, 3),
            ("secret", "db", 9, 2, 3),
            ("secret", "db", 1, 9, 3),
            ("secret", "db", 1, 2, 9),
        ]:
            self.assertFalse(link_token.matches(link_token.make(*parts), token))

    def test_matches(self):
        token = link_token.make("secret", "db", 1, 2, 3)
        self.assertTrue(link_token.matches(token, token))
        for wrong in ["", token[:-1], token + "0", token.upper(), "é" * 128, "\udcff"]:
            self.assertFalse(link_token.matches(wrong, token))
