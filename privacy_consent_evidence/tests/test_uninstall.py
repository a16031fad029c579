# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Before an addon is uninstalled it is said what proof is lost."""

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from .test_proof_pack import PackCase


@tagged("post_install", "-at_install")
class TestUninstall(PackCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = new_test_user(
            cls.env,
            "administrator",
            groups="base.group_system,privacy.group_data_protection_manager",
        )

    def wizard(self, name):
        """:return: the dialog of Odoo before an addon is uninstalled"""
        module = self.env["ir.module.module"].search([("name", "=", name)])
        wizards = self.env["base.module.uninstall"].with_user(self.administrator)
        return wizards.create({"module_ids": [(6, 0, module.ids)]})

    def test_says_what_is_lost(self):
        lost = self.wizard("privacy_consent").consent_proof_lost
        events = self.env["privacy.consent.event"].search_count([])
        seals = self.seals.search_count([])
        self.assertIn(f"{events} events", lost)
        self.assertIn(f"{seals} seals", lost)
        self.assertEqual(self.wizard("privacy").consent_proof_lost, lost)
        lost = self.wizard("privacy_consent_evidence").consent_proof_lost
        self.assertNotIn("events", lost)
        self.assertIn(f"{seals} seals", lost)
        self.assertFalse(self.wizard("privacy_consent_portal").consent_proof_lost)

    def test_offers_the_proof_of_everything(self):
        other = self.env["res.company"].create({"name": "Other"})
        survey = self.activity.copy(
            {"name": "Survey", "controller_id": other.partner_id.id}
        )
        hidden = self.env["privacy.consent"].create(
            {"activity_id": survey.id, "partner_id": self.luc.id}
        )
        hidden.action_answer(True)
        self.seal()
        action = self.wizard("privacy_consent").action_download_consent_proof()
        pack = self.env[action["res_model"]].browse(action["res_id"])
        url = pack.with_user(self.administrator).action_download()["url"]
        self.authenticate("administrator", "administrator")
        files = self.files(self.url_open(url).content)
        found = {one["event"]["consent_uuid"] for one in self.events(files)}
        self.assertLessEqual({self.consent.uuid, hidden.uuid}, found)
        self.assertEqual(
            len(self.events(files)), self.env["privacy.consent.event"].search_count([])
        )
        status, words = self.verify(files)
        self.assertEqual(status, 0, words)

    def test_for_administrators_alone(self):
        packs = self.env["privacy.consent.pack"].with_user(self.manager)
        pack = packs.create({"everything": True})
        with self.assertRaises(AccessError):
            pack.action_download()
