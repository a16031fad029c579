# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the schema of 10.0 to 18.0: make room for the new unique index."""

from odoo.tools import SQL


def migrate(cr, version):
    """Drop the constraint that allowed one consent per contact and activity.

    It is an index now, which leaves out consents that were merged into another one.
    """
    cr.execute(
        """
        SELECT conname
          FROM pg_constraint
         WHERE conrelid = 'privacy_consent'::regclass AND contype = 'u'
        """
    )
    for (name,) in cr.fetchall():
        cr.execute(
            SQL("ALTER TABLE privacy_consent DROP CONSTRAINT %s", SQL.identifier(name))
        )
