# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a newcomer does: starts the demo, asks, answers a mail from its inbox, ends."""

import base64
import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from email import message_from_string, policy

import pytest
import requests
from inbox import LINK, free_port
from page import press
from server import Client

from tools import databases, settings

# A demo beside the one that the person may have, with everything of its own.
SCRIPT = """
import signal
from pathlib import Path
from tools import demo
signal.signal(signal.SIGINT, signal.default_int_handler)
demo.DATABASE, demo.INBOX_MAILS, demo.PIDS = {name!r}, Path({mails!r}), Path({pids!r})
demo.run()
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A running demo, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    name = f"{databases.PREFIX}e2e_{os.getpid()}_demo"
    ports = {key: str(free_port()) for key in ("HTTP_PORT", "SMTP_PORT", "INBOX_PORT")}
    script = SCRIPT.format(
        name=name, mails=str(folder / "inbox.sqlite"), pids=str(folder / "pids")
    )
    process = subprocess.Popen(
        [settings.VENV_PYTHON, "-u", "-c", script],
        cwd=settings.ROOT,
        env={**os.environ, **ports},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = ""
    while "Ctrl-C" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    yield Client(f"http://localhost:{ports['HTTP_PORT']}", name), ports, printed
    process.send_signal(signal.SIGINT)
    rest, _errors = process.communicate(timeout=60)
    databases.drop(name)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    for port in ports.values():
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://localhost:{port}", timeout=5)


def received(ports):
    """All messages in the demo's inbox."""
    api = f"http://localhost:{ports['INBOX_PORT']}/api/messages/"
    for row in requests.get(api, timeout=10).json()["data"]:
        source = requests.get(f"{api}{row['id']}.source", timeout=10).text
        yield message_from_string(source, policy=policy.default)


def test_says_where_to_look(demo):
    client, ports, printed = demo
    assert client.url in printed
    assert f"http://localhost:{ports['INBOX_PORT']}" in printed
    assert "admin" in printed
    assert len(re.findall(r"^ +\d\. ", printed, re.M)) == 6


def test_demo_data(demo):
    client, _ports, _printed = demo
    activities = client.execute(
        "privacy.activity", "search_read", [], ["consent_required"]
    )
    assert {one["consent_required"] for one in activities} == {"auto", "manual"}
    contacts = client.execute(
        "res.partner",
        "search_read",
        [("category_id.name", "like", "Demo:")],
        ["email", "lang"],
    )
    assert len(contacts) == 12
    assert len({contact["lang"] for contact in contacts}) >= 2
    assert any(not contact["email"] for contact in contacts)
    assert any(contact["email"] and "@" not in contact["email"] for contact in contacts)


def test_button_puts_mails_in_the_inbox_and_their_links_work(demo):
    client, ports, _printed = demo
    activity = client.ref("privacy.activity_newsletter")
    client.execute("privacy.activity", "action_new_consents", [activity])
    limit = time.monotonic() + 60
    while len(messages := list(received(ports))) < 10 and time.monotonic() < limit:
        time.sleep(0.5)
    assert len(messages) == 10, "all but the contacts without a usable address"
    for message in messages[:3]:
        html = message.get_body(("html",)).get_content()
        links = {match[1]: match[0] for match in LINK.finditer(html)}
        assert requests.get(links["accept"], timeout=60).status_code == 200
        assert press(links["reject"]).status_code == 200
    answered = client.execute(
        "privacy.consent",
        "search_count",
        [("state", "=", "answered"), ("activity_id", "=", activity)],
    )
    assert answered == 3


def test_three_seals_and_a_pack(demo, tmp_path):
    client, _ports, _printed = demo
    assert client.execute("privacy.consent.seal", "search_count", []) == 3
    (pack,) = client.execute(
        "ir.attachment", "search_read", [("name", "=", "proof-pack.zip")], ["datas"]
    )
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(pack["datas"]))) as archive:
        archive.extractall(tmp_path)
    subprocess.run([sys.executable, "verify.py"], cwd=tmp_path, check=True)
