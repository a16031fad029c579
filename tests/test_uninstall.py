# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addons come and go: what happened stays for as long as ours is there."""

import subprocess

import pytest
from server import Shell, query

from tools import settings

# An addon that extends ours: a channel of its own, and an override of the door.
ADDON = {
    "__manifest__.py": """{
    "name": "Kiosk", "version": "19.0.1.0.0", "license": "AGPL-3",
    "depends": ["privacy_consent"],
}""",
    "__init__.py": "from . import models",
    "models.py": """
from odoo import api, models
from odoo.addons.privacy_consent import links


class PrivacyConsentEvent(models.Model):
    _inherit = "privacy.consent.event"

    @api.model
    def _channels(self):
        return {**super()._channels(), "kiosk": "At a kiosk"}


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def action_answer(self, answer, metadata=False):
        self.partner_id.comment = f"answered {answer}"
        return super().action_answer(answer, metadata)

    def answer_at_kiosk(self):
        proof = links.proof.by_hand(self.env.user, "kiosk", note="in the hall")
        self._record_answer(True, proof)
""",
}
ASK = """
activity = env["privacy.activity"].create(
    {
        "name": "Visitors",
        "consent_required": "manual",
        "subject_find": True,
        "subject_domain": "[('name', '=', 'Visitor')]",
    }
)
visitor = env["res.partner"].create({"name": "Visitor", "email": "v@example.com"})
activity.action_new_consents()
activity.consent_ids.answer_at_kiosk()
assert activity.consent_ids.event_ids.channel_label == "At a kiosk"
assert "answered True" in visitor.comment
env.cr.commit()
"""
UNINSTALL = """
module = env["ir.module.module"].search([("name", "=", "{}")])
module.button_immediate_uninstall()
env.cr.commit()
"""
EVENTS = "SELECT to_jsonb(event)::text FROM privacy_consent_event AS event ORDER BY id"


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    """A configuration of Odoo that also knows the addon."""
    folder = tmp_path_factory.mktemp("addons")
    (folder / "kiosk").mkdir()
    for name, content in ADDON.items():
        (folder / "kiosk" / name).write_text(content)
    path = folder / "odoo.conf"
    path.write_text(
        settings.CONF.read_text().replace("addons_path = ", f"addons_path = {folder},")
    )
    return path


def test_uninstalling_changes_no_event_and_leaves_nothing(new_database, configuration):
    database = new_database()
    subprocess.run(
        [settings.VENV / "bin" / "odoo", "server", "-c", configuration, "-d", database]
        + ["-i", "kiosk", "--stop-after-init", "--no-http", "--log-level", "warn"],
        check=True,
        capture_output=True,
    )
    Shell(database, ASK, conf=configuration).finish()
    before = query(database, EVENTS)
    assert len(before) == 1
    Shell(database, UNINSTALL.format("kiosk"), conf=configuration).finish(120)
    assert query(database, EVENTS) == before

    Shell(database, UNINSTALL.format("privacy_consent")).finish(120)
    assert not query(
        database, "SELECT relname FROM pg_class WHERE relname LIKE 'privacy_consent%'"
    )
    assert not query(
        database, "SELECT proname FROM pg_proc WHERE proname LIKE 'privacy_consent%'"
    )
