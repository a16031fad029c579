# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Choosing the language of a public page, and proving in which one it was answered."""

from lxml import html

from odoo.tests import HttpCase, tagged

from .common import ConsentCase

LANGUAGE = "Language of the page:"


@tagged("post_install", "-at_install")
class TestLanguages(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        cls.run_queue()
        cls.env.ref("privacy_consent.form").update_field_translations(
            "arch_db", {"fr_FR": {"I reject": "Je refuse"}}
        )
        cls.activity.with_context(lang="fr_FR").name = "La lettre"
        cls.env.cr.flush()
        cls.consent = cls.consent_of(cls.ann)
        cls.paths = {
            word: cls.consent._link(word, cls.consent._token()).removeprefix(
                cls.consent.get_base_url()
            )
            for word in ("accept", "reject", "unsubscribe", "ask", "preferences")
        }

    def open(self, path, **kwargs):
        """:return: the page, parsed"""
        response = self.url_open(path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.assertNotIn("Set-Cookie", response.headers)
        self.env.invalidate_all()
        return html.fromstring(response.text)

    def links(self, page):
        """:return: the links to the page in other languages, by language"""
        return {link.get("lang"): link for link in page.xpath("//nav//a")}

    def press(self, page, number=0):
        """Press one of the page's buttons.

        :return: the page that follows
        """
        form = page.forms[number]
        path = form.action.removeprefix(self.consent.get_base_url())
        return self.open(path, data=dict(form.fields))

    def test_each_page_has_links_to_itself(self):
        for path in self.paths.values():
            page = self.open(path)
            self.assertEqual(page.get("lang"), "en-US")
            links = self.links(page)
            self.assertEqual(links["fr-FR"].text, "Français")
            self.assertEqual(links["fr-FR"].get("href"), f"{path}&lang=fr_FR")
            self.assertEqual(links["en-US"].get("aria-current"), "true")
            page = self.open(links["fr-FR"].get("href"))
            self.assertEqual(page.get("lang"), "fr-FR")
            self.assertIn("La lettre", page.text_content())
            self.assertEqual(self.links(page)["fr-FR"].get("aria-current"), "true")
            self.assertFalse(self.links(page)["en-US"].get("aria-current"))

    def test_nothing_to_choose(self):
        self.env["res.partner"].search([("lang", "!=", "en_US")]).lang = "en_US"
        languages = self.env["res.lang"].search([("code", "!=", "en_US")])
        languages.active = False
        self.env.cr.flush()
        for path in self.paths.values():
            self.assertFalse(self.open(path).xpath("//nav"))

    def test_anything_else_is_ignored(self):
        for lang in ("", "xx_XX", "fr", "pt_BR", "%00", "en_US%0d%0aX:y", "'", "[]"):
            page = self.open(f"{self.paths['accept']}&lang={lang}")
            self.assertEqual(page.get("lang"), "en-US")
            for form in page.forms:
                self.assertNotIn("lang=", form.action)

    def test_kept_by_the_page(self):
        page = self.open(self.paths["accept"] + "&lang=fr_FR")
        (link,) = page.xpath("//p[@class='more']/a")
        self.assertEqual(self.open(link.get("href")).get("lang"), "fr-FR")
        for _press in range(2):
            page = self.press(page)
            self.assertEqual(page.get("lang"), "fr-FR")
            self.assertEqual(self.consent.state, "answered")

    def test_kept_by_the_page_of_a_former_address(self):
        self.ann.email = "ann@new.example.com"
        self.env.cr.flush()
        page = self.open(
            self.paths["accept"] + "&lang=fr_FR", headers={"Accept-Language": "en"}
        )
        self.assertEqual(page.get("lang"), "fr-FR")
        for number in range(2):
            self.assertEqual(self.press(page, number).get("lang"), "fr-FR")
        self.assertIn(f"{LANGUAGE} fr_FR", self.consent.last_metadata)

    def test_stored_with_the_answer(self):
        for suffix, code in [("", "en_US"), ("&lang=fr_FR", "fr_FR")]:
            self.press(self.open(self.paths["accept"] + suffix))
            self.assertIn(f"\n{LANGUAGE} {code}", self.consent.last_metadata)
            self.press(self.open(self.paths["reject"] + suffix))
            self.assertIn(f"\n{LANGUAGE} {code}", self.consent.last_metadata)
        self.consent.with_user(self.manager).accepted = True
        self.assertFalse(self.consent.last_metadata, "the page was not for staff")

    def test_stored_with_the_answer_on_the_preference_page(self):
        path = self.paths["preferences"] + "&lang=fr_FR"
        fields = dict(self.open(path).forms[0].fields)
        page = self.open(path, data=fields)
        self.assertEqual(page.get("lang"), "fr-FR")
        self.assertEqual(self.consent.state, "answered")
        self.assertIn(f"{LANGUAGE} fr_FR", self.consent.last_metadata)

    def test_suspicion_in_the_language_of_who_reads_it(self):
        self.press(self.open(self.paths["accept"]))
        self.assertIn("within seconds", self.consent.suspicion_reason)
        french = self.consent.with_context(lang="fr_FR").suspicion_reason
        self.assertIn("quelques secondes", french)

    def test_mail_program_shows_no_page(self):
        self.open(self.paths["unsubscribe"], data={"List-Unsubscribe": "One-Click"})
        self.assertEqual(self.consent.state, "answered")
        self.assertNotIn(LANGUAGE, self.consent.last_metadata)

    def test_choosing_is_no_answer(self):
        self.activity.one_click_answers = True
        self.env.cr.flush()
        page = self.open(self.paths["accept"] + "&lang=fr_FR")
        self.assertEqual(page.get("lang"), "fr-FR")
        self.assertEqual(self.consent.state, "sent")
        self.open(self.paths["accept"])
        self.assertEqual(self.consent.state, "answered")
        self.assertNotIn(LANGUAGE, self.consent.last_metadata, "no page was shown")
