# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The activity's server action follows the facts and never undoes them."""

from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, ValidationError

from .answers import press, set_fact
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

    def test_action_that_writes_the_answer_runs_once(self):
        self.action.code = (
            "subject = record.partner_id\n"
            "subject.write({'comment': (subject.comment or '') + 'x'})\n"
            "record.write({'accepted': not record.accepted})"
        )
        consent = self.generate()[0]
        consent.action_answer(True)
        self.assertFalse(consent.action_error)
        self.assertIn("x", consent.partner_id.comment)
        self.assertNotIn("xx", consent.partner_id.comment)

    def conflict(self):
        return patch.object(
            type(self.action), "run", side_effect=SerializationFailure()
        )

    def test_conflict_while_answering_is_left_to_odoo(self):
        """It repeats the request."""
        self.generate()
        with self.conflict(), self.assertRaises(SerializationFailure):
            self.consent_of(self.ann).action_answer(True)

    def test_conflict_after_a_delivery_is_made_up_for_soon(self):
        """A mail that left cannot be repeated, but what follows it can."""
        self.generate()
        consent = self.consent_of(self.ann)
        with self.conflict(), self.assert_wakes("privacy_consent.cron_effects"):
            self.assertEqual(len(self.run_queue()), 2)
        self.assertEqual(consent.request_state, "delivered")
        self.assertTrue(consent.request_ids.effects_due)
        self.assertFalse(self.ann.comment)
        consent._cron_effects()
        self.assertFalse(consent.request_ids.effects_due)
        self.assertEqual(consent.state, "sent")
        self.assertEqual(consent.event_ids.mapped("kind"), ["requested"])
        self.assertFalse(consent.action_error)
        self.assertTrue(self.ann.comment)

    def test_action_for_other_records(self):
        other = self.action.copy(
            {"model_id": self.env["ir.model"]._get("res.users").id, "code": "pass"}
        )
        with self.assertRaisesRegex(ValidationError, "choose one for consents"):
            self.activity.server_action_id = other

    def test_manager_does_not_choose_what_runs_as_superuser(self):
        with self.assertRaises(AccessError):
            self.activity.with_user(self.manager).server_action_id = self.action

    def _opted_out(self):
        """:return: the consent of Ann, who refused and is on the blacklist"""
        self.activity.server_action_id = self.env.ref("privacy_consent.sync_blacklist")
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        press(consent, False)
        self.assertTrue(self._blacklisted(self.ann))
        return consent

    def test_staffs_word_lifts_the_opt_out(self):
        consent = self._opted_out()
        consent.with_user(self.manager).accepted = True
        self.assertFalse(self._blacklisted(self.ann))

    def test_other_words_do_not_lift_the_opt_out(self):
        consent = self._opted_out()
        consent.action_answer(True)
        self.assertEqual(consent.answered_by, "system")
        self.assertTrue(self._blacklisted(self.ann))
        set_fact(consent, answered_by="unknown")
        consent.action_run_again()
        self.assertTrue(self._blacklisted(self.ann))

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
        consent = self._opted_out()
        with self.at(self.later(minutes=5)):
            press(consent, True)
        self.assertFalse(self._blacklisted(self.ann))

    def test_opt_out_is_not_lifted_by_a_robot(self):
        consent = self._opted_out()
        press(consent, True, agent="scanner")
        self.assertTrue(consent.suspected_automated)
        self.assertTrue(self._blacklisted(self.ann))
        with self.at(self.later(hours=1)):
            press(consent, True)
        self.assertFalse(consent.suspected_automated)
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
