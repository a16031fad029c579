# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read many rows by a cursor of the database, so that memory stays as it is."""

from odoo.tools import SQL

_BATCH = 2000


def rows(cr, query):
    """:return: the rows of a statement, one after the other"""
    for some in batches(cr, query):
        yield from some


def batches(cr, query):
    """:return: the rows of a statement, some at a time; only one statement at a time"""
    # All rows are wanted, not the first ones soon.
    cr.execute("SET LOCAL cursor_tuple_fraction = 1")
    cr.execute(SQL("DECLARE privacy_consent_rows NO SCROLL CURSOR FOR %s", query))
    try:
        while True:
            cr.execute(SQL("FETCH %s FROM privacy_consent_rows", _BATCH))
            some = cr.fetchall()
            yield some
            if len(some) < _BATCH:
                return
    finally:
        cr.execute("CLOSE privacy_consent_rows")
