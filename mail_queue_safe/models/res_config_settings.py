# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many workers the mail queue has."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from .ir_cron import MAX_WORKERS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mail_queue_workers = fields.Integer(
        string="Mail queue workers",
        help="How many scheduled actions send the mails of the queue at once.",
    )
    mail_queue_workers_warning = fields.Text(
        compute="_compute_mail_queue_workers_warning"
    )

    @api.depends("mail_queue_workers")
    def _compute_mail_queue_workers_warning(self):
        threads = config["max_cron_threads"]
        for settings in self:
            workers = settings.mail_queue_workers
            warning = False
            if workers < 1:
                warning = self.env._(
                    "The mail queue stands still, because its scheduled actions are "
                    "archived: set at least 1 worker."
                )
            elif workers >= threads:
                warning = self.env._(
                    "This server runs at most %(threads)s scheduled actions at once. "
                    "While %(workers)s workers send many mails, no other scheduled "
                    "action may run. Choose fewer workers, or have the server's "
                    "administrator set max_cron_threads to at least %(needed)s in "
                    "Odoo's configuration file. If other servers run scheduled "
                    "actions on this database too, theirs count as well.",
                    threads=threads,
                    workers=workers,
                    needed=workers + 1,
                )
            settings.mail_queue_workers_warning = warning

    @api.constrains("mail_queue_workers")
    def _check_mail_queue_workers(self):
        # Saving other settings must be possible even if somebody archived all workers.
        present = len(self.env["ir.cron"].sudo()._mail_queue_working())
        for settings in self:
            count = settings.mail_queue_workers
            if count != present and not 1 <= count <= MAX_WORKERS:
                raise ValidationError(
                    self.env._(
                        "The mail queue can have 1 to %(most)s workers, not %(count)s.",
                        most=MAX_WORKERS,
                        count=count,
                    )
                )

    @api.model
    def get_values(self):
        workers = self.env["ir.cron"].sudo()._mail_queue_working()
        return {**super().get_values(), "mail_queue_workers": len(workers)}

    def set_values(self):
        result = super().set_values()
        crons = self.env["ir.cron"]
        if self.mail_queue_workers != len(crons.sudo()._mail_queue_working()):
            crons._set_mail_queue_workers(self.mail_queue_workers)
        return result
