# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One message of a mail that the queue has claimed.

What says *sent* is flushed when the server has named whom it takes the message for,
and before it gets the message. After its last reply only COMMIT follows.
"""

import enum
import logging
from contextlib import suppress

import psycopg2
from psycopg2.extras import Json

from odoo import fields, models
from odoo.exceptions import MissingError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL
from odoo.tools.mail import email_normalize, email_split_and_format_normalize

from odoo.addons.base.models.ir_mail_server import extract_rfc2822_addresses

from ..smtp.dialogue import Dialogue, watch
from ..smtp.recipients import Failure
from ..smtp.replies import (
    FINAL,
    RCPT,
    Verdict,
    is_certain,
    reply_of,
    verdict,
    verdict_of,
    wording,
)
from ..smtp.retry import describe, describe_outage, describe_refused
from .mail_mail_lock import quick_commit

_logger = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What became of an attempt to send one message."""

    #: Somebody got it, and that is committed.
    TAKEN = enum.auto()
    #: Nobody got it, and it is not tried again in this run.
    FAILED = enum.auto()
    #: The session was at its end, not the message: it takes a new one.
    NEW_SESSION = enum.auto()
    #: The server takes nothing from us at the moment.
    OUTAGE = enum.auto()
    #: The limits of the server allow no more.
    LIMIT = enum.auto()


class _LimitReached(Exception):
    """The message may not leave, because the departure's time was over."""


class Attempt:
    """One message, and what became of it.

    :param dict message: an item of what ``_prepare_outgoing_list()`` returns
    :param bool is_last: whether no other message of the mail is left
    :ivar res.partner partner: the contact whom it is for, or nothing
    :ivar int partner_id: its id, or None
    :ivar list accepted: whom the server took it for, as ``queue_accepted`` has them
    :ivar str row: the version of the row of the mail, if it has been written alone
    """

    def __init__(self, message, is_last):
        self.message = message
        self.is_last = is_last
        self.partner = message.get("partner_id")
        self.partner_id = self.partner.id if self.partner else None
        self.accepted = []
        self.row = None


