# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who reads and who keeps the register."""

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged


# Later, because the menus of addons that are not loaded yet lead nowhere.
@tagged("post_install", "-at_install")
class TestAccess(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity = cls.env["privacy.activity"].create({"name": "Payroll"})
        cls.user = new_test_user(
            cls.env, "reader", groups="privacy.group_data_protection_user"
        )
        cls.manager = new_test_user(
            cls.env, "keeper", groups="privacy.group_data_protection_manager"
        )
        cls.employee = new_test_user(cls.env, "employee", groups="base.group_user")

    def test_user_reads_only(self):
        activity = self.activity.with_user(self.user)
        self.assertEqual(activity.name, "Payroll")
        with self.assertRaises(AccessError):
            activity.name = "Other"
        with self.assertRaises(AccessError):
            activity.unlink()

    def test_manager_keeps_the_register(self):
        activities = self.env["privacy.activity"].with_user(self.manager)
        activity = activities.create({"name": "Newsletter"})
        activity.name = "Weekly newsletter"
        activity.unlink()
        self.assertFalse(activity.exists())

    def test_employee_sees_nothing(self):
        # Other addons may show the names of activities to every employee.
        with self.assertRaises(AccessError):
            self.activity.with_user(self.employee).read(["description"])
        menus = self.env["ir.ui.menu"].with_user(self.employee)
        self.assertNotIn(
            self.env.ref("privacy.parent_menu_data_protection").id,
            menus._visible_menu_ids(),
        )

    def test_admin_is_manager(self):
        self.assertTrue(
            self.env.ref("base.user_admin").has_group(
                "privacy.group_data_protection_manager"
            )
        )

    def test_controller_is_the_company_by_default(self):
        self.assertEqual(self.activity.controller_id, self.env.company.partner_id)
