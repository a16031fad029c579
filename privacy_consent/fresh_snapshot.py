# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Try again at once what somebody else was faster with."""

import random
import time

from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

# Longest waits in seconds; how long exactly is left to chance, so that those who
# collided do not collide again.
WAITS = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64, *[1] * 6)
CONFLICTS = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)


def repeat(respond, env, waits=WAITS):
    """Call a function, in a new transaction whenever another one was faster.

    Odoo tries five times, and waits up to 32 seconds. A crowd that answers with one
    link needs more tries, and a person has no such patience.

    :param respond: called with the environment
    :param tuple waits: longest waits, one more try than there are
    :return: what it returns
    :raise psycopg2.OperationalError: the last conflict, when no try succeeded
    """
    for longest in [*waits, None]:
        try:
            response = respond(env)
            env.cr.flush()
            return response
        except CONFLICTS:
            if longest is None:
                raise
            begin_anew(env)
            time.sleep(random.uniform(0, longest))


def repeat_or_give_up(respond, give_up, env):
    """Do :func:`repeat`, and show a page even if no try succeeds.

    :param respond: called with the environment
    :param give_up: called with it in the end, and changes nothing
    :return: what one of them returns
    """
    try:
        return repeat(respond, env)
    except CONFLICTS:
        begin_anew(env)
        return give_up(env)


def begin_anew(env):
    """Begin another transaction, and forget all of the last one."""
    env.cr.rollback()
    env.transaction.reset()
    env.registry.reset_changes()
