# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Databases of earlier versions, upgraded in place: nothing is lost or changed."""

import hashlib
import hmac
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import requests
from page import load, press
from server import Server, Shell, query

from tools import settings

CONSENTS = 10_000
ADMIN = 2
TOMORROW = datetime.now() + timedelta(days=1)

# What 19.0.1.1.0 does not have, and what it had.
BACK_TO_REQUESTS = """
DROP VIEW privacy_consented;
ALTER TABLE privacy_consent_event_detail DROP COLUMN scan;
DROP FUNCTION privacy_consent_proven CASCADE;
ALTER TABLE privacy_consent
    DROP COLUMN action_attempts, DROP COLUMN action_due,
    DROP COLUMN notices_due,
    ADD COLUMN asked_addresses text, ADD COLUMN delivered_date timestamp,
    ADD COLUMN delivered_mail integer, ADD COLUMN delivery_to_follow boolean,
    ADD COLUMN merged_addresses text, ADD COLUMN refreshed_date timestamp,
    ADD COLUMN request_error text;
ALTER TABLE privacy_consent_request
    DROP COLUMN activity_id, DROP COLUMN bounce_type, DROP COLUMN cause,
    DROP COLUMN contact_email,
    DROP COLUMN effects_due, DROP COLUMN ended_date, DROP COLUMN kind,
    DROP COLUMN planned_message_id, DROP COLUMN reason, DROP COLUMN state,
    ADD COLUMN followed boolean;
ALTER TABLE privacy_activity DROP COLUMN controller_company_id;
CREATE INDEX privacy_consent__state_index ON privacy_consent (state);
UPDATE ir_actions SET path = NULL WHERE path = 'privacy-consents';
UPDATE ir_actions SET path = 'privacy-consents' WHERE id = (
    SELECT res_id FROM ir_model_data
    WHERE module = 'privacy_consent' AND name = 'consent_action');
ALTER TABLE mail_blacklist DROP COLUMN consent_opt_out;
UPDATE ir_rule SET domain_force = '[]' WHERE model_id IN (
    SELECT id FROM ir_model WHERE model = 'privacy.consent.request');
ALTER TABLE privacy_activity_generation
    DROP COLUMN last_consent_id,
    ADD COLUMN resuming boolean, ADD COLUMN last_mail_id integer;
UPDATE ir_module_module SET latest_version = '19.0.1.1.0'
    WHERE name = 'privacy_consent';
"""
# What 19.0.1.0.0 does not have either.
BACK_TO_19 = (
    BACK_TO_REQUESTS
    + """
DROP FUNCTION privacy_consent_append_only CASCADE;
ALTER TABLE privacy_consent
    DROP COLUMN answer_channel, DROP COLUMN answer_text_id, DROP COLUMN status,
    DROP COLUMN uuid, DROP COLUMN valid_until,
    ADD COLUMN answer_mark varchar, ADD COLUMN subject_accepted boolean,
    ADD COLUMN subject_answer_date timestamp;
ALTER TABLE privacy_activity DROP COLUMN uuid;
ALTER TABLE res_partner DROP COLUMN address_changed_by_others;
DROP TABLE privacy_consent_event_detail, privacy_consent_event,
    privacy_consent_request, privacy_consent_text;
DELETE FROM ir_model WHERE model IN (
    'privacy.consent.event', 'privacy.consent.event.detail', 'privacy.consent.request',
    'privacy.consent.text');
DELETE FROM ir_model_data
    WHERE model = 'ir.rule' AND res_id NOT IN (SELECT id FROM ir_rule);
WITH field AS (
    INSERT INTO ir_model_fields
        (name, model, model_id, field_description, ttype, state, store)
    SELECT 'answer_mark', model, id, '{"en_US": "Mark"}', 'char', 'base', true
    FROM ir_model WHERE model = 'privacy.consent'
    RETURNING id
)
INSERT INTO ir_model_data (module, name, model, res_id)
    SELECT 'privacy_consent', 'field_privacy_consent__answer_mark',
        'ir.model.fields', id
    FROM field;
UPDATE ir_module_module SET latest_version = '19.0.1.0.0'
    WHERE name = 'privacy_consent';
"""
)
# What 18.0 does not have either, and what some other addon added.
BACK_TO_18 = """
DROP INDEX privacy_consent_unique_subject_activity;
ALTER TABLE privacy_consent
    DROP COLUMN action_error, DROP COLUMN answer_date, DROP COLUMN answer_mark,
    DROP COLUMN answered_by,
    DROP COLUMN asked_addresses, DROP COLUMN delivered_date,
    DROP COLUMN delivered_mail, DROP COLUMN delivery_to_follow,
    DROP COLUMN link_revocations,
    DROP COLUMN merged_addresses, DROP COLUMN merged_into_id,
    DROP COLUMN old_link_address, DROP COLUMN refreshed_date,
    DROP COLUMN request_error, DROP COLUMN sent_date,
    DROP COLUMN subject_accepted, DROP COLUMN subject_answer_date,
    DROP COLUMN suspected_automated, DROP COLUMN suspicion_signs,
    DROP COLUMN token_partner_id,
    ADD COLUMN x_code varchar,
    ADD CONSTRAINT other_addon_unique_code UNIQUE (partner_id, x_code),
    ADD CONSTRAINT privacy_consent_unique_partner_activity
        UNIQUE (partner_id, activity_id);
ALTER TABLE privacy_activity DROP COLUMN company_id, DROP COLUMN one_click_answers;
DROP TABLE privacy_activity_generation;
DELETE FROM ir_model WHERE model = 'privacy.activity.generation';
DELETE FROM ir_model_data
    WHERE module IN ('privacy', 'privacy_consent') AND model = 'ir.rule';
DELETE FROM ir_rule WHERE model_id IN (
    SELECT id FROM ir_model WHERE model LIKE 'privacy.%');
UPDATE ir_module_module SET latest_version = '18.0.1.0.0'
    WHERE name IN ('privacy', 'privacy_consent');
"""