class MailMail(models.Model):
    _inherit = "mail.mail"

    queue_accepted = fields.Json(
        string="Accepted recipients",
        readonly=True,
        copy=False,
        help="Whom the mail was delivered to: pairs of an address, and the contact or "
        "nothing. They do not get it again.",
    )

    def _queue_messages(self, server, recipients):
        """Prepare the messages that somebody is still to get.

        :param server: the ``ir.mail_server``, or none for that of the configuration
        :param Recipients recipients: of this mail
        :return: items of what ``_prepare_outgoing_list()`` returns
        """
        unfollowing = self.ids if "/mail/unfollow" in (self.body_html or "") else []
        messages = self._prepare_outgoing_list(
            mail_server=server or self.mail_server_id,
            doc_to_followers=self.env["mail.followers"]._get_mail_doc_to_followers(
                unfollowing
            ),
        )
        for message in messages:
            _allow_international_domains(message)
        return [
            message
            for message in messages
            if recipients.are_wanting(
                message["partner_id"].id if message.get("partner_id") else None,
                _addresses(message),
            )
        ]

    def _queue_attempt(self, attempt, recipients, route):
        """Send one message of this claimed mail, and commit that somebody got it.

        If nobody did, the transaction is undone.

        :param Attempt attempt: the message
        :param Recipients recipients: of this mail; gets to know what became of it
        :param route: how it leaves; has the reason of an outage
        :rtype: Outcome
        :raise Exception: after a conflict with another transaction
        """
        session = route.session
        used, session.used = session.used, True
        dialogue = Dialogue()
        error = None
        try:
            servers, message = self._queue_build(attempt, recipients, route)
        except (MemoryError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except Exception as exception:
            permanent = not isinstance(exception, psycopg2.Error)
            return self._queue_give_up(attempt, recipients, exception, permanent)
        try:
            with watch(
                session.smtp,
                dialogue,
                lambda: self._queue_store_accepted(
                    attempt, recipients, dialogue, route, message["Message-Id"]
                ),
                quick_commit(self.env.cr),
            ):
                message_id = servers.send_email(
                    message,
                    mail_server_id=self.mail_server_id.id,
                    smtp_session=session.smtp,
                )
            if not dialogue.taken:
                # Another addon sent it by other means than SMTP.
                dialogue.accepted = _addresses(attempt.message)
                self._queue_store_accepted(
                    attempt, recipients, dialogue, route, message_id
                )
                self._queue_commit()
        except MemoryError:
            raise
        except Exception as exception:
            error = exception
            self.env.cr.rollback()
        if not error or dialogue.taken and self._queue_is_stored(attempt):
            if error:
                _logger.warning(
                    "Mail %s was sent, and then failed: %s",
                    self.id,
                    type(error).__name__,
                )
            session.refusals = []
            recipients.accepted += attempt.accepted
            recipients.failures += self._queue_refusals(attempt, dialogue)
            return Outcome.TAKEN
        cause = dialogue.error or error
        if dialogue.taken:
            # Nobody shall get it again and again.
            return self._queue_give_up(attempt, recipients, cause, permanent=True)
        if isinstance(cause, _LimitReached):
            return Outcome.LIMIT
        if isinstance(cause, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise cause
        if dialogue.error:
            return self._queue_give_up(attempt, recipients, cause, permanent=False)
        if session.is_closed() and used and not dialogue.handed_over:
            # The server had enough of this session, not necessarily of this message.
            return Outcome.NEW_SESSION
        if self._queue_means_us(session, dialogue, error):
            named = [*dialogue.accepted, *dialogue.refused]
            route.reason = describe_outage(error, named)
            return Outcome.OUTAGE
        if dialogue.refused and not dialogue.accepted:
            recipients.failures += self._queue_refusals(attempt, dialogue)
            return Outcome.FAILED
        return self._queue_give_up(
            attempt, recipients, error, verdict_of(error) in FINAL
        )

    def _queue_means_us(self, session, dialogue, error):
        """Tell whether a server refused this mail because it takes nothing from us.

        :param Session session: with the server, which knows what it refused before
        :param Exception error: what it said
        """
        if verdict_of(error) is Verdict.US:
            return True
        refusals = (
            [(RCPT, *reply) for reply in dialogue.refused.values()]
            if not dialogue.accepted
            else []
        )
        replies = refusals or list(filter(None, [reply_of(error)]))
        return any(
            verdict(*reply) in FINAL
            and not is_certain(*reply)
            and session.refuse(self.id, wording(*reply[1:]))
            for reply in replies
        )

    def _queue_build(self, attempt, recipients, route):
        """Build what Odoo hands over to SMTP, with the values that Odoo gives it.

        :return: the ``ir.mail_server`` with the context of the message, and the message
        """
        if route.server and not self._filter_mail_mail_servers(route.server):
            raise UserError(
                self.env._("This mail may not leave through a server of another user.")
            )
        message = attempt.message
        valid = message.get("email_to_normalized")
        if valid == []:
            # Else a name that looks like an address would be taken for one.
            raise AssertionError(self.env["ir.mail_server"].NO_VALID_RECIPIENT)
        context = {
            "send_validated_to": valid or [],
            "send_smtp_skip_to": list(recipients.settled(attempt.partner_id)),
        }
        if route.domain:
            context["domain_notifications_email"] = route.domain.default_from_email
            context["domain_bounce_address"] = (
                message["headers"].get("Return-Path") or route.domain.bounce_email
            )
        senders = email_split_and_format_normalize(self.email_from)
        servers = self.env["ir.mail_server"].with_context(**context)
        return servers, servers._build_email__(
            email_from=senders[0] if senders else self.email_from,
            email_to=message["email_to"],
            subject=message["subject"],
            body=message["body"],
            body_alternative=message["body_alternative"],
            email_cc=message["email_cc"],
            reply_to=message["reply_to"],
            attachments=message["attachments"],
            message_id=message["message_id"],
            references=message["references"],
            object_id=message["object_id"],
            subtype="html",
            subtype_alternative="plain",
            headers=message["headers"],
        )

    def _queue_store_accepted(self, attempt, recipients, dialogue, route, message_id):
        """Store that a message is delivered. After the last reply nothing may fail."""
        if not route.departures.settle(self.env, route.slot):
            raise _LimitReached
        attempt.accepted = [
            (_normalize(address), attempt.partner_id) for address in dialogue.accepted
        ]
        accepted = [*recipients.accepted, *attempt.accepted]
        if attempt.is_last and not dialogue.refused and not recipients.has_failures():
            values = {**self._queue_sent_values(), "queue_accepted": accepted}
            if message_id and message_id != self.message_id:
                # Another addon gave the message another one, which replies name.
                values["message_id"] = str(message_id)
            self.write(values)
        else:
            # The version of the row is how the queue tells its own change from others'.
            self.env.cr.execute(
                SQL(
                    "UPDATE mail_mail SET queue_accepted = %s WHERE id = %s"
                    " RETURNING xmin::text",
                    Json(accepted),
                    self.id,
                )
            )
            ((attempt.row,),) = self.env.cr.fetchall()
        if attempt.partner:
            self._queue_announce(attempt.partner)
        # Also what waits for the commit.
        self.env.cr.flush()

    def _queue_sent_values(self):
        """:return: values of a mail that all its recipients got"""
        return {
            "state": "sent",
            "failure_type": False,
            "failure_reason": False,
            "queue_effects_due": True,
        }

    def _queue_is_stored(self, attempt):
        """:return: whether the database has that a message is delivered"""
        self.invalidate_recordset(["queue_accepted"], flush=False)
        stored = {tuple(one) for one in self.exists().queue_accepted or []}
        return stored.issuperset(attempt.accepted)

    def _queue_announce(self, partner):
        """Tell the document of this mail that a contact got it."""
        document_sudo = self._queue_document()
        if document_sudo:
            # It may have been deleted.
            with suppress(MissingError):
                document_sudo._mail_delivered(self, partner)

    def _queue_document(self):
        """Find the document of this mail, if it wants to know who got the mail.

        :return: the document, as superuser, or none
        """
        if self.model not in self.env or not self.res_id:
            return None
        document_sudo = self.env[self.model].sudo().browse(self.res_id)
        return document_sudo if hasattr(document_sudo, "_mail_delivered") else None

    def _queue_refusals(self, attempt, dialogue):
        """:return: a failure for each recipient that the server refused"""
        return [
            Failure(
                _normalize(recipient),
                attempt.partner_id,
                describe_refused({recipient: reply}),
                "unknown",
                verdict(RCPT, *reply) in FINAL,
            )
            for recipient, reply in dialogue.refused.items()
        ]

    def _queue_give_up(self, attempt, recipients, error, permanent):
        """Note that nobody gets a message, at least in this run.

        :rtype: Outcome
        """
        self.env.cr.rollback()
        reason, failure_type = describe(error), "unknown"
        if isinstance(error, AssertionError):
            reason, failure_type = self._queue_assertion(attempt, error)
        permanent = permanent or failure_type != "unknown"
        recipients.failures.append(
            Failure(None, attempt.partner_id, reason, failure_type, permanent)
        )
        return Outcome.FAILED

    def _queue_assertion(self, attempt, error):
        """Read what Odoo asserts of a message.

        :return: reason and failure type
        :rtype: tuple
        """
        servers = self.env["ir.mail_server"]
        code, *details = error.args or ("",)
        if code == servers.NO_VALID_RECIPIENT:
            missing = not any(attempt.message["email_to"])
            return code, "mail_email_missing" if missing else "mail_email_invalid"
        if code == servers.NO_VALID_FROM:
            return (details or [code])[0], "mail_from_invalid"
        if code in (servers.NO_FOUND_FROM, servers.NO_FOUND_SMTP_FROM):
            return code, "mail_from_missing"
        return str(code), "unknown"


def _normalize(address):
    return email_normalize(address, strict=False) or address


def _allow_international_domains(message):
    """Have addresses with an international domain sent to, too.

    Odoo sends to their ASCII form, and only to addresses that it found valid, among
    which that form is not: it would leave them out without a word.
    """
    valid = message.get("email_to_normalized")
    if valid:
        ascii_forms = extract_rfc2822_addresses(", ".join(valid))
        message["email_to_normalized"] = list(dict.fromkeys([*valid, *ascii_forms]))


def _addresses(message):
    """:return: the normalized addresses that a message is sent to"""
    valid = message.get("email_to_normalized")
    written = ", ".join([*message["email_to"], *(message.get("email_cc") or [])])
    return [
        _normalize(address)
        for address in extract_rfc2822_addresses(written)
        # A name may look like an address.
        if valid is None or address in valid
    ]
