# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A database of the 18.0 addon, upgraded in place: nothing is lost or changed."""

import hashlib
import hmac
import subprocess

import pytest
import requests
from page import press
from server import Server, Shell, query

from tools import settings

CONSENTS = 1000

# What users of 18.0 have: consents in all states, with a history.
FILL = f"""
import datetime
env = env(context=dict(env.context, tracking_disable=True))
subjects = env["res.partner"].create(
    [
        {{"name": f"Old {{i}}", "email": f"old{{i}}@example.com"}}
        for i in range({CONSENTS})
    ]
)
activity = env["privacy.activity"].create(
    {{
        "name": "Old newsletter",
        "consent_required": "manual",
        "subject_find": True,
        "subject_domain": "[('email', 'like', 'old')]",
    }}
)
states = ["draft", "sent", "answered", "answered"]
consents = env["privacy.consent"].create(
    [
        {{
            "partner_id": subject.id,
            "activity_id": activity.id,
            "active": i % 10 != 9,
            "accepted": i % 4 == 2,
            "state": states[i % 4],
            "last_metadata": i % 4 > 1 and f"{{{{'User-Agent': 'old browser {{i}}'}}}}",
        }}
        for i, subject in enumerate(subjects)
    ]
)
new, sent, answered = [
    env.ref(f"privacy_consent.mt_consent_{{name}}")
    for name in ("consent_new", "state_changed", "acceptance_changed")
]
moment = datetime.datetime(2024, 5, 1, 12)
for days, subtype, those in [
    (0, new, consents),
    (1, sent, consents.filtered(lambda consent: consent.state != "draft")),
    (2, answered, consents.filtered(lambda consent: consent.state == "answered")),
]:
    messages = those._message_log_batch({{consent.id: "old" for consent in those}})
    messages.write(
        {{"subtype_id": subtype.id, "date": moment + datetime.timedelta(days=days)}}
    )
env.cr.commit()
"""

# What 18.0 does not have.
STEP_BACK = """
DROP INDEX privacy_consent_unique_subject_activity;
ALTER TABLE privacy_consent
    DROP COLUMN action_error, DROP COLUMN answer_date, DROP COLUMN answer_mark,
    DROP COLUMN answered_by,
    DROP COLUMN asked_addresses, DROP COLUMN delivered_date,
    DROP COLUMN delivered_mail, DROP COLUMN link_revocations,
    DROP COLUMN merged_addresses, DROP COLUMN merged_into_id,
    DROP COLUMN old_link_address, DROP COLUMN refreshed_date,
    DROP COLUMN request_error, DROP COLUMN sent_date,
    DROP COLUMN subject_accepted, DROP COLUMN subject_answer_date,
    DROP COLUMN suspected_automated, DROP COLUMN suspicion_signs,
    DROP COLUMN token_partner_id,
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
NEW = (
    "SELECT id, sent_date, answer_date, answered_by, merged_into_id, token_partner_id,"
    " subject_accepted, subject_answer_date, old_link_address, write_date"
    " FROM privacy_consent ORDER BY id"
)


def facts(database, statements=tuple(STORED)):
    """Everything that must not change."""
    return [query(database, statement) for statement in statements]


def upgrade(database):
    """Upgrade both addons with Odoo's command line."""
    result = subprocess.run(
        [settings.VENV / "bin" / "odoo", "server", "-c", settings.CONF, "-d", database]
        + ["-u", "privacy,privacy_consent", "--stop-after-init", "--no-http"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout
    assert " ERROR " not in result.stdout
    assert " WARNING " not in result.stdout


@pytest.fixture(scope="module")
def upgraded(new_database):
    """An upgraded database, and what it stored before."""
    database = new_database()
    Shell(database, FILL).finish()
    query(database, STEP_BACK)
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
        " max(answer_date), min(answered_by) FROM privacy_consent"
        " GROUP BY state ORDER BY state",
    )
    rows = {row[0]: (*row[1:4], *map(str, row[4:])) for row in found}
    sent, answered = "2024-05-02 12:00:00", "2024-05-03 12:00:00"
    quarter = CONSENTS // 4
    assert rows == {
        "draft": (quarter, 0, 0, "None", "None", "None"),
        "sent": (quarter, quarter, 0, sent, "None", "None"),
        "answered": (*[2 * quarter] * 3, sent, answered, "subject"),
    }


def test_second_upgrade_changes_nothing(upgraded):
    database, before = upgraded
    new = query(database, NEW)
    upgrade(database)
    assert facts(database) == before
    assert query(database, NEW) == new


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
            page = requests.get(
                f"{server.url}/privacy/consent/{choice}/{consent}/{token}?db={database}",
                timeout=60,
            )
            assert page.status_code == 200, (consent, state)
            assert "Old newsletter" in page.text
    press(page.url, "reject")
    consent = server.execute("privacy.consent", "read", [consent])[0]
    assert (consent["state"], consent["accepted"]) == ("answered", False)
    server.execute("privacy.consent", "action_invalidate_links", [consent["id"]])
    assert requests.get(page.url, timeout=60).status_code == 404
    server.stop()
    server.check()
