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
CLIENTS = 50


@pytest.fixture(scope="module")
def scene(new_server, inbox):
    """A server with one subject, whose request has come."""
    scene = Scene(new_server(), {ANN: "en_US"}, cc=False)
    scene.generate()
    inbox.wait_for(1)
    return scene


def at_once(function, arguments):
    """:return: what the function returned for each argument"""
    barrier = Barrier(len(arguments))

    def call(argument):
        barrier.wait()
        return function(argument)

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(call, arguments))


def answers(scene):
    """:return: the answers in the history"""
    changed = scene.server.ref("privacy_consent.mt_consent_acceptance_changed")
    return [
        message
        for message in scene.thread(ANN)
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
    assert recorded == {"accept" if consent["accepted"] else "reject"}
    assert len(answers(scene)) == 1, "the others saw what counts"


def test_with_a_page_each(scene, inbox):
    links = inbox.to(ANN).links()
    before = len(answers(scene))
    pages = at_once(press, [links["accept"], links["reject"]] * (CLIENTS // 2))
    assert {page.status_code for page in pages} == {200}
    consent = scene.consent(ANN)
    assert consent["state"] == "answered"
    assert len(answers(scene)) > before
    told = query(
        scene.server.database,
        "SELECT DISTINCT ON (field.name) field.name, value.new_value_integer,"
        " value.new_value_text FROM mail_tracking_value AS value"
        " JOIN ir_model_fields AS field ON field.id = value.field_id"
        " WHERE field.name IN ('accepted', 'last_metadata')"
        " ORDER BY field.name, value.id DESC",
    )
    (_name, accepted, _text), (_name, _number, metadata) = told
    assert (bool(accepted), metadata) == (consent["accepted"], consent["last_metadata"])
