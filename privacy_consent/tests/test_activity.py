# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Setting an activity up to ask."""

from odoo.exceptions import ValidationError
from odoo.tests import Form

from .common import ConsentCase


class TestActivity(ConsentCase):
    def test_automatic_needs_a_template(self):
        with self.assertRaisesRegex(ValidationError, "(?s)Newsletter.*template"):
            self.activity.consent_template_id = False

    def test_manual_needs_no_template(self):
        self.activity.write(
            {"consent_required": "manual", "consent_template_id": False}
        )

    def test_asking_needs_subjects(self):
        for required in ("auto", "manual"):
            with self.subTest(required=required):
                with self.assertRaisesRegex(ValidationError, "Define subjects"):
                    self.activity.write(
                        {"consent_required": required, "subject_find": False}
                    )

    def test_manager_duplicates(self):
        """Without the server action, which only an administrator chooses."""
        self.activity.server_action_id = self.env.ref("privacy_consent.sync_blacklist")
        copy = self.activity.with_user(self.manager).copy()
        self.assertEqual(copy.consent_template_id, self.template)
        self.assertFalse(copy.sudo().server_action_id)

    def test_form_prepares_what_asking_needs(self):
        with Form(self.env["privacy.activity"].with_user(self.manager)) as form:
            form.name = "Survey"
            form.consent_required = "auto"
        activity = form.record
        self.assertTrue(activity.subject_find)
        self.assertEqual(activity.consent_template_id, self.template)

    def test_counts(self):
        consents = self.generate()
        self.assertEqual(self.activity.consent_count, 2)
        self.assertEqual(self.ann.privacy_consent_count, 1)
        self.assertEqual(
            self.ann.privacy_consent_ids, consents & self.consent_of(self.ann)
        )
        self.assertEqual(self.mute.privacy_consent_count, 0)
