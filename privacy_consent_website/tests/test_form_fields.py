# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is read of a form that anybody may have sent."""

from odoo.tests import BaseCase

from .. import form_fields
from .common import KIM


class TestFormFields(BaseCase):
    def test_boxes(self):
        values = {
            "privacy_consent_12": "yes",
            "privacy_consent_3": "yes",
            "privacy_consent_4": "",
            "privacy_consent_x": "yes",
            "privacy_consent_": "yes",
            "privacy_consent_12345678901": "yes",
            "xprivacy_consent_5": "yes",
        }
        self.assertEqual(form_fields.read(values).activity_ids, [3, 12])
        self.assertEqual(
            set(form_fields.without_boxes(values)) & {"privacy_consent_12"}, set()
        )
        self.assertIn("privacy_consent_x", form_fields.without_boxes(values))

    def test_address(self):
        for values, address in [
            ({"email_from": " Kim@Example.com "}, "kim@example.com"),
            ({"Your Email": "kim@example.com"}, "kim@example.com"),
            ({"login": "kim@example.com"}, "kim@example.com"),
            ({"1-email-3": "kim@example.com"}, "kim@example.com"),
            ({"email_to": "info@example.com"}, None),
            (
                {"email_to": "info@example.com", "email": "kim@example.com"},
                "kim@example.com",
            ),
            ({"email": "kim@example.com, eve@example.com"}, None),
            ({"email": "kim@example.com\r\nBcc: eve@example.com"}, None),
            ({"Correo electrónico": "kim@example.com", "Nombre": "Kim"}, KIM),
            ({"メール": "kim@example.com", "text": "I am @kim, kim@example.com"}, KIM),
            ({"Correo": "kim@example.com", "Amigo": "eve@example.com"}, None),
            ({"Correo": "kim@example.com", "email": "kim"}, None),
            ({"email": "kim@example.com\xa0"}, KIM),
            ({"email": "kim"}, None),
            ({"email": ""}, None),
            ({}, None),
        ]:
            with self.subTest(values=values):
                self.assertEqual(form_fields.read(values).address, address)

    def test_name(self):
        """A text or a link that a stranger typed is not mailed to anybody."""
        for name, expected in [
            ("Kim", "Kim"),
            (" Ana  María O'Neill-Núñez ", "Ana María O'Neill-Núñez"),
            ("李 小龙", "李 小龙"),
            ("Jose\u0301 मोहन สมชาย ใจดี", "Jose\u0301 मोहन สมชาย ใจดี"),
            ("علی\u200cرضا", "علی\u200cرضا"),
            ("Win 1000 at https://example.com", None),
            ("example.com/win", None),
            ("Kim <b>", None),
            ("Kim\nBcc: eve@example.com", None),
            ("K" * 61, None),
            ("", None),
        ]:
            with self.subTest(name=name):
                self.assertEqual(form_fields.read({"name": name}).name, expected)

    def test_is_taken(self):
        for response, taken in [
            ((200, None, b"<html>"), True),
            ((303, "/contactus-thank-you", b""), True),
            ((400, None, b""), False),
            ((303, "/event/1/register?registration_error_code=x", b""), False),
            ((200, None, b'{"id": 3}'), True),
            ((200, None, b'{"redirectUrl": "/shop/checkout"}'), True),
            ((200, None, b'{"error": "No"}'), False),
            ((200, None, b'{"error_fields": ["email"]}'), False),
            ((200, None, b'{"invalid_fields": ["email"]}'), False),
            ((200, None, b"false"), False),
            ((200, None, b"{no JSON"), True),
        ]:
            with self.subTest(response):
                self.assertEqual(form_fields.is_taken(*response), taken)
