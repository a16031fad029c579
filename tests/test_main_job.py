# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The main job, from the button to the answer, on real parts.

The tests of this module follow one another on the same server, as the job does.
"""

import datetime

import pytest
import requests
from page import press
from server import Scene, eventually

ANN = "ann@example.com"
LUC = "luc@example.com"
REFUSED = "refused@example.com"


@pytest.fixture(scope="module", params=["lean", "odoo_queue"])
def scene(request, new_server, new_database):
    """An activity and three subjects, with the safe mail queue and with Odoo's own."""
    return Scene(
        new_server(new_database(request.param)),
        {ANN: "en_US", LUC: "fr_FR", REFUSED: "en_US"},
    )


@pytest.fixture(scope="module", autouse=True)
def generated(scene, inbox):
    """The button was pressed, and the mail queue ran by itself."""
    inbox.messages.clear()
    inbox.refuse[REFUSED] = "550 No such user here"
    scene.server.expected_errors.append("failed sending mail")
    scene.generate()
    # Two subjects, copies of their requests, and one word to no follower: whoever
    # pressed the button knows.
    inbox.wait_for(2 + _copies(scene))
    scene.wait_until_sent(2)
    eventually(lambda: scene.consent(REFUSED)["failure_reason"])
    return scene


def _copies(scene):
    """:return: how many requests have a copy that leaves

    Odoo's own queue sends nothing after a message that a server refuses.
    """
    safe = [("name", "=", "mail_queue_safe"), ("state", "=", "installed")]
    return 2 + scene.server.execute("ir.module.module", "search_count", safe)


def facts(scene, email):
    """What an answer would change."""
    return scene.consent(email), [message["id"] for message in scene.thread(email)]


def test_each_subject_gets_one_request_in_their_language(scene, inbox):
    assert inbox.to(ANN).subject == "Do you consent to “Newsletter”?"
    assert inbox.to(LUC).subject == "Votre avis sur Newsletter"
    assert sorted(message.to[0] for message in inbox.messages) == [
        ANN,
        *["copy@example.com"] * _copies(scene),
        LUC,
    ]


def test_delivered_request(scene, inbox):
    message = inbox.to(ANN)
    assert message.mime["Auto-Submitted"] == "auto-generated"
    assert set(message.links()) == {"accept", "reject"}
    for link in message.links().values():
        assert link.startswith(scene.server.url)
        assert link in message.text
    for part in (message.html, message.text):
        assert '/privacy/consent/accept/"' not in part
        assert "One mail a month." in part


def test_copies_have_no_links(scene, inbox):
    copies = [one for one in inbox.messages if one.to == ["copy@example.com"]]
    assert len(copies) == _copies(scene)
    for copy in copies:
        assert b"/privacy/consent/" not in copy.source
        assert not copy.links()


def test_token_is_in_no_thread_and_no_export(scene, inbox):
    for email in (ANN, LUC):
        token = inbox.to(email).links()["accept"].split("/")[-1].partition("?")[0]
        for message in scene.thread(email):
            assert token not in str(message)
        assert token not in str(scene.consent(email))


def test_delivered_is_sent(scene):
    for email in (ANN, LUC):
        consent = scene.consent(email)
        assert consent["state"] == "sent"
        assert consent["sent_date"]
        assert not consent["failure_reason"]


def test_refused_is_draft_and_says_why(scene):
    consent = scene.consent(REFUSED)
    assert consent["state"] == "draft"
    assert not consent["sent_date"]
    assert "No such user here" in consent["failure_reason"]


def test_scanner_changes_nothing(scene, inbox):
    before = facts(scene, ANN)
    for link in inbox.to(ANN).links().values():
        for method in ("HEAD", "GET", "OPTIONS"):
            response = requests.request(
                method, link, headers={"User-Agent": "LinkScanner/1.0"}, timeout=60
            )
            assert response.status_code == 200
    assert facts(scene, ANN) == before


def test_answering(scene, inbox):
    links = inbox.to(ANN).links()
    page = requests.get(links["accept"], timeout=60)
    assert page.status_code == 200
    assert "One mail a month." in page.text
    page = press(links["accept"], headers={"User-Agent": "Pigeon/1.0"})
    assert "accepted" in page.text
    # A form posts to where its page was opened.
    assert links["reject"].removeprefix(scene.server.url) in page.text
    consent = scene.consent(ANN)
    assert consent["accepted"]
    assert consent["state"] == "answered"
    assert "Pigeon/1.0" in consent["last_metadata"]
    assert "Remote IP: 127.0.0.1" in consent["last_metadata"]
    answered = datetime.datetime.fromisoformat(consent["answer_date"])
    assert answered >= datetime.datetime.fromisoformat(consent["sent_date"])


def test_changing_ones_mind(scene, inbox):
    links = inbox.to(LUC).links()
    press(links["accept"])
    page = press(links["reject"])
    assert "refusé" in page.text
    assert not scene.consent(LUC)["accepted"]
    changed = scene.server.ref("privacy_consent.mt_consent_acceptance_changed")
    subjects = [
        message["author_id"][0]
        for message in scene.thread(LUC)
        if message["subtype_id"] and message["subtype_id"][0] == changed
    ]
    assert subjects == [scene.subjects[LUC]] * 2, "both answers are in the history"


def test_forged_link(scene, inbox):
    link = inbox.to(ANN).links()["reject"]
    token = link.split("/")[-1].partition("?")[0]
    before = facts(scene, ANN)
    for wrong in (
        link.replace(token, "0" * 128),
        link.replace(token, "0" * 43),
        link.replace(token, "é"),
        link.replace(token, ""),
        inbox.to(LUC)
        .links()["reject"]
        .replace(f"/{scene.consent(LUC)['id']}/", f"/{scene.consent(ANN)['id']}/"),
    ):
        for method in ("GET", "POST"):
            assert requests.request(method, wrong, timeout=60).status_code == 404
    assert facts(scene, ANN) == before


def test_token_is_in_no_log(scene, inbox):
    log = scene.server.log.read_text()
    assert "/privacy/consent/accept/" in log
    for email in (ANN, LUC):
        for link in inbox.to(email).links().values():
            token = link.split("/")[-1].partition("?")[0]
            assert token not in log
