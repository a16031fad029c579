# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How PostgreSQL finds out who is missing."""

from contextlib import contextmanager
from contextvars import ContextVar

# Whether it works in one process at this moment.
_ALONE = ContextVar("privacy_consent.alone", default=False)


@contextmanager
def in_one_process(cr):
    """Have PostgreSQL find out in one process who is missing.

    Several would hash all contacts and consents. One reads both in order, which takes
    half the time, and stops as soon as it has enough. Where few are looked at, starting
    several takes longer than the answer.

    :param cr: cursor
    """
    if _ALONE.get():
        yield
        return
    cr.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)
    # A transaction that failed takes no more statements.
    cr.execute("SET LOCAL max_parallel_workers_per_gather TO DEFAULT")
