# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The table of consents takes no answer but the one that its last event tells.

The code of a server action reaches the lowest methods of Odoo, below all checks of
ours. A trigger compares what they write with the events, which only functions of this
addon add.
"""

from contextlib import contextmanager

from odoo.tools import SQL

_FUNCTION = SQL.identifier("privacy_consent_proven")
_TRIGGERS = ("privacy_consent_created", "privacy_consent_changed")
# What only events tell of a consent.
_FACTS = (
    "uuid",
    "activity_id",
    "partner_id",
    "answered_by",
    "answer_date",
    "answer_channel",
    "answer_text_id",
    "sent_date",
    "valid_until",
    "coalesce({}.suspected_automated, false)",
    # Which links lead to it.
    "merged_into_id",
    "coalesce({}.token_partner_id, 0)",
    "coalesce({}.link_revocations, 0)",
)
# Before an answer these say what is assumed, which needs no event.
_ANSWERED = ("state", "status", "coalesce({}.accepted, false)")


def guard_answers(cr):
    """Have the table refuse facts that no event tells.

    It is called at each installation and upgrade of the addon.
    """
    cr.execute(
        SQL(
            """
            CREATE OR REPLACE FUNCTION %(function)s() RETURNS trigger
            LANGUAGE plpgsql AS $$
            DECLARE
                last record;
                told record;
                ends timestamp;
            BEGIN
                IF TG_OP = 'UPDATE' THEN
                    told := OLD;
                    -- Whoever ends links needs no event: they refuse all the same.
                    told.link_revocations := coalesce(OLD.link_revocations, 0) + (
                        coalesce(NEW.link_revocations, 0)
                        > coalesce(OLD.link_revocations, 0)
                    )::int;
                    -- The sum keeps PostgreSQL from reading all events backwards.
                    SELECT *, xmin INTO last FROM privacy_consent_event
                        WHERE consent_id = NEW.id ORDER BY id + 0 DESC LIMIT 1;
                    IF last.kind IN ('given', 'refused', 'withdrawn') AND (
                        OLD.state <> 'answered'
                        -- Which answer counts, as in Python.
                        OR (last.answered_at, (last.kind <> 'given')::int) > (
                            coalesce(
                                OLD.answer_date,
                                CASE WHEN OLD.accepted IS NOT TRUE THEN (
                                    SELECT max(at) FROM privacy_consent_event
                                    WHERE consent_id = NEW.id AND channel = 'upgrade'
                                ) END,
                                '-infinity'
                            ),
                            0
                        )
                    ) AND NOT (
                        -- What was consented to before it ended does not begin again.
                        last.kind = 'given'
                        AND coalesce(OLD.status, '') IN ('expired', 'invalidated')
                        AND last.answered_at <= CASE OLD.status
                            WHEN 'expired' THEN OLD.valid_until
                            ELSE (
                                SELECT max(at) FROM privacy_consent_event
                                WHERE consent_id = NEW.id AND kind = 'invalidated'
                            )
                        END
                    ) THEN
                        told.state := 'answered';
                        told.status := last.kind;
                        told.accepted := last.kind = 'given';
                        told.answered_by := last."by";
                        told.answer_date := last.answered_at;
                        told.answer_channel := last.channel;
                        told.answer_text_id := last.text_id;
                        told.valid_until := NULL;
                        told.suspected_automated := last.signs IS NOT NULL;
                    ELSIF last.kind = 'invalidated' THEN
                        told.status := last.kind;
                        told.accepted := false;
                        told.valid_until := NULL;
                    ELSIF last.kind = 'expired' THEN
                        told.status := last.kind;
                        told.accepted := false;
                    ELSIF last.kind = 'requested'
                        AND OLD.state = 'draft' AND NEW.state = 'sent'
                    THEN
                        told.state := 'sent';
                        -- Odoo may write it afterwards.
                        IF NEW.status IN ('unknown', 'requested') THEN
                            told.status := NEW.status;
                        END IF;
                    ELSIF last.kind = 'confirmed' THEN
                        told.suspected_automated := false;
                    ELSIF last.kind = 'merged' AND last.xmin = (
                        -- The same transaction, or the same part of it, wrote both.
                        SELECT xmin FROM privacy_consent WHERE id = NEW.id
                    ) THEN
                        told.partner_id := NEW.partner_id;
                        told.merged_into_id := NEW.merged_into_id;
                        IF NEW.partner_id <> OLD.partner_id THEN
                            told.token_partner_id := coalesce(
                                nullif(OLD.token_partner_id, 0), OLD.partner_id
                            );
                        END IF;
                    END IF;
                    IF OLD.sent_date IS NULL AND EXISTS (
                        SELECT FROM privacy_consent_request
                        WHERE consent_id = NEW.id AND delivered_date = NEW.sent_date
                    ) THEN
                        told.sent_date := NEW.sent_date;
                    END IF;
                    IF 'answered' NOT IN (OLD.state, NEW.state) THEN
                        told.accepted := NEW.accepted;
                    END IF;
                    -- When a consent ends follows from the answer and the activity. The
                    -- time zone, of which PostgreSQL may know other rules, shifts it by
                    -- less than four days: Odoo reckons it.
                    IF told.status = 'given'
                        AND NEW.valid_until IS DISTINCT FROM told.valid_until
                    THEN
                        SELECT told.answer_date
                               + make_interval(months => nullif(validity_months, 0))
                            INTO ends FROM privacy_activity
                            WHERE id = told.activity_id;
                        IF coalesce(
                            abs(extract(epoch FROM NEW.valid_until - ends)) < 4 * 86400,
                            ends IS NULL AND NEW.valid_until IS NULL
                        ) THEN
                            told.valid_until := NEW.valid_until;
                        END IF;
                    END IF;
                    IF %(new)s IS NOT DISTINCT FROM %(told)s THEN
                        RETURN NULL;
                    END IF;
                END IF;
                RAISE USING ERRCODE = 'restrict_violation', MESSAGE =
                    'Only asking and answering change what a person was asked and '
                    'answered: no event of consent ' || NEW.id || ' tells this.';
            END $$
            """,
            function=_FUNCTION,
            new=_row("NEW", _FACTS + _ANSWERED),
            told=_row("told", _FACTS + _ANSWERED),
        )
    )
    for name, event, condition in [
        (
            _TRIGGERS[0],
            "INSERT",
            SQL(
                """
                NEW.state = 'answered' OR NEW.status NOT IN ('unknown', 'requested')
                OR NEW.suspected_automated OR num_nonnulls(
                    NEW.answered_by, NEW.answer_date, NEW.answer_channel,
                    NEW.answer_text_id, NEW.valid_until, NEW.merged_into_id,
                    nullif(NEW.token_partner_id, 0)
                ) > 0
                """
            ),
        ),
        (
            _TRIGGERS[1],
            "UPDATE",
            SQL(
                """
                %s IS DISTINCT FROM %s
                OR 'answered' IN (OLD.state, NEW.state)
                    AND %s IS DISTINCT FROM %s
                    -- An upgrade that adds the column fills it.
                    AND NOT (OLD.state = NEW.state AND OLD.status IS NULL)
                -- A step forward needs its event, and there is none back.
                OR OLD.state <> NEW.state
                OR NEW.state <> 'answered'
                    AND NEW.status NOT IN ('unknown', 'requested')
                """,
                _row("OLD", _FACTS),
                _row("NEW", _FACTS),
                _row("OLD", _ANSWERED),
                _row("NEW", _ANSWERED),
            ),
        ),
    ]:
        cr.execute(
            SQL("DROP TRIGGER IF EXISTS %s ON privacy_consent", SQL.identifier(name))
        )
        # It runs afterwards, because it looks at the row that was written. All other
        # statements cost no more than the condition.
        cr.execute(
            SQL(
                "CREATE TRIGGER %s AFTER %s ON privacy_consent"
                " FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %s()",
                SQL.identifier(name),
                SQL(event),
                condition,
                _FUNCTION,
            )
        )


def drop_answer_guard(cr):
    """Drop what :func:`guard_answers` made, when the addon is uninstalled."""
    cr.execute(SQL("DROP FUNCTION IF EXISTS %s() CASCADE", _FUNCTION))


@contextmanager
def unguarded(cr):
    """Let an upgrade write facts before their events, for as long as this lasts.

    It locks the table. An error rolls that back together with what was written.
    """
    for word in ("DISABLE", "ENABLE"):
        for name in _TRIGGERS:
            cr.execute(
                SQL(
                    "ALTER TABLE privacy_consent %s TRIGGER %s",
                    SQL(word),
                    SQL.identifier(name),
                )
            )
        if word == "DISABLE":
            yield


def _row(source, columns):
    """:return: a row of these columns, or expressions, of a record in a trigger"""
    return SQL(
        "(%s)",
        SQL(
            ", ".join(
                one.format(source) if "{}" in one else f"{source}.{one}"
                for one in columns
            )
        ),
    )
