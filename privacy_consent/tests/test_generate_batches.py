# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Generating in batches: who comes next, what is told, stop and continue."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from .answers import deliver
from .common import ConsentCase

BATCH_SIZE = "privacy_consent.batch_size"


class TestGenerateBatches(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param(BATCH_SIZE, "2")
        for number in range(4):
            cls._create_subject(f"More {number}", f"more{number}@example.com")

    def _run(self, activity=None):
        return self.env["privacy.activity.generation"].search(
            [("activity_id", "=", (activity or self.activity).id)]
        )

    def _work_in_background(self):
        self.env["privacy.activity"]._cron_continue_consents()
        self.env.flush_all()
        self.env.invalidate_all()

    def _requests(self, state="outgoing"):
        consents = self.activity.consent_ids.ids
        return self.env["mail.mail"].search(
            [
                ("model", "=", "privacy.consent"),
                ("res_id", "in", consents),
                ("state", "=", state),
            ]
        )

    def _told(self, activity=None):
        subtype = self.env.ref("privacy_consent.mt_activity_consent_new")
        messages = (activity or self.activity).message_ids
        return [
            message.preview for message in messages if message.subtype_id == subtype
        ]

    def test_first_batch_at_once_the_rest_in_the_background(self):
        self.assertEqual(self.generate().partner_id, self.ann + self.luc)
        self.assertEqual(self.activity.asking_state, "running")
        self.assertEqual(self._told(), [], "not before the run is finished")
        self._work_in_background()
        self.assertEqual(self.activity.consent_count, 6)
        self.assertEqual(len(self._requests()), 6)
        self.assertEqual(self._told(), ["6 people asked."])
        self.assertEqual(
            self.activity.message_ids[0].author_id, self.manager.partner_id
        )
        self.assertEqual(self.activity.asking_state, "waiting")
        self.run_queue()
        self.assertFalse(self.activity.asking_state)
        self.assertEqual(self._run().last_partner_id, 0, "as if it never ran")

    def test_statements_of_a_batch(self):
        """None that each consent of a batch takes again."""
        self.env["ir.config_parameter"].set_param(BATCH_SIZE, "500")
        counts = []
        for batch in range(3):
            for number in range(10 * (batch + 1)):
                name = f"Batch {batch} {number}"
                self._create_subject(name, f"{batch}.{number}@example.com")
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.generate()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLess(counts[2], counts[1] + 10)

    def test_rest_sees_what_the_user_sees(self):
        """And nobody else: the scheduled action's own rights play no part."""
        hidden = self._create_subject("Hidden", "hidden@example.com")
        self.env["ir.rule"].create(
            {
                "name": "Hide one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {hidden.id})]",
            }
        )
        self.generate()
        self._work_in_background()
        self.assertFalse(self.consent_of(hidden))
        self.assertEqual(self.activity.consent_ids.create_uid, self.manager)

    def test_followers_of_every_batch(self):
        self.generate()
        self._work_in_background()
        partner = self.manager.partner_id
        self.assertEqual(len(self.activity.consent_ids), 6)
        subtypes = {
            consent.message_follower_ids.subtype_ids
            for consent in self.activity.consent_ids
            if consent.message_partner_ids == partner
        }
        self.assertEqual(len(self.activity.consent_ids.message_follower_ids), 6)
        self.assertEqual(len(subtypes), 1, "each with the same subtypes")
        self.assertTrue(subtypes.pop())

    def test_creation_message_in_every_batch(self):
        self.activity.consent_required = "manual"
        self.generate()
        self._work_in_background()
        new = self.env.ref("privacy_consent.mt_consent_consent_new")
        for consent in self.activity.consent_ids:
            self.assertEqual(consent.message_ids.subtype_id, new)
        self.assertEqual(self._told(), ["6 people to be asked by hand."])

    def test_who_starts_to_match_later_is_asked_by_the_next_run(self):
        self.ann.email = False
        self.generate()
        self.ann.email = "ann@example.com"
        self._work_in_background()
        self.assertFalse(self.consent_of(self.ann), "the run had passed her")
        self.assertEqual(self.generate().partner_id, self.ann)

    def test_small_activity_is_not_starved(self):
        small = self.activity.copy(
            {"subject_domain": f"[('id', '=', {self.ann.id})]", "name": "Small"}
        )
        order = []
        run = self._run()
        self.env["privacy.activity.generation"]._begin(self.activity + small)
        while looked := run._take_turns():
            order.append(
                (self.activity.consent_count, small.consent_count, looked),
            )
            self.env.invalidate_all()
        self.assertLess(
            order.index(next(one for one in order if one[1])),
            len(order) - 1,
            "the small one has had its turn before the large one was finished",
        )
        self.assertEqual(self.activity.consent_count, 6)

    def test_daily_action_begins_and_continues(self):
        self.generate()
        other = self.activity.copy({"name": "Other"})
        self.env["privacy.activity"]._cron_new_consents()
        self.assertEqual(self.activity.consent_count, 6)
        self.assertEqual(other.consent_count, 6)
        self.assertFalse(any((self._run() + self._run(other)).mapped("pending")))

    def test_pressing_again_while_it_runs(self):
        self.generate()
        self.assertEqual(len(self.generate()), 2)
        self._work_in_background()
        self.assertEqual(self.activity.consent_count, 6)
        self.assertEqual(len(self._requests()), 6)
        self.assertEqual(self._told(), ["6 people asked."])

    def test_archived_or_changed_meanwhile(self):
        for change in ({"active": False}, {"consent_required": False}):
            activity = self.activity.copy()
            self.generate(activity)
            activity.write(change)
            self._work_in_background()
            with self.subTest(change=change):
                self.assertEqual(activity.consent_count, 2)
                self.assertFalse(self._run(activity).pending)
                self.assertFalse(activity.asking_error)

    def test_rights_withdrawn_meanwhile(self):
        self.generate()
        self.manager.group_ids -= self.env.ref("privacy.group_data_protection_manager")
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            self._work_in_background()
        self.assertEqual(self.activity.consent_count, 2)
        self.assertIn("enough rights", self.activity.asking_error)
        self.assertIn("could not be generated", self.activity.message_ids[1].body)

    def test_template_deleted_meanwhile(self):
        self.generate()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE privacy_activity SET consent_template_id = NULL WHERE id = %s",
            [self.activity.id],
        )
        self.env.invalidate_all()
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            self._work_in_background()
        self.assertEqual(self.activity.consent_count, 2)
        self.assertIn("Choose an e-mail template", self.activity.asking_error)
        # and when it is mended
        self.activity.consent_template_id = self.template
        self.generate()
        self._work_in_background()
        self.assertEqual(self.activity.consent_count, 6)
        self.assertFalse(self.activity.asking_error)

    def test_the_same_failure_is_told_once(self):
        self.env["ir.config_parameter"].set_param(BATCH_SIZE, "none")
        for _day in range(2):
            with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
                self.env["privacy.activity"]._cron_new_consents()
        told = [
            message
            for message in self.activity.message_ids
            if "could not be generated" in (message.body or "")
        ]
        self.assertEqual(len(told), 1)

    def test_batch_size_that_cannot_be_used(self):
        for size in ("0", "-1", "1000000000", "many", "1.5"):
            self.env["ir.config_parameter"].set_param(BATCH_SIZE, size)
            with (
                self.subTest(size=size),
                self.assertRaisesRegex(UserError, "whole number between 1 and"),
            ):
                self.generate()
            self.assertFalse(self.activity.consent_ids)

    def test_conditions_in_a_template(self):
        """One compiled template serves all, and still looks at each record."""
        self.env["ir.config_parameter"].set_param(BATCH_SIZE, "100")
        self.template.body_html = (
            "<p t-if=\"object.partner_id.name == 'Ann'\">Dear Ann</p>"
            '<p t-else="">Hello <t t-out="object.partner_id.name"/></p>'
            '<a href="/privacy/consent/accept/">Yes</a>'
            '<a href="/privacy/consent/reject/">No</a>'
        )
        french = self.template.with_context(lang="fr_FR")
        french.body_html = french.body_html.replace("Hello", "Bonjour")
        self.generate()
        bodies = {mail.recipient_ids: mail.body_html for mail in self._requests()}
        self.assertIn("Dear Ann", bodies[self.ann])
        self.assertIn("Bonjour Luc", bodies[self.luc])
        self.assertEqual(sum("Hello More" in body for body in bodies.values()), 4)

    # Before -----------------------------------------------------------------------

    def _confirm(self):
        action = self.activity.with_user(self.manager).action_confirm_new_consents()
        return (
            self.env["privacy.consent.ask"]
            .with_user(self.manager)
            .browse(action.get("res_id"))
        )

    def test_confirmation_tells_how_many_and_until_when(self):
        with self.at("2026-05-01 12:00:00"):
            wizard = self._confirm()
            self.assertEqual(wizard.subject_count, 6)
            self.assertEqual(str(wizard.last_mail_date), "2026-05-01 12:00:01")
        self.assertFalse(self.activity.consent_ids, "nobody is asked before")
        self.assertEqual(
            wizard.action_ask(),
            {"type": "ir.actions.act_window_close"},
            "the progress bar shows the rest",
        )
        self._work_in_background()
        self.assertEqual(self.activity.consent_count, 6)

    def test_confirmation_shows_the_consents_of_a_small_activity(self):
        self.env["ir.config_parameter"].set_param(BATCH_SIZE, "100")
        action = self._confirm().action_ask()
        consents = self.env["privacy.consent"].search(action["domain"])
        self.assertEqual(len(consents), 6)

    def test_nobody_to_ask(self):
        self.env["ir.config_parameter"].set_param(BATCH_SIZE, "100")
        self.generate()
        action = self.activity.action_confirm_new_consents()
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("Nobody new to ask", action["params"]["message"])

    def test_readers_neither_start_nor_stop(self):
        activity = self.activity.with_user(self.reader)
        for method in (
            "action_confirm_new_consents",
            "action_continue_asking",
            "action_stop_asking",
        ):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(activity, method)()

    # After ------------------------------------------------------------------------

    def test_progress(self):
        activity = self.activity.with_user(self.reader)
        nothing = dict.fromkeys(
            (
                "generated",
                "sent",
                "unanswered",
                "answered",
                "given",
                "refused",
                "failed",
            ),
            0,
        )
        self.assertEqual(
            activity.consent_progress(), {"state": False, "eligible": 0, **nothing}
        )
        self.generate()
        self.assertEqual(
            activity.consent_progress(),
            {**nothing, "state": "running", "eligible": 6, "generated": 2},
        )
        self.run_queue()
        self.consent_of(self.ann).action_answer(True)
        self.assertEqual(
            activity.consent_progress(),
            {**nothing, "state": "running", "eligible": 6, "generated": 2}
            | {"sent": 2, "unanswered": 1, "answered": 1, "given": 1},
        )
        self._work_in_background()
        self.assertEqual(
            activity.consent_progress(),
            {**nothing, "state": "waiting", "eligible": 6, "generated": 6}
            | {"sent": 2, "unanswered": 1, "answered": 1, "given": 1},
        )

    def test_stop_and_continue(self):
        self.generate()
        self.run_queue()
        self.generate()
        action = self.activity.with_user(self.manager).action_stop_asking()
        self.assertIn("cancelled: 2.", action["params"]["message"])
        self.assertIn("moment: 2.", action["params"]["message"])
        self.assertEqual(self.activity.asking_state, "stopped")
        self.assertEqual(len(self._requests("cancel")), 2)
        self.assertFalse(self._requests())
        # nobody is asked by the scheduled actions
        self._work_in_background()
        self.env["privacy.activity"]._cron_new_consents()
        self.assertEqual(self.activity.consent_count, 4)
        self.assertEqual(self.activity.asking_state, "stopped")
        # continue
        wizard = self._confirm()
        self.assertEqual((wizard.subject_count, wizard.unasked_count), (2, 2))
        wizard.action_ask()
        self._work_in_background()
        self.run_queue()
        self.assertEqual(self._told(), ["6 people asked."])
        self.assertEqual(self.activity.consent_count, 6)
        self.assertEqual(set(self.activity.consent_ids.mapped("state")), {"sent"})
        self.assertEqual(len(self._requests("sent")), 6, "each asked once")

    def test_delivered_a_moment_ago(self):
        """Who has got a request is not asked again before the consent says so."""
        self.generate()
        consent = self.consent_of(self.ann)
        deliver(consent)
        self.assertEqual(consent.state, "draft")
        self.generate()
        self._work_in_background()
        self.assertEqual(len(consent.request_ids), 1)
        action = self.activity.with_user(self.manager).action_stop_asking()
        self.assertIn("cancelled: 5.", action["params"]["message"])
        self.assertIn("moment: 1.", action["params"]["message"])
        self.activity.with_user(self.manager).action_continue_asking()
        self._work_in_background()
        self.assertEqual(len(consent.request_ids), 1)
        self.activity.consent_ids.with_user(self.manager).action_manual_ask()
        self.assertEqual(len(consent.request_ids), 1)
        self.assertEqual(consent.state, "sent")

    def test_failed_at_this_address(self):
        """Whom no server reached is asked again at another address, and once there."""
        self.generate()
        self._work_in_background()
        ann, luc = self.consent_of(self.ann), self.consent_of(self.luc)
        ann.request_ids.mail_id.write({"state": "exception", "failure_reason": "550"})
        deliver(luc)
        luc.request_ids._follow()
        luc.request_ids._bounced(True, "550", fields.Datetime.now())
        (ann + luc).request_ids._follow()
        self.assertEqual((ann.state, luc.state), ("draft", "sent"))
        self.assertFalse(self.activity._consents_to_ask())
        for consent in ann + luc:
            consent.partner_id.email = "right@example.com"
            self.assertEqual(self.activity._consents_to_ask(), consent)
            self.assertEqual(self.activity._count_consents_to_ask(), 1)
            self.activity.action_new_consents()
            self.assertEqual(len(consent.request_ids), 2)
            self.assertFalse(self.activity._consents_to_ask())

    def test_cancelled(self):
        """Whose request was cancelled is asked again, but no archived contact."""
        self.generate()
        self._work_in_background()
        (self.consent_of(self.ann) + self.consent_of(self.luc)).request_ids._cancel(
            "mail"
        )
        self.luc.active = False
        self.assertEqual(self.activity._consents_to_ask(), self.consent_of(self.ann))

    def test_stopped_in_the_middle_of_a_batch(self):
        """What another transaction had not committed yet is cancelled afterwards."""
        self.generate()
        self.activity.asking_stopped = True
        self._work_in_background()
        self.assertFalse(self._requests())
        self.assertEqual(len(self._requests("cancel")), 2)
        self.assertFalse(self._run().pending)

    def test_continue_leaves_out_who_was_archived(self):
        self.generate()
        self.activity.with_user(self.manager).action_stop_asking()
        self.consent_of(self.ann).active = False
        self.assertFalse(self.consent_of(self.luc).action_auto_ask())
        with self.assertRaisesRegex(UserError, "press “Continue” there first"):
            self.generate()
        self.activity.with_user(self.manager).action_continue_asking()
        self._work_in_background()
        self.assertEqual(len(self._requests()), 5, "one to each but Ann")

    def test_continue_asks_whose_mail_staff_cancelled(self):
        """Whoever shall not be asked is archived: nobody else is forgotten."""
        self.generate()
        self._requests().filtered(lambda mail: mail.recipient_ids == self.ann).cancel()
        self.activity.with_user(self.manager).action_stop_asking()
        self.activity.with_user(self.manager).action_continue_asking()
        self._work_in_background()
        self.assertEqual(len(self._requests()), 6)
        causes = self.consent_of(self.ann).request_ids.mapped("cause")
        self.assertEqual(causes, [False, "mail"])

    def test_database_that_refuses_one_activity(self):
        """For a reason that is no conflict: on fresh data it would fail again."""
        refused = self.activity.copy({"name": "Refused"})
        self.env.flush_all()
        self.env.cr.execute(
            "CREATE UNIQUE INDEX one_only ON privacy_consent (activity_id)"
            " WHERE activity_id = %s",
            [refused.id],
        )
        with (
            mute_logger("odoo.sql_db"),
            self.assertLogs("odoo.addons.privacy_consent", "WARNING"),
        ):
            self.env["privacy.activity"]._cron_new_consents()
        self.assertIn("one_only", refused.asking_error)
        self.assertFalse(refused.consent_count)
        self.assertEqual(self.activity.consent_count, 6)

    def test_archived_activity_asks_nobody(self):
        self.activity.active = False
        self.assertFalse(self.generate())

    def test_progress_needs_the_right_to_read(self):
        somebody = self.env["res.users"].create({"name": "Clerk", "login": "clerk"})
        with self.assertRaises(AccessError):
            self.activity.with_user(somebody).consent_progress()

    def test_form(self):
        with Form(self.activity.with_user(self.manager)) as form:
            self.assertFalse(form.asking_state)

    def test_stop_when_nothing_was_begun(self):
        action = self.activity.with_user(self.manager).action_stop_asking()
        self.assertIn("cancelled: 0.", action["params"]["message"])
        with mute_logger("odoo.addons.privacy_consent"):
            self.env["privacy.activity"]._cron_new_consents()
        self.assertFalse(self.activity.consent_count)
