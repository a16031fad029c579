# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public page: reading changes nothing, pressing a button answers."""

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .answers import press
from .common import AskedCase, local, nonces

ICON = '<link rel="icon" href="data:,"/>'


@tagged("post_install", "-at_install")
class TestPage(AskedCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.accept = self._path(self.consent, True)
        self.reject = self._path(self.consent, False)

    def _path(self, consent, accept):
        """The link on this test's own server."""
        base = consent.get_base_url()
        return consent._url(accept).removeprefix(base)

    def _facts(self, consent):
        consent.invalidate_recordset()
        return consent.read(
            ["state", "accepted", "answer_date", "last_metadata", "message_ids"]
        )

    def test_safe_methods_change_nothing(self):
        facts = self._facts(self.consent)
        for path in (self.accept, self.reject):
            for method in ("GET", "HEAD", "OPTIONS"):
                with self.subTest(method=method, path=path):
                    response = self.url_open(path, method=method)
                    self.assertEqual(response.status_code, 200)
                    self.assertEqual(self._facts(self.consent), facts)

    def test_page_shows_who_asks_for_what(self):
        page = self.url_open(self.accept)
        self.assertEqual(page.status_code, 200)
        for text in (
            self.activity.controller_id.name,
            "Newsletter",
            "One mail a month.",
            "You have not answered yet",
            f'action="{self.accept}"',
            f'action="{self.reject}"',
        ):
            self.assertIn(text, page.text)

    def test_choice_of_the_link_comes_first(self):
        for path, first, second in [
            (self.accept, True, False),
            (self.reject, False, True),
        ]:
            text = self.url_open(path).text
            self.assertLess(
                text.index(f'action="{local(self.consent._url(first))}'),
                text.index(f'action="{local(self.consent._url(second))}'),
            )

    def test_headers(self):
        for response in (self.url_open(self.accept), self._press(self.accept)):
            self.assertEqual(response.headers["Cache-Control"], "no-store")
            self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
            self.assertIn("noindex", response.headers["X-Robots-Tag"])
            self.assertNotIn("Set-Cookie", response.headers, "no cookie is needed")

    def test_works_without_scripts_or_anything_loaded(self):
        text = self.url_open(self.accept).text
        self.assertIn(ICON, text, "without one, browsers look for a file")
        for loaded in ("<script", "<link", "src=", "@import", "url("):
            self.assertNotIn(loaded, text.replace(ICON, ""))

    def _press(self, path, **kwargs):
        choice = path.split("/")[3]
        nonce = nonces(self.url_open(path, **kwargs).text)[choice]
        page = self.url_open(path, data={"nonce": nonce}, method="POST", **kwargs)
        self.consent.invalidate_recordset()
        return page

    def test_date_in_the_zone_of_the_reader(self):
        """The contact's; else the controller's, which is the best guess there is."""
        with self.at("2026-03-01 20:00:00"):
            press(self.consent, True)
        controller = self.activity.controller_id
        for own, other, expected in [
            ("Asia/Tokyo", "Europe/Berlin", "March 2, 2026, 5:00:00 AM +0900"),
            (False, "America/New_York", "March 1, 2026, 3:00:00 PM EST"),
            (False, False, "March 1, 2026, 8:00:00 PM UTC"),
        ]:
            self.ann.tz, controller.tz = own, other
            self.env.cr.flush()
            for path in (self.accept, self.accept.replace("accept", "preferences")):
                text = self.url_open(path).text.replace("\u202f", " ")
                self.assertIn(expected, text)

    def test_press_accept_then_reject(self):
        page = self._press(self.accept)
        self.assertEqual(page.status_code, 200)
        self.assertTrue(self.consent.accepted)
        self.assertEqual(self.consent.state, "answered")
        self.assertIn("accepted", page.text)
        self.assertNotIn("rejected", page.text)
        self.assertEqual(set(nonces(page.text)), {"reject"})
        self.assertIn(f'action="{self.reject}"', page.text)
        page = self._press(self._path(self.consent, False))
        self.assertFalse(self.consent.accepted)
        self.assertIn("rejected", page.text)
        self.assertIn(f'action="{self.accept}"', page.text)
        self.assertIn("rejected", self.url_open(self.accept).text)

    def test_an_ended_consent_is_shown_as_no_refusal(self):
        press(self.consent, True)
        self.consent.sudo()._invalidate()
        for path in (self.accept, self.accept.replace("/accept/", "/preferences/")):
            with self.subTest(path=path):
                text = self.url_open(path).text
                self.assertIn("Your earlier consent has ended.", text)
                self.assertNotIn("<strong>rejected</strong>", text)

    def test_page_in_the_language_of_the_subject(self):
        page_view = self.env.ref("privacy_consent.form")
        page_view.update_field_translations(
            "arch_db", {"fr_FR": {"I reject": "Je refuse"}}
        )
        path = self._path(self.consent_of(self.luc), False)
        page = self.url_open(path, headers={"Accept-Language": "de"})
        self.assertIn("Je refuse", page.text)
        self.assertIn('lang="fr-FR"', page.text)
        self.assertIn("I reject", self.url_open(self.reject).text)

    def test_language_that_is_not_installed_any_more(self):
        path = self._path(self.consent_of(self.luc), True)
        self.env["res.partner"].search([("lang", "=", "fr_FR")]).active = False
        self.env["res.lang"].search([("code", "=", "fr_FR")]).active = False
        page = self.url_open(path)
        self.assertEqual(page.status_code, 200)
        self.assertIn('lang="en-US"', page.text)

    def test_from_right_to_left(self):
        """Texts begin on the right, and the words after the name may have a comma."""
        self.env["res.lang"]._activate_lang("ar_001")
        self.ann.lang = "ar_001"
        view = self.env.ref("privacy_consent.form")
        term = ", we ask for your decision on this use of your personal data:"
        view.update_field_translations("arch_db", {"ar_001": {term: "، XYZ:"}})
        self.env.flush_all()
        page = self.url_open(self.accept).text
        self.assertIn('dir="rtl"', page)
        self.assertIn("Ann، XYZ:", page)
        self.assertRegex(page, r'class="description" dir="auto"')
        for word in ("accept", "preferences"):
            page = self.url_open(self.accept.replace("accept", word)).text
            self.assertNotRegex(page, r"(margin|padding|border)-(left|right)")

    def test_description_of_the_activity_is_translated(self):
        self.activity.with_context(lang="fr_FR").name = "La lettre"
        text = self.url_open(self._path(self.consent_of(self.luc), True)).text
        self.assertIn("La lettre", text)

    def test_regression_metadata_names_the_address(self):
        """The address was stored as None on several series."""
        with self.at("2026-03-01 10:00:00"):
            self._press(self.accept, headers={"User-Agent": "Pigeon/1.0"})
        self.assertIn("User agent: Pigeon/1.0", self.consent.last_metadata)
        self.assertIn("Remote IP: 127.0.0.1", self.consent.last_metadata)
        self.assertIn("(UTC): 2026-03-01 10:00:00", self.consent.last_metadata)

    def test_regression_non_ascii_token(self):
        token = self.consent._token()
        self._assert_not_found(self.accept.replace(token, "é" * 20))
        self._assert_not_found(self.accept.replace(token, "%ff%fe"))

    def test_wrong_links(self):
        token = self.consent._token()
        other = self.consent_of(self.luc)
        for path in [
            self.accept.replace(token, "0" * 128),
            self.accept.replace(token, "0" * 43),
            self.accept.replace(token, token[:-1]),
            self.accept.replace(token, ""),
            self.accept.replace(token, other._token()),
            self.accept.replace(f"/{self.consent.id}/", f"/{other.id}/"),
            self.accept.replace(f"/{self.consent.id}/", "/999999999/"),
            self.accept.replace(f"/{self.consent.id}/", "/99999999999999/"),
            self.accept.replace(f"/{self.consent.id}/", "/0/"),
            self.accept.replace(f"/{self.consent.id}/", "/-1/"),
            self.accept.replace("/accept/", "/perhaps/"),
        ]:
            with self.subTest(path=path):
                self._assert_not_found(path)

    def test_link_of_a_deleted_consent(self):
        self.activity.consent_required = "manual"
        self._create_subject("Zoe", "zoe@example.com")
        consent = self.generate()
        path = self._path(consent, True)
        self.assertEqual(self.url_open(path).status_code, 200)
        consent.unlink()
        self._assert_not_found(path)

    @mute_logger("odoo.http")
    def _assert_not_found(self, path):
        facts = self._facts(self.consent)
        for method in ("GET", "HEAD", "POST"):
            response = self.url_open(path, method=method)
            self.assertEqual(response.status_code, 404, f"{method} {path}")
        self.assertEqual(self._facts(self.consent), facts)

    def test_parameters_that_trackers_add(self):
        page = self.url_open(self.accept + "&utm_source=mail&fbclid=1")
        self.assertEqual(page.status_code, 200)

    def test_history_is_not_in_the_language_of_the_subject(self):
        """Staff read it, whatever the subject and their browser speak."""
        consent = self.consent_of(self.luc)
        self._press(self._path(consent, True), headers={"Accept-Language": "fr"})
        self.assertIn("Given", consent.message_ids[0].body)
