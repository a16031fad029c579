# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The doors by which Odoo, other addons and clients send.

Each checks rights first. None takes anything from the context of a caller.
"""

import logging
import sys

from odoo import SUPERUSER_ID, api, models, modules
from odoo.http import request
from odoo.modules.registry import Registry
from odoo.service.server import thread_local

from .mail_mail_queue import Run

_logger = logging.getLogger(__name__)

# Calls by clients that Odoo repeats after a conflict. Mails cannot be repeated.
_SEND_NOW = ("mail.mail.send", "mail.mail.action_send_and_close")
_OURS = ("odoo.addons.mail_queue_safe.", "odoo.addons.mail.", "odoo.addons.base.")


# What Odoo reads there while mails leave; it and the queue set it for each message.
_OF_MESSAGES = (
    "domain_bounce_address",
    "domain_notifications_email",
    "send_smtp_skip_to",
    "send_validated_to",
)


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
        mails = self._queue_without_caller()
        if auto_commit and self._queue_may_commit():
            mails._queue_send(Run(post_send_callback))
            mails._queue_commit_effects(self.ids)
            return True
        mails = mails._queue_lock()
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

    def _queue_without_caller(self):
        """:return: these mails, of which no context says who sends them to whom"""
        context = self.env.context
        kept = {name: context[name] for name in context if name not in _OF_MESSAGES}
        # Keywords would leave the others in it.
        return self.with_context(kept)  # pylint: disable=context-overridden

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


def _addon_of_caller():
    """:return: the name of the addon that called the queue, or what is known of it"""
    frame = sys._getframe(1)
    while frame:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("odoo.addons.") and not name.startswith(_OURS):
            return f"The addon {name.split('.')[2]}"
        frame = frame.f_back
    return "The caller"
