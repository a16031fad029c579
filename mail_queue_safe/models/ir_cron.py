# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The workers of the mail queue: scheduled actions that all run the same queue.

Odoo runs them at once, in the threads and on the hosts that it has for scheduled
actions. No mail belongs to a worker, so that any of them may go at any time.
"""

from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

MAX_WORKERS = 16
_FIRST_WORKER = "mail.ir_cron_mail_scheduler_action"
_MODULE = "mail_queue_safe"
_OTHER_WORKERS = [f"ir_cron_worker_{number}" for number in range(2, MAX_WORKERS + 1)]
# Nobody runs what is so long overdue.
_OVERDUE = timedelta(hours=1)


class IrCron(models.Model):
    _inherit = "ir.cron"

    @api.model
    def _mail_queue_workers(self):
        """:return: the scheduled actions that run the queue, the first one first"""
        first_id = self.env["ir.model.data"]._xmlid_to_res_id(_FIRST_WORKER)
        ids = self._mail_queue_worker_ids()
        return self.browse([first_id, *ids.values()]).exists()

    @api.model
    def _mail_queue_worker_ids(self):
        """:return: the ids of all workers but the first, by the name of their XML id"""
        names_sudo = (
            self.env["ir.model.data"]
            .sudo()
            .search_fetch(
                [("module", "=", _MODULE), ("name", "in", _OTHER_WORKERS)],
                ["name", "res_id"],
            )
        )
        ids = {one.name: one.res_id for one in names_sudo}
        return {name: ids[name] for name in _OTHER_WORKERS if name in ids}

    @api.model
    def _create_mail_queue_workers(self, count):
        """Create so many more workers.

        Their XML ids belong to the addon, so that they go with it.
        """
        present = self._mail_queue_workers()
        ids = self._mail_queue_worker_ids()
        missing = [name for name in _OTHER_WORKERS if ids.get(name) not in present.ids]
        names = missing[:count]
        workers = self.create(
            [
                {
                    "name": self.env._(
                        "Mail: Email Queue Manager (worker %s)", name.split("_")[-1]
                    ),
                    "model_id": self.env["ir.model"]._get_id("mail.mail"),
                    "state": "code",
                    "code": "model.process_email_queue()",
                    "user_id": SUPERUSER_ID,
                    "interval_number": 1,
                    "interval_type": "hours",
                    # All other scheduled actions go first.
                    "priority": 1000,
                }
                for name in names
            ]
        )
        self.env["ir.model.data"].sudo()._update_xmlids(
            [
                # Else an upgrade would delete what no file has.
                {"xml_id": f"{_MODULE}.{name}", "record": worker, "noupdate": True}
                for name, worker in zip(names, workers, strict=True)
            ]
        )

    @api.model
    def _mail_queue_working(self):
        """:return: the workers that are active and shall stay so"""
        active = self._mail_queue_workers().filtered("active")
        return active - active._mail_queue_stops().cron_id

    @api.model
    def _set_mail_queue_workers(self, count):
        """Have the first so many workers run the mail queue, and no others.

        Those that are missing are created. Those that are too many are archived. Odoo
        locks a scheduled action while it runs. One that is to stop then is asked to,
        and does when it is through with its present batch of mails.

        :param int count: how many
        """
        self._create_mail_queue_workers(max(0, count - len(self._mail_queue_workers())))
        workers = self._mail_queue_workers()
        staying, leaving = workers[:count], workers[count:].filtered("active")
        staying._mail_queue_stops().unlink()
        staying.filtered(lambda worker: not worker.active).active = True
        idle = leaving.try_lock_for_update(allow_referencing=True)
        idle.active = False
        self.env["ir.cron.progress"].create(
            [{"cron_id": worker.id, "deactivate": True} for worker in leaving - idle]
        )
        self.env["mail.mail"]._queue_trigger()

    def _mail_queue_stops(self):
        """Find where these workers were asked to stop.

        It is what Odoo's scheduled actions note down when they want to stop themselves.
        Whoever activates one again overrules what was asked before.
        """
        self.env["ir.cron.progress"].flush_model()
        self.flush_model(["write_date"])
        self.env.cr.execute(
            SQL(
                """
                SELECT progress.id FROM ir_cron_progress AS progress
                JOIN ir_cron AS cron ON cron.id = progress.cron_id
                WHERE progress.deactivate AND progress.create_date > cron.write_date
                    AND cron.id IN %s
                """,
                tuple(self.ids) or (None,),
            )
        )
        ids = [progress_id for (progress_id,) in self.env.cr.fetchall()]
        return self.env["ir.cron.progress"].browse(ids)

    @api.model
    def _mail_queue_worker_stops(self):
        """Stop the worker that runs the queue just now, if it was asked to.

        It commits. Odoo deactivates the worker when it returns; the others go on.

        :return: whether the run is to end
        :rtype: bool
        """
        worker = self.sudo().browse(self.env.context.get("cron_id"))
        if not worker._mail_queue_stops():
            return False
        self.env["mail.mail"]._queue_trigger()
        worker._commit_progress(remaining=0, deactivate=True)
        return True

    @api.model
    def _mail_queue_warning(self):
        """Tell what keeps the mail queue from sending.

        :return: the text, or False if nothing does
        """
        workers_sudo = self.sudo()._mail_queue_working()
        if not workers_sudo:
            return self.env._(
                "The mail queue stands still, because its scheduled actions are "
                "archived: set at least 1 worker in the settings."
            )
        failing_sudo = workers_sudo.filtered("failure_count")[:1]
        if failing_sudo:
            return self.env._(
                "The scheduled action “%(name)s” of the mail queue fails (times in a "
                "row: %(count)s). The server's log says why. Odoo switches it off if "
                "it goes on like that.",
                name=failing_sudo.name,
                count=failing_sudo.failure_count,
            )
        before = fields.Datetime.now() - _OVERDUE
        # One that has much to do stays overdue while it runs.
        running = (
            self.env["ir.cron.progress"]
            .sudo()
            .search_count(
                [("cron_id", "in", workers_sudo.ids), ("create_date", ">", before)],
                limit=1,
            )
        )
        if max(workers_sudo.mapped("nextcall")) < before and not running:
            return self.env._(
                "The mail queue stands still, because no server runs its scheduled "
                "actions: max_cron_threads in Odoo's configuration file must be at "
                "least 1."
            )
        return self.env["mail.queue.outage"]._warning()

    def _trigger_list(self, at_list):
        """Wake all workers of the mail queue together with the first."""
        triggers = super()._trigger_list(at_list)
        if self.id != self.env["ir.model.data"]._xmlid_to_res_id(_FIRST_WORKER):
            return triggers
        others = (self.sudo()._mail_queue_workers() - self).filtered("active")
        values = [
            {"cron_id": worker.id, "call_at": at} for worker in others for at in at_list
        ]
        if not values:
            return triggers
        if not triggers and min(at_list) <= fields.Datetime.now():
            # Odoo did not, because the first one was archived.
            self.env.cr.postcommit.add(self._notifydb)
        return triggers + self.env["ir.cron.trigger"].sudo().create(values)
