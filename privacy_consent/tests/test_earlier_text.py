# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who accepted an earlier text sees which, beside the present one."""

from lxml import html

from odoo.tests import HttpCase, tagged

from .answers import press
from .common import AskedCase, nonces

OLD = "One mail a month."
NEW = "A mail a day."
LINE = "You accepted an earlier version of this text on"


@tagged("post_install", "-at_install")
class TestEarlierText(AskedCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")

    def open(self, consent=None, word="accept", lang=None, **kwargs):
        """:return: the page, as text"""
        consent = consent or self.consent
        url = consent._link(word, consent._token())
        path = url.removeprefix(consent.get_base_url())
        self.env.flush_all()
        response = self.url_open(f"{path}&lang={lang}" if lang else path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return response.text

    def change(self, description=f"<p>{NEW}</p>", lang="en_US", **values):
        activity = self.activity.with_context(lang=lang)
        activity.write({"description": description, **values})
        self.env.flush_all()

    def assert_earlier(self, page, text=OLD, date="March 1, 2026", lang="en-US"):
        self.assertRegex(page, rf"{LINE} {date}")
        page = html.fromstring(page)
        (earlier,) = page.find_class("earlier")
        self.assertIn(text, earlier.text_content())
        self.assertEqual(earlier.get("lang"), lang)
        details = earlier.getparent()
        self.assertEqual((details.tag, details.get("open")), ("details", None))
        (present,) = page.find_class("description")
        self.assertNotIn(text, present.text_content())
        return details

    def accept(self, consent=None, **kwargs):
        with self.at("2026-03-01 10:00:00"):
            press(consent or self.consent, True, **kwargs)

    def test_text_changed_after_the_answer(self):
        self.accept()
        for word in ("accept", "reject", "preferences"):
            self.assertNotIn(LINE, self.open(word=word))
        self.activity.processor_ids = self.env["res.partner"].create({"name": "Post"})
        self.change(name="Mails")
        for word in ("accept", "reject", "preferences"):
            with self.subTest(word):
                details = self.assert_earlier(self.open(word=word))
                shown = " ".join(details.text_content().split())
                self.assertIn("Newsletter", shown)
                self.assertIn(self.activity.controller_id.name, shown)
                self.assertNotIn("Post", shown, "the processor came later")

    def test_another_name(self):
        self.activity.processor_ids = self.env["res.partner"].create({"name": "Post"})
        self.accept()
        self.activity.processor_ids.name = "Mail house"
        page = self.open()
        self.assertIn(LINE, page)
        (earlier,) = html.fromstring(page).find_class("earlier")
        shown = " ".join(earlier.getparent().text_content().split())
        self.assertIn("on our behalf by: Post", shown)

    def test_present_text_accepted_in_another_language(self):
        self.change("<p>Une par mois.</p>", lang="fr_FR")
        self.accept(lang="fr_FR")
        self.assertNotIn(LINE, self.open(lang="en_US"))
        self.change("<p>Une par jour.</p>", lang="fr_FR")
        page = self.open(lang="en_US")
        self.assert_earlier(page, "Une par mois.", lang="fr-FR")

    def test_accepting_the_present_text(self):
        self.accept()
        self.change()
        page = self.open()
        after = self.open(data={"nonce": nonces(page)["accept"]})
        self.assertIn("Your answer is recorded", after)
        self.assertNotIn(LINE, after)
        self.assertNotIn(LINE, self.open())

    def test_none_for_other_answers(self):
        luc = self.consent_of(self.luc)
        luc.with_user(self.manager).action_answer(True)
        self.accept()
        press(self.consent, False)
        self.change()
        for consent in (self.consent, luc):
            for word in ("accept", "preferences"):
                self.assertNotIn(LINE, self.open(consent, word, lang="en_US"))

    def test_nothing_for_whoever_has_a_former_address(self):
        self.accept()
        self.change()
        url = self.consent._url(True).removeprefix(self.consent.get_base_url())
        self.ann.email = "new@example.com"
        self.env.flush_all()
        page = self.url_open(url)
        self.assertEqual(page.status_code, 200)
        self.assertIn("not in use for you", page.text)
        self.assertNotIn(LINE, page.text)
        self.assertNotIn(OLD, page.text)

    def count(self, **kwargs):
        """:return: how many statements a page takes"""
        self.open(**kwargs)
        before = self.env.cr.sql_log_count
        self.open(**kwargs)
        return self.env.cr.sql_log_count - before

    def test_usual_answer_costs_no_statement(self):
        counts = []
        for answer in (False, True):
            press(self.consent, answer)
            counts.append([self.count(), self.count(word="preferences")])
        self.assertEqual(*counts)
