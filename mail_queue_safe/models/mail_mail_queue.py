# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The queue: each message a transaction of its own, claimed by one consumer.

The loop is the queue's own, and calls what other addons override of Odoo's: see
``_queue_attempt()``. Odoo's ``_send()`` has no part in it.
"""

import enum
import logging
import time
from collections import Counter
from functools import partial
from math import inf

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..smtp.recipients import Failure, Recipients
from ..smtp.retry import describe
from ..smtp.session import Session
from .mail_mail_attempt import Attempt, Outcome

_logger = logging.getLogger(__name__)

# The queue reads so many mails at once, and does as many effects at once.
_BATCH_SIZE = 100
_CONFLICTS = 5


class _Settled(enum.Enum):
    """What became of a claimed mail."""

    #: Nothing is left to do in this run.
    DONE = enum.auto()
    #: Its rows have changed: it has to be read again.
    CHANGED = enum.auto()
    #: The server takes nothing from us.
    OUTAGE = enum.auto()
    #: The limits of the server allow no more.
    LIMIT = enum.auto()


_STOPPED = {Outcome.OUTAGE: _Settled.OUTAGE, Outcome.LIMIT: _Settled.LIMIT}


class _Delivery:
    """How far the queue is with one mail.

    :ivar Recipients recipients: what is settled about them
    :ivar list messages: those that are left; None if they have to be prepared
    :ivar bool asks: whether the document may have something against each message
    :ivar int conflicts: how often another transaction was faster
    """

    def __init__(self, mail):
        self.recipients = Recipients(mail.queue_accepted, mail.queue_refused)
        self.messages = None
        self.asks = bool(mail._queue_document())
        self.conflicts = 0


class Run:
    """What one consumer does until the queue is empty.

    :param post_send_callback: function that gets the ids of what was sent, or None
    :ivar Counter over: by server how many mails its limits made wait
    """

    def __init__(self, post_send_callback=None):
        self.post_send_callback = post_send_callback
        self.over = Counter()


class _Route:
    """How mails leave that share a server.

    :ivar server: the ``ir.mail_server``, or none for that of the configuration
    :ivar domain: the ``mail.alias.domain``, or none
    :ivar Session session: with the server
    :ivar ReadAhead ahead: what was read of the mails, or None
    :ivar Departures departures: how many messages the limits of the server allow
    :ivar int slot: of these, the next one
    :ivar str reason: why the server takes nothing from us
    :ivar bool probing: whether it took nothing so far, and is tried again
    """

    def __init__(self, server, domain, smtp_from, ahead):
        self.server = server
        self.domain = domain
        self.ahead = ahead
        self.departures = server._queue_reserve()
        self.slot = None
        self.reason = None
        self.probing = bool(server.env["mail.queue.outage"]._of(server))
        self.session = Session(
            partial(server._connect__, mail_server_id=server.id, smtp_from=smtp_from)
        )


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def process_email_queue(self, email_ids=(), *args, **kwargs):
        """Send what is due, oldest first, each message in a transaction of its own.

        It goes on until the queue is empty, or the time of a scheduled action is over.
        Inside a savepoint, and in Odoo's tests, it is Odoo's own.

        :param list email_ids: send these mails only
        :raise AccessError: for whoever may not change mails
        """
        self.browse().check_access("write")
        if self.env["ir.cron"]._mail_queue_worker_stops():
            return None
        if not self._queue_may_commit():
            return super().process_email_queue(email_ids, *args, **kwargs)
        domain = [
            ("state", "=", "outgoing"),
            *self.env.context.get("filters", []),
            *([("id", "in", list(email_ids))] if email_ids else []),
        ]
        last_id = 0
        run = Run()
        while mails := self._queue_without_caller().search(
            [*domain, *self._queue_due_domain(), ("id", ">", last_id)],
            order="id",
            limit=_BATCH_SIZE,
        ):
            last_id = mails.ids[-1]
            mails._queue_send(run)
            if not self.env["ir.cron"]._commit_progress(len(mails)):
                # It is the turn of other scheduled actions, and then of this again.
                self._queue_trigger()
                break
        # also of what a consumer left that was killed
        self._queue_commit_effects()
        return True

    @api.model
    def _queue_due_domain(self):
        """:return: a domain on the queued mails that may be sent now"""
        now = fields.Datetime.now()
        return [
            "|",
            ("scheduled_date", "=", False),
            ("scheduled_date", "<=", now),
            "|",
            ("queue_next_attempt", "=", False),
            ("queue_next_attempt", "<=", now),
        ]

    def _queue_send(self, run):
        """Send these mails, each message in a transaction of its own.

        :param Run run: which they are part of
        """
        changed = self
        for _round in range(_CONFLICTS):
            changed = changed._queue_send_batch(run)
            if not changed:
                return
        self._queue_commit_give_way()

    def _queue_send_batch(self, run):
        """Read these mails, and send them through their servers.

        :return: those that changed after they were read
        """
        mails = self.exists()
        changed = self.browse()
        groups = list(mails._split_by_mail_configuration())
        ahead = mails._queue_read_ahead()
        for server_id, alias_domain_id, smtp_from, mail_ids in groups:
            server = self.env["ir.mail_server"].browse(server_id)
            personal = server.sudo().owner_user_id
            route = _Route(
                server,
                self.env["mail.alias.domain"].sudo().browse(alias_domain_id),
                smtp_from,
                None if personal else ahead,
            )
            changed += self.browse(mail_ids)._queue_send_group(route, run)
        self._queue_commit_effects(self.ids)
        return changed

    def _queue_send_group(self, route, run):
        """Send mails that share a server, if it is to be used now.

        :return: those that changed after they were read
        """
        server = route.server
        if not self.env["mail.queue.outage"]._commit_try(server):
            self._queue_commit_put_off(server)
            return self.browse()
        with server._queue_connection() as granted:
            if not granted:
                self._queue_commit_give_way()
                return self.browse()
            try:
                with self._queue_turn(server) as mails:
                    return mails._queue_send_through(route, run)
            finally:
                route.session.quit()
                route.departures.release()

    def _queue_send_through(self, route, run):
        """Send mails that share a server, oldest first.

        :return: those that changed after they were read
        """
        waiting = sorted(self.ids)
        changed = self.browse()
        # Odoo tells a scheduled action when its time is over, on this clock.
        end = self.env.context.get("cron_end_time", inf)
        while waiting and time.monotonic() < end:
            mail = self.browse()
            settled = self._queue_open(route)
            if not settled:
                mail, unchanged = self._queue_claim(waiting, route.ahead)
                if not mail:
                    break
                waiting = waiting[waiting.index(mail.id) + 1 :]
                settled = mail._queue_deliver(route) if unchanged else _Settled.CHANGED
            if settled is _Settled.CHANGED:
                changed += mail
            elif settled is _Settled.OUTAGE:
                self.browse(waiting)._queue_commit_outage(route, mail)
                break
            elif settled is _Settled.LIMIT:
                (mail + self.browse(waiting))._queue_commit_over_limit(route, run.over)
                break
            elif run.post_send_callback:
                run.post_send_callback(mail.ids)
        self._queue_commit()
        return changed

    @api.model
    def _queue_open(self, route):
        """Have what a message needs: a session with the server, and a free departure.

        :return: nothing; or why there is none
        :rtype: _Settled
        """
        if route.session.is_closed():
            route.session.quit()
        for _attempt in range(_CONFLICTS):
            try:
                route.session.open()
                break
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                # Another consumer has just got a new token from the provider.
                self.env.cr.rollback()
                route.reason = type(error).__name__
            except Exception as error:
                self.env.cr.rollback()
                route.reason = describe(error)
                return _Settled.OUTAGE
        else:
            return _Settled.OUTAGE
        route.slot = route.departures.take()
        return None if route.slot else _Settled.LIMIT

    def _queue_deliver(self, route):
        """Send the messages of a claimed mail, each in a transaction of its own.

        :param _Route route: how it leaves
        :rtype: _Settled
        """
        delivery = _Delivery(self)
        while True:
            settled = self._queue_deliver_next(delivery, route)
            settled = settled or self._queue_open(route)
            if settled:
                return settled
            mail, unchanged = self._queue_claim(self.ids, route.ahead)
            if not mail:
                return _Settled.DONE
            if not unchanged:
                return _Settled.CHANGED

    def _queue_deliver_next(self, delivery, route):
        """Send the next message of a claimed mail.

        :param _Delivery delivery: of the mail
        :param _Route route: how it leaves
        :return: what became of the mail, or None if it may have other messages
        :rtype: _Settled
        """
        recipients = delivery.recipients
        try:
            if delivery.messages is None:
                delivery.messages = self._queue_messages(route.server, recipients)
            if self.state == "cancel":
                # Another addon has just done that.
                self._queue_commit()
                return _Settled.DONE
            if not delivery.messages:
                self._queue_finish(recipients)
                return _Settled.DONE
            attempt = Attempt(delivery.messages[0], len(delivery.messages) == 1)
            outcome = self._queue_attempt(attempt, recipients, route)
        except MemoryError:
            raise
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()
            delivery.messages = None
            delivery.conflicts += 1
            if delivery.conflicts < _CONFLICTS:
                return None
            self._queue_commit_give_way()
            return _Settled.DONE
        except Exception as error:
            self.env.cr.rollback()
            if delivery.messages == []:
                # Storing failed, and would fail again: the other mails go on.
                _logger.warning(
                    "What became of mail %s cannot be stored: %s",
                    self.id,
                    type(error).__name__,
                )
                self._queue_commit_give_way()
                return _Settled.DONE
            # Preparing failed: nobody knows for whom there would be a message.
            recipients.failures.append(
                Failure(None, None, describe(error), "unknown", False)
            )
            delivery.messages = []
            return None
        if outcome is Outcome.TAKEN:
            return self._queue_taken(attempt, delivery, route)
        # What was prepared in this transaction is undone.
        delivery.messages = [] if attempt.is_last and recipients.failures else None
        return _STOPPED.get(outcome)

    def _queue_taken(self, attempt, delivery, route):
        """Go on after the server took a message.

        :return: as of :meth:`_queue_deliver_next`
        """
        recipients = delivery.recipients
        if route.ahead and attempt.row:
            route.ahead.note(self, attempt.row, recipients.accepted)
        if route.probing:
            route.probing = False
            self.env["mail.queue.outage"]._commit_reachable(route.server)
        del delivery.messages[0]
        if not delivery.messages and not recipients.has_failures():
            return _Settled.DONE
        if delivery.messages and delivery.asks:
            delivery.messages = None
        return None

    def _queue_finish(self, recipients):
        """Store what became of this claimed mail, of which no message is left.

        :param Recipients recipients: of it
        """
        if not recipients.has_failures() and not recipients.accepted:
            missing = not (self.email_to or self.email_cc or self.recipient_ids)
            recipients.failures.append(
                Failure(
                    None,
                    None,
                    self.env["ir.mail_server"].NO_VALID_RECIPIENT,
                    "mail_email_missing" if missing else "unknown",
                    True,
                )
            )
        if recipients.has_failures():
            self._queue_store_failures(recipients)
        else:
            self.write(self._queue_sent_values())
        self._queue_commit()
