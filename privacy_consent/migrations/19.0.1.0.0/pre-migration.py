# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the schema of 10.0 to 18.0: make room for the new unique index."""

from odoo.tools import SQL


def migrate(cr, version):
    """Drop the constraint that allowed one consent per contact and activity.

    It is an index now, which leaves out consents that were merged into another one.
    Constraints of other addons stay.
    """
    cr.execute(
        """
        SELECT conname
          FROM pg_constraint
         WHERE conrelid = 'privacy_consent'::regclass AND contype = 'u'
           AND (
                   SELECT array_agg(attname::text ORDER BY attname)
                     FROM pg_attribute
                    WHERE attrelid = conrelid AND attnum = ANY (conkey)
               ) = ARRAY['activity_id', 'partner_id']
        """
    )
    for (name,) in cr.fetchall():
        cr.execute(
            SQL("ALTER TABLE privacy_consent DROP CONSTRAINT %s", SQL.identifier(name))
        )
