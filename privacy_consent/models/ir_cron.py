# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a scheduled action says is a program's word, whoever it runs as."""

from contextvars import ContextVar

from odoo import models

# Whether a scheduled action runs at this moment.
_SCHEDULED = ContextVar("privacy_consent.scheduled", default=False)


def is_scheduled():
    """:return: whether a scheduled action runs at this moment"""
    return _SCHEDULED.get()


class IrCron(models.Model):
    _inherit = "ir.cron"

    def _callback(self, cron_name, server_action_id):
        """Note that it runs, where its code cannot change it."""
        token = _SCHEDULED.set(True)
        try:
            return super()._callback(cron_name, server_action_id)
        finally:
            _SCHEDULED.reset(token)
