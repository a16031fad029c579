# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A zoo of programs that open the links of mails: none of them answers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from page import RECORDED, check, load, press, visit
from playwright.sync_api import expect
from server import Scene

ANN = "ann@example.com"
LUC = "luc@example.com"
KIM = "kim@example.com"
ANSWER = [
    "accepted",
    "answer_date",
    "answered_by",
    "last_metadata",
    "link_revocations",
    "request_ids",
    "state",
    "suspected_automated",
]
SAFE_LINKS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0"
)


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with three subjects, whose requests have come."""
    subjects = dict.fromkeys([ANN, LUC, KIM], "en_US")
    scene = Scene(new_server(), subjects, cc=False)
    scene.generate()
    scene.wait_until_sent(3)
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
    ("methods", "status"),
    [
        (["HEAD", "GET"], 200),
        (["OPTIONS"], 200),
        (["GET"] * 5, 200),
        (["TRACE", "PUT", "DELETE"], 404),
    ],
)
def test_methods(links, methods, status):
    for link in links.values():
        for method in methods:
            page = requests.request(
                method, link, headers={"User-Agent": SAFE_LINKS}, timeout=60
            )
            assert page.status_code == status
            if method == "GET":
                check(page)


def test_all_links_in_parallel(links):
    with ThreadPoolExecutor(12) as pool:
        pages = list(pool.map(requests.get, list(links.values()) * 8))
    for page in pages:
        check(page)


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
        check(requests.get(link, headers=headers, timeout=60))


def test_browser_that_renders_and_runs_scripts(links, chromium):
    for link in links.values():
        page = chromium.new_page()
        visit(page, link, wait_until="networkidle")
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.mouse.move(100, 100)
        assert page.reload(wait_until="networkidle").status == 200
        page.close()


@pytest.mark.parametrize(
    "data", [{}, {"nonce": ""}, {"nonce": "1.x"}, {"answer": "accept"}, None]
)
def test_post_without_nonce(links, data):
    for link in links.values():
        page = requests.post(link, data=data, timeout=60)
        check(page)
        assert not RECORDED.search(page.text)


def test_post_to_every_form_with_the_other_nonce(links):
    buttons = load(links["accept"])
    for word, other in [("accept", "reject"), ("reject", "accept")]:
        data = {"nonce": buttons[other][1]}
        page = requests.post(buttons[word][0], data=data, timeout=60)
        check(page)
        assert not RECORDED.search(page.text)


def test_foreign_nonce(links, inbox):
    nonce = load(inbox.to(LUC).links()["accept"])["accept"][1]
    page = requests.post(links["accept"], data={"nonce": nonce}, timeout=60)
    check(page)
    assert not RECORDED.search(page.text)


def test_script_that_presses_every_button(scene, inbox, chromium):
    """Nobody can tell it from a person, but that it is so fast."""
    page = chromium.new_page()
    for link in inbox.to(LUC).links().values():
        visit(page, link)
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
    check(page)
    assert not RECORDED.search(page.text)
    assert facts(scene, LUC) == before


def test_a_press_answers(scene, inbox):
    assert RECORDED.search(press(inbox.to(KIM).links()["accept"]).text)
    consent = scene.consent(KIM)
    assert (consent["state"], consent["accepted"]) == ("answered", True)
