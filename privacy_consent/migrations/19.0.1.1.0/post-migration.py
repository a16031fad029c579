# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the data of 19.0.1.0.0: requests and answers become rows of their own."""

import re
from dataclasses import dataclass
from datetime import datetime

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL, split_every
from odoo.tools.sql import column_exists

from odoo.addons.privacy_consent.answer_guard import unguarded
from odoo.addons.privacy_consent.models.privacy_consent_event import (
    ANSWERS,
    Event,
    append,
)

BATCH = 1000
# What links.placeholder.choices() looks for.
PLACEHOLDER = (
    r"<a\y[^>]*\shref="
    r"""("[^"'<>]*/privacy/consent/(accept|reject)/"|"""
    r"""'[^"'<>]*/privacy/consent/(accept|reject)/')"""
)
# How 19.0.1.0.0 wrote from where an answer came.
ORIGIN = re.compile(r"User agent: (.*)\nRemote IP: (.*)(?:\n|$)")


@dataclass
class Answer:
    """One answer.

    :ivar by: ``"subject"``, ``"staff"`` or ``"unknown"``
    :ivar answered_at: when it was given; None if nobody stored that
    :ivar metadata: from where it came, as it was written for people
    :ivar staff: name of whoever recorded it
    """

    accepted: bool
    by: str
    answered_at: datetime | None
    metadata: str | None
    staff: str | None = None
    signs: str | None = None
    kind: str | None = None


