# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Names of records that stay unique when databases are copied, moved and merged."""

import secrets
import time
import uuid

from odoo.tools import SQL
from odoo.tools.sql import column_exists, table_exists


def new_uuid():
    """Make a UUID of version 7 (RFC 9562, section 5.7).

    It begins with the time, so that what an index of a large table has to read and
    change lies together.

    :rtype: str
    """
    moment = time.time_ns() // 1_000_000
    number = moment << 80 | 7 << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=number | 0b10 << 62 | secrets.randbits(62)))


def add_uuid(cr, table):
    """Give each row that a table has already a value of its own in ``uuid``.

    Odoo would give all of them the same one.

    :param str table: name of the table, which may not exist yet
    """
    if not table_exists(cr, table) or column_exists(cr, table, "uuid"):
        return
    name = SQL.identifier(table)
    cr.execute(
        SQL("ALTER TABLE %s ADD COLUMN uuid varchar DEFAULT gen_random_uuid()", name)
    )
    cr.execute(SQL("ALTER TABLE %s ALTER COLUMN uuid DROP DEFAULT", name))
