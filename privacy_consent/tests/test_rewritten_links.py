# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Links as people press them, after gateways and programs rewrote them."""

from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import quote

from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tools import mute_logger

from .. import links, paths
from .answers import set_fact
from .common import AskedCase, local, nonces


class TestPath(BaseCase):
    def test_plain(self):
        for path, expected in [
            ("/privacy/consent/accept/7/aB_-", "/privacy/consent/accept/7/aB_-"),
            ("/PRIVACY/Consent/ACCEPT/7/aB_-", "/privacy/consent/accept/7/aB_-"),
            ("//privacy///consent/accept//7/a", "/privacy/consent/accept/7/a"),
            ("/privacy%2Fconsent%252Faccept/7/a", "/privacy/consent/accept/7/a"),
            ("/privacy/consent/accept/7/a/b/c", "/privacy/consent/accept/7/a"),
            ("/privacy/consent/accept/7", "/privacy/consent/accept/7"),
            ("/privacy/consent/accept/ 7/a", "/privacy/consent/accept/7/a"),
            ("/privacy/consent/accept/<7.>/a", "/privacy/consent/accept/7/a"),
            ("/privacy/consent/accept/-7/a", "/privacy/consent/accept/-7/a"),
            ("/privacy/consent/accept/,/a", "/privacy/consent/accept/,/a"),
            ("/Privacy/Consent", "/privacy/consent"),
            # of others
            ("/privacy/Consents/A//b", "/privacy/Consents/A//b"),
            ("/Privacy", "/Privacy"),
            ("/x/privacy/Consent/", "/x/privacy/Consent/"),
            ("/shop/50%25//x", "/shop/50%25//x"),
        ]:
            with self.subTest(path=path):
                self.assertEqual(links.path.plain(path), expected)


class TestPathWithoutDatabase(BaseCase):
    def test_characters_of_any_kind(self):
        """A path is bytes, which WSGI hands over one character each."""

        def serve(request):
            return request.httprequest.environ["PATH_INFO"].encode("latin-1")

        for path, expected in [
            ("/Privacy/Consent/accept/5/x%E2%80%8B", "/privacy/consent/accept/5/x​"),
            ("/privacy/consent/accept/5/x​", "/privacy/consent/accept/5/x​"),
            ("/privacy/consent/accept/5/%FF", "/privacy/consent/accept/5/�"),
            ("/shop/Büro%25", "/shop/Büro%25"),
        ]:
            with self.subTest(path=path):
                environ = {"PATH_INFO": path.encode().decode("latin-1")}
                request = SimpleNamespace(httprequest=SimpleNamespace(environ=environ))
                self.assertEqual(paths._reading(serve)(request).decode(), expected)


