# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How PostgreSQL finds what Odoo asks, for tests."""

import threading
from contextlib import contextmanager


@contextmanager
def _noted():
    """:return: the statements that look for something"""
    statements = []
    thread = threading.current_thread()
    before = getattr(thread, "query_hooks", ())

    def note(cr, _query, _params, _start, _delay):
        statement = cr._obj.query.decode().strip()
        if statement.startswith(("SELECT", "WITH")):
            statements.append(statement)

    thread.query_hooks = (*before, note)
    try:
        yield statements
    finally:
        thread.query_hooks = before


def steps(env, ask):
    """Find out how PostgreSQL finds what Odoo asks, where it avoids whole tables.

    :param ask: what has Odoo ask it
    :return: the steps of the plans, as of ``EXPLAIN (FORMAT JSON)``
    :rtype: list[dict]
    """
    env.flush_all()
    env.invalidate_all()
    with _noted() as statements:
        ask()
    env.cr.execute("SET LOCAL enable_seqscan = off")
    found = []
    for statement in statements:
        env.cr.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        found += within(env.cr.fetchone()[0][0]["Plan"])
    env.cr.execute("SET LOCAL enable_seqscan TO DEFAULT")
    return found


def within(step):
    """:return: a step, and all steps that it needs"""
    return [step] + [one for part in step.get("Plans", ()) for one in within(part)]
