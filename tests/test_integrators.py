# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The example in ``docs/integrators.md`` does what it says."""

import re

from server import Scene, Shell

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
