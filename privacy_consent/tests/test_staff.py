# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What staff or programs write is never taken for the subject's answer."""

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from .answers import press
from .common import ConsentCase


class TestStaff(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        cls.run_queue()
        cls.env.cr.flush()
        cls.consent = cls.consent_of(cls.ann).with_user(cls.manager)
        cls.changed = cls.env.ref("privacy_consent.mt_consent_acceptance_changed")

    def _assert_recorded_as_staffs(self):
        self.env.cr.flush()
        self.assertEqual(self.consent.answered_by, "staff")
        message = self.consent.message_ids[0]
        self.assertNotEqual(message.subtype_id, self.changed)
        self.assertNotEqual(message.author_id, self.ann)

    def _assert_fact(self, **values):
        """Check that nobody writes this, nor creates a consent with it."""
        consents = self.env["privacy.consent"].with_user(self.manager)
        new = {"partner_id": self.mute.id, "activity_id": self.activity.id}
        for attempt in (
            lambda: self.consent.write(values),
            lambda: self.consent.sudo().write(values),
            lambda: consents.create({**new, **values}),
            lambda: consents.sudo().create({**new, **values}),
        ):
            with self.assertRaisesRegex(UserError, "says what happened"):
                attempt()
        self.assertFalse(self.consent_of(self.mute))

    def test_subject(self):
        press(self.consent, True)
        self.assertEqual(self.consent.answered_by, "subject")

    def test_sending_is_nobodys_answer(self):
        self.assertFalse(self.consent.answered_by)

    def test_assumption_is_no_answer(self):
        """What a form or an import sets before anybody answered."""
        self.consent.accepted = True
        self.assertEqual(self.consent.state, "sent")
        self.assertEqual(self.consent.status, "requested")
        self.assertFalse(self.consent._answers())

    def test_written_answer(self):
        for values in (
            {"accepted": True, "state": "answered"},
            {"accepted": False, "answer_date": "2026-03-01 10:00:00"},
            {"accepted": True, "answer_channel": "paper"},
        ):
            with self.subTest(values=values), self.env.cr.savepoint() as savepoint:
                self.consent.write(values)
                self._assert_recorded_as_staffs()
                self.assertEqual(self.consent.state, "answered")
                (event,) = self.consent._answers()
                self.assertEqual(event.staff, self.manager.display_name)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_form(self):
        self.consent.write({"accepted": True, "state": "answered"})
        self._assert_recorded_as_staffs()
        self.assertEqual(self.consent.message_ids[0].author_id, self.manager.partner_id)

    def test_staff_after_subject(self):
        press(self.consent, True)
        self.consent.accepted = False
        self._assert_recorded_as_staffs()

    def test_client_cannot_make_the_context_up(self):
        context = {
            "subject_answering": True,
            "privacy_consent_fact": True,
            "answered_by": "subject",
        }
        self.consent.with_context(**context).write(
            {"accepted": True, "state": "answered"}
        )
        self._assert_recorded_as_staffs()

    def test_nobody_makes_up_whose_word_it_is(self):
        self._assert_fact(answered_by="subject")
        self._assert_fact(suspected_automated=False)
        self._assert_fact(valid_until="2099-01-01 00:00:00")
        self._assert_fact(state="answered", answered_by="subject")
        made = (
            self.env["privacy.consent"]
            .with_user(self.manager)
            .with_context(
                default_answered_by="subject", default_sent_date="2026-01-01 00:00:00"
            )
            .create(
                {
                    "partner_id": self.mute.id,
                    "activity_id": self.activity.id,
                    "state": "answered",
                }
            )
        )
        self.assertEqual(made.answered_by, "staff")
        self.assertFalse(made.sent_date)
        self.assertEqual(made._answers().mapped("by"), ["staff"])

    def test_staff_replaces_the_proof_of_the_subject(self):
        with self.at("2026-03-01 10:00:00"):
            press(self.consent, False)
        with self.at("2026-03-02 10:00:00"):
            self.consent.accepted = True
        self._assert_recorded_as_staffs()
        self.assertFalse(self.consent.last_metadata)
        self.assertEqual(str(self.consent.answer_date), "2026-03-02 10:00:00")
        self.assertEqual(
            [(event.by, event.kind) for event in self.consent._answers()],
            [("staff", "given"), ("subject", "refused")],
            "the subject's answer stays in the history",
        )

    def test_equal_values_change_nothing(self):
        press(self.consent, False)
        messages = self.consent.message_ids
        self.consent.write({"accepted": False, "state": "answered"})
        self.env.cr.flush()
        self.assertEqual(self.consent.answered_by, "subject")
        self.assertTrue(self.consent.last_metadata)
        self.assertEqual(self.consent.message_ids, messages)

    def test_equal_values_keep_the_status(self):
        press(self.consent, True)
        press(self.consent, False)
        self.consent.write({"accepted": False, "state": "answered"})
        self.env.flush_all()
        self.assertEqual(self.consent.status, "withdrawn")

    def test_several_at_once_each_by_its_own_state(self):
        answered = self.consent_of(self.luc).with_user(self.manager)
        press(answered, False)
        (self.consent + answered).accepted = True
        self.assertFalse(self.consent.answer_date)
        self.assertTrue(answered.answer_date)

    def test_answer_is_not_handed_to_somebody_else(self):
        other = self.activity.copy({"name": "Survey"})
        for answered in (False, True):
            if answered:
                press(self.consent, True)
            for values in ({"partner_id": self.mute.id}, {"activity_id": other.id}):
                for who in (self.consent, self.consent.sudo()):
                    with self.assertRaisesRegex(UserError, "somebody else"):
                        who.write(values)

    def test_import(self):
        result = (
            self.env["privacy.consent"]
            .with_user(self.manager)
            .load(
                ["partner_id/.id", "activity_id/.id", "state", "accepted"],
                [[str(self.mute.id), str(self.activity.id), "answered", "True"]],
            )
        )
        self.assertFalse(result["messages"])
        self.assertEqual(self.consent_of(self.mute).answered_by, "staff")

    def test_server_action(self):
        self.activity.server_action_id = self.env["ir.actions.server"].create(
            {
                "name": "Take it back",
                "model_id": self.env.ref("privacy_consent.model_privacy_consent").id,
                "state": "code",
                "code": "if record.accepted: record.write({'accepted': False})",
            }
        )
        press(self.consent, True)
        self.assertFalse(self.consent.accepted)
        self.assertEqual(self.consent.answered_by, "system")
        subtypes = self.consent.message_ids.subtype_id
        self.assertIn(self.changed, subtypes, "the subject's answer is in the history")

    def test_staff_calling_the_door_for_subjects(self):
        self.consent.action_answer(True, "by phone")
        self._assert_recorded_as_staffs()

    def test_same_person_twice(self):
        consents = self.env["privacy.consent"]
        with (
            self.assertRaises(IntegrityError) as error,
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            consents.create(
                {"partner_id": self.ann.id, "activity_id": self.activity.id}
            )
        # Odoo shows this to a client instead of the database's words.
        message = consents._sql_error_to_message(error.exception)
        self.assertIn("already been asked", message)
