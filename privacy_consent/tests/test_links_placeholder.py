# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Finding, replacing and removing the placeholder links, without a database."""

import time

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
            ('<a href="/privacy/consent/accept">Yes</a>', {"accept"}),
            ('<a href="/privacy/consent/accept/?a=1">Yes</a>', {"accept"}),
            ('<area href="/privacy/consent/accept/">', set()),
            (
                '<!--[if mso]><a href="/privacy/consent/accept/">x</a><![endif]-->',
                set(),
            ),
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

    def test_personalize_wherever_it_stands(self):
        url = "https://ours.example/privacy/consent/accept/7/token?db=x"
        urls = dict.fromkeys(("accept", "reject", "preferences"), url)
        for source, expected in [
            ('<area href="/privacy/consent/accept/">', f'<area href="{url}">'),
            (
                '<v:roundrect xmlns:v="x" href="/privacy/consent/reject/" arcsize="9">',
                f'<v:roundrect xmlns:v="x" href="{url}" arcsize="9">',
            ),
            (
                '<svg><a xlink:href="/privacy/consent/accept/"></a></svg>',
                f'<svg><a xlink:href="{url}"></a></svg>',
            ),
            (
                "<!--[if mso]><a href=/privacy/consent/accept/>x</a><![endif]-->",
                f"<!--[if mso]><a href={url}>x</a><![endif]-->",
            ),
            ('<a href="/privacy/consent/accept">', f'<a href="{url}">'),
            ('<a href="privacy/consent/accept">', f'<a href="{url}">'),
            ('<a href="/Privacy/Consent/ACCEPT/">', f'<a href="{url}">'),
            ('<a href="/privacy/consent/accept/#top">', f'<a href="{url}">'),
            (
                '<a href="/privacy/consent/accept/?a=1&amp;b=2">',
                f'<a href="{url}&amp;a=1&amp;b=2">',
            ),
            (
                '<a href="https://t.example/?u=/privacy/consent/accept/">',
                f'<a href="{url}">',
            ),
            (
                '<a href="https://t.example/?u=/privacy/consent/accept/&amp;k=1#x">',
                f'<a href="{url}">',
            ),
            (
                "<p>Copy https://old.example:8069/privacy/consent/accept/, please</p>",
                f"<p>Copy {url}, please</p>",
            ),
            ("(www.example.com/privacy/consent/reject)", f"({url})"),
            ("Really /privacy/consent/accept/?", f"Really {url}?"),
            # What is there already, or another page, is none.
            (f'<a href="{url}">', f'<a href="{url}">'),
            ("https://ours.example/privacy/consent-policy",) * 2,
            ("https://ours.example/privacy/consent/accepted",) * 2,
            # A program would load it.
            ('<img src="/privacy/consent/accept/">',) * 2,
            ('<td background="https://x/privacy/consent/accept/">',) * 2,
            ('<p style="background: url(/privacy/consent/accept/)">',) * 2,
        ]:
            with self.subTest(source=source):
                self.assertEqual(links.placeholder.personalize(source, urls), expected)

    def test_faults(self):
        lines = "\n".join(
            [
                BODY,
                '<a href="https://t.example/?u=%2Fprivacy%2Fconsent%2Faccept%2F">x</a>',
                "<p>nothing</p>",
                '<img src="/privacy/consent/accept/">',
                '<a href="/privacy/consent/acept/">x</a>',
                '<a href="/privacy/consent/unsubscribe/">x</a>',
                '<a href="https://ours.example/privacy/consent/accept/7/token">x</a>',
                '<a href="https://ours.example/privacy/consent/information">x</a>',
                "<!-- privacy&#47;consent&#47;reject -->",
                '<a t-attf-href="/privacy/consent/accept/{{ object.id }}">x</a>',
                '<a t-attf-href="/privacy/consent/accept/#{object.id}">x</a>',
                """<a t-att-href="'/privacy/consent/accept/' + str(object.id)">x</a>""",
                """<a t-att-href="'/privacy/consent/accept/%s' % object.id">x</a>""",
                """<a t-att-href="'/privacy/consent/accept/'">x</a>""",
            ]
        )
        found = links.placeholder.faults(lines)
        numbers = [number for number, _text in found]
        self.assertEqual(numbers, [2, 4, 5, 6, 7, 9, 10, 11, 12, 13])
        self.assertIn("u=%2Fprivacy%2Fconsent%2Faccept", found[0][1])
        self.assertFalse(links.placeholder.faults(False))

    def test_long_texts_take_no_time(self):
        """Whoever may write a description shall not hold the mail queue up."""
        for text in ("x" * 300_000, "/a" * 150_000, "privacy/consent/" * 20_000):
            start = time.process_time()
            links.placeholder.personalize(text, {})
            links.placeholder.faults(text)
            self.assertLess(time.process_time() - start, 2, text[:20])

    def test_remove_wherever_it_stands(self):
        self.assertEqual(
            links.placeholder.remove(
                '<area href="/privacy/consent/accept/?a=1"><v:x href="/privacy/consent/'
                'reject" b="c"> https://x.example/privacy/consent/accept/ end'
            ),
            '<area><v:x b="c">  end',
        )

    def test_notes_go_and_what_outlook_reads_stays(self):
        outlook = "<!--[if mso]>x<![endif]--><!--[if !mso]><!-->y<!--<![endif]-->"
        self.assertEqual(
            links.placeholder.without_notes(f"a<!-- ask the boss -->b{outlook}"),
            f"ab{outlook}",
        )
        self.assertEqual(links.placeholder.without_comments(outlook), "y")

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
