# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fifty clients that answer at the same moment, with one link or each with their own.

A server action follows the answers, and somebody is told of them.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from effects_scene import NOTE, acted, add_action, follow_answers, told
from page import RECORDED, load, press
from server import Scene, eventually, query

ANN = "ann@example.com"
LUC = "luc@example.com"
CLIENTS = 50
CROWD = [f"subject{i}@example.com" for i in range(CLIENTS)]
_ANSWERS = (
    "SELECT kind FROM privacy_consent_event WHERE consent_id = %s"
    " AND kind IN ('given', 'refused', 'withdrawn') ORDER BY id"
)


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with subjects whose requests have come."""
    languages = dict.fromkeys([ANN, LUC, *CROWD], "en_US")
    # Odoo wakes a scheduled action on a second connection, beside that of the request.
    server = new_server(None, "--db_maxconn", "90")
    scene = Scene(server, languages, cc=False)
    follow_answers(scene)
    scene.generate()
    scene.wait_until_sent(len(languages))
    add_action(scene, NOTE)
    yield scene
    # before it is stopped
    busy = "SELECT 1 FROM mail_mail WHERE state = 'outgoing' OR queue_effects_due"
    eventually(lambda: not query(server.database, busy), timeout=180)


def at_once(function, arguments):
    """:return: what the function returned for each argument"""
    barrier = Barrier(len(arguments))

    def call(argument):
        barrier.wait()
        return function(argument)

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(call, arguments))


def answers(scene, email):
    """:return: a subject's answers in the history"""
    changed = scene.server.ref("privacy_consent.mt_consent_acceptance_changed")
    return [
        message
        for message in scene.thread(email)
        if message["subtype_id"] and message["subtype_id"][0] == changed
    ]


def check_followed(scene, email):
    """Check that the fields are the last answer's, and that all were followed."""
    consent = scene.consent(email)
    kinds = [kind for (kind,) in query(scene.server.database, _ANSWERS, consent["id"])]
    assert consent["status"] == kinds[-1]
    assert consent["accepted"] == (kinds[-1] == "given")
    # What was locked is looked at again in a minute, and Odoo looks once a minute.
    eventually(lambda: not scene.consent(email)["action_due"], timeout=150)
    assert not scene.consent(email)["notices_due"]
    assert not scene.consent(email)["action_error"]
    done = acted(scene, email)
    assert set(done) == {(True,)}, "none before the commit"
    assert 1 <= len(done) <= len(kinds), "none twice"
    assert len(told(scene, email)) == len(kinds)


def test_with_a_link_each(scene, inbox):
    links = [inbox.to(email).links()["accept"] for email in CROWD]
    pages = at_once(press, links)
    assert {page.status_code for page in pages} == {200}
    assert all(RECORDED.search(page.text) for page in pages)
    for email in CROWD:
        check_followed(scene, email)
        assert len(acted(scene, email)) == 1


def test_with_pages_of_the_same_moment(scene, inbox):
    forms = load(inbox.to(ANN).links()["accept"])
    choices = ["accept", "reject"] * (CLIENTS // 2)

    def post(choice):
        url, nonce = forms[choice]
        return requests.post(url, data={"nonce": nonce}, timeout=120)

    pages = at_once(post, choices)
    assert {page.status_code for page in pages} == {200}
    consent = scene.consent(ANN)
    assert consent["state"] == "answered"
    recorded = {
        choice
        for choice, page in zip(choices, pages, strict=True)
        if RECORDED.search(page.text)
    }
    # A yes needs a page that knows the present answer, a no is always taken.
    assert not consent["accepted"]
    assert "reject" in recorded
    assert len(answers(scene, ANN)) == len(recorded), "the others saw what counts"
    check_followed(scene, ANN)


def test_with_a_page_each(scene, inbox):
    links = inbox.to(LUC).links()
    pages = at_once(press, [links["accept"], links["reject"]] * (CLIENTS // 2))
    assert {page.status_code for page in pages} == {200}
    consent = scene.consent(LUC)
    assert consent["state"] == "answered"
    assert answers(scene, LUC)
    kind, agent, address = query(
        scene.server.database,
        "SELECT kind, user_agent, network_address FROM privacy_consent_event AS event"
        " JOIN privacy_consent_event_detail AS detail"
        " ON detail.event_id = event.id AND part = 'origin'"
        " WHERE consent_id = %s ORDER BY answered_at DESC LIMIT 1",
        consent["id"],
    )[0]
    assert (kind == "given") == consent["accepted"], "the last answer counts"
    assert f"User agent: {agent}\nRemote IP: {address}\n" in consent["last_metadata"]
    check_followed(scene, LUC)
