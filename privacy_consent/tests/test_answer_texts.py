# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The text that a person saw is stored with their answer."""

import hashlib
import json

from lxml import html

from odoo.tests import HttpCase, tagged

from .answers import press
from .common import ConsentCase, nonces

OLD = "<p>One mail a month.</p>"
NEW = "<p>A mail a day.</p>"


@tagged("post_install", "-at_install")
class TestAnswerTexts(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        with cls.at(cls.later(days=-2)):
            cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)
        cls.texts = cls.env["privacy.consent.text"]

    def open(self, consent, word="accept", lang=None, **kwargs):
        """:return: the page, as text"""
        path = consent._link(word, consent._token()).removeprefix(
            consent.get_base_url()
        )
        self.env.flush_all()
        response = self.url_open(f"{path}&lang={lang}" if lang else path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return response.text

    def press(self, consent, answer, page=None, lang=None):
        """:return: the page after the press on a page, by default on a fresh one"""
        word = "accept" if answer else "reject"
        nonce = nonces(page or self.open(consent, lang=lang))[word]
        return self.open(consent, word, lang=lang, data={"nonce": nonce})

    def shown(self, page):
        """:return: name and description of the activity on a page"""
        page = html.fromstring(page)
        (description,) = page.find_class("description")
        inner = "".join(html.tostring(part, encoding="unicode") for part in description)
        return page.findtext(".//h1"), inner.strip()

    def assert_text(self, consent, page, page_language, text_language):
        """Check that the text of the last answer is what a page showed."""
        event = consent._answers()[0]
        text = event.text_id
        content = json.loads(text.content)
        self.assertEqual((content["name"], content["description"]), self.shown(page))
        self.assertEqual(content["controller"], self.activity.controller_id.name)
        self.assertEqual(content["activity"], self.activity.uuid)
        self.assertEqual(content["language"], text_language)
        self.assertEqual(text.language, text_language)
        self.assertEqual(event.language, page_language)
        self.assertEqual(event.text_hash, text.hash)
        self.assertEqual(text.hash, hashlib.sha256(text.content.encode()).hexdigest())
        self.assertEqual(consent.answer_text_id, text)
        self.assertTrue(event.surroundings)

    def test_what_the_page_showed(self):
        french = self.activity.with_context(lang="fr_FR")
        french.write({"name": "La lettre", "description": "<p>Une par mois.</p>"})
        luc = self.consent_of(self.luc)
        for consent, lang, expected in [
            (self.consent, None, "en_US"),
            (self.consent, "fr_FR", "fr_FR"),
            (luc, None, "fr_FR"),
            (luc, "en_US", "en_US"),
        ]:
            for answer in (True, False):
                with self.subTest(consent=consent.id, lang=lang, answer=answer):
                    page = self.open(consent, lang=lang)
                    self.press(consent, answer, page, lang)
                    self.assert_text(consent, page, expected, expected)

    def test_every_way(self):
        shown = self.activity._text_hash("en_US")
        preferences = html.fromstring(self.open(self.consent, "preferences"))
        fields = dict(preferences.forms[0].fields)
        for name, answer in {
            "preferences": lambda: self.open(self.consent, "preferences", data=fields),
            "mail program": lambda: self.open(
                self.consent, "unsubscribe", data={"List-Unsubscribe": "One-Click"}
            ),
            "one click": self._one_click,
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                answer()
                self.assertEqual(self.consent._answers().text_id.hash, shown)
                savepoint.rollback()
            self.env.invalidate_all()

    def _one_click(self):
        self.activity.one_click_answers = True
        self.open(self.consent)

    def test_language_without_a_text_of_its_own(self):
        luc = self.consent_of(self.luc)
        page = self.open(luc)
        self.assertIn('lang="fr-FR"', page)
        self.press(luc, True, page)
        self.assert_text(luc, page, "fr_FR", "en_US")
        self.press(self.consent, True)
        self.assertEqual(self.consent.answer_text_id, luc.answer_text_id, "one row")

    def test_controller_and_processors(self):
        processor = self.env["res.partner"].create({"name": "Print & Post"})
        self.activity.processor_ids = processor
        page = self.open(self.consent)
        self.assertIn("Print &amp; Post", page)
        self.press(self.consent, True, page)
        content = json.loads(self.consent.answer_text_id.content)
        self.assertEqual(content["processors"], "Print & Post")
        for change in (
            lambda: self.activity.write({"processor_ids": [(5,)]}),
            lambda: processor.write({"name": "Somebody else"}),
            lambda: self.activity.controller_id.write({"name": "Another house"}),
        ):
            with self.subTest(), self.env.cr.savepoint() as savepoint:
                page = self.open(self.consent_of(self.luc))
                change()
                after = self.press(self.consent_of(self.luc), True, page)
                self.assertIn("Nothing was recorded", after)
                savepoint.rollback()
            self.env.invalidate_all()
            self.env.registry.clear_cache()

    def test_changed_text_is_shown_before_a_yes(self):
        for change in ({"description": NEW}, {"name": "Everything"}):
            with self.subTest(change), self.env.cr.savepoint() as savepoint:
                old = self.open(self.consent)
                self.activity.write(change)
                page = self.press(self.consent, True, old)
                self.assertIn("the text below changed", page)
                self.assertNotIn("Your answer is recorded", page)
                ((name, value),) = change.items()
                self.assertIn(value, self.shown(page))
                self.assertFalse(self.consent._answers())
                self.assertEqual(self.consent.state, "sent")
                after = self.press(self.consent, True, page)
                self.assertIn("Your answer is recorded", after)
                self.assertTrue(self.consent.accepted)
                self.assert_text(self.consent, page, "en_US", "en_US")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_changed_and_changed_back(self):
        """The text of the page is today's."""
        page = self.open(self.consent)
        self.activity.description = NEW
        self.activity.description = OLD
        self.assertIn("is recorded", self.press(self.consent, True, page))

    def test_refusal_has_the_text_of_its_page(self):
        """Also if nobody was asked with it, and nobody answered it."""
        self.activity.description = NEW
        page = self.open(self.consent)
        self.activity.description = "<p>A mail an hour.</p>"
        after = self.press(self.consent, False, page)
        self.assertIn("Your answer is recorded", after)
        self.assertEqual(self.consent.status, "refused")
        self.assert_text(self.consent, page, "en_US", "en_US")
        self.assertIn(NEW, self.shown(page))

    def test_text_that_an_officer_translated_in_the_dialog(self):
        luc = self.consent_of(self.luc)
        pages = []
        for number in range(3):
            self.activity.update_field_translations(
                "description", {"fr_FR": f"<p>{number} par jour.</p>"}
            )
            pages.append(self.open(luc))
        for hours, number in enumerate([1, 0, 2]):
            with self.subTest(number), self.at(self.later(hours=hours)):
                press(luc, True)
                self.press(luc, False, pages[number])
                self.assert_text(luc, pages[number], "fr_FR", "fr_FR")
                self.assertIn(f"{number} par", self.shown(pages[number])[1])

    def test_text_stays(self):
        self.press(self.consent, True)
        text = self.consent.answer_text_id
        content = text.content
        self.activity.write({"name": "Everything", "description": NEW})
        self.env.invalidate_all()
        self.assertEqual(self.consent.answer_text_id, text)
        self.assertEqual(text.content, content)

    def test_staff_recorded_it_without_a_page(self):
        self.consent.with_user(self.manager).action_answer(True)
        self.assertFalse(self.consent.answer_text_id)
        self.assertFalse(self.consent._answers().text_hash)

    def test_reading_stores_nothing(self):
        self.activity.description = NEW
        self.activity.with_context(lang="fr_FR").description = "<p>Une par jour.</p>"
        before = self.texts.search_count([])
        events = self.consent.event_ids
        for word in ("accept", "reject", "preferences", "unsubscribe", "ask"):
            for lang in ("en_US", "fr_FR"):
                for method in ("GET", "HEAD", "OPTIONS"):
                    self.open(self.consent, word, lang=lang, method=method)
        self.assertEqual(self.texts.search_count([]), before)
        self.assertEqual(self.consent.event_ids, events)
        # Nobody is told of what SQL writes.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET complete_name = 'Renamed' WHERE id = %s",
            [self.activity.controller_id.id],
        )
        self.env.invalidate_all()
        self.open(self.consent, "accept", lang="fr_FR")
        self.assertEqual(self.texts.search_count([]), before)
        self.press(self.consent, True, lang="fr_FR")
        self.assertEqual(self.texts.search_count([]), before + 1, "the press does")

    def test_edit_of_one_language_changes_no_other(self):
        languages = ("en_US", "fr_FR")

        def now():
            self.env.flush_all()
            self.env.invalidate_all()
            return {
                lang: (
                    self.activity.with_context(lang=lang).description,
                    self.activity._text_hash(lang),
                )
                for lang in languages
            }

        # the same sentence twice, as translations by terms would share it
        twice = "<p>One mail.</p><p>One mail.</p>"
        self.activity.description = twice
        self.activity.with_context(lang="fr_FR").description = "<p>Une.</p><p>Deux.</p>"
        for edited, description in [
            ("fr_FR", "<p>Une seule.</p>"),
            ("en_US", "<p>One mail!</p><p>One mail.</p>"),
            ("fr_FR", twice),
            ("en_US", "<p>Other</p>"),
        ]:
            before = now()
            self.activity.with_context(lang=edited).description = description
            after = now()
            for lang in languages:
                with self.subTest(edited=edited, lang=lang):
                    if lang == edited:
                        self.assertEqual(after[lang][0], description)
                        self.assertNotEqual(after[lang][1], before[lang][1])
                    else:
                        self.assertEqual(after[lang], before[lang])
