# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The nonce of a page's buttons, without a database."""

from odoo.tests import BaseCase

from .. import links

NOW = 1_800_000_000


class TestAnswerNonce(BaseCase):
    def setUp(self):
        super().setUp()
        self.nonce = links.nonce.make("secret", "accept", NOW)

    def _age(self, nonce, secret="secret", purpose="accept", now=NOW):
        return links.nonce.age(secret, purpose, nonce, now)

    def test_age(self):
        self.assertEqual(self._age(self.nonce), 0)
        self.assertEqual(self._age(self.nonce, now=NOW + 61.5), 61)

    def test_expires(self):
        end = NOW + links.nonce.VALIDITY
        self.assertEqual(self._age(self.nonce, now=end), links.nonce.VALIDITY)
        self.assertIsNone(self._age(self.nonce, now=end + 1))

    def test_made_for_something_else(self):
        self.assertIsNone(self._age(self.nonce, purpose="reject"))
        self.assertIsNone(self._age(self.nonce, secret="other"))

    def test_moment_is_signed(self):
        _moment, _dot, signature = self.nonce.partition(".")
        self.assertIsNone(self._age(f"{NOW + 5}.{signature}", now=NOW + 5))

    def test_anything_else(self):
        for wrong in [None, False, "", ".", "x", "1.é", "\udcff.x", "9" * 5000 + ".x"]:
            with self.subTest(wrong=wrong):
                self.assertIsNone(self._age(wrong))
