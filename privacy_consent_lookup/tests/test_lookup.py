# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Privacy Lookup finds consents, and erases them."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.privacy_consent.tests.answers import press
from odoo.addons.privacy_consent.tests.common import ConsentCase


@tagged("post_install", "-at_install")
class TestLookup(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = new_test_user(
            cls.env, "administrator", groups="base.group_system"
        )
        cls.generate()
        cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)
        press(cls.consent, True)

    def lines(self):
        """:return: what the administrator finds of Ann that is ours"""
        lookups = self.env["privacy.lookup.wizard"].with_user(self.administrator)
        lookup = lookups.create({"name": self.ann.name, "email": self.ann.email})
        lookup.action_lookup()
        return lookup.line_ids.filtered(
            lambda line: line.res_model.startswith("privacy.consent")
        )

    def test_erases(self):
        managers = self.env.ref("privacy.group_data_protection_manager")
        self.administrator.group_ids |= managers
        (line,) = self.lines()
        self.assertEqual(line.res_id, self.consent.id)
        line.action_unlink()
        self.assertFalse(self.consent.exists())
        self.assertTrue(line.is_unlinked)
        self.assertIn("Erased", line.wizard_id.execution_details)
        self.assertFalse(self.lines())
        self.ann.unlink()
        erased = self.env["privacy.consent.event"].search([("kind", "=", "erased")])
        self.assertEqual(erased[:1].note, "Privacy Lookup")

    def test_all_at_once(self):
        """Consents of one person that were merged go together."""
        managers = self.env.ref("privacy.group_data_protection_manager")
        self.administrator.group_ids |= managers
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.ann | self.luc).ids, self.ann)
        lines = self.lines()
        self.assertEqual(len(lines), 2)
        lines.action_unlink_all()
        self.assertFalse(self.consent.exists())
        self.assertTrue(all(lines.mapped("is_unlinked")))

    def test_for_managers_alone(self):
        (line,) = self.lines()
        with self.assertRaises(AccessError):
            line.action_unlink()
        self.assertTrue(self.consent.exists())
