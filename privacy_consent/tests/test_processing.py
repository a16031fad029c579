# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is said of the processing is shown to people, and belongs to their text."""

import json

from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, tagged

from .answers import press
from .common import ConsentCase


class TestProcessing(ConsentCase):
    def term(self, name):
        """:return: one of the terms, by a part of its ID"""
        return self.env.ref(f"privacy_consent.term_{name}")

    def fill_in(self, **values):
        """Have the manager say more of the processing."""
        self.activity.with_user(self.manager).write(
            {
                "purpose_ids": [(6, 0, self.term("dpv_directmarketing").ids)],
                "data_category_ids": [
                    (6, 0, (self.term("pd_name") | self.term("pd_emailaddress")).ids)
                ],
                "legal_basis": "A6-1-a",
                "processing_country_ids": [
                    (6, 0, (self.env.ref("base.fr") | self.env.ref("base.de")).ids)
                ],
                "recipients": "Printers",
                "storage_months": 24,
                **values,
            }
        )

    def test_nothing_said(self):
        """The text stays what it was before there were such fields."""
        self.assertEqual(
            self.activity._substance("en_US").keys(),
            {
                "format",
                "activity",
                "language",
                "name",
                "description",
                "controller",
                "processors",
            },
        )
        self.activity.validity_months = 12
        self.assertEqual(self.activity._substance("en_US")["format"], 1)

    def test_belongs_to_the_text(self):
        self.fill_in(validity_months=12)
        substance = self.activity._substance("en_US")
        self.assertEqual(substance["format"], 3)
        self.assertEqual(
            substance["processing"],
            {
                "countries": ["DE", "FR"],
                "data": ["pd:EmailAddress", "pd:Name"],
                "legal_basis": "A6-1-a",
                "purposes": ["dpv:DirectMarketing"],
                "recipients": "Printers",
                "storage_months": 24,
                "validity_months": 12,
            },
        )
        text = self.env["privacy.consent.text"].search(
            [("hash", "=", self.activity._text_hash("en_US"))]
        )
        self.assertEqual(json.loads(text.content), substance)
        self.assertIn("Purposes: Direct marketing\n", text.processing)

    def test_names_belong_not(self):
        """An upgrade brings better names of terms, and changes no text."""
        self.fill_in()
        before = self.activity._text_hash("en_US")
        self.term("dpv_directmarketing").name = "Advertising letters"
        self.env.ref("base.fr").name = "Gaul"
        self.assertEqual(self.activity._text_hash("en_US"), before)
        lines = dict(self.activity.processing_lines)
        self.assertEqual(lines["Purposes"], "Advertising letters")
        self.assertEqual(lines["Countries"], "Germany and Gaul")

    def test_change_is_followed(self):
        """Whoever accepted accepted an earlier text."""
        press(self.generate()[:1], True)
        self.activity.action_only_wording_changed()
        self.assertFalse(self.activity.earlier_text_count)
        self.fill_in()
        self.assertEqual(self.activity.earlier_text_count, 1)
        self.activity.action_only_wording_changed()
        self.activity.with_user(self.manager).validity_months = 12
        self.assertEqual(self.activity.earlier_text_count, 1)

    def test_own_words_by_language(self):
        self.fill_in()
        self.assertEqual(self.activity._substance("fr_FR")["language"], "en_US")
        self.activity.with_context(lang="fr_FR").recipients = "Imprimeurs"
        french = self.activity._substance("fr_FR")
        self.assertEqual(french["language"], "fr_FR")
        self.assertEqual(french["processing"]["recipients"], "Imprimeurs")
        english = self.activity._substance("en_US")
        self.assertEqual(english["processing"]["recipients"], "Printers")

    def test_form(self):
        with Form(self.activity.with_user(self.manager)) as form:
            form.purpose_ids.add(self.term("dpv_marketing"))
        self.assertEqual(self.activity.processing_codes["purposes"], ["dpv:Marketing"])

    def test_terms_are_fixed(self):
        term = self.term("dpv_marketing").with_user(self.manager)
        with self.assertRaises(AccessError):
            term.code = "dpv:Sale"


@tagged("post_install", "-at_install")
class TestProcessingPage(ConsentCase, HttpCase):
    def test_page(self):
        consent = self.generate().filtered(lambda one: one.partner_id == self.ann)
        url = consent._url(True)
        self.assertNotIn("How the data are used", self.url_open(url).text)
        self.activity.write({"legal_basis": "A6-1-a", "recipients": "<Printers>"})
        page = self.url_open(url).text
        self.assertIn("How the data are used", page)
        self.assertIn("<dt>Legal basis</dt>", page)
        self.assertIn("<dd>Consent, Art. 6(1)(a) GDPR</dd>", page)
        self.assertIn("<dd>&lt;Printers&gt;</dd>", page)
