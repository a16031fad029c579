# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Locks that nobody waits for."""

from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo.tools import SQL

# Then what others were at work with, or what was leaving, is looked at again.
MOMENT = timedelta(minutes=1)


def lock_unchanged(records):
    """Lock what nobody else is working at and nobody changed since.

    While the queue runs, of many records some always change.

    :param records: of any model
    :return: the locked ones
    """
    if not records:
        return records
    try:
        with records.env.cr.savepoint(flush=False):
            records.env.cr.execute(
                SQL(
                    "SELECT id FROM %s WHERE id IN %s FOR NO KEY UPDATE SKIP LOCKED",
                    SQL.identifier(records._table),
                    tuple(records.ids),
                ),
                log_exceptions=False,
            )
            return records.browse(one for (one,) in records.env.cr.fetchall())
    except SerializationFailure:
        if len(records) == 1:
            return records.browse()
        middle = len(records) // 2
        return lock_unchanged(records[:middle]) + lock_unchanged(records[middle:])
