# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The workers of the mail queue: scheduled actions that all run the same queue.

Odoo runs them at once, in the threads and on the hosts that it has for scheduled
actions. No mail belongs to a worker, so that any of them may go at any time.
"""

from odoo import api, fields, models
from odoo.tools import SQL

MAX_WORKERS = 16
_FIRST_WORKER = "mail.ir_cron_mail_scheduler_action"


class IrCron(models.Model):
    _inherit = "ir.cron"

    @api.model
    def _mail_queue_workers(self):
        """:return: the scheduled actions that run the queue, the first one first"""
        to_id = self.env["ir.model.data"]._xmlid_to_res_id
        ids = [to_id(_FIRST_WORKER)]
        for number in range(2, MAX_WORKERS + 1):
            ids.append(to_id(f"mail_queue_safe.ir_cron_worker_{number}"))
        return self.browse(filter(None, ids)).exists()

    @api.model
    def _mail_queue_working(self):
        """:return: the workers that are active and shall stay so"""
        active = self._mail_queue_workers().filtered("active")
        return active - active._mail_queue_stops().cron_id

    @api.model
    def _set_mail_queue_workers(self, count):
        """Have the first so many workers run the mail queue, and no others.

        Odoo locks a scheduled action while it runs. One that is to stop then is asked
        to, and does when it is through with its present batch of mails.

        :param int count: how many
        """
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
