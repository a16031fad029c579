# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of every wrong link, without a database."""

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from odoo.tests import BaseCase

from .. import not_found_page


class TestNotFoundPage(BaseCase):
    def _render(self, accepted):
        return not_found_page.render(parse_accept_header(accepted, LanguageAccept))

    def test_language_of_the_visitor(self):
        for accepted, lang in [
            ("de-CH,de;q=0.9,en;q=0.5", "de"),
            ("fr", "fr"),
            ("es-MX", "es"),
            ("xx,en-GB;q=0.3", "en"),
            ("", "en"),
            ("*", "en"),
            ('<script>";\x00', "en"),
        ]:
            with self.subTest(accepted=accepted):
                self.assertIn(f'<html lang="{lang}" dir="ltr">', self._render(accepted))

    def test_from_right_to_left(self):
        page = self._render("ar-EG,ar;q=0.9")
        self.assertIn('<html lang="ar" dir="rtl">', page)
        # Texts, margins and lines begin on the right.
        self.assertNotRegex(page, r"(margin|padding|border)-(left|right)")

    def test_english(self):
        page = self._render("en")
        self.assertIn("This link is not valid", page)
        self.assertIn("prefers-color-scheme: dark", page, "with the style of the page")
