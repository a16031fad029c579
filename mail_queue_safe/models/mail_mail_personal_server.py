# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Outgoing servers that belong to one user, within Odoo's limit for each minute."""

import logging
from contextlib import contextmanager

from odoo import fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

_SPLITTING = "mail_queue_splitting"


class MailMail(models.Model):
    _inherit = "mail.mail"

    @contextmanager
    def _queue_turn(self, server):
        """Let one consumer at a time use a personal server, within its limit.

        What the limit changes is committed before the first mail leaves: the number of
        mails in this minute, and the copy of a mail that is split.

        :param server: the ``ir.mail_server`` of these mails
        :return: the mails to send now
        """
        if not server.owner_user_id:
            yield self
            return
        cr = self.env.cr
        key = _turn_key(server)
        cr.execute(SQL("SELECT pg_try_advisory_lock(%s)", key))
        if not cr.fetchone()[0]:
            self._queue_commit_give_way()
            yield self.browse()
            return
        try:
            self._queue_commit()
            yield self._queue_commit_delayed(server)
        finally:
            cr.rollback()
            cr.execute(SQL("SELECT pg_advisory_unlock(%s)", key))

    def _queue_commit_delayed(self, server):
        """Put off what a personal server may not send in this minute.

        :return: the mails to send now, among them copies for some of the contacts of
            mails that are too large
        """
        now = fields.Datetime.now()
        try:
            due = self._queue_lock_unchanged().filtered(
                lambda mail: mail.state == "outgoing"
                and (mail.scheduled_date or now) <= now
            )
            mails = due._split_by_delayed_batch(server)
            self._queue_commit()
        except Exception as error:
            # They stay in the queue, and the mails of other servers go on.
            _logger.warning(
                "The limit of mail server %s cannot be kept: %s",
                server.id,
                type(error).__name__,
            )
            self._queue_commit_give_way()
            return self.browse()
        return mails

    def _split_by_delayed_batch(self, mail_server):
        """Let nobody else count the mails of a personal server at the same time."""
        if not mail_server.owner_user_id:
            return super()._split_by_delayed_batch(mail_server)
        key = _turn_key(mail_server)
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", key))
        if not self.env.cr.fetchone()[0]:
            self._queue_give_way()
            return self.browse()
        splitting = self.with_context(**{_SPLITTING: True})
        mails = super(MailMail, splitting)._split_by_delayed_batch(mail_server)
        return self.browse(mails.ids)

    def copy_data(self, default=None):
        """Have the copy of a mail that is split know who got it already."""
        vals_list = super().copy_data(default)
        if self.env.context.get(_SPLITTING):
            for mail, vals in zip(self, vals_list, strict=True):
                vals["queue_accepted"] = mail.queue_accepted
        return vals_list


def _turn_key(server):
    return SQL("hashtext('mail_queue_safe'), %s", server.id)
