# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Finding, replacing and removing the placeholder links, without a database."""

from odoo.tests import BaseCase

from .. import links

BODY = (
    '<p><a class="x" href="/privacy/consent/accept/" style="a">Yes</a> '
    "<a href='https://example.com/privacy/consent/reject/'>No</a></p>"
)
QUIET = '<a href="/privacy/consent/preferences/">All</a>'


class TestPlaceholderLink(BaseCase):
    def test_choices(self):
        for body, expected in [
            (BODY, {"accept", "reject"}),
            (BODY + QUIET, {"accept", "reject"}),
            (QUIET, set()),
            ('<a href="/privacy/consent/accept/">Yes</a>', {"accept"}),
            ('<a title="/privacy/consent/accept/">Yes</a>', set()),
            ('<a data-href="/privacy/consent/accept/">Yes</a>', set()),
            ('<img href="/privacy/consent/accept/">', set()),
            ('<a href="/privacy/consent/accept/1/token">Yes</a>', set()),
            ("/privacy/consent/accept/", set()),
            ("", set()),
            (False, set()),
        ]:
            with self.subTest(body=body):
                self.assertEqual(links.placeholder.choices(body), expected)

    def test_personalize(self):
        self.assertEqual(
            links.placeholder.personalize(
                BODY + QUIET, {"accept": "A", "reject": "R", "preferences": "P"}
            ),
            '<p><a class="x" href="A" style="a">Yes</a> <a href=\'R\'>No</a></p>'
            '<a href="P">All</a>',
        )

    def test_depersonalize(self):
        personal = "https://example.com/privacy/consent/accept/7/0a1b?db=x"
        self.assertEqual(
            links.placeholder.depersonalize(f'<a href="{personal}">{personal}</a>'),
            '<a href="https://example.com/privacy/consent/accept/">'
            "https://example.com/privacy/consent/accept/</a>",
        )

    def test_depersonalize_what_a_mail_program_rewrote(self):
        for slash in ("%2F", "%2f", "%252F"):
            path = slash.join(("x", "privacy", "consent", "accept", "7", "0a1b"))
            link = f'<a href="https://safe.example.com/?url={path}%3Fdb%3Dx&d=1">'
            with self.subTest(slash=slash):
                self.assertNotIn("0a1b", links.placeholder.depersonalize(link))
                self.assertIn("&d=1", links.placeholder.depersonalize(link))

    def test_remove_leaves_the_words(self):
        self.assertEqual(
            links.placeholder.remove(BODY + QUIET),
            '<p><a class="x" style="a">Yes</a> <a>No</a></p><a>All</a>',
        )
