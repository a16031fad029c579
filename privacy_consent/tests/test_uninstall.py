# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Before the addon is uninstalled it is said what proof is lost."""

from odoo.tests import tagged

from .answers import press
from .common import ConsentCase


@tagged("post_install", "-at_install")
class TestUninstall(ConsentCase):
    def lost(self, name):
        """:return: what is said of the proof before an addon is uninstalled"""
        module = self.env["ir.module.module"].search([("name", "=", name)])
        wizard = self.env["base.module.uninstall"].create(
            {"module_ids": [(6, 0, module.ids)]}
        )
        return wizard.consent_proof_lost

    def test_says_what_is_lost(self):
        self.generate()
        self.run_queue()
        press(self.consent_of(self.ann), True)
        self.consent_of(self.luc).active = False
        counts = [
            self.env[model].with_context(active_test=False).search_count([])
            for model in ("privacy.consent", "privacy.consent.event")
        ]
        self.assertTrue(all(counts))
        # What needs it goes along.
        for name in ("privacy_consent", "privacy"):
            lost = self.lost(name)
            self.assertIn("{} consents, with {} events".format(*counts), lost)
        self.assertFalse(self.lost("mail_queue_safe"))

    def test_dialog(self):
        """Odoo's dialog shows it."""
        view = self.env["base.module.uninstall"].get_view(view_type="form")
        self.assertIn("consent_proof_lost", view["arch"])