@tagged("post_install", "-at_install")
class TestRewrittenLinks(AskedCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = local(cls.consent._url(True))
        cls.token = cls.consent._token()

    def _press(self, path):
        """Open a link, and press its button."""
        page = self.url_open(path)
        self.assertEqual(page.status_code, 200)
        self.assertIn("One mail a month.", page.text)
        self.assertEqual(self.consent.state, "sent", "opening it is no answer")
        action = page.text.partition('action="')[2].partition('"')[0]
        data = {"nonce": nonces(page.text)["accept"]}
        page = self.url_open(action.replace("&amp;", "&"), data=data)
        self.assertIn("Your answer is recorded", page.text)
        self.env.invalidate_all()
        self.assertTrue(self.consent.accepted)

    def _assert_pressed(self, path):
        with self.subTest(path=path), self.env.cr.savepoint() as savepoint:
            self._press(path)
            savepoint.rollback()
            self.env.invalidate_all()

    def test_letters(self):
        address, _mark, query = self.path.partition("?")
        for path in (
            f"{address.upper()}?{query}",
            f"{address.upper()}?{query.upper()}",
            f"{address.title()}?{query}",
            self.path.lower(),
            self.path.replace("/privacy/consent", "/Privacy/Consent"),
        ):
            self._assert_pressed(path)

    def test_what_gateways_do(self):
        encoded = quote(self.path, safe="")
        for path in (
            f"/{self.path}",
            self.path.replace("/", "//"),
            f"/{encoded.replace('%3F', '?').replace('%3D', '=')}",
            "/" + quote(encoded, safe="").removeprefix("%252F"),
            self.path.replace("=", "=3D"),
            self.path.replace("?", "%3F"),
            self.path.replace("?", "%3F").replace("=", "%3D"),
            self.path.replace("?", "/?"),
            self.path.partition("?")[0],
            self.path.partition("?")[0] + "%20",
            self.path.partition("?")[0] + ").",
            self.path.partition("?")[0] + "&utm_source=mail",
            self.path.partition("=")[0],
            f"{self.path}.",
            f"{self.path}%3E",
            f"{self.path}&utm_source=mail&fbclid=x",
            f"{self.path}&amp;utm_source=mail",
            f"{self.path}?utm_source=mail",
            f"{self.path};data=05%7C01%7Cann%40example.com&reserved=0",
            f"{self.path}#top",
            self.path.replace(self.token, f"{self.token}="),
            self.path.replace(self.token, f"%20{self.token}%C2%A0"),
            self.path.replace(self.token, f"{self.token}%E2%80%8B"),
            self.path.replace(self.token, f"%3C{self.token}%3E"),
            self.path.replace(f"/{self.consent.id}/", f"/%20{self.consent.id}./"),
        ):
            self._assert_pressed(path)

    def test_name_of_the_database_is_a_hint(self):
        path = self.path.partition("?")[0]
        for query in (
            "",
            "?db=no_such_database",
            f"?db={self.env.cr.dbname}.",
            f"?db=3D{self.env.cr.dbname}",
            f"?db={self.env.cr.dbname.upper()}",
            "?db=",
            "?db=%00%ff",
            "?db=postgres'",
        ):
            self._assert_pressed(f"{path}{query}")

    def test_earlier_form(self):
        _new, earlier = links.token.make_both(
            self.consent._link_secret(),
            self.consent.id,
            self.activity.id,
            "ann@example.com",
            0,
        )
        path = self.path.replace(self.token, earlier)
        self._assert_pressed(path)
        for behind in ("%20", "_", "__", "-", "_."):
            self._assert_pressed(path.replace("?", f"{behind}?"))

    def test_form_of_18_after_the_database_was_renamed(self):
        set_fact(self.consent, old_link_address="ann@example.com")
        token = links.token.make_old(
            self.consent._link_secret(),
            "former",
            self.consent.id,
            self.ann.id,
            self.activity.id,
        )
        path = f"/privacy/consent/accept/{self.consent.id}/{token}"
        for written in (path, f"/privacy/consent/accept/{self.consent.id}/TOKEN"):
            written = written.replace("TOKEN", token.upper())
            self._assert_pressed(f"{written}?db=former")
            self._assert_pressed(f"{written}?db=former).")
            for name in ("", "?db=another", f"?db={self.env.cr.dbname}"):
                self.assertEqual(self.url_open(f"{written}{name}").status_code, 404)

    @mute_logger("odoo.http")
    def test_what_nobody_can_restore_says_what_to_do(self):
        address, _mark, query = self.path.partition("?")
        for path in (
            address[:-1],
            address[: -len(self.token)],
            f"/privacy/consent/accept/{self.consent.id}",
            "/privacy/consent/accept",
            "/privacy/consent/",
            "/privacy/consent",
            "/PRIVACY/CONSENT",
            f"/privacy/consent/preferences/{self.consent.id}/x?{query}",
        ):
            with self.subTest(path=path):
                page = self.url_open(path)
                self.assertEqual(page.status_code, 404)
                self.assertIn("copy all of it", page.text)
                self.assertIn("answer the message", page.text)

    def test_every_form_posts_to_where_its_page_was_opened(self):
        """The address of the server may have changed, or a proxy have another one."""
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "https://old.example.com"
        )
        self.env.cr.flush()
        for word in ("accept", "reject", "unsubscribe", "preferences"):
            page = self.url_open(self.path.replace("/accept/", f"/{word}/")).text
            self.assertIn('method="post"', page)
            self.assertNotIn("old.example.com", page)
        self._press(self.path)
        self.ann.email = "ann@new.example.com"
        page = self.url_open(self.path)
        self.assertEqual(set(nonces(page.text)), {"reject", "ask"})
        self.assertNotIn("old.example.com", page.text)

    def test_failure_of_another_addon_is_no_wrong_link(self):
        failing = AttributeError("'NoneType' object has no attribute 'name'")
        with (
            patch.object(
                type(self.env["ir.qweb"]), "_render", autospec=True, side_effect=failing
            ),
            self.assertLogs("odoo.http", "ERROR") as logs,
        ):
            page = self.url_open(self.path)
        self.assertEqual(page.status_code, 500)
        self.assertIn("has no attribute 'name'", logs.output[0])
        self.assertNotIn(self.token, str(logs.output))
