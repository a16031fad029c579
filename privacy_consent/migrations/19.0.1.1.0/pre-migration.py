# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the schema of 19.0.1.0.0: the column of the status."""

from odoo.tools.sql import column_exists


def migrate(cr, version):
    """Fill the status here, because Odoo would compute it record by record.

    The unique IDs come by ``add_uuid()``, which an installation needs as well. Later
    steps read columns that 18.0 did not have yet, and that later versions do not have
    any more.
    """
    cr.execute(
        """
        ALTER TABLE privacy_consent
            ADD COLUMN IF NOT EXISTS asked_addresses text,
            ADD COLUMN IF NOT EXISTS delivered_date timestamp,
            ADD COLUMN IF NOT EXISTS delivered_mail integer,
            ADD COLUMN IF NOT EXISTS delivery_to_follow boolean,
            ADD COLUMN IF NOT EXISTS merged_addresses text,
            ADD COLUMN IF NOT EXISTS request_error text
        """
    )
    if column_exists(cr, "privacy_consent", "status"):
        return
    cr.execute("ALTER TABLE privacy_consent ADD COLUMN status varchar")
    cr.execute(
        """
        UPDATE privacy_consent
           SET status = CASE WHEN state = 'draft' THEN 'unknown'
                             WHEN state = 'sent' THEN 'requested'
                             WHEN accepted THEN 'given'
                             ELSE 'refused' END
        """
    )
