# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Deleting contacts and activities: proofs stay, mere drafts go."""

from odoo.exceptions import UserError

from .common import ConsentCase


class TestDelete(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()

    def test_contact_deleted_before_the_request_left(self):
        self.ann.with_user(self.manager).unlink()
        self.assertFalse(self.ann.exists())
        self.assertEqual([mail.to for mail in self.run_queue()], [["luc@example.com"]])

    def test_contact_that_was_asked(self):
        self.run_queue()
        with self.assertRaisesRegex(UserError, "(?s)Ann.*Archive the contact"):
            self.ann.with_user(self.manager).unlink()
        self.assertTrue(self.consent_of(self.ann))

    def test_proof_does_not_become_a_draft_again(self):
        self.run_queue()
        consent = self.consent_of(self.ann).with_user(self.manager)
        for who in (consent, consent.sudo()):
            with self.assertRaisesRegex(UserError, "cannot be unmade"):
                who.state = "draft"
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            consent.unlink()

    def test_survivor_of_a_merge(self):
        consents = self.consent_of(self.ann) + self.consent_of(self.luc)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.ann + self.luc).ids, self.ann
        )
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            consents.filtered("active").unlink()

    def test_contact_with_an_archived_consent(self):
        self.run_queue()
        self.consent_of(self.ann).action_archive()
        with self.assertRaisesRegex(UserError, "Archive the contact"):
            self.ann.with_user(self.manager).unlink()

    def test_contact_archived_before_the_request_left(self):
        self.ann.active = False
        self.assertEqual([mail.to for mail in self.run_queue()], [["luc@example.com"]])
        request = self.consent_of(self.ann).request_ids
        self.assertEqual((request.state, request.cause), ("cancelled", "contact"))

    def test_activity_with_consents(self):
        with self.assertRaisesRegex(UserError, "(?s)Newsletter.*Archive the activity"):
            self.activity.with_user(self.manager).unlink()

    def test_activity_without_consents(self):
        activity = self.activity.copy()
        self.generate(activity)
        activity.consent_ids.unlink()
        activity.with_user(self.manager).unlink()
        self.assertFalse(activity.exists())