ACTIVITY = """
INSERT INTO privacy_activity
    (name, controller_id, active, consent_required, subject_find, subject_domain)
SELECT jsonb_build_object('en_US', name), 1, true, 'manual', true, '[]'
FROM unnest(ARRAY['Old newsletter', 'Old survey']) AS name
"""
# Of each ten: two drafts, two sent, and six answered: two yes, two no, two first yes
# and then no. For some of them the thread does not tell when.
FILL_18 = f"""
CREATE TEMPORARY TABLE old AS SELECT number, number % 5 AS kind
    FROM generate_series(0, {CONSENTS - 1}) AS number;
{ACTIVITY};
INSERT INTO res_partner (name, complete_name, email, email_normalized, active, type)
SELECT 'Old ' || number, 'Old ' || number, 'Old' || number || '@example.com',
    'old' || number || '@example.com', true, 'contact'
FROM old ORDER BY number;
ALTER TABLE old ADD COLUMN partner integer, ADD COLUMN consent integer;
UPDATE old SET partner = id FROM res_partner WHERE name = 'Old ' || number;
INSERT INTO privacy_consent
    (partner_id, activity_id, active, accepted, state, last_metadata)
SELECT partner, activity.id, number % 7 < 6, kind = 2 OR number % 10 = 0,
    (ARRAY['draft', 'sent', 'answered', 'answered', 'answered'])[kind + 1],
    CASE WHEN kind > 1 THEN '{{''User-Agent'': ''old browser ' || number || '''}}' END
FROM old JOIN privacy_activity activity ON activity.name->>'en_US' = 'Old newsletter'
ORDER BY number;
UPDATE old SET consent = id FROM privacy_consent WHERE partner_id = partner;
INSERT INTO mail_message (model, res_id, message_type, body, subtype_id, date)
SELECT 'privacy.consent', consent, 'notification', '<p>old</p>', subtype.res_id,
    '2024-05-01 12:00:00'::timestamp + days * interval '1 day'
FROM (VALUES (0, 'consent_new'), (1, 'state_changed'), (2, 'acceptance_changed'),
    (3, 'acceptance_changed')) AS step (days, name)
JOIN ir_model_data subtype
    ON subtype.module = 'privacy_consent' AND subtype.name = 'mt_consent_' || step.name
JOIN old ON kind >= CASE days WHEN 3 THEN 4 ELSE days END
WHERE days < 2 OR number % 50 >= 5
ORDER BY number, days;
INSERT INTO mail_tracking_value
    (mail_message_id, field_id, old_value_integer, new_value_integer)
SELECT message.id, field.id, 1, 0
FROM mail_message message JOIN ir_model_fields field
    ON field.model = message.model AND field.name = 'accepted'
WHERE message.model = 'privacy.consent' AND date = '2024-05-04 12:00:00'
"""

# All that 18.0 stored.
STORED = [
    "SELECT id, partner_id, activity_id, state, accepted, active, last_metadata"
    " FROM privacy_consent ORDER BY id",
    "SELECT id, name, description, controller_id, consent_required, subject_domain,"
    " consent_template_id, active FROM privacy_activity ORDER BY id",
    "SELECT id, model, res_id, subtype_id, date, body FROM mail_message"
    " WHERE model LIKE 'privacy.%' ORDER BY id",
    "SELECT res_model, res_id, partner_id FROM mail_followers ORDER BY id",
    "SELECT id, body_html, subject FROM mail_template ORDER BY id",
]
# What 19.0.1.0.0 stored beside it.
STORED_BY_19 = [
    *STORED,
    "SELECT id, answer_date, sent_date, merged_into_id, old_link_address,"
    " token_partner_id, suspected_automated, suspicion_signs"
    " FROM privacy_consent ORDER BY id",
    "SELECT id, state, email_to FROM mail_mail ORDER BY id",
]
NEW = [
    "SELECT id, sent_date, answer_date, answered_by, answer_channel, status, uuid,"
    " merged_into_id, token_partner_id, old_link_address, write_date"
    " FROM privacy_consent ORDER BY id",
    "SELECT id, uuid FROM privacy_activity ORDER BY id",
    "SELECT * FROM privacy_consent_event ORDER BY id",
    "SELECT * FROM privacy_consent_event_detail ORDER BY id",
    "SELECT * FROM privacy_consent_request ORDER BY id",
]


def facts(database, statements=tuple(STORED)):
    """Everything that must not change."""
    return [query(database, statement) for statement in statements]


