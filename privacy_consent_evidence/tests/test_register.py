# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The register of activities (GDPR, article 30), to print it and as a file."""

from lxml import html
from pyld import jsonld

from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.privacy_consent.tests.common import ConsentCase

from .. import consent_record
from .test_record import names_of, terms, unwrapped


@tagged("post_install", "-at_install")
class TestRegister(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payroll = cls.env["privacy.activity"].create(
            {
                "name": "Payroll <2>",
                "legal_basis": "A6-1-b",
                "storage_months": 120,
                "recipients": "Tax office",
                "privacy_officer": "dpo@example.com",
                "processor_ids": [(6, 0, cls.luc.ids)],
                "processing_country_ids": [(6, 0, cls.env.ref("base.ch").ids)],
            }
        )
        for name in ("purpose_ids", "subject_category_ids", "data_category_ids"):
            kind = cls.payroll._fields[name].domain[0][2]
            found = cls.env["privacy.term"].search([("kind", "=", kind)], limit=2)
            cls.payroll[name] = found
        cls.payroll.safeguard_ids = cls.env.ref(
            "privacy_consent.term_eu_gdpr_a45_3"
        ) | cls.env.ref("privacy_consent.term_dpv_encryptionatrest")
        cls.both = cls.activity | cls.payroll

    def register(self):
        """:return: the dialog of the reader, with both activities"""
        registers = self.env["privacy.register"].with_user(self.reader)
        return registers.create({"activity_ids": [(6, 0, self.both.ids)]})

    def opened(self, action, login="reader"):
        """:return: what the address of an action answers to a user"""
        self.authenticate(login, login)
        return self.url_open(action["url"])

    def test_page(self):
        response = self.opened(self.register().action_print())
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertNotIn("Content-Disposition", response.headers)
        page = html.fromstring(response.content)
        self.assertEqual(page.get("lang"), "en-US")
        newsletter, payroll = page.iter("section")
        self.assertEqual(newsletter.findtext("h2"), "Newsletter")
        self.assertEqual(payroll.findtext("h2"), "Payroll <2>")
        text = " ".join(payroll.text_content().split())
        self.assertIn("Legal basis Contract, Art. 6(1)(b) GDPR", text)
        self.assertIn("Time of storage 120 months", text)
        self.assertIn("Data protection officer dpo@example.com", text)
        self.assertIn("Countries Switzerland", text)
        self.assertNotIn("Not filled in", text)
        self.assertIn("Not filled in", newsletter.text_content())

    def test_page_in_another_language(self):
        self.reader.lang = "fr_FR"
        self.payroll.with_context(lang="fr_FR").name = "Paie"
        page = html.fromstring(self.opened(self.register().action_print()).content)
        self.assertEqual(page.get("lang"), "fr-FR")
        self.assertIn("Paie", [one.text for one in page.iter("h2")])

    def test_missing_is_named_before(self):
        missing = self.register().missing
        self.assertIn(
            "Newsletter: the contact of the controller, the purposes", missing
        )
        self.assertNotIn("Payroll", missing)

    def test_jsonld(self):
        response = self.opened(self.register().action_download())
        self.assertEqual(response.headers["Content-Type"], "application/ld+json")
        self.assertIn("register.jsonld", response.headers["Content-Disposition"])
        document = response.json()
        by_name = {one["dct:title"]: one for one in document["@graph"]}
        payroll = by_name["Payroll <2>"]
        self.assertEqual(payroll["@id"], f"urn:uuid:{self.payroll.uuid}")
        self.assertEqual(
            payroll["dpv:hasLegalBasis"],
            [
                {"@type": ["eu-gdpr:A6-1-b"]},
                {"@type": ["dpv:DataTransferLegalBasis", "eu-gdpr:A45-3"]},
            ],
        )
        self.assertEqual(set(names_of(document)) - terms(), {"loc:CH"})
        expanded = jsonld.expand(document)
        compacted = jsonld.compact(expanded, consent_record.CONTEXT)
        self.assertEqual(unwrapped(compacted), unwrapped(document))

    def test_all_that_one_may_see(self):
        other = self.env["res.company"].create({"name": "Other"})
        hidden = self.env["privacy.activity"].create(
            {"name": "Hidden", "controller_id": other.partner_id.id}
        )
        registers = self.env["privacy.register"].with_user(self.reader)
        self.assertLessEqual(self.both, registers.create({}).activity_ids)
        self.assertNotIn(hidden, registers.create({}).activity_ids)
        register = self.register()
        register.sudo().activity_ids |= hidden
        self.assertEqual(self.opened(register.action_print()).status_code, 404)

    def test_for_readers_alone(self):
        action = self.register().action_print()
        self.assertEqual(self.opened(action, "manager").status_code, 404)
        new_test_user(self.env, "employee", groups="base.group_user")
        self.assertEqual(self.opened(action, "employee").status_code, 404)
        # Who is none any more gets nothing out of an old dialog.
        self.reader.group_ids -= self.env.ref("privacy.group_data_protection_user")
        self.assertEqual(self.opened(action).status_code, 404)
