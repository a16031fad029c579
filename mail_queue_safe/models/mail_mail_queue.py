# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The queue: each message a transaction of its own, claimed by one consumer."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

import logging
import smtplib
import time
from contextlib import contextmanager
from functools import partial
from math import inf

import psycopg2
from psycopg2.errors import ActiveSqlTransaction

from odoo import SUPERUSER_ID, api, fields, models, modules
from odoo.exceptions import UserError
from odoo.http import request
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.service.server import thread_local
from odoo.tools import SQL, split_every
from odoo.tools.mail import email_normalize

from .. import delivery as deliveries
from ..retry_policy import describe, describe_refused, is_permanent, is_permanent_code

_logger = logging.getLogger(__name__)

# Calls from outside that Odoo repeats after a conflict. Mails cannot be repeated.
_SEND_NOW = ("mail.mail.send", "mail.mail.action_send_and_close")
# A consumer looks at so many mails at once for one that nobody else is sending.
_LOOK_AHEAD = 50
# and reads the configuration of so many at once.
_BATCH_SIZE = 100
_EFFECTS_EVERY = 100
_CONFLICTS = 5
_SPLITTING = "mail_queue_splitting"


class _Connection:
    """An SMTP session that is opened again when the server has closed it.

    :param connect: function that opens one
    :ivar session: the session; None before :meth:`open`
    :ivar bool used: whether a message was sent in the session
    """

    def __init__(self, connect):
        self._connect = connect
        self.session = None
        self.used = False

    def open(self):
        """Have a session.

        :raise Exception: if there is none
        """
        if self.session is None:
            self.session = self._connect()
            self.used = False

    def is_closed(self):
        """:return: whether the server hung up"""
        return getattr(self.session, "sock", True) is None

    def quit(self):
        """Close the session, if there is one."""
        session, self.session = self.session, None
        if session:
            try:
                session.quit()
            except (smtplib.SMTPException, OSError):
                _logger.info("The SMTP server had ended the session already.")


