# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests that somebody wrote for later: made at once, and checked when they leave.

Odoo knows two kinds. A scheduled message is posted later. Of a message with a scheduled
notification only the mail is made later.
"""

from .. import links
from .locking import lock_unchanged
from .privacy_consent_request import make_requests


def planned(messages, name):
    """Find the requests that wait for messages to leave.

    :param messages: ``mail.message`` or ``mail.scheduled.message`` records
    :param str name: the field of a request that leads to them
    :return: the requests, with superuser rights
    """
    ours = messages.sudo().filtered(lambda one: one.model == "privacy.consent")
    requests_sudo = messages.env["privacy.consent.request"].sudo()
    if not ours:
        return requests_sudo
    return requests_sudo.search([(name, "in", ours.ids), ("state", "=", "planned")])


def plan(message, name):
    """Make a request of a message for later, if it asks and its author may ask.

    What was planned for the same consent before is cancelled.

    :param message: ``mail.message`` or ``mail.scheduled.message`` record
    :param str name: the field of the request that leads to it
    :raise UserError: where somebody may not be asked now
    """
    consent_sudo = asked_by_author(message)
    if consent_sudo:
        consent_sudo._check_askable()._cancel("replaced")
        make_planned(message, name, consent_sudo)


def asked_by_author(message):
    """:return: the consent that a message asks for, if its author may ask"""
    consent_sudo = _asked(message.sudo())
    return consent_sudo.with_user(message.env.user)._filtered_access("write").sudo()


def make_planned(message, name, consent_sudo, **vals):
    """Make the request of a message for later, see :func:`plan`.

    :param consent_sudo: the consent that it asks for
    :param vals: more values of the request
    """
    make_requests(
        message.env,
        [
            {
                **consent_sudo._request_subject(),
                "state": "planned",
                name: message.id,
                "address": consent_sudo._address_to_ask(),
                "contact_email": consent_sudo.partner_id.email,
                **vals,
            }
        ],
    )


def asks(message):
    """:return: whether a message for later asks the subject of a consent"""
    return bool(_asked(message.sudo()))


def _asked(message_sudo):
    """:return: the consent that a message asks for, with superuser rights"""
    consents_sudo = message_sudo.env["privacy.consent"]
    if message_sudo.model != consents_sudo._name or not links.placeholder.choices(
        message_sudo.body
    ):
        return consents_sudo
    return consents_sudo.browse(message_sudo.res_id).filtered(
        lambda one: one.partner_id in message_sudo.partner_ids + one.message_partner_ids
    )


def withdraw(requests_sudo):
    """Cancel planned requests that may not leave any more, with their messages.

    :param requests_sudo: those whose time has come
    :return: those that may leave, locked. Of the others some are in the hands of
        somebody else, and come up again.
    """
    free_sudo = lock_unchanged(requests_sudo)
    for request_sudo in free_sudo:
        cause = request_sudo._hindrance()
        if cause:
            request_sudo._cancel(cause)
    return free_sudo.filtered(lambda one: one.state == "planned")
