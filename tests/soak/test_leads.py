# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mailings for leads go only to who consents: with Odoo's CRM, which takes its time."""

import ast
import subprocess

from server import ODOO, Shell, query

from tools import settings

SCRIPT = """
activity = env["privacy.activity"].create({"name": "Newsletter"})
for name, yes in (("ann", True), ("luc", False)):
    partner = env["res.partner"].create(
        {"name": name, "email": f"{name}@example.com"}
    )
    env["privacy.consent"].create(
        {
            "partner_id": partner.id,
            "activity_id": activity.id,
            "accepted": yes,
            "state": "answered",
            "answer_channel": "paper",
        }
    )
    env["crm.lead"].create({"name": f"contact {name}", "partner_id": partner.id})
leads = env["crm.lead"].search([("name", "like", "contact %")])
leads += env["crm.lead"].create(
    [
        {"name": "same address", "email_from": "Ann <ANN@example.com>"},
        {"name": "refused", "email_from": "LUC@example.com"},
        {"name": "never asked", "email_from": "eve@example.com"},
        {"name": "no address"},
    ]
)
mailing = env["mailing.mailing"].create(
    {
        "subject": "News",
        "body_html": "<p>News</p>",
        "email_from": "company@example.com",
        "mailing_model_id": env["ir.model"]._get_id("crm.lead"),
        "mailing_domain": repr([("id", "in", leads.ids)]),
        "consent_activity_id": activity.id,
    }
)
print(repr(mailing.consent_preview.splitlines()))
mailing._action_send_mail()
env.cr.commit()
"""


def test_leads(new_database):
    database = new_database("portal")
    subprocess.check_call(
        [*ODOO, "server", "-c", settings.CONF, "-d", database, "-i", "mass_mailing_crm"]
        + ["--skip-auto-install", "--stop-after-init", "--no-http"]
        + ["--log-level", "warn"]
    )
    preview = Shell(database, SCRIPT).finish(120).splitlines()[-1]
    assert ast.literal_eval(preview) == [
        "2 of 6 may be mailed.",
        "Refused, withdrew, or their consent does not count: 2",
        "Never consented: 1",
        "No address: 1",
    ]
    traces = query(
        database, "SELECT email, trace_status, failure_type FROM mailing_trace"
    )
    assert sorted(traces, key=str) == sorted(
        [
            # Odoo mails to an address once.
            ("ann@example.com", "outgoing", None),
            ("ann@example.com", "cancel", "mail_dup"),
            ("luc@example.com", "cancel", "mail_dup"),
            ("luc@example.com", "cancel", "mail_no_consent"),
            ("eve@example.com", "cancel", "mail_no_consent"),
            ("", "cancel", "mail_email_missing"),
        ],
        key=str,
    )
