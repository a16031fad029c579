# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mail servers that cannot be reached at the moment."""

import logging

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .. import retry_policy

_logger = logging.getLogger(__name__)


class MailQueueOutage(models.Model):
    """A mail server that cannot be reached. There is none of those that work."""

    _name = "mail.queue.outage"
    _description = "Outage of a mail server"
    _rec_name = "mail_server_id"

    mail_server_id = fields.Many2one(
        comodel_name="ir.mail_server",
        ondelete="cascade",
        index=True,
        help="Empty: the server of Odoo's configuration file.",
    )
    attempts = fields.Integer(help="How often connecting failed.")
    next_attempt = fields.Datetime(required=True)
    reason = fields.Text()

    _unique_server = models.UniqueIndex("(COALESCE(mail_server_id, 0))")

    @api.model
    def _of(self, server):
        return self.sudo().search([("mail_server_id", "=", server.id)])

    @api.model
    def _present(self, server):
        """Find the outage because of which a server is not to be tried now.

        :param server: an ``ir.mail_server``, or none for that of the configuration
        :return: the outage, or none
        """
        now = fields.Datetime.now()
        return self._of(server).filtered(lambda outage: outage.next_attempt > now)

    @api.model
    def _commit_unreachable(self, server, error):
        """Store that a server could not be reached, once for all consumers.

        :param Exception error: why
        """
        self.env.cr.rollback()
        if self._present(server):
            return
        outage = self._of(server)
        attempts = outage.attempts + 1
        next_attempt = fields.Datetime.now() + retry_policy.SERVER.delay(attempts)
        values = {
            "attempts": attempts,
            "next_attempt": next_attempt,
            "reason": retry_policy.describe(error),
        }
        _logger.warning(
            "Mail server %s cannot be reached: %s", server.id, type(error).__name__
        )
        try:
            if outage:
                outage.write(values)
            else:
                outage.create({**values, "mail_server_id": server.id})
            mails = self.env["mail.mail"]
            mails._queue_trigger(next_attempt)
            mails._queue_commit()
        except (IntegrityError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            # Another consumer was faster, or the server was deleted.
            self.env.cr.rollback()

    @api.model
    def _commit_reachable(self, server):
        """Store that a server works."""
        outage = self._of(server)
        if outage:
            outage.unlink()
            self.env["mail.mail"]._queue_commit()