def migrate(cr, version):
    """Store what was asked and answered so far. Doing it twice changes nothing."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    with unguarded(cr):
        _name_unknown_speakers(cr)
        _store_requests(cr)
        _keep_files(env)
        _store_deliveries(env)
        _store_answers(env)


def _name_unknown_speakers(cr):
    """Correct whose word the answers of 18.0 are: nobody stored it.

    Version 19.0.1.0.0 took them for the subject's. It marked each answer of its own.
    """
    if not column_exists(cr, "privacy_consent", "answer_mark"):
        return
    cr.execute(
        """
        UPDATE privacy_consent
           SET answered_by = 'unknown'
         WHERE state = 'answered' AND answered_by = 'subject'
           AND answer_mark IS NULL AND old_link_address IS NOT NULL
           AND answer_channel IS NULL
        """
    )


# Requests -----------------------------------------------------------------------


def _store_requests(cr):
    """Make a request of each mail, and of each message without one, that asks."""
    # A mail names its recipients as contacts, or by their addresses.
    to_subject = SQL(
        r"""
        (
            EXISTS (
                SELECT FROM mail_mail_res_partner_rel AS recipient
                 WHERE recipient.mail_mail_id = mail.id
                   AND recipient.res_partner_id = subject.id
            )
            OR subject.email_normalized = ANY (
                regexp_split_to_array(lower(mail.email_to), '[\s,;<>"]+')
            )
        )
        """
    )
    _insert_requests(
        cr,
        mail_id=SQL("mail.id"),
        source=SQL("JOIN mail_mail AS mail ON mail.mail_message_id = message.id"),
        condition=SQL(
            """
            mail.body_html ~* %s AND %s
            AND NOT EXISTS (
                SELECT FROM privacy_consent_request AS known
                 WHERE known.mail_id = mail.id
            )
            """,
            PLACEHOLDER,
            to_subject,
        ),
        delivered=SQL(
            """
            CASE WHEN mail.id = consent.delivered_mail THEN consent.delivered_date
                 WHEN mail.state = 'sent' AND consent.state <> 'draft'
                      THEN coalesce(
                     least(stored.delivered_date, mail.write_date), message.date
                 ) END
            """
        ),
    )
    # The mail was deleted, as Odoo does with those that people write.
    _insert_requests(
        cr,
        mail_id=SQL("NULL::integer"),
        source=SQL(
            """
            LEFT JOIN LATERAL (
                SELECT bool_or(notification_status = 'sent') AS sent
                  FROM mail_notification AS notification
                 WHERE notification.mail_message_id = message.id
                   AND notification.res_partner_id = subject.id
                HAVING count(*) > 0
            ) AS notified ON true
            """
        ),
        condition=SQL(
            """
            message.body ~* %s
            AND (
                notified.sent IS NOT NULL
                OR EXISTS (
                    SELECT FROM mail_message_res_partner_rel AS recipient
                     WHERE recipient.mail_message_id = message.id
                       AND recipient.res_partner_id = subject.id
                )
            )
            AND NOT EXISTS (
                SELECT FROM privacy_consent_request AS known
                 WHERE known.message_id = message.id
            )
            -- The mail of such a message is still to be made.
            AND NOT EXISTS (
                SELECT FROM mail_message_schedule AS schedule
                 WHERE schedule.mail_message_id = message.id
            )
            """,
            PLACEHOLDER,
        ),
        delivered=SQL(
            """
            CASE WHEN notified.sent AND consent.state <> 'draft'
                 THEN coalesce(stored.delivered_date, message.date) END
            """
        ),
    )


def _insert_requests(cr, mail_id, source, condition, delivered):
    """Insert requests.

    :param SQL mail_id: of the mail, if there is one
    :param SQL source: join of what tells about the mail
    :param SQL condition: which messages ask their subject, and are not stored yet
    :param SQL delivered: when the request was delivered, if it was
    """
    cr.execute(
        SQL(
            """
            INSERT INTO privacy_consent_request
                (uuid, consent_id, activity_id, company_id, mail_id, message_id,
                 kind, state, address, delivered_date, create_date, create_uid)
            SELECT gen_random_uuid(), consent.id, consent.activity_id,
                   consent.company_id, %(mail_id)s, message.id, 'first',
                   CASE WHEN delivery.date IS NULL THEN 'cancelled'
                        ELSE 'delivered' END,
                   CASE WHEN delivery.date IS NULL
                          OR subject.email_normalized = ANY (asked.addresses)
                        THEN subject.email_normalized
                        -- They have another address since.
                        ELSE coalesce(
                            asked.addresses[cardinality(asked.addresses)],
                            subject.email_normalized
                        ) END,
                   delivery.date, message.date, %(uid)s
              FROM privacy_consent AS consent
              JOIN mail_message AS message
                ON message.model = 'privacy.consent' AND message.res_id = consent.id
              JOIN res_partner AS subject ON subject.id = consent.partner_id
                   %(source)s
             CROSS JOIN LATERAL (
                       SELECT string_to_array(consent.asked_addresses, E'\n')
                              AS addresses
                   ) AS asked
             CROSS JOIN LATERAL (
                       -- The first and the last delivery are known.
                       SELECT min(date) AS delivered_date
                         FROM unnest(ARRAY[
                                  consent.sent_date, consent.delivered_date
                              ]) AS known(date)
                        WHERE known.date >= message.date
                   ) AS stored
             CROSS JOIN LATERAL (SELECT %(delivered)s AS date) AS delivery
             WHERE %(condition)s
             ORDER BY message.id
            """,
            mail_id=mail_id,
            source=source,
            condition=condition,
            delivered=delivered,
            uid=SUPERUSER_ID,
        )
    )


def _keep_files(env):
    """Give the requests files of their own: those of a template may change."""
    requests = env["privacy.consent.request"]
    ids = requests.search([("message_id.attachment_ids", "!=", False)], order="id").ids
    for batch in split_every(BATCH, ids):
        requests.browse(batch)._keep_files()
        env.invalidate_all()


def _store_deliveries(env):
    """Store as events that requests reached their subjects."""
    last = 0
    while True:
        env.cr.execute(
            """
            SELECT id
              FROM privacy_consent_request AS request
             WHERE id > %s AND delivered_date IS NOT NULL
               AND message_id IS NOT NULL AND effects_due IS NOT TRUE
               AND NOT EXISTS (
                       SELECT FROM privacy_consent_event AS event
                        WHERE event.request_uuid = request.uuid
                          AND event.kind = 'requested'
                   )
             ORDER BY id
             LIMIT %s
            """,
            [last, BATCH],
        )
        ids = [request_id for (request_id,) in env.cr.fetchall()]
        if not ids:
            return
        last = ids[-1]
        append(
            env,
            [
                Event(
                    kind="requested",
                    by="system",
                    channel="upgrade",
                    activity=one.consent_id.activity_id,
                    consent=one.consent_id,
                    request_uuid=one.uuid,
                    at=one.delivered_date,
                    person={"name": one.consent_id.partner_id.name}
                    | {"email": one.address},
                )
                for one in env["privacy.consent.request"].browse(ids)
            ],
        )
        env.invalidate_all()


# Answers ------------------------------------------------------------------------


def _store_answers(env):
    """Store the answers as events, in the order in which they were given."""
    last = 0
    while True:
        env.cr.execute(
            """
            SELECT consent.id, consent.state, coalesce(consent.accepted, false),
                   consent.answer_date, coalesce(consent.answered_by, 'unknown'),
                   consent.last_metadata, consent.suspicion_signs,
                   consent.old_link_address IS NOT NULL
              FROM privacy_consent AS consent
             WHERE consent.id > %s
               AND NOT EXISTS (
                       SELECT FROM privacy_consent_event AS event
                        WHERE event.consent_uuid = consent.uuid
                          AND event.kind IN %s
                   )
             ORDER BY consent.id
             LIMIT %s
            """,
            [last, ANSWERS, BATCH],
        )
        rows = env.cr.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        ids = [row[0] for row in rows]
        messages = _messages(env, ids)
        consents = dict(zip(ids, env["privacy.consent"].browse(ids), strict=True))
        events, answered, withdrawn = [], [], []
        for consent_id, state, *values in rows:
            answers = _answers(state, *values, messages.get(consent_id, []))
            events += [_event(consents[consent_id], answer) for answer in answers]
            if state == "answered":
                answered.append(consent_id)
                if answers[-1].kind == "withdrawn":
                    withdrawn.append(consent_id)
        append(env, events)
        env.cr.execute(
            """
            UPDATE privacy_consent
               SET answer_channel = 'upgrade',
                   answered_by = coalesce(answered_by, 'unknown'),
                   status = CASE WHEN id = ANY (%s) THEN 'withdrawn' ELSE status END
             WHERE id = ANY (%s)
            """,
            [withdrawn, answered],
        )
        env.invalidate_all()


def _messages(env, ids):
    """Read the messages that may have stored answers.

    :param ids: of consents
    :return: by consent, newest first: date of the message, whether it stored an answer
        of the subject's, name of its author; the date of the answer; whether
        ``accepted`` changed, and its value before; the same of the origin
    """
    subtypes = [
        env.ref(f"privacy_consent.{name}").id
        for name in ("mt_consent_acceptance_changed", "mt_consent_state_changed")
    ]
    tracked = [
        env["ir.model.fields"]._get("privacy.consent", name).id
        for name in ("answer_date", "accepted", "last_metadata")
    ]
    env.cr.execute(
        """
        SELECT DISTINCT ON (message.res_id, message.id)
               message.res_id, message.date, message.subtype_id = %s, author.name,
               dated.new_value_datetime,
               accepted.id IS NOT NULL, accepted.old_value_integer,
               origin.id IS NOT NULL, origin.old_value_text
          FROM mail_message AS message
          LEFT JOIN res_partner AS author ON author.id = message.author_id
          LEFT JOIN mail_tracking_value AS dated
            ON dated.mail_message_id = message.id AND dated.field_id = %s
          LEFT JOIN mail_tracking_value AS accepted
            ON accepted.mail_message_id = message.id AND accepted.field_id = %s
          LEFT JOIN mail_tracking_value AS origin
            ON origin.mail_message_id = message.id AND origin.field_id = %s
         WHERE message.model = 'privacy.consent' AND message.res_id = ANY (%s)
           AND message.subtype_id = ANY (%s)
         ORDER BY message.res_id, message.id DESC
        """,
        [subtypes[0], *tracked, ids, subtypes],
    )
    found = {}
    for consent_id, *message in env.cr.fetchall():
        found.setdefault(consent_id, []).append(message)
    return found


def _answers(
    state, accepted, answer_date, answered_by, metadata, signs, of_18, messages
):
    """Read the answers of a consent from its thread, and from what its fields say.

    Tracking stores what changed. What did not is known from the messages after it, so
    they are read backwards, from the values of today.

    :param bool of_18: whether it was upgraded from 18.0
    :param messages: as of :func:`_messages`
    :return: each :class:`Answer`, oldest first; the last one is what the fields say
    """
    today = Answer(accepted, answered_by, answer_date, metadata)
    answers = []
    # Version 18.0 tracked no date.
    dated = [bool(message[3]) for message in messages]
    for number, message in enumerate(messages):
        date, by_subject, author, answered_at, changed, before, moved, origin = message
        if by_subject:
            unknown = of_18 and not any(dated[number:])
            by = "unknown" if unknown else "subject"
            answers.append(Answer(accepted, by, answered_at or date, metadata))
        elif answered_at:
            answers.append(Answer(accepted, "staff", answered_at, metadata, author))
        if changed:
            accepted = bool(before)
        if moved:
            metadata = origin
    answers.reverse()
    if state == "answered":
        if not answers or not _same(answers[-1], today):
            answers.append(today)
        answers[-1].signs = signs
    said_yes = False
    for answer in answers:
        said_yes = said_yes or answer.accepted
        no = "withdrawn" if said_yes else "refused"
        answer.kind = "given" if answer.accepted else no
    return answers


def _same(answer, today):
    """:return: whether an answer of the thread is the one that the fields tell"""
    return (answer.accepted, answer.by, answer.answered_at) == (
        today.accepted,
        today.by,
        today.answered_at,
    )


def _event(consent, answer):
    """:return: the event of an answer"""
    origin = ORIGIN.match(answer.metadata or "")
    return Event(
        kind=answer.kind,
        by=answer.by,
        channel="upgrade",
        activity=consent.activity_id,
        consent=consent,
        answered_at=answer.answered_at,
        signs=answer.signs,
        person={**consent._person(), "staff": answer.staff},
        origin={"user_agent": origin[1], "network_address": origin[2]}
        if origin
        else {},
    )
