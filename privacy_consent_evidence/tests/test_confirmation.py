# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The mail that confirms an answer has the receipt."""

import json

from lxml import html

from odoo.addons.privacy_consent.tests.answers import press

from .common import EvidenceCase


class TestConfirmationFiles(EvidenceCase):
    def test_receipt_is_attached(self):
        self.activity.confirmation_mail = True
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        with self.at(self.later(minutes=5)):
            press(consent, True)
        (mail,) = self.run_queue()
        files = {
            part.get_filename(): part.get_payload(decode=True)
            for part in mail.message.walk()
            if part.get_filename()
        }
        self.assertEqual(files.keys(), {"receipt.html", "receipt.jsonld"})
        document = json.loads(files["receipt.jsonld"])
        (record,) = document["dpv:hasRecordOfActivity"]
        self.assertEqual(record["dct:identifier"], consent.uuid)
        page = html.fromstring(files["receipt.html"])
        self.assertEqual(page.get("lang"), "en-US")
        self.assertIn("One mail a month.", page.text_content())
        self.assertFalse(page.findall(".//a"))
        for content in files.values():
            self.assertNotIn(b"privacy/consent/", content)
