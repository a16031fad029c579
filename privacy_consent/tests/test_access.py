# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rights on consents, and what an employee without any sees."""

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user

from .common import ConsentCase


class TestAccess(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.consent = cls.generate()[0]

    def test_reader_reads_only(self):
        consent = self.consent.with_user(self.reader)
        self.assertTrue(consent.read(["partner_id", "failure_reason"]))
        for operation in ("create", "write", "unlink"):
            with self.assertRaises(AccessError):
                consent.check_access(operation)

    def test_reader_starts_nothing(self):
        with self.assertRaises(AccessError):
            self.activity.with_user(self.reader).action_new_consents()
        with self.assertRaises(AccessError):
            self.consent.with_user(self.reader).action_answer(True)

    def test_reader_mails_nobody(self):
        mails = self.env["mail.mail"].search([])
        for what, send in {
            "template": lambda: self.template.with_user(self.reader).send_mail(
                self.consent.id
            ),
            "composer": lambda: self.env["mail.compose.message"]
            .with_user(self.reader)
            .create(
                {
                    "body": "<p>Hello</p>",
                    "composition_mode": "mass_mail",
                    "model": self.consent._name,
                    "res_ids": repr(self.consent.ids),
                    "subject": "Hello",
                }
            )
            ._action_send_mail(),
            "message": lambda: self.consent.with_user(self.reader).message_post(
                body="Hello", partner_ids=self.ann.ids
            ),
        }.items():
            with self.subTest(what), self.assertRaises(AccessError):
                send()
        self.assertEqual(self.env["mail.mail"].search([]), mails)

    def test_only_managers_export(self):
        may = [
            user.has_group("base.group_allow_export")
            for user in (self.manager, self.reader)
        ]
        self.assertEqual(may, [True, False])

    def test_manager_records_a_consent_by_hand(self):
        with Form(self.env["privacy.consent"].with_user(self.manager)) as form:
            form.partner_id = self.mute
            form.activity_id = self.activity
        self.assertEqual(form.record.state, "draft")

    def test_manager_deletes_only_what_was_never_sent(self):
        self.consent.with_user(self.manager).unlink()
        self.assertFalse(self.consent.exists())

    def test_employee_opens_a_contact_without_consents(self):
        employee = new_test_user(
            self.env, "employee", groups="base.group_user,base.group_partner_manager"
        )
        partner = self.ann.with_user(employee)
        view = partner.get_view(self.env.ref("base.view_partner_form").id, "form")
        self.assertNotIn("privacy_consent_count", view["arch"])
        names = {
            node.get("name") for node in etree.fromstring(view["arch"]).iter("field")
        }
        self.assertTrue(partner.web_read({name: {} for name in names if name}))
        with self.assertRaises(AccessError):
            self.consent.with_user(employee).read(["partner_id"])

    def test_employee_edits_a_contact_with_consents(self):
        employee = new_test_user(
            self.env, "employee", groups="base.group_user,base.group_partner_manager"
        )
        with Form(self.ann.with_user(employee)) as form:
            form.name = "Ann Other"
        self.assertEqual(self.ann.name, "Ann Other")

    def test_reader_sees_the_count_on_contacts(self):
        view = self.ann.with_user(self.reader).get_view(
            self.env.ref("base.view_partner_form").id, "form"
        )
        self.assertIn("privacy_consent_count", view["arch"])
