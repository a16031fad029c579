# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The pages of a consent of which only the proof is kept: it is only refused."""

from datetime import date

from lxml import html

from odoo.tests import HttpCase, tagged

from ..links.proof import NotProven
from .answers import press
from .common import ConsentCase, nonces

SENTENCE = (
    "Only the proof of what you were asked and answered is kept, for legal claims."
)


@tagged("post_install", "-at_install")
class TestLockedPage(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        with cls.at(cls.later(days=-1)):
            cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)
        press(cls.consent, True)

    def setUp(self):
        super().setUp()
        self.before = self.open()

    def lock(self):
        self.consent._lock_proof(date(2199, 12, 31), "A secret claim")
        self.env.flush_all()

    def open(self, word="accept", **kwargs):
        url = self.consent._link(word, self.consent._token())
        path = url.removeprefix(self.consent.get_base_url())
        self.env.flush_all()
        response = self.url_open(path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return " ".join(response.text.split())

    def buttons(self, page):
        page = html.fromstring(page)
        return [" ".join(one.text_content().split()) for one in page.iter("button")]

    def test_shows_what_can_be_done(self):
        self.assertNotIn(SENTENCE, self.before)
        self.lock()
        for word in ("accept", "reject", "unsubscribe", "ask"):
            with self.subTest(word):
                page = self.open(word)
                self.assertIn(SENTENCE, page)
                self.assertNotIn("we ask for your decision", page)
                self.assertNotIn("A secret claim", page)
                self.assertEqual(self.buttons(page), ["I reject"])

    def test_preferences(self):
        self.consent.sudo()._invalidate()
        self.assertIn("Accept on the next page", self.open("preferences"))
        self.lock()
        page = self.open("preferences")
        self.assertIn(SENTENCE, page)
        self.assertNotIn("Accept on the next page", page)
        self.assertEqual(self.buttons(page), ["I reject"])

    def test_refusal_is_taken(self):
        self.lock()
        page = self.open(
            "reject", data={"nonce": nonces(self.open("reject"))["reject"]}
        )
        self.assertIn("Your answer is recorded: <strong>rejected", page)
        self.assertIn(SENTENCE, page)
        self.assertNotIn("You can change your mind", page)
        self.assertEqual(self.buttons(page), [])
        self.assertEqual(self.consent.status, "withdrawn")

    def test_page_that_was_opened_before(self):
        press(self.consent, False)
        self.before = self.open()
        self.lock()
        nonce = nonces(self.before)["accept"]
        page = self.open("accept", data={"nonce": nonce})
        self.assertIn("Nothing was recorded, because you cannot accept", page)
        self.assertEqual(self.buttons(page), ["I reject"])
        self.assertEqual(self.consent.status, "withdrawn")

    def test_one_click(self):
        press(self.consent, False)
        self.activity.one_click_answers = True
        self.lock()
        page = self.open()
        self.assertNotIn("Your answer is recorded", page)
        self.assertEqual(self.consent.status, "withdrawn")

    def test_door(self):
        press(self.consent, False)
        self.lock()
        with self.assertRaises(NotProven):
            press(self.consent, True)

    def test_nothing_for_whoever_has_a_former_address(self):
        url = self.consent._url(True).removeprefix(self.consent.get_base_url())
        ask = url.replace("/accept/", "/ask/")
        self.ann.email = "new@example.com"
        self.env.flush_all()

        def answers():
            """:return: what each page says, without what is new on each"""
            page = self.url_open(url)
            nonce = nonces(page.text)["ask"]
            asked = self.url_open(ask, data={"nonce": nonce})
            for one in (page, asked):
                self.assertEqual(one.status_code, 200)
            return [self.buttons(one.text) for one in (page, asked)]

        with self.env.cr.savepoint() as savepoint:
            expected = answers()
            savepoint.rollback()
        self.env.invalidate_all()
        self.lock()
        self.assertEqual(answers(), expected)
        self.assertNotIn(SENTENCE, " ".join(self.url_open(url).text.split()))
