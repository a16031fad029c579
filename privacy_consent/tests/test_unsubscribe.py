# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mail programs refuse for the subject (RFC 2369, RFC 8058)."""

import re

from odoo.tests import HttpCase, tagged

from .common import ConsentCase


@tagged("post_install", "-at_install")
class TestUnsubscribe(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template.email_cc = "copy@example.com"
        cls.generate()
        cls.mails = {mail.to[0]: mail for mail in cls.run_queue()}
        cls.env.cr.flush()
        cls.consent = cls.consent_of(cls.ann)
        mail = cls.mails["ann@example.com"]
        cls.url = re.fullmatch("<(.*)>", mail.message["List-Unsubscribe"])[1]
        cls.path = cls.url.removeprefix(cls.consent.get_base_url())

    def _post(self, data=None, **kwargs):
        kwargs = kwargs or {"data": data or {"List-Unsubscribe": "One-Click"}}
        response = self.url_open(
            self.path, method="POST", allow_redirects=False, **kwargs
        )
        self.assertEqual(response.status_code, 200, "no redirect")
        self.assertNotIn("Set-Cookie", response.headers)
        self.env.invalidate_all()
        return response

    def test_headers_as_delivered(self):
        message = self.mails["ann@example.com"].message
        self.assertEqual(
            self.url, self.consent._link("unsubscribe", self.consent._token())
        )
        self.assertGreater(len(self.url), 100, "long, and not encoded for that reason")
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")

    def test_copies_do_not_have_them(self):
        message = self.mails["copy@example.com"].message
        self.assertNotIn("List-Unsubscribe", message)
        self.assertNotIn("List-Unsubscribe-Post", message)

    def test_other_mails_do_not_have_them(self):
        self.consent.message_subscribe(self.ann.ids)
        self.consent.message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        for mail in self.run_queue():
            self.assertNotIn("List-Unsubscribe", mail.message)

    def test_never_stored(self):
        mails = self.env["mail.mail"].search([("res_id", "=", self.consent.id)])
        self.assertTrue(mails)
        self.assertNotIn("Unsubscribe", str(mails.read()))

    def test_refuses(self):
        for accepted in (None, True):
            if accepted:
                self.consent.action_answer(True)
                self.env.cr.flush()
            self._post()
            self.assertEqual(self.consent.state, "answered")
            self.assertFalse(self.consent.accepted)
            self.assertIn("Remote IP: 127.0.0.1", self.consent.last_metadata)

    def test_multipart(self):
        self._post(files={"List-Unsubscribe": (None, "One-Click")})
        self.assertEqual(self.consent.state, "answered")

    def test_refuses_this_activity_only(self):
        other = self.activity.copy({"name": "Survey"})
        self.generate(other)
        self._post()
        self.assertEqual(self.consent_of(self.ann, other).state, "draft")

    def test_again(self):
        self._post()
        before = self.consent.read()
        with self.at(self.later(days=1)):
            self._post()
        self.assertEqual(self.consent.read(), before)

    def test_former_address(self):
        self.ann.email = "ann@new.example.com"
        self.env.cr.flush()
        response = self._post()
        self.assertFalse(self.consent.accepted)
        self.assertEqual(self.consent.state, "answered")
        self.assertNotIn(self.consent._token(), response.text)

    def test_any_other_body_changes_nothing(self):
        before = self.consent.read()
        for data in [
            {"List-Unsubscribe": "one"},
            {"nonce": "x"},
            {"choice": "accept"},
        ]:
            self.assertIn("I accept", self._post(data).text)
        self.path += "&List-Unsubscribe=One-Click"
        self._post({"x": "y"})
        self.assertEqual(self.consent.read(), before)

    def test_get_shows_the_page(self):
        before = self.consent.read()
        page = self.url_open(self.path)
        self.assertEqual(page.status_code, 200)
        self.assertLess(page.text.index("I reject"), page.text.index("I accept"))
        self.assertEqual(self.consent.read(), before)
