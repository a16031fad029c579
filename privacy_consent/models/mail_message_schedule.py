# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests whose mail is made later: templates with a scheduled date."""

from contextvars import ContextVar

from odoo import api, models

from .guard import making
from .privacy_consent_planned import plan, planned, withdraw

_NAME = "message_id"
# Whether scheduled notifications are sent at this moment.
_NOTIFYING = ContextVar("privacy_consent.notifying", default=False)


def is_notifying_later():
    """:return: whether scheduled notifications are sent at this moment"""
    return _NOTIFYING.get()


class MailMessageSchedule(models.Model):
    _inherit = "mail.message.schedule"

    @api.model_create_multi
    def create(self, vals_list):
        """Plan requests with the messages that ask for consent.

        :raise UserError: where somebody may not be asked now
        """
        schedules = super().create(vals_list)
        for message in schedules.mail_message_id:
            plan(message, _NAME)
        return schedules

    def unlink(self):
        """Cancel the requests that were planned and not made."""
        self.check_access("unlink")
        planned(self.mail_message_id, _NAME)._note_cancelled("deleted")
        return super().unlink()

    def _send_notifications(self, default_notify_kwargs=None):
        """Send no request that may not be made any more."""
        schedules = self.grouped("mail_message_id")
        planned_sudo = planned(self.mail_message_id, _NAME)
        kept_sudo = planned_sudo - withdraw(planned_sudo)
        kept = self.browse().concat(*map(schedules.get, kept_sudo.message_id))
        if kept.exists():
            # Somebody else is at work on them.
            self.env.ref("mail.ir_cron_send_scheduled_message").sudo()._trigger()
        token = _NOTIFYING.set(True)
        try:
            # Odoo gives a subject to those that have none.
            with making(planned_sudo.message_id):
                return super(MailMessageSchedule, self - kept)._send_notifications(
                    default_notify_kwargs=default_notify_kwargs
                )
        finally:
            _NOTIFYING.reset(token)