def odoo(database, *options):
    """Install or upgrade addons with Odoo's command line."""
    result = subprocess.run(
        [settings.VENV / "bin" / "odoo", "server", "-c", settings.CONF, "-d", database]
        + [*options, "--stop-after-init", "--no-http"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout
    assert " ERROR " not in result.stdout
    assert " WARNING " not in result.stdout


def upgrade(database):
    """Upgrade both addons."""
    odoo(database, "-u", "privacy,privacy_consent")


def upgrade_again(database, version):
    """Have the upgrade from a version run a second time."""
    query(
        database,
        "UPDATE ir_module_module SET latest_version = %s WHERE name LIKE 'privacy%%'"
        " AND state = 'installed'",
        version,
    )
    upgrade(database)


def uuids(database):
    """Check that consents and activities have different unique IDs."""
    for table in ("privacy_consent", "privacy_activity"):
        ((rows, different),) = query(
            database, f"SELECT count(*), count(DISTINCT uuid) FROM {table}"
        )
        assert rows == different > 1, table


# From 18.0 ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def upgraded(new_database):
    """An upgraded database, and what it stored before."""
    database = new_database()
    query(database, BACK_TO_19 + BACK_TO_18)
    query(database, FILL_18)
    before = facts(database)
    upgrade(database)
    return database, before


def test_nothing_is_lost_or_changed(upgraded):
    database, before = upgraded
    assert len(before[0]) == CONSENTS
    assert facts(database) == before


def test_moments_come_from_the_history(upgraded):
    database, _before = upgraded
    found = query(
        database,
        "SELECT state, count(*), count(sent_date), count(answer_date), min(sent_date),"
        " max(answer_date), min(answered_by), max(answered_by) FROM privacy_consent"
        " GROUP BY state",
    )
    rows = {row[0]: (*row[1:4], *map(str, row[4:])) for row in found}
    sent, answered = "2024-05-02 12:00:00", "2024-05-04 12:00:00"
    fifth = CONSENTS // 5
    dated = 3 * fifth * 9 // 10
    assert rows == {
        "draft": (fifth, 0, 0, "None", "None", "None", "None"),
        "sent": (fifth, fifth, 0, sent, "None", "None", "None"),
        "answered": (3 * fifth, 3 * fifth, dated, sent, answered)
        + ("unknown", "unknown"),
    }


def test_answers_of_18_become_events_whose_speaker_is_unknown(upgraded):
    database, _before = upgraded
    found = query(
        database,
        "SELECT status, kinds, by, channels, coalesce(dates, ''), count(*)"
        " FROM privacy_consent consent JOIN LATERAL ("
        "  SELECT string_agg(kind, ' ' ORDER BY id) AS kinds,"
        "   string_agg(DISTINCT by, ' ') AS by,"
        "   string_agg(DISTINCT channel, ' ') AS channels,"
        "   string_agg(to_char(answered_at, 'DD'), ' ' ORDER BY id) AS dates,"
        "   bool_and(text_id IS NULL AND text_hash IS NULL) AS silent"
        "  FROM privacy_consent_event event WHERE event.consent_id = consent.id"
        "   AND event.consent_uuid = consent.uuid"
        " ) AS events ON true"
        " WHERE consent.answer_channel = 'upgrade' AND silent GROUP BY 1, 2, 3, 4, 5",
    )
    fifth = CONSENTS // 5
    dated, undated = fifth * 9 // 10, fifth // 10
    rest = ("unknown", "upgrade")
    assert set(found) == {
        ("given", "given", *rest, "03", dated),
        ("given", "given", *rest, "", undated),
        ("refused", "refused", *rest, "03", dated),
        ("withdrawn", "given withdrawn", *rest, "03 04", dated),
        # Of half of them nobody stored that they once said yes.
        ("refused", "refused", *rest, "", 2 * undated),
    }
    assert query(
        database,
        "SELECT status, count(*) FROM privacy_consent WHERE state <> 'answered'"
        " GROUP BY status ORDER BY status",
    ) == [("requested", fifth), ("unknown", fifth)]


def test_events_hold_who_the_person_is(upgraded):
    database, _before = upgraded
    events = query(
        database,
        "SELECT name, email, salt, detail_digest FROM privacy_consent_event event"
        " JOIN privacy_consent_event_detail detail ON detail.event_id = event.id"
        " WHERE part = 'person'",
    )
    assert len({name for name, *_rest in events}) == 3 * CONSENTS // 5
    for name, email, salt, digest in events:
        assert email == name.replace(" ", "") + "@example.com"
        content = f'{salt}{{"email":"{email}","name":"{name}"}}'
        assert hashlib.sha256(content.encode()).hexdigest() == digest
    # Other programs wrote it in other ways.
    assert not query(
        database, "SELECT FROM privacy_consent_event_detail WHERE part = 'origin'"
    )


def test_unique_ids_are_different(upgraded):
    database, _before = upgraded
    uuids(database)


def test_constraints_of_other_addons_stay(upgraded):
    database, _before = upgraded
    assert query(
        database,
        "SELECT conname FROM pg_constraint"
        " WHERE conrelid = 'privacy_consent'::regclass AND contype = 'u'",
    ) == [("other_addon_unique_code",)]


def test_second_upgrade_changes_nothing(upgraded):
    database, before = upgraded
    new = facts(database, NEW)
    upgrade_again(database, "18.0.1.0.0")
    assert facts(database) == before
    assert facts(database, NEW) == new


def test_old_links_work(upgraded, inbox, tmp_path):
    database, before = upgraded
    ((secret,),) = query(
        database, "SELECT value FROM ir_config_parameter WHERE key = 'database.secret'"
    )
    server = Server(tmp_path / "odoo.log", database, inbox.port)
    for consent, partner, activity, state, *_rest in before[0][:8]:
        # Written out as the contract has it, not with the addon's own code.
        token = hmac.new(
            secret.encode(),
            f"{database}-{consent}-{partner}-{activity}".encode(),
            hashlib.sha512,
        ).hexdigest()
        for choice in ("accept", "reject"):
            link = (
                f"{server.url}/privacy/consent/{choice}/{consent}/{token}?db={database}"
            )
            page = requests.get(link, timeout=60)
            assert page.status_code == 200, (consent, state)
            assert "Old newsletter" in page.text
    assert "accept" in load(link)
    press(link, "reject")
    (row,) = server.execute("privacy.consent", "read", [consent])
    assert (row["state"], row["accepted"], row["answered_by"]) == (
        "answered",
        False,
        "subject",
    )
    press(link, "accept")
    server.execute("privacy.consent", "action_invalidate_links", [consent])
    assert load(link).keys() >= {"reject"}
    assert "accept" not in load(link)
    press(link, "reject")
    (row,) = server.execute("privacy.consent", "read", [consent])
    assert (row["accepted"], row["status"]) == (False, "withdrawn")
    server.stop()
    server.check()


# From 19.0.1.0.0 --------------------------------------------------------------------

START = datetime(2026, 3, 1, 12)
PLACEHOLDERS = (
    '<p><a class="button" href="http://localhost/privacy/consent/accept/">Yes</a>'
    ' <a href="http://localhost/privacy/consent/reject/">No</a></p>'
)
BROWSER = "User agent: Mozilla/5.0\nRemote IP: 192.0.2.7\nDate and time (UTC): now"


def day(number):
    """:return: a moment"""
    return START + timedelta(days=number)


@dataclass
class Message:
    """A message in the thread of a consent.

    :ivar subtype: ending of its name
    :ivar tracked: what changed: values before and after, by name of the field
    :ivar author: name of a contact; None for the subject
    """

    subtype: str
    date: datetime
    tracked: dict = field(default_factory=dict)
    author: str | None = None


@dataclass
class Scene:
    """A consent as 19.0.1.0.0 stored it.

    :ivar events: kind, speaker, moment, member of staff and browser of its answers
    :ivar status: afterwards
    """

    vals: dict
    thread: list
    events: list
    status: str


def subject_said(accepted, number, before=None, metadata=BROWSER):
    """:return: the message of an answer of the subject's own"""
    tracked = {
        "answer_date": (before and day(before), day(number)),
        "last_metadata": ("before", metadata),
    }
    if accepted is not None:
        tracked["accepted"] = (not accepted, accepted)
    return Message("acceptance_changed", day(number), tracked)


def staff_said(accepted, number, before=None):
    """:return: the message of an answer that staff recorded"""
    return Message(
        "state_changed",
        day(number),
        {
            "accepted": (not accepted, accepted),
            "answer_date": (before and day(before), day(number)),
            "last_metadata": (BROWSER, ""),
        },
        author="Officer",
    )


def answered(accepted, number, by="subject", **vals):
    """:return: the fields of an answered consent"""
    own = {"answer_mark": "0123456789abcdef"} if by == "subject" else {}
    return {
        "state": "answered",
        "accepted": accepted,
        "answer_date": day(number) if number is not None else None,
        "answered_by": by,
        "last_metadata": BROWSER if by == "subject" else None,
        "sent_date": day(-1),
        **own,
        **vals,
    }


SENT = Message("state_changed", day(-1))
OF_18 = {"answer_mark": None, "old_link_address": "old@example.com"}
YES, NO = ("given", "subject"), ("withdrawn", "subject")
SCENES = {
    "given": Scene(
        answered(True, 1),
        [SENT, subject_said(True, 1)],
        [(*YES, day(1), None, "Mozilla/5.0")],
        "given",
    ),
    "not changed": Scene(
        answered(True, 2),
        [SENT, subject_said(None, 1), subject_said(None, 2, 1)],
        [
            (*YES, day(1), None, None),
            (*YES, day(2), None, "Mozilla/5.0"),
        ],
        "given",
    ),
    "withdrawn": Scene(
        answered(False, 2),
        [SENT, subject_said(True, 1), subject_said(False, 2, 1)],
        [
            (*YES, day(1), None, None),
            (*NO, day(2), None, "Mozilla/5.0"),
        ],
        "withdrawn",
    ),
    "refused what was assumed": Scene(
        answered(False, 1),
        [SENT, subject_said(False, 1)],
        [("refused", "subject", day(1), None, "Mozilla/5.0")],
        "refused",
    ),
    "staff after the subject": Scene(
        answered(False, 2, "staff"),
        [SENT, subject_said(True, 1), staff_said(False, 2, 1)],
        [
            (*YES, day(1), None, "Mozilla/5.0"),
            ("withdrawn", "staff", day(2), "Officer", None),
        ],
        "withdrawn",
    ),
    "subject after staff": Scene(
        answered(True, 2),
        [staff_said(False, 1), subject_said(True, 2, 1)],
        [
            ("refused", "staff", day(1), "Officer", None),
            (*YES, day(2), None, "Mozilla/5.0"),
        ],
        "given",
    ),
    "staff in the same second": Scene(
        answered(False, 1, "staff"),
        [
            SENT,
            subject_said(True, 1),
            Message("state_changed", day(1), {"accepted": (True, False)}, "Officer"),
        ],
        [
            (*YES, day(1), None, None),
            ("withdrawn", "staff", day(1), None, None),
        ],
        "withdrawn",
    ),
    "imported by staff": Scene(
        answered(True, -300, "staff"),
        [],
        [("given", "staff", day(-300), None, None)],
        "given",
    ),
    "suspected": Scene(
        answered(False, 2, suspected_automated=True, suspicion_signs="agent delivery"),
        [SENT, subject_said(True, 1), subject_said(False, 2, 1)],
        [(*YES, day(1), None, None), (*NO, day(2), None, "Mozilla/5.0")],
        "withdrawn",
    ),
    "of 18": Scene(
        answered(True, 1, **OF_18, last_metadata="old browser"),
        [SENT, Message("acceptance_changed", day(1))],
        [("given", "unknown", day(1), None, None)],
        "given",
    ),
    "of 18 without a date": Scene(
        answered(False, None, **OF_18),
        [],
        [("refused", "unknown", None, None, "Mozilla/5.0")],
        "refused",
    ),
    "of 18 and later": Scene(
        answered(False, 2, old_link_address="old@example.com"),
        [Message("acceptance_changed", day(1)), subject_said(False, 2, 1)],
        [
            ("given", "unknown", day(1), None, None),
            (*NO, day(2), None, "Mozilla/5.0"),
        ],
        "withdrawn",
    ),
    "of 18 and staff": Scene(
        answered(False, 2, "staff", **OF_18),
        [Message("acceptance_changed", day(1)), staff_said(False, 2, 1)],
        [
            ("given", "unknown", day(1), None, "Mozilla/5.0"),
            ("withdrawn", "staff", day(2), "Officer", None),
        ],
        "withdrawn",
    ),
    "back to draft": Scene(
        {"state": "draft", "accepted": True},
        [subject_said(True, 1)],
        [(*YES, day(1), None, None)],
        "unknown",
    ),
    "waiting": Scene({"state": "draft", "accepted": True}, [], [], "unknown"),
    "sent": Scene(
        {
            "state": "sent",
            "sent_date": day(-1),
            "delivered_date": day(2),
            "asked_addresses": "first@example.com\nsecond@example.com",
        },
        [SENT],
        [],
        "requested",
    ),
    "by hand": Scene({"state": "sent", "sent_date": day(-1)}, [SENT], [], "requested"),
}


def insert(database, table, **vals):
    """Insert a row.

    :return: its id
    """
    ((row_id,),) = query(
        database,
        f"INSERT INTO {table} ({', '.join(vals)})"
        f" VALUES ({', '.join(['%s'] * len(vals))}) RETURNING id",
        *vals.values(),
    )
    return row_id


def new_contact(database, name, email):
    """:return: the id of a new contact"""
    return insert(
        database,
        "res_partner",
        name=name,
        complete_name=name,
        email=email,
        email_normalized=email,
        active=True,
        type="contact",
    )


def fill(database):
    """Fill a database with what 19.0.1.0.0 stored.

    :return: the ids of the consents by the name of their scene
    """
    query(database, ACTIVITY)
    activity = dict(query(database, "SELECT name->>'en_US', id FROM privacy_activity"))[
        "Old survey"
    ]
    subtypes = dict(
        query(
            database,
            "SELECT name, res_id FROM ir_model_data WHERE module = 'privacy_consent'"
            " AND model = 'mail.message.subtype'",
        )
    )
    tracked = dict(
        query(
            database,
            "SELECT name, id FROM ir_model_fields WHERE model = 'privacy.consent'",
        )
    )
    columns = {
        "accepted": "integer",
        "answer_date": "datetime",
        "last_metadata": "text",
    }
    officer = new_contact(database, "Officer", "officer@example.com")
    consents = {}
    for number, (name, scene) in enumerate(SCENES.items()):
        subject = new_contact(database, name, f"subject{number}@example.com")
        consents[name] = insert(
            database,
            "privacy_consent",
            partner_id=subject,
            activity_id=activity,
            **{"active": True, "accepted": False, **scene.vals},
        )
        for message in scene.thread:
            message_id = insert(
                database,
                "mail_message",
                model="privacy.consent",
                res_id=consents[name],
                message_type="notification",
                date=message.date,
                subtype_id=subtypes[f"mt_consent_{message.subtype}"],
                author_id=officer if message.author else subject,
            )
            for field_name, (old, new) in message.tracked.items():
                column = columns[field_name]
                if column == "integer":
                    old, new = int(old), int(new)
                insert(
                    database,
                    "mail_tracking_value",
                    mail_message_id=message_id,
                    field_id=tracked[field_name],
                    **{f"old_value_{column}": old, f"new_value_{column}": new},
                )
    query(
        database,
        "UPDATE privacy_consent SET active = false, merged_into_id = %s WHERE id = %s",
        consents["given"],
        consents["withdrawn"],
    )
    return consents


def mail(database, consent, date, state="sent", to_subject=True, **vals):
    """Insert a mail that asks.

    :return: its id
    """
    message = insert(
        database,
        "mail_message",
        model="privacy.consent",
        res_id=consent,
        message_type="email_outgoing",
        date=date,
        body=PLACEHOLDERS,
    )
    mail_id = insert(
        database,
        "mail_mail",
        mail_message_id=message,
        body_html=PLACEHOLDERS,
        state=state,
        write_date=date + timedelta(hours=36),
        **vals,
    )
    if to_subject:
        query(
            database,
            "INSERT INTO mail_mail_res_partner_rel (mail_mail_id, res_partner_id)"
            " SELECT %s, partner_id FROM privacy_consent WHERE id = %s",
            mail_id,
            consent,
        )
    return mail_id


def write_for_later(database, consent, way, uid=ADMIN):
    """Write a message that asks tomorrow.

    :param str way: ``send`` for *Send later*, or ``notify`` with a template's date
    """
    ((subject, author),) = query(
        database,
        "SELECT consent.partner_id, author.partner_id"
        " FROM privacy_consent AS consent, res_users AS author"
        " WHERE consent.id = %s AND author.id = %s",
        consent,
        ADMIN,
    )
    table = "mail_scheduled_message" if way == "send" else "mail_message"
    message = insert(
        database,
        table,
        model="privacy.consent",
        res_id=consent,
        author_id=author,
        body=PLACEHOLDERS,
        create_uid=uid,
        create_date=day(0),
        **(
            {"scheduled_date": TOMORROW}
            if way == "send"
            else {
                "message_type": "comment",
                "message_id": f"<{consent}@example.com>",
                "date": day(0),
            }
        ),
    )
    query(
        database,
        f"INSERT INTO {table}_res_partner_rel ({table}_id, res_partner_id)"
        " VALUES (%s, %s)",
        message,
        subject,
    )
    if way == "notify":
        insert(
            database,
            "mail_message_schedule",
            mail_message_id=message,
            scheduled_datetime=TOMORROW,
        )


@pytest.fixture(scope="module")
def upgraded_19(new_database):
    """A database upgraded from 19.0.1.0.0, its consents, mails, and what it stored."""
    database = new_database()
    query(database, BACK_TO_19)
    consents = fill(database)
    mails = {
        "waiting": mail(database, consents["waiting"], day(0), "outgoing"),
        "by address": mail(
            database,
            consents["waiting"],
            day(0),
            "exception",
            to_subject=False,
            email_to="A b <x@example.com>, "
            f'"Me" <Subject{list(SCENES).index("waiting")}@example.com>',
        ),
        "copy": mail(
            database,
            consents["waiting"],
            day(0),
            "outgoing",
            to_subject=False,
            email_to="copy@example.com",
        ),
        "first": mail(database, consents["sent"], day(-2)),
        "middle": mail(database, consents["sent"], day(0)),
        "failed": mail(database, consents["sent"], day(0), "cancel"),
        "last": mail(database, consents["sent"], day(1), "sent"),
        "mere": mail(database, consents["sent"], day(1)),
    }
    query(
        database,
        "UPDATE mail_mail SET body_html = '<p>Thank you</p>' WHERE id = %s",
        mails["mere"],
    )
    query(
        database,
        "UPDATE privacy_consent SET delivered_mail = %s WHERE id = %s",
        mails["last"],
        consents["sent"],
    )
    # Odoo deletes what people write once it left; the message stays.
    mails["by hand"] = mail(database, consents["by hand"], day(-2))
    query(
        database,
        "INSERT INTO mail_notification (mail_message_id, res_partner_id,"
        " notification_type, notification_status)"
        " SELECT mail_message_id, partner_id, 'email', 'sent'"
        " FROM mail_mail mail JOIN privacy_consent consent ON consent.id = %s"
        " WHERE mail.id = %s",
        consents["by hand"],
        mails["by hand"],
    )
    query(database, "DELETE FROM mail_mail WHERE id = %s", mails["by hand"])
    write_for_later(database, consents["by hand"], "notify")
    before = facts(database, STORED_BY_19)
    upgrade(database)
    return database, consents, mails, before


def test_no_answer_of_19_changes(upgraded_19):
    database, consents, _mails, before = upgraded_19
    assert facts(database, STORED_BY_19) == before
    uuids(database)
    found = query(
        database,
        "SELECT id, status, answered_by, answer_channel FROM privacy_consent",
    )
    stored = {row[0]: row[1:] for row in found}
    for name, scene in SCENES.items():
        if scene.vals["state"] != "answered":
            last = (None, None)
        else:
            last = (scene.events[-1][1], "upgrade")
        assert stored[consents[name]] == (scene.status, *last), name


@pytest.mark.parametrize("name", SCENES)
def test_answers_of_19_become_events(upgraded_19, name):
    database, consents, _mails, _before = upgraded_19
    found = query(
        database,
        "SELECT kind, by, answered_at, person.staff, origin.user_agent,"
        "  origin.network_address, person.name, event.channel, signs,"
        "  consent_uuid = consent.uuid AND activity_uuid = activity.uuid"
        " FROM privacy_consent_event event"
        " JOIN privacy_consent consent ON consent.id = event.consent_id"
        " JOIN privacy_activity activity ON activity.id = consent.activity_id"
        " JOIN privacy_consent_event_detail person"
        "  ON person.event_id = event.id AND person.part = 'person'"
        " LEFT JOIN privacy_consent_event_detail origin"
        "  ON origin.event_id = event.id AND origin.part = 'origin'"
        " WHERE consent_id = %s AND kind <> 'requested' ORDER BY event.id",
        consents[name],
    )
    signs = SCENES[name].vals.get("suspicion_signs")
    events = SCENES[name].events
    assert found == [
        (*event, event[4] and "192.0.2.7", name, "upgrade")
        + (signs if number == len(events) - 1 else None, True)
        for number, event in enumerate(events)
    ]


def test_mails_become_requests(upgraded_19):
    database, _consents, mails, _before = upgraded_19
    found = query(
        database,
        "SELECT request.mail_id, mail_message_id = message_id, address,"
        "  request.delivered_date, request.state, cause, event.at, event.channel"
        " FROM privacy_consent_request request"
        " LEFT JOIN mail_mail mail ON mail.id = request.mail_id"
        " LEFT JOIN privacy_consent_event event"
        "  ON event.request_uuid = request.uuid AND event.kind = 'requested'"
        " ORDER BY request.id",
    )
    names = {mail_id: name for name, mail_id in mails.items()}
    numbers = {name: number for number, name in enumerate(SCENES)}
    waiting = f"subject{numbers['waiting']}@example.com"
    by_hand = f"subject{numbers['by hand']}@example.com"
    now = f"subject{numbers['sent']}@example.com"

    def delivered(address, moment):
        return address, moment, "delivered", None, moment, "upgrade"

    rows = [(names.get(mail_id), row) for mail_id, *row in found]
    assert {name: tuple(row) for name, row in rows if name} == {
        "waiting": (True, waiting, None, "waiting", None, None, None),
        "by address": (True, waiting, None, "failed", None, None, None),
        "first": (True, *delivered("second@example.com", day(-1))),
        "middle": (True, *delivered("second@example.com", day(1.5))),
        "failed": (True, now, None, "cancelled", "mail", None, None),
        "last": (True, *delivered("second@example.com", day(2))),
    }
    assert [tuple(row) for name, row in rows if not name] == [
        (None, *delivered(by_hand, day(-1))),
        # No mail is left that went there, but its links still refuse.
        (None, "first@example.com", day(-1), "delivered", None, None, None),
        (None, by_hand, None, "planned", None, None, None),
    ]


def test_second_upgrade_from_19_changes_nothing(upgraded_19):
    database, _consents, _mails, before = upgraded_19
    # What a fresh database has no use for is gone.
    assert not query(
        database,
        "SELECT FROM information_schema.columns"
        " WHERE table_name = 'privacy_consent' AND column_name = 'answer_mark'",
    )
    new = facts(database, NEW)
    upgrade_again(database, "19.0.1.0.0")
    assert facts(database, STORED_BY_19) == before
    assert facts(database, NEW) == new


# From 19.0.1.1.0 --------------------------------------------------------------------

# How somebody wrote requests for later, and state and cause of what becomes of them.
WRITTEN = {
    "later": (["send"], [("planned", None)]),
    "notified later": (["notify"], [("planned", None)]),
    "written twice": (
        ["notify", "notify"],
        [("cancelled", "replaced"), ("planned", None)],
    ),
    "written in both ways": (
        ["notify", "send"],
        [("cancelled", "replaced"), ("planned", None)],
    ),
    "waits and later": (["send"], [("cancelled", "replaced"), ("planned", None)]),
    "answered since": (
        ["send", "notify"],
        [("cancelled", "answered"), ("cancelled", "answered")],
    ),
}
# Whatever Odoo's scheduled actions do tomorrow.
SEND_LATER = """
# Nobody is asked in the name of a company without one.
env["res.company"].search([]).email = "company@example.com"
env["mail.scheduled.message"].search([("create_uid", "!=", False)])._post_message()
env["mail.message.schedule"].search([])._send_notifications()
env.cr.commit()
"""


@pytest.fixture(scope="module")
def upgraded_requests(new_database):
    """A database upgraded from 19.0.1.1.0, and its consents by what they are about."""
    database = new_database()
    query(database, BACK_TO_REQUESTS)
    with_ids = ACTIVITY.replace("(name", "(uuid, name")
    query(database, with_ids.replace("SELECT", "SELECT gen_random_uuid(),"))
    ((activity,),) = query(
        database, "SELECT id FROM privacy_activity WHERE name->>'en_US' = 'Old survey'"
    )
    names = ["waits twice", "failed", "not made", "due", "elsewhere", "cancelled"]
    names += WRITTEN
    consents = {}
    for number, name in enumerate(names):
        partner = new_contact(database, name, f"subject{number}@example.com")
        consents[name] = insert(
            database,
            "privacy_consent",
            uuid=f"consent {number}",
            partner_id=partner,
            activity_id=activity,
            active=True,
            accepted=False,
            state="draft",
            status="unknown",
        )

    def request(name, mail_state, **vals):
        mail_id = mail(database, consents[name], day(0), mail_state)
        number = names.index(name)
        insert(
            database,
            "privacy_consent_request",
            uuid=f"request {mail_id}",
            consent_id=consents[name],
            mail_id=mail_id,
            address=f"subject{number}@example.com",
            **vals,
        )
        return mail_id

    request("waits twice", "outgoing")
    request("waits twice", "outgoing")
    failed = request("failed", "exception")
    query(
        database,
        "UPDATE mail_mail SET failure_reason = 'no such user' WHERE id = %s",
        failed,
    )
    request("due", "sent", delivered_date=day(1), followed=False)
    request("cancelled", "cancel")
    for name, vals in {
        "not made": "request_error = 'faulty template'",
        "due": "state = 'sent', status = 'requested', delivery_to_follow = TRUE",
        "elsewhere": "asked_addresses = E'old@example.com\nolder@example.com',"
        " merged_addresses = 'merged@example.com'",
    }.items():
        query(
            database,
            f"UPDATE privacy_consent SET {vals} WHERE id = %s",
            consents[name],
        )
    for name, (ways, _requests) in WRITTEN.items():
        for way in ways:
            write_for_later(database, consents[name], way)
    write_for_later(database, consents["not made"], "send", uid=None)
    request("waits and later", "outgoing")
    query(
        database,
        "UPDATE privacy_consent SET state = 'answered', status = 'refused',"
        " answered_by = 'subject', answer_date = %s WHERE id = %s",
        day(1),
        consents["answered since"],
    )
    upgrade(database)
    return database, consents


def test_requests_say_what_became_of_them(upgraded_requests):
    database, consents = upgraded_requests
    names = {consent: name for name, consent in consents.items()}
    found = query(
        database,
        "SELECT request.consent_id, request.state, cause, request.reason, address,"
        "  coalesce(effects_due, FALSE), mail.state"
        " FROM privacy_consent_request request"
        " LEFT JOIN mail_mail mail ON mail.id = request.mail_id ORDER BY request.id",
    )
    rows = {}
    for consent, *row in found:
        if names[consent] not in WRITTEN:
            rows.setdefault(names[consent], []).append(tuple(row))
    own = [f"subject{number}@example.com" for number in range(6)]
    assert rows == {
        "waits twice": [
            ("cancelled", "replaced", None, own[0], False, "cancel"),
            ("waiting", None, None, own[0], False, "outgoing"),
        ],
        "failed": [("failed", None, "no such user", own[1], False, "exception")],
        "not made": [("failed", None, "faulty template", None, False, None)],
        "due": [("delivered", None, None, own[3], True, "sent")],
        "elsewhere": [
            ("delivered", None, None, address, False, None)
            for address in (
                "merged@example.com",
                "old@example.com",
                "older@example.com",
            )
        ],
        "cancelled": [("cancelled", "mail", None, own[5], False, "cancel")],
    }
    assert query(database, "SELECT id FROM privacy_consent WHERE action_due") == [
        (consents["due"],)
    ]


def test_what_was_written_for_later_is_planned(upgraded_requests):
    database, consents = upgraded_requests
    found = query(
        database,
        "SELECT consent_id, state, cause FROM privacy_consent_request ORDER BY id",
    )
    for name, (_ways, expected) in WRITTEN.items():
        rows = [tuple(row) for consent, *row in found if consent == consents[name]]
        assert rows == expected, name
    # What was cancelled is not posted either.
    for messages, names in {
        "mail_scheduled_message": ["later", "waits and later", "not made"],
        "mail_message_schedule"
        " JOIN mail_message AS message ON message.id = mail_message_id": [
            "notified later",
            "written twice",
            "written in both ways",
        ],
    }.items():
        left = query(database, f"SELECT res_id FROM {messages}")
        assert sorted(left) == sorted((consents[name],) for name in names)


def test_rules_of_companies_are_those_of_today(upgraded_requests):
    database, _consents = upgraded_requests
    ((domain,),) = query(
        database,
        "SELECT domain_force FROM ir_rule WHERE model_id IN ("
        " SELECT id FROM ir_model WHERE model = 'privacy.consent.request')",
    )
    assert "controller_company_id" in domain


def test_second_upgrade_of_requests_changes_nothing(upgraded_requests):
    database, _consents = upgraded_requests
    new = facts(database, NEW)
    upgrade_again(database, "19.0.1.1.0")
    assert facts(database, NEW) == new


def test_what_was_written_for_later_asks(upgraded_requests):
    database, consents = upgraded_requests
    Shell(database, SEND_LATER).finish()
    waiting = query(
        database,
        "SELECT request.consent_id FROM privacy_consent_request AS request"
        " JOIN mail_mail AS mail ON mail.id = request.mail_id"
        " WHERE request.state = 'waiting' AND mail.state = 'outgoing'",
    )
    asking = {(consents[name],) for name in WRITTEN if name != "answered since"}
    assert asking.issubset(waiting)


# Beside activities that exist ---------------------------------------------------------

UNINSTALL = """
env["ir.module.module"].search(
    [("name", "=", "privacy_consent")]
).button_immediate_uninstall()
env.cr.commit()
"""


def test_installed_beside_activities(new_database):
    database = new_database()
    Shell(database, UNINSTALL).finish()
    query(
        database,
        "INSERT INTO privacy_activity (name, controller_id, active)"
        " SELECT jsonb_build_object('en_US', 'Old ' || number), 1, true"
        " FROM generate_series(1, 3) AS number",
    )
    odoo(database, "-i", "privacy_consent", "--skip-auto-install")
    ((rows, different),) = query(
        database, "SELECT count(*), count(DISTINCT uuid) FROM privacy_activity"
    )
    assert rows == different == 3
