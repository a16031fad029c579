# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the schema of 19.0.1.1.0: what each request has to have, and other rules."""

from odoo.tools.sql import column_exists, table_exists


def migrate(cr, version):
    """Fill what must not be empty. Which requests are still to come follows later."""
    _drop_rules(cr)
    # The list of one activity has it now.
    cr.execute("UPDATE ir_actions SET path = NULL WHERE path = 'privacy-consents'")
    # Odoo keeps what no question uses any more.
    cr.execute(
        """
        DROP INDEX IF EXISTS
            privacy_consent__active_index, privacy_consent__state_index,
            privacy_consent__suspected_automated_index,
            privacy_consent_event__activity_uuid_index,
            privacy_consent_event__consent_uuid_index,
            privacy_consent_request__consent_id_index,
            privacy_consent_request__text_id_index
        """
    )
    if not table_exists(cr, "privacy_consent_request") or column_exists(
        cr, "privacy_consent_request", "state"
    ):
        return
    cr.execute(
        """
        ALTER TABLE privacy_consent_request
            ADD COLUMN activity_id integer, ADD COLUMN kind varchar,
            ADD COLUMN state varchar, ADD COLUMN effects_due boolean
        """
    )
    cr.execute(
        """
        UPDATE privacy_consent_request AS request
           SET activity_id = consent.activity_id, kind = 'first',
               state = CASE WHEN request.delivered_date IS NULL
                            THEN 'cancelled'
                            ELSE 'delivered' END,
               effects_due = request.delivered_date IS NOT NULL
                             AND request.followed IS NOT TRUE
          FROM privacy_consent AS consent
         WHERE consent.id = request.consent_id
        """
    )


def _drop_rules(cr):
    """Have the rules of companies made anew, because Odoo does not update them."""
    cr.execute(
        """
        WITH dropped AS (
            DELETE FROM ir_model_data
             WHERE module = 'privacy_consent' AND model = 'ir.rule' AND name IN (
                       'privacy_consent_company_rule',
                       'privacy_consent_event_company_rule',
                       'privacy_consent_event_detail_company_rule',
                       'privacy_consent_request_company_rule'
                   )
            RETURNING res_id
        )
        DELETE FROM ir_rule WHERE id IN (SELECT res_id FROM dropped)
        """
    )
