# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A subjects filter that cannot be evaluated is refused and explained."""

from odoo.exceptions import ValidationError
from odoo.tests import Form, TransactionCase


class TestSubjectDomain(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity = cls.env["privacy.activity"].create(
            {
                "name": "Payroll",
                "subject_find": True,
                "subject_domain": "[('name', '=', 'Ada')]",
            }
        )

    def assertRefused(self, domain, reason):
        """The filter is refused by a message that names field, activity and reason."""
        message = f"(?s)Subjects filter.*Payroll.*{reason}"
        with self.assertRaisesRegex(ValidationError, message), self.cr.savepoint():
            self.activity.subject_domain = domain
        self.activity.invalidate_recordset()
        self.assertEqual(self.activity.subject_domain, "[('name', '=', 'Ada')]")

    def test_does_not_parse(self):
        self.assertRefused("[('name', '=', ", "never closed")

    def test_names_a_missing_field(self):
        self.assertRefused("[('no_such_field', '=', 1)]", "no_such_field")

    def test_calls_code(self):
        self.assertRefused("[('name', '=', __import__('os').getcwd())]", "malformed")

    def test_is_no_list(self):
        self.assertRefused("42", "42")

    def test_compares_a_date_with_a_word(self):
        self.assertRefused("[('create_date', '<', 'soon')]", "soon")

    def test_empty_means_everybody(self):
        self.activity.subject_domain = False
        self.activity.subject_domain = "[]"

    def test_form_refuses_too(self):
        form = Form(self.activity)
        form.subject_domain = "[('name', '=', "
        with self.assertRaisesRegex(ValidationError, "Subjects filter"):
            form.save()
