# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The examples of ``docs/integrators.md`` do what it says."""

import re
import subprocess

from server import ODOO, Scene, Shell

from tools import settings

ANN = "ann@example.com"
NEW_KEY = """
from datetime import datetime, timedelta
officer = env["res.users"].search([("login", "=", "officer")])
keys = env["res.users.apikeys"].with_user(officer).sudo()
print(keys._generate(None, "Integrator", datetime.now() + timedelta(days=1)))
env.cr.commit()
"""


def test_json_2(new_server):
    scene = Scene(new_server(), {ANN: "en_US"}, cc=False)
    execute = scene.server.execute
    scene.generate()
    consents = execute("privacy.consent", "search", [])
    execute("privacy.consent", "action_answer", consents, True, login="officer")
    key = Shell(scene.server.database, NEW_KEY).finish().split()[-1]
    text = (settings.ROOT / "docs" / "integrators.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.S)
    names = {"URL": scene.server.url, "KEY": key, "DATABASE": scene.server.database}
    exec(code, names)
    assert [one["email"] for one in names["may_be_mailed"]] == [ANN]
    [consent] = execute(
        "privacy.consent", "read", consents, ["status", "answer_channel"]
    )
    assert (consent["status"], consent["answer_channel"]) == ("withdrawn", "phone")


SAMPLE = """
from odoo.exceptions import UserError

env = env(user=env.ref("base.user_admin"))
activity = env["privacy.activity"].search([("name", "=", "Newsletter")])
ann = env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
ann.action_ask_for_loyalty(activity)
consent = ann.privacy_consent_ids
print(consent.request_state)
for answer in (False, True):
    consent.action_answer_at_till(answer)
    try:
        ann.action_add_loyalty_points(activity, 5)
    except UserError as error:
        print(error)
print(ann.loyalty_points, consent.status, consent.event_ids[0].channel_label)
consent.action_answer(False)
print(ann.loyalty_points, consent.status)
"""


def test_sample_addon(new_server, new_database, tmp_path):
    database = new_database()
    folder = settings.ROOT / "tests" / "sample_addon"
    conf = tmp_path / "odoo.conf"
    conf.write_text(
        settings.CONF.read_text().replace("addons_path = ", f"addons_path = {folder},")
    )
    scene = Scene(new_server(database), {}, cc=False)
    scene.server.stop()
    subprocess.check_call(
        [*ODOO, "server", "-c", conf, "-d", database, "-i", "privacy_sample_card"]
        + ["--stop-after-init", "--no-http", "--log-level", "warn"]
    )
    assert Shell(database, SAMPLE, conf=conf).finish().splitlines()[-4:] == [
        "waiting",
        "Ann does not consent.",
        "5 given At the till",
        "0 withdrawn",
    ]
    text = (settings.ROOT / "docs" / "integrators.md").read_text()
    assert "tests/sample_addon/privacy_sample_card" in text
