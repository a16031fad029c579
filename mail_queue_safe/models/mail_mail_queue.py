# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The queue: each message a transaction of its own, claimed by one consumer."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

import logging
import smtplib
from contextlib import contextmanager
from functools import partial

from psycopg2.errors import ActiveSqlTransaction

from odoo import SUPERUSER_ID, api, fields, models, modules
from odoo.http import request
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.service.server import thread_local
from odoo.tools import SQL, exception_to_unicode, split_every

from .. import delivery as deliveries
from ..smtp_dialogue import describe

_logger = logging.getLogger(__name__)

# Calls from outside that Odoo repeats after a conflict. Mails cannot be repeated.
_SEND_NOW = ("mail.mail.send", "mail.mail.action_send_and_close")
# A consumer looks at so many mails at once for one that nobody else is sending.
_LOOK_AHEAD = 50
_EFFECTS_EVERY = 100
_CONFLICTS = 5
_SPLITTING = "mail_queue_splitting"


class _Connection:
    """An SMTP session that is opened when it is first needed.

    :param connect: function that opens one
    :ivar bool used: whether the session was open before the last message
    """

    def __init__(self, connect):
        self._connect = connect
        self._session = None
        self._error = None
        self.used = False

    def session(self):
        """:raise Exception: why it cannot be opened, each time the same"""
        if self._error:
            raise self._error
        self.used = bool(self._session)
        if not self._session:
            try:
                self._session = self._connect()
            except Exception as error:
                self._error = error
                raise
        return self._session

    def is_closed(self):
        """:return: whether the server hung up, so that a new session is needed"""
        return bool(self._session) and getattr(self._session, "sock", True) is None

    def quit(self):
        """Close the session; the next message gets a new one."""
        session, self._session = self._session, None
        if session:
            try:
                session.quit()
            except (smtplib.SMTPException, OSError):
                _logger.info("The SMTP server had ended the session already.")


def _called_from_outside():
    """:return: whether a client calls, by RPC, a method that sends"""
    called = getattr(thread_local, "rpc_model_method", "")
    if request and "__method__" in request.params:
        called = "{__model__}.{__method__}".format_map(request.params)
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
            self._queue_commit_effects()
            return True
        return super(MailMail, self._queue_lock()).send(
            raise_exception=raise_exception, post_send_callback=post_send_callback
        )

    def send_after_commit(self):
        """Send as the queue does, once the transaction is committed."""
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
    def process_email_queue(self, *args, **kwargs):
        """Send what is due, each message in a transaction of its own.

        :raise RuntimeError: inside a savepoint or with uncommitted changes
        """
        if not modules.module.current_test:
            self._queue_check_transaction()
        return super().process_email_queue(*args, **kwargs)

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
        self._queue_check_transaction()
        servers = self.env["ir.mail_server"]
        groups = list(self.exists()._split_by_mail_configuration())
        for server_id, alias_domain_id, smtp_from, mail_ids in groups:
            server = servers.browse(server_id)
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
                        alias_domain_id=alias_domain_id,
                        mail_server=server,
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
        key = SQL("hashtext('mail_queue_safe'), %s", server.id)
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
            splitting = due.with_context(**{_SPLITTING: True})
            mails = splitting._split_by_delayed_batch(server)
            self._queue_commit()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._queue_commit_trigger()
            return self.browse()
        return self.browse(mails.ids)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if self.env.context.get(_SPLITTING):
            for mail, vals in zip(self, vals_list, strict=True):
                vals["queue_accepted"] = mail.queue_accepted
        return vals_list

    def _queue_send_through(self, connection, post_send_callback, **options):
        """Send mails that share a server, oldest first."""
        waiting = sorted(self.ids)
        count = 0
        while mail := self._queue_claim_due(waiting):
            waiting = waiting[waiting.index(mail.id) + 1 :]
            mail._queue_send_claimed(connection, **options)
            if post_send_callback:
                post_send_callback(mail.ids)
            count += 1
            if not count % _EFFECTS_EVERY:
                self._queue_commit_effects()

    @api.model
    def _queue_claim_due(self, mail_ids):
        """Claim the first of these mails that is due and that nobody else is sending.

        It begins a transaction, and stays locked until its end.

        :return: the mail, or none
        """
        for some_ids in split_every(_LOOK_AHEAD, mail_ids):
            mail = self._queue_claim(
                SQL(
                    "id IN %s AND state = 'outgoing'"
                    " AND (scheduled_date IS NULL OR scheduled_date <= %s)",
                    tuple(some_ids),
                    fields.Datetime.now(),
                )
            )
            if mail:
                return mail
        return self.browse()

    # One mail -------------------------------------------------------------------

    def _queue_send_claimed(self, connection, **options):
        """Send the messages of a claimed mail, each in a transaction of its own."""
        delivery = deliveries.Sending(self.ids, claimed=True)[self.id]
        conflicts = 0
        while True:
            try:
                done = self._queue_attempt(delivery, connection, **options)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                done = False
                conflicts += 1
            if done:
                del (delivery.waiting or [])[:1]
                if not delivery.waiting:
                    break
            if conflicts == _CONFLICTS:
                self._queue_commit_trigger()
                return
            if not self._queue_claim_due(self.ids):
                return
        if delivery.failures:
            self._queue_commit_failures(delivery.failures)

    def _queue_attempt(self, delivery, connection, **options):
        """Send the next message of a claimed mail.

        :return: whether it is settled what becomes of it; else it is tried again
        """
        delivery.begin()
        error = None
        try:
            mail = deliveries.put(self, delivery.sending)
            mail._send(
                raise_exception=True, smtp_session=connection.session(), **options
            )
            # Odoo catches an address that is none, and goes on.
            if not delivery.committed and not delivery.waiting and self.queue_accepted:
                self.write({**self._queue_sent_values(), "queue_effects_due": True})
                self.env.cr.flush()
                delivery.committed = True
            # what other addons wrote meanwhile
            self._queue_commit()
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
            if delivery.refused:
                delivery.failures.append((describe(delivery.refused), "unknown"))
            return True
        self.env.cr.rollback()
        if connection.is_closed():
            connection.quit()
            if connection.used:
                # It had enough of this session, not necessarily of this message.
                return False
        delivery.failures.append(
            (
                describe(delivery.refused)
                or delivery.noted.get("failure_reason")
                or exception_to_unicode(error),
                delivery.noted.get("failure_type") or "mail_smtp",
            )
        )
        return True

    def _queue_commit_failures(self, failures):
        """Store why a mail did not reach all its recipients.

        :param failures: pairs of reason and failure type
        """
        mail = self._queue_claim_due(self.ids)
        if mail:
            reasons, types = zip(*failures, strict=True)
            mail.write(
                {
                    "state": "exception",
                    "failure_reason": "\n".join(dict.fromkeys(reasons)),
                    "failure_type": types[0],
                    "queue_effects_due": True,
                }
            )
            self._queue_commit()
