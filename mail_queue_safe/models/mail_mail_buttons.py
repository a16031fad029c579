# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The buttons of the list and the form of mails. Each checks rights first."""

from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _queue_send_now(self):
        """Make these mails due, and the queue run.

        :return: the action that tells the user
        :rtype: dict
        """
        queued = self.filtered(lambda mail: mail.state == "outgoing")
        if not queued:
            return self._queue_tell_left_alone(len(self))
        later = queued.filtered(
            lambda mail: mail.scheduled_date or mail.queue_next_attempt
        )
        later._queue_lock_unchanged().write(
            {"scheduled_date": False, "queue_next_attempt": False}
        )
        self._queue_trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("The mail queue sends this in a moment."),
            },
        }

    def mark_outgoing(self):
        """Have mails sent that failed or were cancelled, as if for the first time.

        :return: the action that tells the user what was left alone, or True
        :raise AccessError: for whoever may not change mails
        """
        self.check_access("write")
        mails = self._queue_lock_unsent()
        mails.write(
            {
                "queue_attempts": 0,
                "queue_next_attempt": False,
                "queue_refused": False,
            }
        )
        super(MailMail, mails).mark_outgoing()
        self._queue_trigger()
        return mails._queue_tell_left_alone(len(self - mails))

    def action_retry(self):
        """Try again at once what failed, for good or for the time being.

        :return: as of :meth:`mark_outgoing`
        :raise AccessError: for whoever may not change mails
        """
        return self.filtered(
            lambda mail: mail.state == "exception"
            or (mail.state == "outgoing" and mail.queue_next_attempt)
        ).mark_outgoing()

    def cancel(self):
        """Cancel what has not left and is not just leaving.

        :return: the action that tells the user what was left alone, or True
        :raise AccessError: for whoever may not change mails
        """
        self.check_access("write")
        mails = self._queue_lock_unsent()
        super(MailMail, mails).cancel()
        return mails._queue_tell_left_alone(len(self - mails))

    def _queue_lock_unsent(self):
        """:return: those of these mails that have not left, locked"""
        return self._queue_lock_unchanged().filtered(
            lambda mail: mail.state in ("outgoing", "exception", "cancel")
        )

    def _queue_tell_left_alone(self, count):
        """:return: the action that tells the user, or True if there is nothing to"""
        if not count:
            return True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env._(
                    "Mails left alone because of their state, or because they are "
                    "being sent at this moment: %s.",
                    count,
                ),
            },
        }
