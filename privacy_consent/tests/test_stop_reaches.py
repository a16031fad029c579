# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every way to stop reaches every way to ask."""

from odoo.tests import new_test_user

from .answers import press, set_fact
from .planned import WAYS, PlannedCase


class TestStopReaches(PlannedCase):
    def _stops(self, stop, cause, ways=WAYS):
        """Check that a way to stop reaches every way to ask.

        :param stop: does it
        :param str cause: what the request says then
        :param ways: to ask
        """
        for way in ways:
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                getattr(self, way)(self.consent)
                open_state = self.request().state
                self.assertIn(open_state, ("planned", "waiting"))
                stop()
                self.assertEqual(self.state(), ("cancelled", cause))
                self.assertTrue(self.request().ended_date)
                self._nothing_is_left()
                self.assertFalse(self.tomorrow())
                savepoint.rollback()
                self.env.invalidate_all()

    def _nothing_is_left(self):
        self.assertFalse(self.env["mail.scheduled.message"].search([]))
        self.assertFalse(self.env["mail.message.schedule"].search([]))
        asking = [("model", "=", "privacy.consent"), ("state", "=", "outgoing")]
        self.assertFalse(self.env["mail.mail"].search(asking))

    def test_nothing_stops_it(self):
        for way in WAYS:
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                getattr(self, way)(self.consent)
                self.assertEqual(len(self.tomorrow()), 1)
                self.assertEqual(self.state(), ("delivered", False))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_stop(self):
        def stop():
            activity = self.activity.with_user(self.manager)
            message = activity.action_stop_asking()["params"]["message"]
            self.assertIn("Requests cancelled: 1.", message)
            self.assertIn("this moment: 0.", message)

        self._stops(stop, "stopped", (*WAYS, "ask_fresh"))

    def test_consent_archived(self):
        self._stops(lambda: self.consent.action_archive(), "archived")

    def test_contact_archived(self):
        self._stops(lambda: self.ann.action_archive(), "contact")

    def test_activity_archived(self):
        def stop():
            self.activity.action_archive()
            self.assertIn("Requests cancelled: 1.", self.activity.message_ids[0].body)

        self._stops(stop, "off")

    def test_activity_switched_off(self):
        def stop():
            self.activity.consent_required = False
            self.assertIn("Requests cancelled: 1.", self.activity.message_ids[0].body)

        self._stops(stop, "off")

    def test_contacts_merged(self):
        self.other.action_answer(True)

        def stop():
            wizard = self.env["base.partner.merge.automatic.wizard"].create({})
            wizard._merge((self.ann + self.luc).ids, self.luc)

        self._stops(stop, "merged")

    def test_account_deleted(self):
        user = new_test_user(
            self.env, "ann", groups="base.group_portal", partner_id=self.ann.id
        )
        self._stops(lambda: user._deactivate_portal_user(), "contact")

    def test_answer_of_the_subject(self):
        self._stops(lambda: press(self.consent, True), "answered")

    def test_answer_recorded_by_staff(self):
        self._stops(
            lambda: self.consent.write({"accepted": False, "answer_channel": "phone"}),
            "answered",
        )

    def test_confirmed_answer(self):
        """Who was asked because a program may have answered, and did not."""
        press(self.consent, True)
        set_fact(self.consent, suspected_automated=True)
        self._stops(lambda: self.consent._confirm_answer("By phone"), "answered")

    def test_locked_proof(self):
        day = self.later(days=9).date()
        self._stops(lambda: self.consent._lock_proof(day, "A claim"), "locked")


class TestDoesNotStop(PlannedCase):
    def _leaves(self, event):
        """Check that something stops none of the ways to ask."""
        for way in WAYS:
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                getattr(self, way)(self.consent)
                before = self.request()
                event()
                self.assertEqual(self.request(), before)
                self.assertIn(before.state, ("planned", "waiting"))
                self.assertEqual(len(self.tomorrow()), 1)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_nothing(self):
        self._leaves(lambda: None)

    def test_answer_of_a_program(self):
        def answer():
            press(self.consent, True, agent="curl/8.0")
            self.assertTrue(self.consent.suspected_automated)

        self._leaves(answer)

    def test_older_answer(self):
        """The one that counts is from before the request."""
        with self.at(self.later(hours=-1)):
            press(self.consent, True)

        def answer():
            long_ago = self.later(days=-30)
            self.consent.write(
                {
                    "accepted": False,
                    "answer_channel": "paper",
                    "answer_date": long_ago,
                }
            )
            self.assertTrue(self.consent.accepted)

        self._leaves(answer)

    def test_answer_about_something_else(self):
        other = self.activity.copy({"name": "Other"})
        self.generate(other)
        self._leaves(lambda: press(self.consent_of(self.ann, other), False))

    def test_stop_of_another_activity(self):
        other = self.activity.copy({"name": "Other"})
        self._leaves(other.action_stop_asking)


class TestAfterwards(PlannedCase):
    def _press_fresh(self):
        self.consent.sudo()._ask_again()

    def test_unarchived(self):
        """Nothing comes back by itself; the person may be asked anew."""
        for way in WAYS:
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                getattr(self, way)(self.consent)
                self.consent.action_archive()
                self.consent.action_unarchive()
                self.assertFalse(self.tomorrow())
                self.template.scheduled_date = False
                self.consent.action_auto_ask()
                self.assertEqual(len(self.run_queue()), 1)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_continued(self):
        """Continue asks also those whose planned request was stopped."""
        self.activity.consent_required = "auto"
        self.send_later(self.consent)
        self.activity.action_stop_asking()
        self.activity.action_continue_asking()
        self.assertEqual(len(self.run_queue()), 2)

    def test_fresh_request(self):
        self._press_fresh()
        request = self.request()
        self.assertEqual((request.kind, request.state), ("fresh", "waiting"))

    def test_fresh_request_about_what_is_not_asked(self):
        for stop in (
            self.activity.action_stop_asking,
            self.activity.action_archive,
            lambda: self.activity.write({"consent_required": False}),
            self.consent.action_archive,
            self.ann.action_archive,
        ):
            with self.subTest(stop), self.env.cr.savepoint() as savepoint:
                stop()
                self._press_fresh()
                self.assertFalse(self.request())
                self.assertFalse(self.run_queue())
                savepoint.rollback()
                self.env.invalidate_all()

    def test_fresh_request_while_one_is_planned(self):
        self.send_later(self.consent)
        self._press_fresh()
        self.assertEqual(self.request().state, "planned")
        self.assertFalse(self.run_queue())
        self.assertEqual(len(self.tomorrow()), 1)
