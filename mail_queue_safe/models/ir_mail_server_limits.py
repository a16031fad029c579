# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How much the provider of an outgoing mail server takes."""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..smtp import limits
from .mail_queue_departure import Departures

_LIMITS = ("queue_per_minute", "queue_per_hour", "queue_per_day")


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    queue_per_minute = fields.Integer(
        string="Mails per minute",
        help="What is over the limit waits in the mail queue. 0: no limit.",
    )
    queue_per_hour = fields.Integer(
        string="Mails per hour",
        help="What is over the limit waits in the mail queue. 0: no limit.",
    )
    queue_per_day = fields.Integer(
        string="Mails per day",
        help="What is over the limit waits in the mail queue. 0: no limit. A day is "
        "any 24 hours.",
    )
    queue_connections = fields.Integer(
        string="Simultaneous connections",
        help="How many workers of the mail queue use this server at once. 0: no limit.",
    )
    queue_left_in_minute = fields.Integer(
        string="Left in the last minute", compute="_compute_queue_left"
    )
    queue_left_in_hour = fields.Integer(
        string="Left in the last hour", compute="_compute_queue_left"
    )
    queue_left_in_day = fields.Integer(
        string="Left in the last 24 hours", compute="_compute_queue_left"
    )

    @api.constrains(*_LIMITS, "queue_connections")
    def _check_queue_limits(self):
        for server in self:
            if min(server[name] for name in (*_LIMITS, "queue_connections")) < 0:
                raise ValidationError(
                    self.env._(
                        "A limit of the mail server “%s” cannot be negative: 0 means "
                        "that there is none.",
                        server.name,
                    )
                )

    def write(self, vals):
        """Have what waits because of a limit look at the new one."""
        result = super().write(vals)
        if not vals.keys().isdisjoint(_LIMITS):
            self.env["mail.mail"].sudo()._queue_ask_again(self)
        return result

    def _compute_queue_left(self):
        now = fields.Datetime.now()
        names = ("queue_left_in_minute", "queue_left_in_hour", "queue_left_in_day")
        for name, window in zip(names, limits.WINDOWS, strict=True):
            counts = dict(
                self.env["mail.queue.departure"]._read_group(
                    [
                        ("mail_server_id", "in", self.ids),
                        ("departs_before", ">", now - window),
                    ],
                    ["mail_server_id"],
                    ["__count"],
                )
            )
            for server in self:
                server[name] = counts.get(server._origin, 0)

    def _queue_limits(self):
        """:return: the limits of this server, as of :mod:`..smtp.limits`"""
        return {
            window: self[name]
            for window, name in zip(limits.WINDOWS, _LIMITS, strict=True)
            if self[name]
        }

    def _queue_reserve(self):
        """Keep the limits of this server while a consumer sends.

        :return: a :class:`.mail_queue_departure.Departures`, to release in the end
        """
        return Departures(self)

    @contextmanager
    def _queue_connection(self):
        """Use one of the connections that this server allows at once.

        In the end the transaction is rolled back.

        :return: whether there was one
        """
        if not self.queue_connections:
            yield True
            return
        cr = self.env.cr
        for number in range(self.queue_connections):
            key = SQL(
                "hashtext(%s), %s", f"mail_queue_safe.connections.{self.id}", number
            )
            cr.execute(SQL("SELECT pg_try_advisory_lock(%s)", key))
            if cr.fetchone()[0]:
                break
        else:
            yield False
            return
        try:
            yield True
        finally:
            cr.rollback()
            cr.execute(SQL("SELECT pg_advisory_unlock(%s)", key))

    def _queue_forecast(self, count):
        """Tell until when so many more mails will have left, as the limits allow.

        Those that wait already leave before them.

        :param int count: how many
        :rtype: datetime
        """
        now = fields.Datetime.now()
        present = self._queue_limits()
        if not present:
            return now
        # The queue only finds out later where a mail without a server leaves.
        waiting = self.env["mail.mail"].search_count(
            [("state", "=", "outgoing"), ("mail_server_id", "in", [False, self.id])]
        )
        departures = self.env["mail.queue.departure"].search(
            [("mail_server_id", "=", self.id)], limit=max(present.values())
        )
        return limits.last_departure(
            waiting + count, present, departures.mapped("departs_before")[::-1], now
        )
