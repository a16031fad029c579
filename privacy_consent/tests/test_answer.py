# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The one door for answers, and what it leaves behind."""

from odoo.tests import RecordCapturer

from .answers import press
from .common import ConsentCase


class TestAnswer(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.changed = cls.env.ref("privacy_consent.mt_consent_acceptance_changed")
        cls.generate()
        cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)

    def _answer(self, answer, moment="2026-03-01 10:00:00"):
        with self.at(moment):
            press(self.consent, answer)

    def test_accept(self):
        self._answer(True)
        self.assertTrue(self.consent.accepted)
        self.assertEqual(self.consent.state, "answered")
        self.assertEqual(str(self.consent.answer_date), "2026-03-01 10:00:00")
        self.assertIn("192.0.2.7", self.consent.last_metadata)

    def test_answer_equal_to_the_default_is_still_an_answer(self):
        self._answer(False)
        self.assertFalse(self.consent.accepted)
        self.assertEqual(self.consent.state, "answered")
        self.assertEqual(self.consent.message_ids[0].subtype_id, self.changed)

    def test_change_of_mind(self):
        self._answer(True)
        self._answer(False, "2026-03-05 11:00:00")
        self.assertFalse(self.consent.accepted)
        self.assertEqual(str(self.consent.answer_date), "2026-03-05 11:00:00")
        answers = self.consent.message_ids.filtered(
            lambda message: message.subtype_id == self.changed
        )
        self.assertEqual(len(answers), 2, "the history keeps both")

    def test_change_of_mind_within_a_second(self):
        self._answer(True)
        self._answer(False)
        answers = self.consent.message_ids.filtered(
            lambda message: message.subtype_id == self.changed
        )
        self.assertEqual(len(answers), 2)

    def test_status_tells_a_withdrawal_from_a_refusal(self):
        self.assertEqual(self.consent.status, "requested")
        steps = ["refused", "given", "withdrawn", "withdrawn", "given"]
        for day, status in enumerate(steps, start=1):
            self._answer(status == "given", f"2026-03-0{day} 10:00:00")
            self.assertEqual(self.consent.status, status)

    def test_history_names_the_subject(self):
        self._answer(True)
        message = self.consent.message_ids[0]
        self.assertEqual(message.subtype_id, self.changed)
        self.assertEqual(message.author_id, self.ann)

    def test_followers_who_subscribed_are_told(self):
        subtype = self.env.ref("privacy_consent.mt_activity_acceptance_changed")
        self.activity.message_subscribe(self.reader.partner_id.ids, subtype.ids)
        new = self._create_subject("Zoe", "zoe@example.com")
        self.generate()
        self.run_queue()
        press(self.consent_of(new), True)
        self.assertEqual(
            [mail.to for mail in self.run_queue()], [["reader@example.com"]]
        )

    def test_follower_gets_no_mail_by_default(self):
        with RecordCapturer(self.env["mail.mail"]) as mails:
            self._answer(True)
        self.assertFalse(mails.records)

    def test_answered_consents_stay(self):
        self._answer(False)
        with self.assertRaisesRegex(Exception, "Archive it instead"):
            self.consent.with_user(self.manager).unlink()
