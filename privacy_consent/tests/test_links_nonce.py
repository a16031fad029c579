# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The nonce of a page's buttons, without a database."""

from odoo.tests import BaseCase

from .. import links

NOW = 1_800_000_000
TEXTS = ["a" * 64, "b" * 64]
BUTTON = links.nonce.button(7, "accept", [9, 8])


class TestAnswerNonce(BaseCase):
    def setUp(self):
        super().setUp()
        self.nonce = links.nonce.make("secret", BUTTON, TEXTS, "mark", NOW)

    def _check(self, nonce, secret="secret", button=BUTTON, now=NOW):
        return links.nonce.check(secret, button, nonce, now)

    def test_what_the_page_showed(self):
        self.assertEqual(self._check(self.nonce), (0, TEXTS, "mark"))
        self.assertEqual(self._check(self.nonce, now=NOW + 61.5).age, 61)

    def test_order_of_the_consents_makes_no_difference(self):
        self.assertEqual(BUTTON, links.nonce.button(7, "accept", [8, 9]))

    def test_fresh_for_a_day(self):
        end = NOW + links.nonce.VALIDITY
        self.assertTrue(self._check(self.nonce, now=end).fresh)
        old = self._check(self.nonce, now=end + 1)
        self.assertFalse(old.fresh)
        self.assertEqual(old.texts, TEXTS, "a refusal is taken all the same")

    def test_made_for_something_else(self):
        for button in [
            links.nonce.button(7, "reject", [8, 9]),
            links.nonce.button(6, "accept", [8, 9]),
            links.nonce.button("7", "accept", [8, 9]),
            links.nonce.button(7, "accept", [8]),
            links.nonce.button(7, "accept", [8, 9, 10]),
            links.nonce.button(7, "accept", [89]),
        ]:
            with self.subTest(button=button):
                self.assertIsNone(self._check(self.nonce, button=button))
        self.assertIsNone(self._check(self.nonce, secret="other"))

    def test_each_part_is_signed(self):
        for number, other in enumerate(
            [str(NOW + 5), "-".join(reversed(TEXTS)), "other", "x" * 43]
        ):
            parts = self.nonce.split(".")
            self.assertNotEqual(parts[number], other)
            parts[number] = other
            with self.subTest(part=number):
                self.assertIsNone(self._check(".".join(parts)))

    def test_anything_else(self):
        for wrong in [
            None,
            False,
            "",
            ".",
            "...",
            "....",
            "x",
            "1.é",
            "1.a.b.é",
            "\udcff.x.y.z",
            "9" * 5000 + ".x.y.z",
            self.nonce + ".",
            "." + self.nonce,
        ]:
            with self.subTest(wrong=wrong):
                self.assertIsNone(self._check(wrong))
