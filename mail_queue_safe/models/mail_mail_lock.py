# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may work at a mail: whoever has locked it, until the end of the transaction."""

from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.sql_db import Cursor
from odoo.tools import SQL

_GIVE_WAY = timedelta(seconds=10)


def made_by(cr):
    """Tell which mails a transaction made: nobody else sees them, so they need no lock.

    :param cr: the cursor
    :return: their ids, a set to which the transaction adds more
    """
    return cr.precommit.data.setdefault("mail_queue_safe.made", set())


def quick_commit(cr):
    """Prepare to commit what a transaction has flushed, as soon as it is wanted.

    Whoever is killed between a server's reply and the word to PostgreSQL repeats a
    message. ``Cursor.commit()`` first looks for what is to be flushed, which takes
    longer than all else that Python does in between. So PostgreSQL is told first. Then
    ``commit()`` finds nothing left to commit, and does what follows a commit.

    :param cr: the cursor
    :return: function that commits
    """
    if getattr(cr.commit, "__func__", None) is not Cursor.commit:
        # In tests, and with whoever replaces it, a commit is another thing.
        return cr.commit
    tell = cr._cnx.commit

    def commit():
        tell()
        cr.commit()  # pylint: disable=invalid-commit

    return commit


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _queue_commit(self):
        # The queue owns its transactions: each mail is one.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _queue_begin(self, statement):
        """Begin a transaction with a statement that locks.

        :param statement: the SQL
        :return: the rows that it returns
        """
        while True:
            self._queue_commit()
            try:
                self.env.cr.execute(statement, log_exceptions=False)
                return self.env.cr.fetchall()
            except SerializationFailure:
                # Somebody was faster, in the moment after the snapshot.
                self.env.cr.rollback()

    def _queue_lock(self):
        """Lock what nobody else is working at, until the end of the transaction.

        :return: the locked mails; left out are those that are being sent, or were
            deleted
        :raise SerializationFailure: if one was changed since the transaction began
        """
        made = made_by(self.env.cr)
        others = tuple(set(self.ids) - made)
        if not others:
            return self
        self.env.cr.execute(
            SQL(
                "SELECT id FROM mail_mail WHERE id IN %s FOR NO KEY UPDATE SKIP LOCKED",
                others,
            ),
            log_exceptions=False,
        )
        locked = made.union(mail_id for (mail_id,) in self.env.cr.fetchall())
        return self.filtered(lambda mail: mail.id in locked)

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

    @api.model
    def _queue_trigger(self, at=None):
        """Have the queue run once this transaction is committed.

        :param datetime at: not before; by default at once
        """
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(at)

    @api.model
    def _queue_give_way(self):
        """Have the queue run soon, when somebody else is through."""
        self._queue_trigger(fields.Datetime.now() + _GIVE_WAY)

    @api.model
    def _queue_commit_give_way(self):
        """Give up this transaction, and give way."""
        self.env.cr.rollback()
        self._queue_give_way()
        self._queue_commit()

    def unlink(self):
        """Do first what is still to follow a delivery.

        :raise UserError: if one of these mails is being sent
        """
        due = self._queue_lock().filtered("queue_effects_due")
        due._queue_do_effects()
        # which deletes what is not kept
        mails = self.exists() if due else self
        result = super(MailMail, mails).unlink()
        made_by(self.env.cr).difference_update(self.ids)
        return result

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
