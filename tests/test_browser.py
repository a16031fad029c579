# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public page on a phone, as a person sees it, with scripts switched off."""

import pytest
from page import visit
from playwright.sync_api import expect
from server import Scene

ANN = "ann@example.com"
LUC = "luc@example.com"
KIM = "kim@example.com"


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with three subjects, whose requests have come."""
    subjects = dict.fromkeys([ANN, LUC, KIM], "en_US")
    scene = Scene(new_server(), subjects, cc=False)
    scene.generate()
    scene.wait_until_sent(3)
    return scene


@pytest.fixture
def phone(chromium):
    """A page on a small phone, without JavaScript."""
    context = chromium.new_context(
        viewport={"width": 320, "height": 640},
        is_mobile=True,
        has_touch=True,
        java_script_enabled=False,
    )
    yield context.new_page()
    context.close()


def test_answer_and_change_ones_mind(scene, inbox, phone):
    visit(phone, inbox.to(ANN).links()["reject"])
    buttons = phone.get_by_role("button")
    assert buttons.all_inner_texts() == ["I reject", "I accept"]
    first, second = (button.bounding_box() for button in buttons.all())
    assert (first["width"], first["height"]) == (second["width"], second["height"])
    assert second["y"] + second["height"] <= 640, "both are seen without scrolling"
    assert scene.consent(ANN)["state"] == "sent"

    buttons.first.tap()
    expect(phone.get_by_role("status")).to_contain_text("rejected")
    assert scene.consent(ANN)["state"] == "answered"
    assert not scene.consent(ANN)["accepted"]

    phone.get_by_role("button", name="I accept").tap()
    expect(phone.get_by_role("status")).to_contain_text("accepted")
    assert scene.consent(ANN)["accepted"]


def test_choose_the_language(scene, inbox, phone):
    visit(phone, inbox.to(LUC).links()["accept"])
    phone.get_by_role("link", name="Français").tap()
    expect(phone.locator("html")).to_have_attribute("lang", "fr-FR")
    phone.get_by_role("button", name="Je refuse").tap()
    expect(phone.get_by_role("status")).to_contain_text("refusé")
    proof = scene.consent(LUC)["last_metadata"].splitlines()
    assert proof[-1] == "Language of the page: fr_FR"


def test_fits_the_screen(scene, inbox, phone):
    visit(phone, inbox.to(ANN).links()["accept"])
    for element in phone.locator("body *:visible").all():
        box = element.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320


def test_loads_nothing_but_itself(scene, inbox, phone):
    requests = []
    phone.on("request", lambda request: requests.append(request.url))
    link = inbox.to(ANN).links()["accept"]
    visit(phone, link, wait_until="networkidle")
    assert requests == [link]


def test_keyboard_only(scene, inbox, chromium):
    page = chromium.new_page()
    visit(page, inbox.to(KIM).links()["accept"])
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="I reject")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("rejected")
    assert not scene.consent(KIM)["accepted"]
    page.close()
