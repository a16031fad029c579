# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail never leaves before its consent is committed."""

import re
import threading

import pytest
import requests
from server import Scene, Shell, query

GENERATE = """
env["privacy.activity"].browse({activity}).action_new_consents()
env.cr.flush()
mails = env["mail.mail"].search_count([("model", "=", "privacy.consent")])
print("generated", mails, flush=True)
"""
DRAIN = """
import os, time
end = time.monotonic() + 120
print("draining", flush=True)
while not os.path.exists({stop!r}) and time.monotonic() < end:
    env["mail.mail"].process_email_queue()
    env.cr.rollback()
"""


@pytest.fixture
def crowd(new_server, inbox):
    """A server with many subjects, nobody asked yet, and no scheduled actions."""
    inbox.messages.clear()
    return Scene(
        new_server(None, "--max-cron-threads", "0"),
        {f"subject{i}@example.com": "en_US" for i in range(20)},
        cc=False,
    )


def test_rolled_back_means_never_sent(crowd, inbox):
    database = crowd.server.database
    script = GENERATE.format(activity=crowd.activity) + "env.cr.rollback()\n"
    assert Shell(database, script, inbox.port).line() == "generated 20"
    Shell(database, "env['mail.mail'].process_email_queue()\n", inbox.port).finish()
    assert inbox.messages == []
    assert query(database, "SELECT count(*) FROM privacy_consent") == [(0,)]


def test_regression_link_works_from_the_moment_the_mail_leaves(crowd, inbox, tmp_path):
    """A consumer runs hot while the generating transaction stays open.

    Each mail's link is opened while the mail is still being handed over, from outside:
    its consent must be there already.
    """
    database = crowd.server.database
    statuses = []
    committed = threading.Event()

    def open_link(message):
        link = message.links()["accept"]
        statuses.append(requests.get(link, timeout=60).status_code)
        consent = int(re.search(r"/accept/(\d+)/", link)[1])
        found = "SELECT count(*) FROM privacy_consent WHERE id = %s"
        statuses.append(query(database, found, consent))
        statuses.append(committed.is_set())

    inbox.on_message = open_link
    go, stop = tmp_path / "go", tmp_path / "stop"
    script = GENERATE.format(activity=crowd.activity) + (
        "import os, time\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.05)\n"
        "env.cr.commit()\n"
    )
    generating = Shell(database, script)
    assert generating.line() == "generated 20"
    draining = Shell(database, DRAIN.format(stop=str(stop)), inbox.port)
    assert draining.line() == "draining"
    # The consumer has run several times by the time another process is through.
    Shell(database, "env['mail.mail'].process_email_queue()\n", inbox.port).finish()
    assert inbox.messages == []
    committed.set()
    go.touch()
    generating.finish()
    inbox.wait_for(20)
    stop.touch()
    draining.finish()
    assert statuses == [200, [(1,)], True] * 20
