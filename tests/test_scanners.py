# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A zoo of programs that open the links of mails: none of them answers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from page import RECORDED, load, press
from playwright.sync_api import expect
from server import Scene

ANN = "ann@example.com"
LUC = "luc@example.com"
ANSWER = [
    "accepted",
    "answer_date",
    "answered_by",
    "last_metadata",
    "link_revocations",
    "refreshed_date",
    "state",
    "subject_answer_date",
    "suspected_automated",
]
SAFE_LINKS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0"
)


@pytest.fixture(scope="module")
def scene(new_server, inbox):
    """A server with two subjects, whose requests have come."""
    scene = Scene(new_server(), {ANN: "en_US", LUC: "en_US"}, cc=False)
    scene.generate()
    inbox.wait_for(2)
    return scene


@pytest.fixture
def links(scene, inbox):
    """All links in Ann's mail. What she answered must not change during the test."""
    message = inbox.to(ANN)
    links = message.links()
    links["unsubscribe"] = message.mime["List-Unsubscribe"].strip("<>")
    before = facts(scene)
    yield links
    assert facts(scene) == before


def facts(scene, email=ANN):
    """What an answer would change."""
    consent = scene.consent(email)
    values = {name: consent[name] for name in ANSWER}
    return values, [message["id"] for message in scene.thread(email)]


@pytest.mark.parametrize(
    "methods", [["HEAD", "GET"], ["OPTIONS"], ["GET"] * 5, ["TRACE", "PUT", "DELETE"]]
)
def test_methods(links, methods):
    for link in links.values():
        for method in methods:
            response = requests.request(
                method, link, headers={"User-Agent": SAFE_LINKS}, timeout=60
            )
            assert response.status_code < 500


def test_all_links_in_parallel(links):
    with ThreadPoolExecutor(12) as pool:
        pages = list(pool.map(requests.get, list(links.values()) * 8))
    assert {page.status_code for page in pages} == {200}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"X-Purpose": "preview"},
    ],
)
def test_prefetch(links, headers):
    for link in links.values():
        assert requests.get(link, headers=headers, timeout=60).status_code == 200


def test_browser_that_renders_and_runs_scripts(links, chromium):
    for link in links.values():
        page = chromium.new_page()
        page.goto(link, wait_until="networkidle")
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.mouse.move(100, 100)
        page.reload(wait_until="networkidle")
        page.close()


@pytest.mark.parametrize(
    "data", [{}, {"nonce": ""}, {"nonce": "1.x"}, {"answer": "accept"}, None]
)
def test_post_without_nonce(links, data):
    for link in links.values():
        page = requests.post(link, data=data, timeout=60)
        assert page.status_code == 200
        assert not RECORDED.search(page.text)


def test_post_to_every_form_with_the_other_nonce(links):
    buttons = load(links["accept"])
    for word, other in [("accept", "reject"), ("reject", "accept")]:
        data = {"nonce": buttons[other][1]}
        page = requests.post(buttons[word][0], data=data, timeout=60)
        assert not RECORDED.search(page.text)


def test_foreign_nonce(links, inbox):
    nonce = load(inbox.to(LUC).links()["accept"])["accept"][1]
    page = requests.post(links["accept"], data={"nonce": nonce}, timeout=60)
    assert not RECORDED.search(page.text)


def test_script_that_presses_every_button(scene, inbox, chromium):
    """Nobody can tell it from a person, but that it is so fast."""
    page = chromium.new_page()
    for link in inbox.to(LUC).links().values():
        page.goto(link)
        page.get_by_role("button").first.click()
        expect(page.get_by_role("status")).to_be_visible()
    page.close()
    consent = scene.consent(LUC)
    assert consent["state"] == "answered"
    assert consent["suspected_automated"]
    assert "opposite answer" in consent["suspicion_reason"]


def test_reused_nonce(scene, inbox):
    links = inbox.to(LUC).links()
    url, nonce = load(links["accept"])["accept"]
    assert RECORDED.search(press(links["accept"]).text)
    assert RECORDED.search(press(links["reject"]).text)
    before = facts(scene, LUC)
    page = requests.post(url, data={"nonce": nonce}, timeout=60)
    assert not RECORDED.search(page.text)
    assert facts(scene, LUC) == before


def test_a_press_answers(scene, inbox):
    assert RECORDED.search(press(inbox.to(ANN).links()["accept"]).text)
    consent = scene.consent(ANN)
    assert (consent["state"], consent["accepted"]) == ("answered", True)
