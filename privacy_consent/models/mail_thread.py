# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What comes back by mail: reports of mail servers, replies of programs and people."""

import re
from contextlib import suppress

from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.tools.mail import email_normalize, unfold_references

from .. import bounces, links
from ..automatic_replies import is_automatic

# Our path in any way of writing it, and what may be in the middle of it.
_LINK = re.compile(rb"privacy.{1,9}consent", re.IGNORECASE | re.DOTALL)
_SOFT_BREAK = re.compile(rb"=\r?\n")


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _message_parse_extract_bounce(self, email_message, message_dict):
        """Find the request that a report is about, also where Odoo does not."""
        values = super()._message_parse_extract_bounce(email_message, message_dict)
        report = values["is_bounce"] and bounces.read(email_message)
        if not report:
            return values
        for request, recipient in self._reported_requests(report):
            if recipient.failed:
                return values | {
                    "bounced_email": request.address,
                    "bounced_message": request.message_id,
                    "bounced_msg_ids": list(report.message_ids),
                    "bounced_partner": request.consent_id.partner_id,
                }
        of_consent = values["bounced_message"].model == "privacy.consent"
        if of_consent and not _is_among(values["bounced_email"], report.recipients):
            # Odoo guesses from the message whom an unknown address belongs to.
            values["bounced_email"] = False
        return values

    def _message_parse_extract_payload(
        self, message, message_dict, save_original=False
    ):
        """Keep personal links out, wherever the message is stored.

        Of a report, the words about the recipients stay, without the quoted mail.
        """
        payload = super()._message_parse_extract_payload(
            message, message_dict, save_original=save_original
        )
        report = message_dict.get("is_bounce") and bounces.read(message)
        consents = self._consents_written_about(message_dict, report)
        if not consents and not _may_have_a_link(message):
            return payload
        body = payload["body"]
        if consents and message_dict.get("is_bounce") and not is_automatic(message):
            reasons = [one.reason for one in report.recipients] if report else []
            body = escape("\n".join(reasons))
        return {
            **payload,
            "attachments": consents._files_without_links(payload["attachments"]),
            "body": links.placeholder.depersonalize(consents._without_links(body)),
            "subject": consents._without_links(message_dict.get("subject") or ""),
        }

    @api.model
    def _consents_written_about(self, message_dict, report=None):
        """:return: the consents in whose threads the messages are that a mail names"""
        consents_sudo = self.env["privacy.consent"].sudo()
        references = [message_dict["references"], message_dict["in_reply_to"]]
        message_ids = {
            *(one.strip() for one in unfold_references(" ".join(references))),
            *(report.message_ids if report else ()),
            *(message_dict.get("bounced_msg_ids") or ()),
        }
        if not message_ids:
            return consents_sudo
        messages_sudo = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("message_id", "in", list(message_ids)),
                    ("model", "=", "privacy.consent"),
                ]
            )
        )
        return consents_sudo.browse(set(messages_sudo.mapped("res_id"))).exists()

    @api.model
    def _reported_requests(self, report):
        """Find the requests that a report is about: by message and by address.

        :param report: a :class:`..bounces.Report`
        :return: pairs of a request, with superuser rights, and the
            :class:`..bounces.Recipient`
        """
        requests_sudo = (
            self.env["privacy.consent.request"]
            .sudo()
            .search([("message_id.message_id", "in", report.message_ids)])
        )
        return [
            (request, recipient)
            for recipient in report.recipients
            for request in requests_sudo
            if _is_among(request.address, [recipient])
        ]

    def _routing_handle_bounce(self, email_message, message_dict):
        """Mark the requests that did not arrive. A mere delay is none of that."""
        report = bounces.read(email_message)
        reported = self._reported_requests(report) if report else []
        failed = [pair for pair in reported if pair[1].failed]
        for request, recipient in failed:
            request._bounced(recipient.hard, recipient.reason, fields.Datetime.now())
        if reported and not failed:
            return None
        return super()._routing_handle_bounce(email_message, message_dict)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Make a note of the reply of a program, which mails nobody."""
        if is_automatic(message):
            consents = self._consents_written_about(message_dict)
            if consents:
                title = self.env._(
                    "Automatic reply: %s", message_dict.get("subject") or ""
                )
                body = Markup("<p>%s</p>%s") % (title, Markup(message_dict["body"]))
                consents._message_log_batch(
                    dict.fromkeys(consents.ids, body),
                    author_id=message_dict.get("author_id"),
                    email_from=message_dict["email_from"],
                )
                return False
        return super()._message_route_process(message, message_dict, routes)


def _may_have_a_link(message):
    """Tell at once of nearly all mails that there is no personal link in them.

    :param email.message.Message message: parsed with any policy
    :rtype: bool
    """
    return any(
        _LINK.search(_SOFT_BREAK.sub(b"", part.get_payload(decode=True) or b""))
        for part in message.walk()
        if not part.is_multipart()
    )


def _is_among(address, recipients):
    """:return: whether one of the :class:`..bounces.Recipient` has an address"""
    return bool(address) and _comparable(address) in {
        _comparable(other) for one in recipients for other in one.addresses
    }


def _comparable(address):
    """:return: an address as mail servers write it, its domain in ASCII (RFC 5891)"""
    address = email_normalize(address, strict=False) or address.lower()
    local, _at, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}"
