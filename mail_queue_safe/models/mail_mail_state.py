# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may change the state of a mail, and when."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# Where a transaction notes down the mails that nobody else can touch before its end.
_OWN = "mail_queue_safe.own"
_GIVE_WAY = timedelta(seconds=10)


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        mails._queue_note_own()
        return mails

    def _queue_note_own(self):
        """Note down that nobody else can touch these mails before the end.

        Only for what is new or locked since the transaction began, not since a
        savepoint: its rollback would end the lock.
        """
        self.env.cr.cache.setdefault(_OWN, set()).update(self.ids)
        return self

    def _queue_commit(self):
        # Each mail is a transaction of its own: see _queue_check_transaction().
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _queue_claim(self, condition, limit=1):
        """Begin a transaction, and claim mails that nobody else is working at.

        :param SQL condition: which mails
        :param int limit: how many at most, oldest first
        :return: the mails, locked until the end of the transaction
        """
        statement = SQL(
            """
            SELECT id FROM mail_mail WHERE %s
            ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            """,
            condition,
            limit,
        )
        while True:
            self._queue_commit()
            try:
                self.env.cr.execute(statement, log_exceptions=False)
                mails = self.browse(mail_id for (mail_id,) in self.env.cr.fetchall())
                return mails._queue_note_own()
            except SerializationFailure:
                # Somebody was faster, in the moment after the snapshot.
                self.env.cr.rollback()

    def _queue_lock(self):
        """Lock what nobody else is working at, until the end of the transaction.

        :return: the locked mails; left out are those that are being sent, or were
            deleted
        :raise SerializationFailure: if one was changed since the transaction began
        """
        own = self.env.cr.cache.get(_OWN, set())
        others = [mail_id for mail_id in self.ids if mail_id not in own]
        if not others:
            return self
        self.env.cr.execute(
            SQL(
                "SELECT id FROM mail_mail WHERE id IN %s FOR NO KEY UPDATE SKIP LOCKED",
                tuple(others),
            ),
            log_exceptions=False,
        )
        locked = {mail_id for (mail_id,) in self.env.cr.fetchall()}
        return self.filtered(lambda mail: mail.id in own or mail.id in locked)

    def _queue_lock_unchanged(self):
        """Lock as :meth:`_queue_lock`, but leave out what changed instead of failing.

        While the queue runs, of many mails some always change.
        """
        try:
            with self.env.cr.savepoint(flush=False):
                return self._queue_lock()
        except SerializationFailure:
            if len(self) == 1:
                return self.browse()
            middle = len(self) // 2
            return (
                self[:middle]._queue_lock_unchanged()
                + self[middle:]._queue_lock_unchanged()
            )

    def _queue_trigger(self, at=None):
        """Have the queue run once this transaction is committed.

        :param datetime at: not before; by default at once
        """
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(at)

    def _queue_give_way(self):
        """Have the queue run soon, when somebody else is through."""
        self._queue_trigger(fields.Datetime.now() + _GIVE_WAY)

    def _queue_commit_trigger(self):
        """Give up this transaction, and give way."""
        self.env.cr.rollback()
        self._queue_give_way()
        self._queue_commit()

    def _queue_send_now(self):
        """Make these mails due, and the queue run.

        :return: the action that tells the user
        :rtype: dict
        """
        self.check_access("write")
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
        """Have mails sent again that failed or were cancelled."""
        mails = self._queue_lock_unsent()
        super(MailMail, mails).mark_outgoing()
        self._queue_trigger()
        return mails._queue_tell_left_alone(len(self - mails))

    def cancel(self):
        """Cancel what has not left and is not just leaving."""
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

    def unlink(self):
        due = self._queue_lock().filtered("queue_effects_due")
        due._queue_do_effects()
        # which deletes what is not kept
        mails = self.exists() if due else self
        return super(MailMail, mails).unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_being_sent(self):
        busy = (self - self._queue_lock()).exists()
        if busy:
            raise UserError(
                self.env._(
                    "Nothing was deleted: some of these mails (%s) are being sent at "
                    "this moment. Try again in a few seconds.",
                    len(busy),
                )
            )
