# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The doors: buttons, and the methods by which Odoo and other addons send.

Each checks rights first. None takes anything from the context of a caller.
"""

import logging
import sys
from contextvars import ContextVar

from odoo import SUPERUSER_ID, api, models, modules
from odoo.http import request
from odoo.modules.registry import Registry
from odoo.service.server import thread_local
from odoo.tools.mail import email_normalize_all

from ..smtp.retry import describe_refused
from .mail_mail_queue import Run

_logger = logging.getLogger(__name__)

# Calls by clients that Odoo repeats after a conflict. Mails cannot be repeated.
_SEND_NOW = ("mail.mail.send", "mail.mail.action_send_and_close")
_OURS = ("odoo.addons.mail_queue_safe.", "odoo.addons.mail.", "odoo.addons.base.")
# Whom the server refused, of the mail that leaves in a transaction of a caller.
_REFUSED = ContextVar("mail_queue_safe.refused", default=None)


def refused_in_transaction():
    """:return: a dict for the replies of a server to recipients that it refuses, while
    mails leave in a transaction of a caller; else None
    """
    return _REFUSED.get()


def _called_by_client():
    """:return: whether a client calls, by RPC, a method that sends"""
    called = getattr(thread_local, "rpc_model_method", "")
    if request:
        path = request.httprequest.path
        if path.startswith("/web/dataset/call_"):
            called = f"{request.params.get('model')}.{request.params.get('method')}"
        elif path.startswith("/json/2/"):
            called = path.removeprefix("/json/2/").replace("/", ".")
    return called in _SEND_NOW


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Send what nobody else is sending.

        Mails that some of their recipients got already are left to the queue, which
        leaves these out.

        :param bool auto_commit: as the queue does, each message in a transaction of its
            own, where failures stay on the mails; without it, and inside a savepoint,
            all in the caller's transaction
        :param bool raise_exception: as in Odoo, in the caller's transaction
        :param post_send_callback: function that gets the ids of what was sent
        :return: True; for a client, the action that tells what happens
        :raise AccessError: for whoever may not change mails
        """
        self.check_access("write")
        if _called_by_client():
            return self._queue_send_now()
        if auto_commit and self._queue_may_commit():
            self._queue_send(Run(post_send_callback))
            self._queue_commit_effects(self.ids)
            return True
        mails = self._queue_lock()
        begun = mails.filtered(lambda mail: mail.queue_accepted or mail.queue_refused)
        if begun:
            self._queue_trigger()
        return super(MailMail, mails - begun).send(
            raise_exception=raise_exception, post_send_callback=post_send_callback
        )

    def send_after_commit(self):
        """Send as the queue does, once the transaction is committed.

        :raise AccessError: for whoever may not change mails
        """
        self.check_access("write")
        if modules.module.current_test:
            return super().send_after_commit()
        mail_ids, dbname = self.ids, self.env.cr.dbname

        @self.env.cr.postcommit.add
        def send():
            with Registry(dbname).cursor() as cr:
                mails = api.Environment(cr, SUPERUSER_ID, {})["mail.mail"]
                mails.browse(mail_ids)._queue_send(Run())
                mails._queue_commit_effects(mail_ids)

        return None

    @api.model
    def _queue_may_commit(self):
        """Tell whether the queue may commit, and warn if that commits half-done work.

        :return: False inside a savepoint, and in Odoo's tests
        """
        if modules.module.current_test:
            return False
        cr, transaction = self.env.cr, self.env.transaction
        cr.execute("SELECT pg_current_xact_id_if_assigned()")
        begun = cr.fetchone()[0] or any(transaction.field_dirty.values())
        # A new row has the number of the transaction; in a savepoint, it has its own.
        cr.execute(
            "INSERT INTO mail_queue_departure (departs_before) VALUES ('epoch')"
            " RETURNING id, xmin::text = pg_current_xact_id()::xid::text"
        )
        row_id, outside = cr.fetchone()
        cr.execute("DELETE FROM mail_queue_departure WHERE id = %s", [row_id])
        if outside and begun:
            _logger.warning(
                "%s changed something before it called the mail queue, which commits "
                "it.",
                _addon_of_caller(),
            )
        return outside

    def _send(self, *args, **kwargs):
        """Send in a transaction of the caller, with an eye on each recipient."""
        token = _REFUSED.set({})
        try:
            return super()._send(*args, **kwargs)
        finally:
            _REFUSED.reset(token)

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """In a transaction of the caller, note whom the server refused, and who got it.

        Odoo calls a mail sent if anybody got it.
        """
        refused = refused_in_transaction()
        if refused is None:
            return super()._postprocess_sent_message(
                success_pids, success_emails, failure_reason, failure_type
            )
        if refused and not failure_type:
            failure_reason, failure_type = describe_refused(refused), "unknown"
            self.write(
                {
                    "state": "exception",
                    "failure_reason": failure_reason,
                    "failure_type": failure_type,
                }
            )
        if failure_type:
            # for the retry
            by_contact = [(partner.email, partner.id) for partner in success_pids]
            self.queue_accepted = [
                (address, contact)
                for emails, contact in [
                    *by_contact,
                    *((email, None) for email in success_emails),
                ]
                for address in email_normalize_all(emails)
                if address not in refused
            ] or False
        refused.clear()
        for partner in success_pids:
            self._queue_announce_safely(partner)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )

    def _queue_announce_safely(self, partner):
        """Tell the document of this mail that a contact got it, which may fail."""
        if not self._queue_document():
            return  # A savepoint would write what Odoo writes once for many mails.
        try:
            with self.env.cr.savepoint():
                self._queue_announce(partner)
        except Exception as error:
            _logger.warning(
                "What follows mail %s failed: %s", self.id, type(error).__name__
            )

    # Buttons --------------------------------------------------------------------

    def _queue_send_now(self):
        """Make these mails due, and the queue run.

        :return: the action that tells the user
        :rtype: dict
        """
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
        """Have mails sent that failed or were cancelled, as if for the first time.

        :return: the action that tells the user what was left alone, or True
        :raise AccessError: for whoever may not change mails
        """
        self.check_access("write")
        mails = self._queue_lock_unsent()
        mails.write(
            {
                "queue_attempts": 0,
                "queue_next_attempt": False,
                "queue_refused": False,
            }
        )
        super(MailMail, mails).mark_outgoing()
        self._queue_trigger()
        return mails._queue_tell_left_alone(len(self - mails))

    def action_retry(self):
        """Try again at once what failed, for good or for the time being.

        :return: as of :meth:`mark_outgoing`
        :raise AccessError: for whoever may not change mails
        """
        return self.filtered(
            lambda mail: mail.state == "exception"
            or (mail.state == "outgoing" and mail.queue_next_attempt)
        ).mark_outgoing()

    def cancel(self):
        """Cancel what has not left and is not just leaving.

        :return: the action that tells the user what was left alone, or True
        :raise AccessError: for whoever may not change mails
        """
        self.check_access("write")
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


def _addon_of_caller():
    """:return: the name of the addon that called the queue, or what is known of it"""
    frame = sys._getframe(1)
    while frame:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("odoo.addons.") and not name.startswith(_OURS):
            return f"The addon {name.split('.')[2]}"
        frame = frame.f_back
    return "The caller"
