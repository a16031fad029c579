# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Messages that left through a server with limits, or may leave in a moment.

A consumer *reserves* departures before it sends: a row each, with the time until which
the message leaves. It stores the real time just before the server gets the message.
Each reservation counts all rows that others made before, under a lock. So the one that
was reserved last of those in a window has counted all others in it, and no window holds
more than its limit. A consumer that is killed wastes what it reserved, nothing else.

The database's clock alone decides; the clocks of hosts do not matter.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..smtp import limits

# What a consumer reserves at once: more would keep more from others if it is killed.
_AT_ONCE = 20
#: the departure through a server without limits
UNLIMITED = -1


def _clock():
    # Not the time of the transaction, which stands still.
    return SQL("clock_timestamp() AT TIME ZONE 'UTC'")


class Departures:
    """What one consumer may send through one server.

    A server without limits costs no statement.

    :param server: the ``ir.mail_server``, or none for that of the configuration
    :ivar datetime wait_until: when to look again after :meth:`take` returned None
    """

    def __init__(self, server):
        self._registry = server.env.registry
        self._server_id = server.id
        self._slots = [] if server._queue_limits() else [UNLIMITED]
        self.wait_until = None

    def take(self):
        """Find a departure for the next message, and reserve some if there is none.

        Call it before the transaction of the mail begins, which could not see what is
        reserved later. The departure stays the next one until :meth:`settle`.

        :return: the departure; None if the limits allow none before ``wait_until``
        :rtype: int
        """
        if not self._slots:
            self._reserve()
        return self._slots[0] if self._slots else None

    def settle(self, env, slot):
        """Store that a message leaves now, in the transaction of its mail.

        Call it right before the server gets the message, and not without it.

        :param env: of the mail
        :param int slot: the departure that :meth:`take` returned
        :return: whether the message may leave; not if the departure's time was over,
            and there is no other one before ``wait_until``
        :rtype: bool
        """
        if slot == UNLIMITED:
            return True
        clock = _clock()
        env.cr.execute(
            SQL(
                "UPDATE mail_queue_departure SET departs_before = %s"
                " WHERE id = %s AND departs_before >= %s",
                clock,
                slot,
                clock,
            )
        )
        if not env.cr.rowcount:
            # The others are of the same time.
            self._reserve()
        if not self._slots:
            return False
        if self._slots != [UNLIMITED]:
            del self._slots[0]
        return True

    def release(self):
        """Let others have what is not used."""
        unused, self._slots = self._slots, []
        if unused and unused != [UNLIMITED]:
            with self._registry.cursor() as cr:
                _delete(cr, unused)

    def _reserve(self):
        """Reserve new departures in place of those that are not used."""
        unused, self._slots = self._slots, []
        with self._registry.cursor() as cr:
            # Odoo's snapshot would be that of the lock, from before the others' commit.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute(
                SQL(
                    "SELECT pg_advisory_xact_lock(hashtext(%s), %s)",
                    "mail_queue_safe.departures",
                    self._server_id,
                )
            )
            _delete(cr, unused)
            now, present = _limits(cr, self._server_id)
            if not present:
                self._slots = [UNLIMITED]
                return
            _reset_future(cr, self._server_id, now)
            counts = _count(cr, self._server_id, present, now)
            free = limits.room(present, counts)
            if not free:
                full = [
                    window for window in present if counts[window] >= present[window]
                ]
                self.wait_until = max(
                    _look_again(cr, self._server_id, window, present[window], now)
                    for window in full
                )
                return
            cr.execute(
                SQL(
                    "INSERT INTO mail_queue_departure (mail_server_id, departs_before)"
                    " SELECT %s, %s FROM generate_series(1, %s) RETURNING id",
                    self._server_id,
                    now + limits.HOLD,
                    min(free, _AT_ONCE),
                )
            )
            slots = [slot for (slot,) in cr.fetchall()]
        # only now: the commit may fail
        self._slots = slots


def _delete(cr, slots):
    if slots:
        cr.execute(SQL("DELETE FROM mail_queue_departure WHERE id IN %s", tuple(slots)))


def _limits(cr, server_id):
    """:return: the time, and the limits of a server as of :mod:`..smtp.limits`"""
    cr.execute(
        SQL(
            "SELECT %s, queue_per_minute, queue_per_hour, queue_per_day"
            " FROM ir_mail_server WHERE id = %s",
            _clock(),
            server_id,
        )
    )
    # It may have been deleted.
    now, *numbers = cr.fetchone() or (None,)
    return now, {
        window: number
        for window, number in zip(limits.WINDOWS, numbers, strict=False)
        if number
    }


def _reset_future(cr, server_id, now):
    """Correct what is later than anybody can have announced: the clock was set back."""
    latest = now + limits.HOLD
    cr.execute(
        SQL(
            """
            UPDATE mail_queue_departure SET departs_before = %s WHERE id IN (
                SELECT id FROM mail_queue_departure
                WHERE mail_server_id = %s AND departs_before > %s
                FOR NO KEY UPDATE SKIP LOCKED
            )
            """,
            latest,
            server_id,
            latest,
        )
    )


def _count(cr, server_id, windows, now):
    """:return: how many messages left or may leave in each of these windows"""
    columns = [
        SQL("count(*) FILTER (WHERE departs_before > %s)", now - window)
        for window in windows
    ]
    cr.execute(
        SQL(
            "SELECT %s FROM mail_queue_departure"
            " WHERE mail_server_id = %s AND departs_before > %s",
            SQL(", ").join(columns),
            server_id,
            now - max(windows),
        )
    )
    return dict(zip(windows, cr.fetchone(), strict=True))


def _look_again(cr, server_id, window, limit, now):
    """:return: when this full window may have room, in whole seconds as Odoo has it"""
    cr.execute(
        SQL(
            """
            SELECT min(departs_before), max(departs_before) FROM (
                SELECT departs_before FROM mail_queue_departure
                WHERE mail_server_id = %s ORDER BY departs_before DESC LIMIT %s
            ) AS latest
            """,
            server_id,
            limit,
        )
    )
    moment = limits.look_again(now, window, *cr.fetchone())
    return moment.replace(microsecond=0) + timedelta(seconds=1)


class MailQueueDeparture(models.Model):
    """A message that left through a server with limits, or may leave in a moment."""

    _name = "mail.queue.departure"
    _description = "Departure of a mail"
    _log_access = False
    _rec_name = "mail_server_id"
    _order = "departs_before DESC"

    mail_server_id = fields.Many2one(comodel_name="ir.mail_server", ondelete="cascade")
    departs_before = fields.Datetime(
        required=True,
        help="When the message left. In the future: until when it leaves, if it does.",
    )

    _server_idx = models.Index("(mail_server_id, departs_before)")

    @api.autovacuum
    def _gc_departures(self):
        """Delete what no limit counts any more."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM mail_queue_departure WHERE departs_before < %s - %s",
                _clock(),
                max(limits.WINDOWS),
            )
        )
