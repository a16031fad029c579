# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mail servers that take nothing from us at the moment."""

import logging
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..smtp import retry

_logger = logging.getLogger(__name__)
_CONFLICT = (IntegrityError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)


class MailQueueOutage(models.Model):
    """A mail server that takes nothing from us. There is none of those that work."""

    _name = "mail.queue.outage"
    _description = "Outage of a mail server"
    _rec_name = "mail_server_id"

    mail_server_id = fields.Many2one(
        comodel_name="ir.mail_server",
        ondelete="cascade",
        index=True,
        help="Empty: the server of Odoo's configuration file.",
    )
    attempts = fields.Integer(help="How often it took nothing in a row.")
    next_attempt = fields.Datetime(required=True)
    reason = fields.Text()

    _unique_server = models.UniqueIndex("(COALESCE(mail_server_id, 0))")

    @api.model
    def _of(self, server):
        """:return: the outage of a server, or none"""
        return self.sudo().search([("mail_server_id", "=", server.id)])

    @api.model
    def _begin(self, server):
        """Begin a transaction in which nobody else changes the outage of a server.

        Consumers meet an outage together, and conflicts would be logged as errors.

        :return: the outage as it is now, or none
        """
        cr = self.env.cr
        cr.rollback()
        # Odoo's snapshot would be that of the lock, from before the others' commit.
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(hashtext(%s), %s)",
                "mail_queue_safe.outages",
                server.id or 0,
            )
        )
        return self._of(server)

    @api.model
    def _warning(self):
        """Tell which servers take no mails, among those that somebody tries to use.

        :return: the text, or False if there are none
        """
        # While mails wait, a server is tried more often than that.
        recently = fields.Datetime.now() - timedelta(hours=1)
        outages_sudo = self.sudo().search([("next_attempt", ">", recently)])
        if not outages_sudo:
            return False
        names = [
            outage.mail_server_id.display_name
            or self.env._("The server of Odoo's configuration file")
            for outage in outages_sudo
        ]
        return self.env._(
            "Mail servers that take no mails at the moment (see Settings, Mail Queue, "
            "Outages): %s.",
            ", ".join(names),
        )

    @api.model
    def _commit_try(self, server):
        """Ask whether to try a server now.

        Only one consumer tries a server that has an outage. The others go on once it
        took a message, or a minute later.

        :param server: an ``ir.mail_server``, or none for that of the configuration
        :rtype: bool
        """
        if not self._of(server):
            return True
        self.env["mail.mail"]._queue_commit()
        outage = self._begin(server)
        now = fields.Datetime.now()
        if not outage or outage.next_attempt > now:
            self.env.cr.rollback()
            return not outage
        try:
            outage.next_attempt = now + retry.SERVER.first_delay
            self._commit_trigger(outage.next_attempt)
        except _CONFLICT:
            self.env.cr.rollback()
            return False
        return True

    @api.model
    def _commit_unreachable(self, server, reason, trying):
        """Store that a server takes nothing from us, once for all consumers.

        Several may be in the middle of their mails when a server fails: the first one
        counts for all of them.

        :param str reason: in the server's own words, if it said something
        :param bool trying: whether the consumer tried a server that has an outage, see
            :meth:`_commit_try`
        """
        outage = self._begin(server)
        if outage and not trying and outage.next_attempt > fields.Datetime.now():
            self.env.cr.rollback()
            return
        attempts = outage.attempts + 1
        next_attempt = fields.Datetime.now() + retry.SERVER.delay(attempts)
        values = {"attempts": attempts, "next_attempt": next_attempt, "reason": reason}
        _logger.warning(
            "Mail server %s takes no mails: see Settings, Mail Queue, Outages.",
            server.id,
        )
        try:
            if outage:
                outage.write(values)
            else:
                outage.create({**values, "mail_server_id": server.id})
            self._commit_trigger(next_attempt)
        except _CONFLICT:
            # Another consumer was faster, or the server was deleted.
            self.env.cr.rollback()

    @api.model
    def _commit_reachable(self, server):
        """Store that a server took a message."""
        outage = self._begin(server)
        try:
            outage.unlink()
            self.env["mail.mail"]._queue_commit()
        except _CONFLICT:
            self.env.cr.rollback()

    @api.model
    def _commit_trigger(self, at):
        mails = self.env["mail.mail"]
        mails._queue_trigger(at)
        mails._queue_commit()
