# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fifty clients that answer with one link at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from page import RECORDED, load, press
from server import Scene, query

ANN = "ann@example.com"
LUC = "luc@example.com"
CLIENTS = 50


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with two subjects, whose requests have come."""
    scene = Scene(new_server(), {ANN: "en_US", LUC: "en_US"}, cc=False)
    scene.generate()
    scene.wait_until_sent(2)
    return scene


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
