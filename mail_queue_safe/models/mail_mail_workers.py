# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a worker of the mail queue needs besides what each consumer does."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from odoo import api, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def process_email_queue(self, *args, **kwargs):
        self.browse().check_access("write")
        worker = self.env["ir.cron"].sudo().browse(self.env.context.get("cron_id"))
        if worker._mail_queue_stops():
            # Odoo deactivates the worker when it returns; the others go on.
            self._queue_trigger()
            worker._commit_progress(remaining=0, deactivate=True)
            return None
        return super().process_email_queue(*args, **kwargs)
