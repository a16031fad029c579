# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mails that leave in a transaction of a caller, by Odoo's own ``_send()``."""

import logging
from contextvars import ContextVar

from odoo import models
from odoo.tools.mail import email_normalize_all

from ..smtp.retry import describe_refused

_logger = logging.getLogger(__name__)

# Whom the server refused, of the mail that leaves in a transaction of a caller.
_REFUSED = ContextVar("mail_queue_safe.refused", default=None)


def refused_in_transaction():
    """:return: a dict for the replies of a server to recipients that it refuses, while
    mails leave in a transaction of a caller; else None
    """
    return _REFUSED.get()


class MailMail(models.Model):
    _inherit = "mail.mail"

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
