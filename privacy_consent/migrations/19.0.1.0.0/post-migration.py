# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the data of 10.0 to 18.0: fill the new fields from the history."""

from odoo.addons.privacy_consent.answer_guard import unguarded


def migrate(cr, version):
    """Date what was sent and answered by the messages that recorded it.

    Earlier series did not store who spoke. They kept the moments in the thread alone.
    Where it says nothing, the fields stay empty.
    """
    with unguarded(cr):
        cr.execute(
            """
            UPDATE privacy_consent AS consent
               SET answered_by = 'unknown',
                   answer_date = (
                       SELECT max(message.date)
                         FROM mail_message AS message
                         JOIN ir_model_data AS xmlid
                           ON xmlid.module = 'privacy_consent'
                          AND xmlid.name = 'mt_consent_acceptance_changed'
                          AND xmlid.res_id = message.subtype_id
                        WHERE message.model = 'privacy.consent'
                          AND message.res_id = consent.id
                   )
             WHERE consent.state = 'answered' AND consent.answered_by IS NULL
            """
        )
        cr.execute(
            """
            UPDATE privacy_consent AS consent
               SET sent_date = (
                       SELECT min(message.date)
                         FROM mail_message AS message
                         JOIN ir_model_data AS xmlid
                           ON xmlid.module = 'privacy_consent'
                          AND xmlid.name = 'mt_consent_state_changed'
                          AND xmlid.res_id = message.subtype_id
                        WHERE message.model = 'privacy.consent'
                          AND message.res_id = consent.id
                   )
             WHERE consent.state IN ('sent', 'answered') AND consent.sent_date IS NULL
            """
        )
    # The links of 18.0 were mailed to this address at the latest.
    cr.execute(
        """
        UPDATE privacy_consent AS consent
           SET old_link_address = coalesce(subject.email_normalized, '')
          FROM res_partner AS subject
         WHERE subject.id = consent.partner_id AND consent.old_link_address IS NULL
        """
    )
