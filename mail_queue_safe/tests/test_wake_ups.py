# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The queue is woken when its time comes: else a mail waits for an hour, unnoticed."""

import time
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.tools import mute_logger

from ..models.mail_mail_attempt import MailMail as Attempts
from .common import QueueCase

OUTAGE = "odoo.addons.mail_queue_safe.models.mail_queue_outage"
CRON = "mail.ir_cron_mail_scheduler_action"


class TestWakeUps(QueueCase):
    def setUp(self):
        super().setUp()
        self.cron_id = self.env.ref(CRON).id
        self._forget()
        self.addCleanup(self._forget)

    def _forget(self):
        self.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", self.cron_id)

    def woken(self):
        """:return: when the first worker of the queue is to run, earliest first"""
        return [
            at
            for (at,) in self.execute(
                "SELECT call_at FROM ir_cron_trigger WHERE cron_id = %s ORDER BY 1",
                self.cron_id,
            )
        ]

    def assert_woken(self, at):
        """Check that the queue runs at a time, give or take a second."""
        self.assertTrue(
            any(abs(one - at) <= timedelta(seconds=1) for one in self.woken()),
            (at, self.woken()),
        )

    def test_next_attempt(self):
        mail_id = self.mail(email_to="a@example.com")
        self.post.refuse["a@example.com"] = (450, b"4.2.0 Busy")
        self.run_queue()
        self.assert_woken(self.stored(mail_id, "queue_next_attempt"))

    def test_outage(self):
        mail_id = self.mail(email_to="a@example.com")
        other = self.mail(email_to="b@example.com")
        self.post.reply = (
            lambda stage, said: (550, b"5.7.0 Blocked") if stage == "mail" else None
        )
        with mute_logger(OUTAGE):
            self.run_queue()
        ((at,),) = self.execute("SELECT next_attempt FROM mail_queue_outage")
        self.assertEqual(self.stored(other, "queue_next_attempt"), at)
        self.assert_woken(at)
        self.assert_woken(self.stored(mail_id, "queue_next_attempt"))

    def test_somebody_else_tries_the_server(self):
        """Those who leave it alone go on a minute later, if that one is killed."""
        self.execute(
            "INSERT INTO mail_queue_outage (next_attempt, attempts)"
            " VALUES ('2000-01-01', 1)"
        )
        with self.connection() as env:
            self.assertTrue(env["mail.queue.outage"]._commit_try(env["ir.mail_server"]))
        ((at,),) = self.execute("SELECT next_attempt FROM mail_queue_outage")
        self.assert_woken(at)
        mail_id = self.mail(email_to="a@example.com")
        self.run_queue()
        self.assertFalse(self.post.sessions)
        self.assertEqual(self.stored(mail_id, "queue_next_attempt"), at)

    def test_limit(self):
        server = self.make(
            "ir.mail_server", name="Slow", smtp_host="x", queue_per_minute=1
        )
        self.mail(email_to="a@example.com", mail_server_id=server)
        late = self.mail(email_to="b@example.com", mail_server_id=server)
        self.run_queue()
        self.assert_woken(self.stored(late, "queue_next_attempt"))

    def test_all_connections_in_use(self):
        server = self.make(
            "ir.mail_server", name="One", smtp_host="x", queue_connections=1
        )
        self.mail(email_to="a@example.com", mail_server_id=server)
        with self.connection() as env:
            with env["ir.mail_server"].browse(server)._queue_connection():
                self.run_queue()
        self.assertTrue(self.woken())

    def test_end_of_the_time_of_a_run(self):
        """What is left is sent by the next run, which comes at once."""
        for number in range(3):
            self.mail(email_to=f"reader{number}@example.com")
        with self.committed() as env:
            progress = env["ir.cron.progress"].create({"cron_id": self.cron_id})
        with self.connection() as env:
            env["mail.mail"].with_context(
                cron_id=self.cron_id,
                ir_cron_progress_id=progress.id,
                cron_end_time=time.monotonic() - 1,
            ).process_email_queue()
        self.assertFalse(self.post.messages)
        self.assert_woken(fields.Datetime.now())

    def test_five_conflicts(self):
        """Somebody writes the same rows again and again: it is their turn."""
        mail_id = self.mail(email_to="a@example.com")
        with patch.object(
            Attempts, "_queue_attempt", side_effect=SerializationFailure("conflict")
        ):
            self.run_queue()
        self.assertEqual(self.stored(mail_id, "state"), "outgoing")
        self.assert_woken(fields.Datetime.now() + timedelta(seconds=10))
        self.run_queue()
        self.assertEqual(self.stored(mail_id, "state"), "sent")

    def test_rows_that_change_all_the_time(self):
        mail_id = self.mail(email_to="a@example.com")
        queue = type(self.env["mail.mail"])
        claim = queue._queue_claim

        def changing(mails, mail_ids, ahead=None):
            self.execute(
                "UPDATE mail_mail SET queue_attempts = 0 WHERE id = %s", mail_id
            )
            return claim(mails, mail_ids, ahead)

        with patch.object(queue, "_queue_claim", changing):
            self.run_queue()
        self.assertFalse(self.post.messages)
        self.assert_woken(fields.Datetime.now() + timedelta(seconds=10))

    def test_retry(self):
        mail_id = self.mail(email_to="a@example.com", state="exception")
        with self.committed() as env:
            env["mail.mail"].browse(mail_id).action_retry()
        self.assert_woken(fields.Datetime.now())

    def test_button(self):
        mail_id = self.mail(email_to="a@example.com")
        with self.committed() as env:
            env["mail.mail"].browse(mail_id)._queue_send_now()
        self.assert_woken(fields.Datetime.now())

    def test_mail_that_some_got_already(self):
        """Whoever sends it in a transaction of their own leaves it to the queue."""
        mail_id = self.mail(email_to="a@example.com, b@example.com")
        with self.committed() as env:
            mail = env["mail.mail"].browse(mail_id)
            mail.queue_accepted = [["a@example.com", None]]
            mail.send()
        self.assertFalse(self.post.messages)
        self.assert_woken(fields.Datetime.now())

    def test_limit_that_is_raised(self):
        server = self.make("ir.mail_server", name="Slow", smtp_host="x")
        self.assertFalse(self.woken())
        with self.committed() as env:
            env["ir.mail_server"].browse(server).queue_per_day = 7
        self.assert_woken(fields.Datetime.now())

    def test_a_day_of_421(self):
        """Sixteen workers do not press upon a server that has enough of everybody."""
        self.mail(email_to="a@example.com")
        connections = []

        def refuse():
            connections.append(fields.Datetime.now())
            raise OSError("421 Too busy")

        self.connects = refuse
        begin = datetime(2026, 5, 1)
        moment = begin
        while moment < begin + timedelta(days=1):
            with freeze_time(moment), mute_logger(OUTAGE):
                for _worker in range(16):
                    self.run_queue()
            ((moment,),) = self.execute(
                "SELECT next_attempt + interval '1 second' FROM mail_queue_outage"
            )
        by_hour = [
            sum(
                begin + timedelta(hours=hour) <= one < begin + timedelta(hours=hour + 1)
                for one in connections
            )
            for hour in range(24)
        ]
        # 1, 3, 9, 27 and then 30 minutes, which vary by a tenth
        self.assertLessEqual(by_hour[0], 6)
        self.assertLessEqual(max(by_hour[1:]), 3)
        self.assertGreaterEqual(min(by_hour), 1)
