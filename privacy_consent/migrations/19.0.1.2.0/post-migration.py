# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the data of 19.0.1.1.0: requests say themselves what became of them."""

from odoo import SUPERUSER_ID, api
from odoo.tools.sql import column_exists

from odoo.addons.privacy_consent.models.privacy_consent_planned import (
    asked_by_author,
    make_planned,
    planned,
    withdraw,
)


def migrate(cr, version):
    """Store the states, and the addresses and failures that no request tells yet."""
    _store_states(cr)
    _store_first_deliveries(cr)
    if column_exists(cr, "privacy_consent", "asked_addresses"):
        _store_addresses(cr)
        _store_failures(cr)
        _store_due_actions(cr)
        cr.execute(
            """
            ALTER TABLE privacy_consent
                DROP COLUMN asked_addresses, DROP COLUMN delivered_date,
                DROP COLUMN delivered_mail, DROP COLUMN delivery_to_follow,
                DROP COLUMN merged_addresses, DROP COLUMN request_error
            """
        )
    _store_kinds(cr)
    env = api.Environment(cr, SUPERUSER_ID, {})
    of_consents = [("model", "=", "privacy.consent"), ("create_uid", "!=", False)]
    _plan(env["mail.scheduled.message"].search(of_consents), "planned_message_id")
    schedules = env["mail.message.schedule"].search([])
    _plan(schedules.mail_message_id.filtered_domain(of_consents), "message_id")


def _plan(messages, name):
    """Make requests of what was written for later, so that Stop reaches it, too.

    Of several requests to one person only the last one that is found counts. What may
    not be asked any more is deleted. The requests say so. A message whose author may
    not ask is a message like any other: it gets no request, and leaves without links.

    :param messages: ``mail.message`` or ``mail.scheduled.message`` records
    :param str name: the field of the request that leads to them
    """
    for message in (messages - planned(messages, name)[name]).sorted("id"):
        consent_sudo = asked_by_author(message.with_user(message.create_uid))
        if consent_sudo:
            consent_sudo._open_requests()._cancel("replaced")
            # Whoever answered since is not asked any more.
            moment = message.create_date
            make_planned(message, name, consent_sudo, create_date=moment)
    withdraw(planned(messages.exists(), name))


def _store_states(cr):
    """Follow the mails. Of several requests that wait, only the last one does."""
    cr.execute(
        """
        WITH mail_of AS (
            SELECT request.id, mail.state, mail.failure_reason,
                   row_number() OVER (
                       PARTITION BY request.consent_id, mail.state = 'outgoing'
                       ORDER BY request.id DESC
                   ) = 1 AS is_last
              FROM privacy_consent_request AS request
              JOIN mail_mail AS mail ON mail.id = request.mail_id
             WHERE request.state = 'cancelled' AND request.cause IS NULL
        )
        UPDATE privacy_consent_request AS request
           SET state = CASE WHEN mail_of.state = 'exception' THEN 'failed'
                            WHEN mail_of.state = 'outgoing' AND is_last THEN 'waiting'
                            ELSE 'cancelled' END,
               cause = CASE WHEN mail_of.state = 'outgoing' AND is_last THEN NULL
                            WHEN mail_of.state = 'outgoing' THEN 'replaced'
                            WHEN mail_of.state <> 'exception' THEN 'mail' END,
               reason = CASE WHEN mail_of.state = 'exception'
                             THEN mail_of.failure_reason END
          FROM mail_of
         WHERE mail_of.id = request.id
        """
    )
    cr.execute(
        """
        UPDATE privacy_consent_request SET cause = 'deleted'
         WHERE state = 'cancelled' AND cause IS NULL
        """
    )
    cr.execute(
        """
        UPDATE mail_mail SET state = 'cancel'
          FROM privacy_consent_request AS request
         WHERE request.mail_id = mail_mail.id AND request.cause = 'replaced'
           AND mail_mail.state = 'outgoing'
        """
    )
    # Whom no server reached is asked again once the address is another one.
    cr.execute(
        """
        UPDATE privacy_consent_request AS request
           SET contact_email = CASE WHEN subject.email_normalized = request.address
                                    THEN subject.email ELSE request.address END
          FROM privacy_consent AS consent
          JOIN res_partner AS subject ON subject.id = consent.partner_id
         WHERE consent.id = request.consent_id AND request.contact_email IS NULL
           AND request.mail_id IS NOT NULL
        """
    )


def _store_first_deliveries(cr):
    """Count as sent who answered on paper first, and got a mail later."""
    cr.execute(
        """
        UPDATE privacy_consent AS consent
           SET sent_date = first.delivered_date
          FROM (
                   SELECT consent_id, min(delivered_date) AS delivered_date
                     FROM privacy_consent_request
                    WHERE delivered_date IS NOT NULL
                    GROUP BY consent_id
               ) AS first
         WHERE first.consent_id = consent.id AND consent.sent_date IS NULL
           AND consent.state <> 'draft'
        """
    )


def _store_addresses(cr):
    """Keep the links to former addresses: they refuse."""
    cr.execute(
        """
        INSERT INTO privacy_consent_request
            (uuid, consent_id, activity_id, company_id, kind, state, address,
             delivered_date, create_date, create_uid)
        SELECT gen_random_uuid(), consent.id, consent.activity_id, consent.company_id,
               'first', 'delivered', former.address,
               known_since, known_since, %s
          FROM privacy_consent AS consent
         CROSS JOIN LATERAL (
                   SELECT DISTINCT unnest(string_to_array(
                              concat_ws(E'\n', asked_addresses, merged_addresses), E'\n'
                          )) AS address
               ) AS former
         CROSS JOIN LATERAL (
                   SELECT coalesce(
                              consent.sent_date, consent.create_date,
                              now() AT TIME ZONE 'UTC'
                          ) AS known_since
               ) AS moment
         WHERE former.address <> '' AND NOT EXISTS (
                   SELECT FROM privacy_consent_request AS known
                    WHERE known.consent_id = consent.id
                      AND known.address = former.address
               )
         ORDER BY consent.id
        """,
        [SUPERUSER_ID],
    )


def _store_failures(cr):
    """Keep why requests could not be made."""
    cr.execute(
        """
        INSERT INTO privacy_consent_request
            (uuid, consent_id, activity_id, company_id, kind, state, reason,
             create_date, create_uid)
        SELECT gen_random_uuid(), consent.id, consent.activity_id, consent.company_id,
               'again', 'failed', consent.request_error, now() AT TIME ZONE 'UTC', %s
          FROM privacy_consent AS consent
         WHERE consent.request_error IS NOT NULL AND NOT EXISTS (
                   SELECT FROM privacy_consent_request AS known
                    WHERE known.consent_id = consent.id
                      AND known.state IN ('failed', 'waiting')
               )
         ORDER BY consent.id
        """,
        [SUPERUSER_ID],
    )


def _store_kinds(cr):
    """Tell those requests that asked somebody again."""
    cr.execute(
        """
        UPDATE privacy_consent_request AS request SET kind = 'again'
         WHERE kind = 'first' AND EXISTS (
                   SELECT FROM privacy_consent_request AS earlier
                    WHERE earlier.consent_id = request.consent_id
                      AND earlier.id < request.id AND earlier.delivered_date IS NOT NULL
               )
        """
    )


def _store_due_actions(cr):
    """Have the server actions run that were to follow a delivery."""
    cr.execute(
        """
        UPDATE privacy_consent SET action_due = TRUE
         WHERE delivery_to_follow AND state <> 'draft'
        """
    )
