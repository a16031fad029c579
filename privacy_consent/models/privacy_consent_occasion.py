# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""On what occasion requests are made that follow by themselves."""

from contextlib import contextmanager
from contextvars import ContextVar

# By the id of a consent: kind, occasion and number of the request that is made now.
_OCCASIONS = ContextVar("privacy_consent.occasions", default={})  # noqa: B039


@contextmanager
def on_occasion(occasions):
    """Have the requests that are made meanwhile say on what occasion.

    It is no method, so that the code of a server action cannot call it.

    :param dict occasions: values of a request by the id of its consent: ``kind``,
        ``occasion`` and ``number``. There is one request of these at most.
    """
    token = _OCCASIONS.set(occasions)
    try:
        yield
    finally:
        _OCCASIONS.reset(token)


def occasion_of(consent):
    """:return: the values of the request that is made for a consent now, if any"""
    return _OCCASIONS.get().get(consent.id, {})
