# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Subscribing to a newsletter, which its mailing list may ask consent for."""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from odoo.addons.privacy_consent_website.form_fields import Form

_CONFIRMED = ContextVar("privacy_consent_newsletter.confirmed", default=False)


@dataclass(frozen=True)
class Subscription(Form):
    """What somebody sent who wants a newsletter.

    :ivar int list_id: its mailing list
    """

    list_id: int = 0


@contextmanager
def confirmed():
    """Let subscriptions begin that were confirmed, for as long as this lasts.

    It is no method, so that the code of a server action cannot call it.
    """
    token = _CONFIRMED.set(True)
    try:
        yield
    finally:
        _CONFIRMED.reset(token)


def is_confirmed():
    """:return: whether the subscriptions of this moment were confirmed"""
    return _CONFIRMED.get()
