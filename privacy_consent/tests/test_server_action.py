# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The activity's server action follows the facts and never undoes them."""

from .common import ConsentCase


class TestServerAction(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.action = cls.env["ir.actions.server"].create(
            {
                "name": "Note it",
                "model_id": cls.env.ref("privacy_consent.model_privacy_consent").id,
                "state": "code",
                "code": "record.partner_id.write({'comment': record.state})",
            }
        )
        cls.activity.server_action_id = cls.action

    def _blacklisted(self, partner):
        return self.env["mail.blacklist"].search(
            [("email", "=", partner.email_normalized)]
        )

    def test_runs_when_sent_and_answered(self):
        self.generate()
        self.assertFalse(self.ann.comment, "not for drafts")
        self.run_queue()
        self.assertIn("sent", self.ann.comment)
        self.consent_of(self.ann).action_answer(True)
        self.assertIn("answered", self.ann.comment)

    def test_runs_when_created_answered(self):
        self.env["privacy.consent"].create(
            {
                "partner_id": self.ann.id,
                "activity_id": self.activity.id,
                "state": "answered",
            }
        )
        self.assertIn("answered", self.ann.comment)

    def test_needs_no_rights_of_whoever_moves_the_consent(self):
        self.activity.server_action_id = self.env.ref("privacy_consent.sync_blacklist")
        self.generate()
        self.run_queue()
        public = self.env.ref("base.public_user")
        self.consent_of(self.ann).with_user(public).sudo().action_answer(False)
        self.assertTrue(self._blacklisted(self.ann))

    def test_failure_keeps_the_answer_and_is_run_again(self):
        self.generate()
        self.run_queue()
        self.action.code = "raise UserError('printer on fire')"
        consent = self.consent_of(self.ann)
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            consent.action_answer(True, "from here")
        self.assertEqual(consent.state, "answered")
        self.assertTrue(consent.accepted)
        self.assertIn("printer on fire", consent.action_error)
        self.assertIn("Note it", consent.action_error)
        self.action.code = "record.partner_id.write({'comment': 'at last'})"
        consent.with_user(self.manager).action_run_again()
        self.assertIn("at last", self.ann.comment)
        self.assertFalse(consent.action_error)

    def test_failure_undoes_what_the_action_did_itself(self):
        self.action.code = "record.partner_id.write({'comment': 'half'}); 1 / 0"
        consent = self.generate()[0]
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            consent.action_answer(True)
        self.assertFalse(consent.partner_id.comment)
        self.assertEqual(consent.state, "answered")

    def test_failure_while_sending_leaves_sent(self):
        self.action.code = "raise UserError('printer on fire')"
        self.generate()
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            mails = self.run_queue()
        self.assertEqual(len(mails), 2)
        for consent in self.activity.consent_ids:
            self.assertEqual(consent.state, "sent")
            self.assertIn("printer on fire", consent.action_error)
            self.assertFalse(consent.failure_reason)
        mails = self.env["mail.mail"].search(
            [
                ("model", "=", "privacy.consent"),
                ("res_id", "in", self.activity.consent_ids.ids),
            ]
        )
        self.assertEqual(set(mails.mapped("state")), {"sent"})

    def test_opt_out_follows_the_answer(self):
        self.activity.server_action_id = self.env.ref("privacy_consent.sync_blacklist")
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        consent.action_answer(False)
        self.assertTrue(self._blacklisted(self.ann))
        consent.action_answer(True)
        self.assertFalse(self._blacklisted(self.ann))

    def test_opt_out_is_not_lifted_by_sending(self):
        self.activity.write(
            {
                "server_action_id": self.env.ref("privacy_consent.sync_blacklist").id,
                "default_consent": True,
            }
        )
        self.env["mail.blacklist"]._add(self.ann.email)
        self.generate()
        self.run_queue()
        self.assertEqual(self.consent_of(self.ann).state, "sent")
        self.assertTrue(self._blacklisted(self.ann))
