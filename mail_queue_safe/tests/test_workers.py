# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many workers the mail queue has, and how they stop."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import config


class TestWorkers(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.crons = cls.env["ir.cron"]
        cls.shipped = cls.crons._mail_queue_workers()
        cls.crons._set_mail_queue_workers(16)
        cls.workers = cls.crons._mail_queue_workers()
        cls.workers[1:].active = False

    def setUp(self):
        super().setUp()
        self.env["ir.cron.trigger"].search([]).unlink()

    def _set(self, count):
        self.env["res.config.settings"].create({"mail_queue_workers": count}).execute()
        self.env.invalidate_all()

    def _shown(self):
        return self.env["res.config.settings"].create({}).mail_queue_workers

    def _active(self):
        return [
            number
            for number, worker in enumerate(self.workers, start=1)
            if worker.active
        ]

    def _triggered(self):
        return [trigger.cron_id for trigger in self.env["ir.cron.trigger"].search([])]

    def _busy(self, workers):
        """Have these workers locked, as those that run are."""
        others = type(self.crons).try_lock_for_update

        def try_lock(crons, **options):
            return others(crons - workers, **options)

        return patch.object(type(self.crons), "try_lock_for_update", try_lock)

    def _running(self, worker):
        progress = self.env["ir.cron.progress"].create({"cron_id": worker.id})
        queue = self.env["mail.mail"].with_context(
            cron_id=worker.id, ir_cron_progress_id=progress.id
        )
        with patch.object(self.env.cr, "commit"):
            queue.process_email_queue()
        return progress

    def test_shipped(self):
        self.assertEqual(
            self.shipped, self.env.ref("mail.ir_cron_mail_scheduler_action")
        )
        self.assertEqual(self._shown(), 1)

    def test_created_when_they_are_wanted(self):
        self.workers[1:].unlink()
        self._set(3)
        workers = self.crons._mail_queue_workers()
        self.assertEqual(len(workers), 3)
        self.assertEqual(workers[0], self.workers[0])
        for number in (2, 3):
            worker = self.env.ref(f"mail_queue_safe.ir_cron_worker_{number}")
            self.assertEqual(worker, workers[number - 1])
            self.assertIn(f"worker {number}", worker.name)
            self.assertEqual(worker.user_id, self.env.ref("base.user_root"))
            self.assertEqual(worker.priority, 1000)
        self._set(1)
        self.assertEqual(self.crons._mail_queue_workers(), workers, "archived")
        self._set(2)
        self.assertEqual(workers.mapped("active"), [True, True, False])

    def test_created_again_after_somebody_deleted_one(self):
        self._set(4)
        self.workers[2].unlink()
        self.assertEqual(self._shown(), 3)
        self._set(16)
        self.assertEqual(self._shown(), 16)
        self.assertEqual(
            self.crons._mail_queue_workers()[2],
            self.env.ref("mail_queue_safe.ir_cron_worker_3"),
        )

    def test_created_actions_run_the_queue(self):
        mails = self.env["mail.mail"]
        for worker in self.workers[1:]:
            with patch.object(type(mails), "process_email_queue", autospec=True) as run:
                worker.ir_actions_server_id.run()
            run.assert_called_once()

    def test_an_upgrade_keeps_them(self):
        self._set(2)
        names = self.env["ir.model.data"].search([("module", "=", "mail_queue_safe")])
        files = names.filtered(lambda one: one.model != "ir.cron")
        self.assertEqual(len(names - files), 15)
        with patch.object(
            self.registry, "loaded_xmlids", set(files.mapped("complete_name"))
        ):
            self.env["ir.model.data"]._process_end(["mail_queue_safe"])
        self.assertEqual(self.crons._mail_queue_workers(), self.workers)
        self.assertEqual(self._active(), [1, 2])

    def test_more_and_fewer(self):
        self._set(4)
        self.assertEqual(self._active(), [1, 2, 3, 4])
        self.assertEqual(self._shown(), 4)
        self._set(16)
        self.assertEqual(self._active(), list(range(1, 17)))
        self._set(2)
        self.assertEqual(self._active(), [1, 2])
        self._set(1)
        self.assertEqual(self._active(), [1])

    def test_bad_numbers(self):
        settings = self.env["res.config.settings"].create({})
        for count in (0, 17, -1):
            with (
                self.subTest(count=count),
                self.assertRaisesRegex(
                    ValidationError, f"1 to 16 workers, not {count}"
                ),
            ):
                settings.mail_queue_workers = count
            with self.subTest(count=count), self.assertRaises(ValidationError):
                self._set(count)
        self.assertEqual(self._active(), [1])

    def test_who_may(self):
        user = new_test_user(
            self.env, "permissions", groups="base.group_user,base.group_erp_manager"
        )
        with self.assertRaises(AccessError):
            self.crons.with_user(user)._set_mail_queue_workers(2)
        admin = new_test_user(
            self.env, "settings", groups="base.group_user,base.group_system"
        )
        settings = self.env["res.config.settings"].with_user(admin)
        settings.create({"mail_queue_workers": 2}).execute()
        self.assertEqual(self._active(), [1, 2])

    def test_the_truth_is_shown(self):
        self._set(3)
        self.workers[0].active = False
        self.assertEqual(self._shown(), 2)
        self._set(2)
        self.assertEqual(self._active(), [2, 3], "saved without a change")
        self._set(3)
        self.assertEqual(self._active(), [1, 2, 3])

    def test_other_settings_while_all_are_archived(self):
        self.workers.active = False
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.mail_queue_workers, 0)
        self.assertIn("stands still", settings.mail_queue_workers_warning)
        settings.execute()
        self.assertEqual(self._active(), [])

    def test_warning(self):
        with patch.dict(config.options, {"max_cron_threads": 4}):
            settings = self.env["res.config.settings"].new({"mail_queue_workers": 3})
            self.assertFalse(settings.mail_queue_workers_warning)
            settings.mail_queue_workers = 4
            self.assertIn("at most 4", settings.mail_queue_workers_warning)
            self.assertIn("at least 5", settings.mail_queue_workers_warning)

    # Waking them ------------------------------------------------------------------

    def test_trigger(self):
        self.workers[2].active = True
        self.env["mail.mail"]._queue_trigger()
        self.assertEqual(set(self._triggered()), {self.workers[0], self.workers[2]})

    def test_trigger_by_odoo(self):
        """Odoo and other addons know the first worker only."""
        self.workers[1].active = True
        later = fields.Datetime.now() + timedelta(hours=1)
        self.workers[0]._trigger(at=[later, later + timedelta(hours=1)])
        self.assertEqual(self._triggered().count(self.workers[1]), 2, self._triggered())
        self.workers[1]._trigger()
        self.assertEqual(self._triggered().count(self.workers[0]), 2)

    def test_trigger_by_a_user_without_rights(self):
        self.workers[1].active = True
        user = new_test_user(self.env, "writer", groups="base.group_user")
        self.env["mail.mail"].with_user(user)._queue_trigger()
        self.assertIn(self.workers[1], self._triggered())

    def test_trigger_without_the_first(self):
        self.workers[1].active = True
        self.workers[0].active = False
        with patch.object(self.env.cr, "postcommit") as postcommit:
            self.env["mail.mail"]._queue_trigger()
        self.assertEqual(self._triggered(), [self.workers[1]])
        postcommit.add.assert_called_once()

    def test_trigger_is_cheap(self):
        self.env["mail.mail"]._queue_trigger()
        self.env.flush_all()
        counts = []
        for workers in (self.workers[:1], self.workers):
            workers.active = True
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["mail.mail"]._queue_trigger()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1, "of 1 and of 16 workers")

    # Stopping them ----------------------------------------------------------------

    def test_lowering_wakes_those_who_stay(self):
        self._set(3)
        self.env["ir.cron.trigger"].search([]).unlink()
        self._set(1)
        self.assertEqual(self._triggered(), [self.workers[0]])

    def test_lowering_while_a_worker_runs(self):
        self._set(3)
        with self._at(minutes=1), self._busy(self.workers[1]):
            self._set(1)
        self.assertEqual(self._active(), [1, 2])
        self.assertEqual(self._shown(), 1, "the second was asked to stop")
        mail = self.env["mail.mail"].create({"email_to": "a@example.com"})
        self.env["ir.cron.trigger"].search([]).unlink()
        progress = self._running(self.workers[1])
        self.assertTrue(progress.deactivate)
        self.assertEqual(progress.remaining, 0)
        self.assertEqual(mail.state, "outgoing", "it is left to the others")
        self.assertIn(self.workers[0], self._triggered())

    def test_worker_that_was_not_asked_goes_on(self):
        self._set(3)
        with self._at(minutes=1), self._busy(self.workers[1]):
            self._set(1)
        mails = type(self.env["mail.mail"])
        with patch.object(mails, "search", side_effect=ZeroDivisionError):
            with self.assertRaises(ZeroDivisionError):
                self._running(self.workers[0])

    def test_raising_before_a_worker_has_stopped(self):
        self._set(2)
        with self._at(minutes=1), self._busy(self.workers[1]):
            self._set(1)
        self._set(2)
        self.assertEqual(self._shown(), 2)
        self.assertFalse(self._running(self.workers[1]).deactivate)

    def test_activating_by_hand_after_a_stop(self):
        self._set(2)
        with self._at(minutes=1), self._busy(self.workers[1]):
            self._set(1)
        self.workers[1].active = False
        with self._at(minutes=2):
            self.workers[1].active = True
            self.env.flush_all()
        self.assertEqual(self._shown(), 2)
        self.assertFalse(self._running(self.workers[1]).deactivate)

    # Warnings ---------------------------------------------------------------------

    def _warning(self):
        user = new_test_user(self.env, "administrator", groups="base.group_system")
        return self.env["mail.mail"].with_user(user).queue_warning()

    def test_no_warning(self):
        self.workers[:2].active = True
        later = fields.Datetime.now() + timedelta(hours=1)
        self.workers[:2].nextcall = later
        self.assertIs(self._warning(), False)
        # one that runs is enough
        self.workers[0].nextcall = later - timedelta(days=1)
        self.assertIs(self.crons._mail_queue_warning(), False)

    def test_warning_of_archived_actions(self):
        self.workers.active = False
        self.assertIn("archived", self._warning())

    def test_warning_of_a_failing_action(self):
        self.workers[1].write({"active": True, "failure_count": 3})
        self.assertRegex(self._warning(), r"worker 2.* 3\)")

    def test_warning_that_nobody_runs_them(self):
        self.workers[0].nextcall = fields.Datetime.now() - timedelta(minutes=61)
        self.env["ir.cron.progress"].search([]).unlink()
        self.assertIn("max_cron_threads", self._warning())
        # a long run
        self.env["ir.cron.progress"].create({"cron_id": self.workers[0].id})
        self.assertIs(self.crons._mail_queue_warning(), False)

    def test_warning_of_an_outage(self):
        now = fields.Datetime.now()
        server = self.env["ir.mail_server"].create({"name": "Post", "smtp_host": "x"})
        outage, other = self.env["mail.queue.outage"].create(
            [
                {"mail_server_id": server.id, "next_attempt": now},
                {"next_attempt": now + timedelta(minutes=30)},
            ]
        )
        self.assertRegex(self._warning(), r": Post, The server of .*\.$")
        (outage + other).next_attempt = now - timedelta(hours=2)
        self.assertIs(self.crons._mail_queue_warning(), False, "nothing waits for it")

    def test_who_may_read_the_warning(self):
        user = new_test_user(self.env, "reader", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.env["mail.mail"].with_user(user).queue_warning()

    def _at(self, **delta):
        now = fields.Datetime.now() + timedelta(**delta)
        return patch.object(self.env.cr, "now", lambda: now)
