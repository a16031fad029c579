# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What follows a delivery or an answer: one that fails breaks no other."""

from unittest.mock import patch

from odoo.tools import mute_logger

from .answers import deliver, press
from .common import ConsentCase

_LOGGER = "odoo.addons.privacy_consent.models.privacy_consent_effects"


class TestEffects(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.action = cls.env["ir.actions.server"].create(
            {
                "name": "Note it",
                "model_id": cls.env.ref("privacy_consent.model_privacy_consent").id,
                "state": "code",
                "code": "subject = record.partner_id\n"
                "if subject.name == 'Poison':\n"
                "    raise UserError('printer\\0on fire')\n"
                "subject.write({'function': (subject.function or '') + 'x'})",
            }
        )
        cls.activity.server_action_id = cls.action
        cls.follower = cls._create_subject("Follower", "follower@example.com")
        cls.follower.category_id = False

    def follow(self):
        """Have somebody follow what happens to the consents that come."""
        subtypes = self.env["mail.message.subtype"]
        for name in ("acceptance_changed", "state_changed"):
            subtypes += self.env.ref(f"privacy_consent.mt_activity_{name}")
        self.activity.message_subscribe(self.follower.ids, subtypes.ids)

    def test_end_of_the_time_of_a_run(self):
        """What is left is done as soon as other scheduled actions had their turn."""
        self.generate()
        for consent in self.consent_of(self.ann) + self.consent_of(self.luc):
            deliver(consent)
        crons = type(self.env["ir.cron"])
        scheduled = self.env["privacy.consent"].with_context(ir_cron_progress_id=1)
        with (
            patch.object(crons, "_commit_progress", lambda *_args, **_kwargs: 0),
            self.assert_wakes("privacy_consent.cron_effects"),
        ):
            scheduled._cron_effects()
        self.assertEqual(self.consent_of(self.ann).state, "sent")

    def crowd(self, count):
        """Ask a crowd, the last of which is poisoned.

        :return: their consents
        """
        self.ann.category_id = self.luc.category_id = False
        for i in range(count - 1):
            self._create_subject(f"Subject {i}", f"subject{i}@example.com")
        self._create_subject("Poison", "poison@example.com")
        return self.generate()

    def failing_follower(self, name="Poison"):
        """:return: a context manager in which telling followers of one consent fails"""
        consents = type(self.env["privacy.consent"])
        notify = consents._notify_thread_by_email

        def fail(consent, *args, **kwargs):
            if consent.partner_id.name == name:
                raise ValueError("no stamps left")
            return notify(consent, *args, **kwargs)

        return patch.object(consents, "_notify_thread_by_email", fail)

    def told(self):
        """:return: the names of those of whom the follower was told by mail"""
        mails = self.env["mail.mail"].search([("recipient_ids", "=", self.follower.id)])
        consents = self.env["privacy.consent"]
        return [consents.browse(mail.res_id).partner_id.name for mail in mails]

    def kinds(self, consent):
        return consent.event_ids.sorted("id").mapped("kind")

    def requests(self, consents):
        return consents.sudo().request_ids

    @mute_logger(_LOGGER)
    def test_one_failing_action_in_a_batch(self):
        consents = self.crowd(40)
        self.assertEqual(len(self.run_queue()), 40)
        poison = consents.filtered(lambda one: one.partner_id.name == "Poison")
        self.assertEqual(set(consents.mapped("state")), {"sent"})
        self.assertEqual(consents.filtered("action_due"), poison)
        self.assertIn("printer\ufffdon fire", poison.action_error)
        self.assertEqual(set((consents - poison).partner_id.mapped("function")), {"x"})
        self.assertFalse(any(self.requests(consents).mapped("effects_due")))
        consents._cron_effects()
        self.assertTrue(poison.action_due)
        poison.partner_id.name = "Cured"
        consents._cron_effects()
        self.assertFalse(poison.action_due)
        self.assertFalse(poison.action_error)
        self.assertEqual(set(consents.partner_id.mapped("function")), {"x"})

    @mute_logger(_LOGGER)
    def test_one_failing_follower_in_a_batch(self):
        self.activity.server_action_id = False
        self.follow()
        consents = self.crowd(40)
        with self.failing_follower():
            self.run_queue()
        poison = consents.filtered(lambda one: one.partner_id.name == "Poison")
        changed = self.env.ref("privacy_consent.mt_consent_state_changed")
        self.assertEqual(set(consents.mapped("state")), {"sent"})
        for consent in consents:
            self.assertEqual(self.kinds(consent), ["requested"])
            self.assertEqual(consent.message_ids[0].subtype_id, changed)
        self.assertIn("no stamps left", poison.action_error)
        self.assertFalse(any((consents - poison).mapped("action_error")))
        told = self.told()
        self.assertEqual(len(told), 39)
        self.assertNotIn("Poison", told)
        poison.partner_id.name = "Cured"
        consents._cron_effects()
        self.assertEqual(self.told().count("Cured"), 1)
        self.assertEqual(len(self.told()), 40)
        self.assertFalse(poison.action_error)
        self.assertEqual(poison.action_attempts, 0)

    @mute_logger(_LOGGER)
    def test_failing_follower_of_an_answer(self):
        self.activity.server_action_id = False
        self.follow()
        consent = self.crowd(1)
        self.run_queue()
        before = len(self.told())
        with self.failing_follower():
            press(consent, True)
            self.assertEqual(consent.status, "given")
            self.assertEqual(self.kinds(consent), ["requested", "given"])
            last = consent.message_ids[0]
            self.assertEqual(last.author_id, consent.partner_id)
            self.assertIn("no stamps left", consent.action_error)
            for _i in range(20):
                consent._cron_effects()
        self.assertEqual(len(self.told()), before)
        self.assertEqual(consent.action_attempts, 10, "not for ever")
        self.assertFalse(consent.notices_due)
        self.assertTrue(consent.action_error)

    @mute_logger(_LOGGER)
    def test_failing_follower_does_not_repeat_the_action(self):
        self.follow()
        consent = self.crowd(1)
        consent.partner_id.name = "Ok"
        self.run_queue()
        consent.partner_id.function = False
        with self.failing_follower("Ok"):
            press(consent, True)
            consent._cron_effects()
        self.assertFalse(consent.action_due)
        consent.with_user(self.manager).action_run_again()
        self.assertFalse(consent.action_error)
        self.assertEqual(consent.partner_id.function, "x")
        self.assertEqual(self.told(), ["Ok"] * 2, "of the delivery and of the answer")

    @mute_logger(_LOGGER)
    def test_failing_action_is_not_repeated_for_ever(self):
        consent = self.crowd(1)
        press(consent, False)
        for _i in range(20):
            consent._cron_effects()
        self.assertEqual(consent.action_attempts, 10)
        self.assertFalse(consent.action_due)
        self.assertTrue(consent.action_error)

    @mute_logger(_LOGGER)
    def test_action_that_is_chosen_no_more(self):
        consent = self.crowd(1)
        press(consent, False)
        self.activity.server_action_id = False
        consent._cron_effects()
        self.assertFalse(consent.action_due)
        self.assertFalse(consent.action_error)

    @mute_logger(_LOGGER)
    def test_one_auto_deleted_mail_in_a_batch(self):
        consents = self.crowd(3)
        mails = self.requests(consents).mail_id
        mails[0].auto_delete = True
        self.assertEqual(len(self.run_queue()), 3)
        self.assertEqual(set(consents.mapped("state")), {"sent"})
        self.assertTrue(self.requests(consents)[0].message_id.exists())

    @mute_logger(_LOGGER)
    def test_one_deleted_consent_in_a_batch(self):
        consents = self.crowd(3)
        first = consents[0]
        with patch.object(type(self.requests(consents)), "_follow_noted"):
            self.run_queue()
        first._erase("wished")
        self.assertFalse(first.exists())
        rest = consents.exists()
        rest._cron_effects()
        self.assertEqual(set(rest.mapped("state")), {"sent"})
        self.assertFalse(any(self.requests(rest).mapped("effects_due")))

    @mute_logger(_LOGGER)
    def test_before_the_end_of_the_transaction(self):
        """Tests of other addons expect the state at once."""
        consents = self.crowd(2)
        with patch.object(type(self.requests(consents)), "_follow_noted"):
            self.run_queue()
        self.assertEqual(set(consents.mapped("state")), {"sent"})
        consents._cron_effects()
        for consent in consents:
            self.assertIn("Request delivered", consent.message_ids[0].body)
            self.assertEqual(self.kinds(consent), ["requested"])

    @mute_logger(_LOGGER)
    def test_answer_before_what_follows_the_delivery(self):
        consents = self.crowd(1)
        with patch.object(type(self.requests(consents)), "_follow_at_commit"):
            self.run_queue()
        self.assertEqual(consents.state, "draft")
        press(consents, True)
        consents._cron_effects()
        self.assertEqual(self.kinds(consents), ["requested", "given"])
        self.assertEqual((consents.state, consents.status), ("answered", "given"))
        self.assertFalse(any(self.requests(consents).mapped("effects_due")))

    def test_nobody_is_asked_at_another_address_after_an_answer(self):
        self.ann.email = "ann@example.com, other@example.com"
        self.generate()
        consent = self.consent_of(self.ann)
        request = self.requests(consent)
        request.mail_id.write({"state": "exception", "failure_reason": "550 nobody"})
        with self.at(self.later(minutes=1)):
            consent.action_answer(False)
            consent._cron_effects()
        self.assertEqual(self.requests(consent), request)

    def test_followers_of_one_consent_follow_no_other(self):
        """Somebody who follows a contact follows what this person is asked."""
        subtype = self.env["mail.message.subtype"]
        parent = self.env.ref("privacy_consent.mt_consent_state_changed")
        subtype.create(
            {
                "name": "Consent of the contact",
                "res_model": "res.partner",
                "parent_id": parent.id,
                "relation_field": "partner_id",
                "default": True,
            }
        )
        first = self.env["res.partner"].search(
            [("category_id", "=", self.marker.id)], order="id", limit=1
        )
        first.message_subscribe(self.follower.ids)
        consents = self.generate()
        manager = self.manager.partner_id
        for consent in consents:
            expected = manager
            if consent.partner_id == first:
                expected += self.follower
            self.assertEqual(consent.message_partner_ids, expected)