def _called_from_outside():
    """:return: whether a client calls, by RPC, a method that sends"""
    called = getattr(thread_local, "rpc_model_method", "")
    if request:
        # as the route of JSON-2 names them
        model = request.params.get("__model__")
        method = request.params.get("__method__")
        called = f"{model}.{method}" if method else called
    return called in _SEND_NOW


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Send what nobody else is sending.

        :param bool auto_commit: as the queue does, each message in a transaction of its
            own, where failures stay on the mails; without it, all in the caller's
            transaction
        :raise RuntimeError: with ``auto_commit``, inside a savepoint or with changes
            that the caller has not committed
        """
        if _called_from_outside():
            return self._queue_send_now()
        if auto_commit:
            self._queue_send(post_send_callback)
            self._queue_commit_effects(self.ids)
            return True
        return super(MailMail, self._queue_lock()).send(
            raise_exception=raise_exception, post_send_callback=post_send_callback
        )

    def send_after_commit(self):
        """Send as the queue does, once the transaction is committed.

        :raise AccessError: for whoever may not send the mails by hand
        """
        self.check_access("write")
        if modules.module.current_test:
            return super().send_after_commit()
        mail_ids, context, dbname = self.ids, self.env.context, self.env.cr.dbname

        @self.env.cr.postcommit.add
        def send():
            with Registry(dbname).cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, context)
                mails = env["mail.mail"].browse(mail_ids)
                mails._queue_send()
                mails._queue_commit_effects(mail_ids)

        return None

    @api.model
    def process_email_queue(self, email_ids=(), *args, **kwargs):
        """Send what is due, oldest first, each message in a transaction of its own.

        It goes on until the queue is empty, or the time of a scheduled action is over.

        :param list email_ids: send these mails only
        :raise RuntimeError: inside a savepoint or with uncommitted changes
        """
        if modules.module.current_test:
            return super().process_email_queue(email_ids, *args, **kwargs)
        self._queue_check_transaction()
        domain = [
            ("state", "=", "outgoing"),
            *self.env.context.get("filters", []),
            *([("id", "in", list(email_ids))] if email_ids else []),
        ]
        last_id = 0
        while mails := self.search(
            [*domain, *self._queue_due_domain(), ("id", ">", last_id)],
            order="id",
            limit=_BATCH_SIZE,
        ):
            last_id = mails.ids[-1]
            mails._queue_send()
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

    def _queue_check_transaction(self):
        """Check that there is nothing of a caller's to commit.

        :raise RuntimeError: if there is
        """
        transaction = self.env.transaction
        unflushed = (
            any(transaction.field_dirty.values())
            or any(transaction.tocompute.values())
            or self.env.cr.precommit
        )
        self.env.cr.execute("SELECT pg_current_xact_id_if_assigned()")
        if unflushed or self.env.cr.fetchone()[0]:
            raise RuntimeError(
                "The mail queue commits: commit or roll back your own changes first."
            )
        try:
            # Harmless, and the one statement that tells: it fails in savepoints only.
            self.env.cr.execute("SELECT pg_export_snapshot()", log_exceptions=False)
        except ActiveSqlTransaction:
            raise RuntimeError(
                "The mail queue commits: it cannot run inside a savepoint."
            ) from None

    # The loop -------------------------------------------------------------------

    def _queue_send(self, post_send_callback=None):
        """Send these mails, each message in a transaction of its own.

        :param post_send_callback: as of :meth:`send`
        """
        self._queue_check_transaction()
        servers = self.env["ir.mail_server"]
        groups = list(self.exists()._split_by_mail_configuration())
        for server_id, alias_domain_id, smtp_from, mail_ids in groups:
            server = servers.browse(server_id)
            if self.browse(mail_ids)._queue_commit_put_off(server):
                continue
            connection = _Connection(
                partial(
                    servers._connect__, mail_server_id=server_id, smtp_from=smtp_from
                )
            )
            try:
                with self.browse(mail_ids)._queue_turn(server) as mails:
                    mails._queue_send_through(
                        connection,
                        post_send_callback,
                        server,
                        alias_domain_id=alias_domain_id,
                    )
            finally:
                connection.quit()

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
        key = self._queue_turn_key(server)
        cr.execute(SQL("SELECT pg_try_advisory_lock(%s)", key))
        if not cr.fetchone()[0]:
            self._queue_commit_trigger()
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
            self._queue_commit_trigger()
            return self.browse()
        return mails

    def _split_by_delayed_batch(self, mail_server):
        """Let nobody else count the mails of a personal server at the same time."""
        if not mail_server.owner_user_id:
            return super()._split_by_delayed_batch(mail_server)
        key = self._queue_turn_key(mail_server)
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", key))
        if not self.env.cr.fetchone()[0]:
            self._queue_give_way()
            return self.browse()
        splitting = self.with_context(**{_SPLITTING: True})
        mails = super(MailMail, splitting)._split_by_delayed_batch(mail_server)
        return self.browse(mails.ids)

    def _queue_turn_key(self, server):
        return SQL("hashtext('mail_queue_safe'), %s", server.id)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if self.env.context.get(_SPLITTING):
            for mail, vals in zip(self, vals_list, strict=True):
                vals["queue_accepted"] = mail.queue_accepted
        return vals_list

    def _queue_send_through(self, connection, post_send_callback, server, **options):
        """Send mails that share a server, oldest first.

        :param _Connection connection: to the server
        :param server: the ``ir.mail_server``, or none for that of the configuration
        :param options: more arguments of ``_send()``
        """
        waiting = sorted(self.ids)
        delivery = None
        count = 0
        # Odoo tells a scheduled action when its time is over, on this clock.
        end = self.env.context.get("cron_end_time", inf)
        while waiting and time.monotonic() < end:
            try:
                connection.open()
                if not connection.used:
                    self.env["mail.queue.outage"]._commit_reachable(server)
            except psycopg2.Error:
                raise
            except UserError as error:
                # Odoo does not allow to use this server.
                self.browse(waiting)._queue_commit_forbidden(error)
                return
            except Exception as error:
                self.env["mail.queue.outage"]._commit_unreachable(server, error)
                self.browse(waiting)._queue_commit_put_off(server)
                return
            mail = self._queue_claim_due(waiting)
            if not mail:
                return
            if not delivery or delivery.mail_id != mail.id:
                delivery = deliveries.Sending(mail.ids, claimed=True)[mail.id]
            if not mail._queue_send_claimed(
                delivery, connection, mail_server=server, **options
            ):
                waiting = waiting[waiting.index(mail.id) :]
                continue
            waiting = waiting[waiting.index(mail.id) + 1 :]
            if post_send_callback:
                post_send_callback(mail.ids)
            count += 1
            if not count % _EFFECTS_EVERY:
                self._queue_commit_effects()

    def _queue_commit_forbidden(self, error):
        """Store that these mails may not be sent through their server."""
        waiting = self.ids
        failure = deliveries.Failure(None, None, describe(error), "mail_smtp", True)
        while mail := self._queue_claim_due(waiting):
            waiting = waiting[waiting.index(mail.id) + 1 :]
            mail._queue_store_failures([failure])
        self._queue_commit()

    def _queue_commit_put_off(self, server):
        """Let these mails wait, whole, until their server is tried again.

        :return: whether they have to
        """
        outage = self.env["mail.queue.outage"]._present(server)
        if not outage:
            return False
        self._queue_lock_unchanged().filtered(
            lambda mail: mail.state == "outgoing"
        ).write(
            {
                "queue_next_attempt": outage.next_attempt,
                "failure_reason": outage.reason,
            }
        )
        self._queue_commit()
        return True

    @api.model
    def _queue_claim_due(self, mail_ids):
        """Claim the first of these mails that is due and that nobody else is sending.

        It begins a transaction, and stays locked until its end.

        :return: the mail, or none
        """
        now = fields.Datetime.now()
        for some_ids in split_every(_LOOK_AHEAD, mail_ids):
            mail = self._queue_claim(
                SQL(
                    "id IN %s AND state = 'outgoing'"
                    " AND (scheduled_date IS NULL OR scheduled_date <= %s)"
                    " AND (queue_next_attempt IS NULL OR queue_next_attempt <= %s)",
                    tuple(some_ids),
                    now,
                    now,
                )
            )
            if mail:
                return mail
        return self.browse()

    # One mail -------------------------------------------------------------------

    def _queue_send_claimed(self, delivery, connection, **options):
        """Send the messages of a claimed mail, each in a transaction of its own.

        :return: whether the mail is settled; else it needs a new session
        """
        conflicts = 0
        while True:
            try:
                done = self._queue_attempt(delivery, connection, **options)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                delivery.waiting = None
                done = False
                conflicts += 1
                if conflicts == _CONFLICTS:
                    self._queue_commit_trigger()
                    return True
            if connection.is_closed():
                connection.quit()
                if not done or delivery.waiting != []:
                    return False
            if done and delivery.waiting == []:
                break
            if not self._queue_claim_due(self.ids):
                return True
        failed = delivery.failures or delivery.failed_before
        if failed and self._queue_claim_due(self.ids):
            self._queue_store_failures(delivery.failures)
            self._queue_commit()
        return True

    def _queue_attempt(self, delivery, connection, **options):
        """Send the next message of a claimed mail.

        :return: whether it is settled what becomes of it; else it is tried again
        """
        delivery.begin()
        used, connection.used = connection.used, True
        error = None
        try:
            mail = deliveries.put(self, delivery.sending)
            mail._send(raise_exception=True, smtp_session=connection.session, **options)
            self._queue_commit_unwatched(delivery)
            # What other addons wrote meanwhile: one may have cancelled the mail.
            self._queue_commit()
            if self.state == "cancel":
                delivery.waiting = []
                return True
        except MemoryError:
            raise
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as conflict:
            if not delivery.committed:
                raise
            error = conflict
        except Exception as exception:
            error = exception
        if delivery.committed:
            if error:
                self.env.cr.rollback()
                _logger.warning(
                    "Mail %s was sent, and then failed: %s",
                    self.id,
                    type(error).__name__,
                )
            delivery.fail(self._queue_refusals(delivery))
            del delivery.waiting[:1]
            return True
        self.env.cr.rollback()
        if not error and delivery.waiting == []:
            if delivery.failures or delivery.failed_before:
                return True  # all that was left had failed before
        if connection.is_closed() and used and not delivery.handed_over:
            # The server had enough of this session, not necessarily of this message.
            delivery.waiting = None
            return False
        noted = delivery.noted or (not error and delivery.provisional) or {}
        failure_type = noted.get("failure_type") or "unknown"
        reason = noted.get("failure_reason")
        permanent = failure_type != "unknown"
        if error and not permanent:
            reason, permanent = describe(error), is_permanent(error)
        partner = (delivery.current or {}).get("partner_id")
        whole = deliveries.Failure(
            None, partner.id if partner else None, reason, failure_type, permanent
        )
        delivery.fail(self._queue_refusals(delivery) or [whole])
        # What was prepared in this transaction is undone: prepare the rest again.
        delivery.waiting = None if delivery.current and delivery.left else []
        return True

    def _queue_refusals(self, delivery):
        """:return: a failure for each recipient that the server refused"""
        partner = (delivery.current or {}).get("partner_id")
        return [
            deliveries.Failure(
                email_normalize(recipient, strict=False) or recipient,
                partner.id if partner else None,
                describe_refused({recipient: (code, text)}),
                "unknown",
                is_permanent_code(code),
            )
            for recipient, (code, text) in delivery.refused.items()
        ]

    def _queue_commit_unwatched(self, delivery):
        """Store what could not be stored before a message was handed over.

        It was sent another way than with SMTP, or all its recipients had got it.
        """
        if delivery.committed:
            return
        if delivery.noted.get("state") == "sent":
            addresses = self._queue_addresses(delivery.current)
            self._queue_store_accepted(delivery, addresses)
        elif not (delivery.waiting or delivery.failures or delivery.failed_before) and (
            self.queue_accepted
        ):
            self.write({**self._queue_sent_values(), "queue_effects_due": True})
        else:
            return
        self._queue_commit_accepted(delivery)
