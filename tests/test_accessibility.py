# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The pages that subjects see, measured by WCAG 2.2 AA, on screens of all sizes."""

import base64
import io
import zipfile

import pytest
from account_scene import AccountScene
from axe_playwright_python.sync_playwright import Axe
from page import ABOUT, press, visit
from playwright.sync_api import expect

from tools import settings

ANN = "ann@example.com"
EVE = "eve@example.com"
PAGES = [
    "mail",
    "mail of several",
    "question",
    "answered",
    "earlier",
    "locked",
    "preferences",
    "together",
    "chosen",
    "wrong",
    "account",
    "receipt",
    "pack",
]
# The smallest screen that WCAG knows (1.4.10) is also that of 1280 pixels at 400 %.
SIZES = {"smallest": (320, 568), "phone": (390, 844), "desktop": (1280, 800)}
# The frame of an account is Odoo's, and its colours are those of the company.
FRAMES = {
    "account": {"exclude": [["header"], ["footer"]]},
    # That of a mail is the program that shows it.
    "mail": {"include": [["table"]]},
    "mail of several": {"include": [["table"], ["div"]]},
}
# axe leaves out by default what WCAG 2.2 added.
AXE = {"rules": {"target-size": {"enabled": True}}}


@pytest.fixture(scope="module")
def scene(new_server, new_database, inbox):
    """A server with two subjects, of whom one has an account."""
    server = new_server(new_database("portal"))
    scene = AccountScene(server, {ANN: "en_US", EVE: "en_US"}, cc=False)
    scene.create_account(ANN)
    icon = settings.ROOT / "privacy_consent" / "static" / "description" / "icon.png"
    server.execute(
        "res.company",
        "write",
        [server.ref("base.main_company")],
        {"logo": base64.b64encode(icon.read_bytes()).decode()},
    )
    scene.generate()
    scene.ask_about("Profiles of what you read", "Survey")
    scene.ask_together("Greetings", "Invitations")
    scene.wait_until_sent(10)
    change_text_after(press(link_to("Survey", ANN, inbox)), server)
    lock("Survey", EVE, scene)
    return scene


def link_to(name, address, inbox):
    """:return: the link that accepts, in the mail about an activity"""
    message = next(
        one for one in inbox.messages if one.to == [address] and name in one.subject
    )
    return message.links()["accept"]


def change_text_after(answer, server):
    """Give the survey another text, after somebody accepted the first one."""
    assert "Your answer is recorded" in answer.text
    survey = server.execute("privacy.activity", "search", [("name", "=", "Survey")])
    server.execute(
        "privacy.activity", "write", survey, {"description": "<p>All you read.</p>"}
    )


def lock(name, address, scene):
    """Keep only the proof of somebody's consent."""
    consents = scene.server.execute(
        "privacy.consent",
        "search",
        [
            ("activity_id.name", "=", name),
            ("partner_id", "=", scene.subjects[address]),
        ],
    )
    values = {"choice": "lock", "locked_until": "2199-12-31", "reason": "A claim"}
    wizard = scene.server.execute(
        "privacy.consent.erase", "create", {**values, "consent_ids": consents}
    )
    scene.server.execute("privacy.consent.erase", "action_erase", wizard)


@pytest.fixture(params=SIZES)
def size(request):
    """The name of a size of screen."""
    return request.param


@pytest.fixture(params=["light", "dark"])
def page(request, size, chromium):
    """A page on a screen of this size, in light and in dark mode."""
    width, height = SIZES[size]
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=request.param
    )
    yield context.new_page()
    context.close()


def show(name, page, scene, inbox):
    """Open one of the pages that subjects see."""
    address = EVE if name == "question" else ANN
    message = next(one for one in inbox.messages if one.to == [address])
    link = message.links()["accept"]
    if name == "mail":
        page.set_content(message.html)
        expect(page.get_by_text(ABOUT)).to_be_visible()
    elif name == "question":
        visit(page, link)
    elif name == "answered":
        visit(page, link)
        page.get_by_role("button", name="I accept").click()
        expect(page.get_by_role("status")).to_contain_text("accepted")
    elif name == "earlier":
        visit(page, link_to("Survey", ANN, inbox), heading="Survey")
        expect(page.get_by_text("You accepted an earlier version")).to_be_visible()
        expect(page.get_by_text(ABOUT)).to_be_hidden()
        page.locator("summary").click()
        expect(page.get_by_text(ABOUT)).to_be_visible()
    elif name == "locked":
        visit(page, link_to("Survey", EVE, inbox), heading="Survey")
        expect(
            page.get_by_text("Only the proof of what you were asked")
        ).to_be_visible()
        assert page.get_by_role("button").all_inner_texts() == ["I reject"]
    elif name == "preferences":
        url = link.replace("/accept/", "/preferences/")
        visit(page, url, heading="Your privacy choices")
        for summary in page.locator("summary").all():
            summary.click()
    elif name == "mail of several":
        message = next(one for one in inbox.messages if "Greetings" in one.subject)
        page.set_content(message.html)
        expect(page.get_by_text("Its links open one page")).to_be_visible()
    elif name in ("together", "chosen"):
        visit(page, link_to("Greetings", ANN, inbox), heading="Your decisions")
        if name == "chosen":
            choose(page, "Invitations", "I reject")
            page.get_by_role("button", name="Save my choices").click()
            expect(page.get_by_role("status")).to_contain_text("rejected")
    elif name == "wrong":
        visit(page, link.replace("?", "0?"), 404, "This link is not valid")
    elif name in ("receipt", "pack"):
        url = link_to("Survey", ANN, inbox).replace("/accept/", "/receipt/")
        visit(page, url, heading="Receipt of your answers")
        if name == "pack":
            response = page.request.get(f"{url}&as=pack")
            with zipfile.ZipFile(io.BytesIO(response.body())) as archive:
                page.set_content(archive.read("index.html").decode())
            expect(page.get_by_role("heading", name="Survey")).to_be_visible()
    else:
        scene.log_in(page, ANN, "/my/privacy")
        expect(page.get_by_role("region", name="Newsletter")).to_be_visible()


def choose(page, name, choice):
    """Choose for one of several activities, in the words that a page reads aloud."""
    page.get_by_role("group", name=name).get_by_role("radio", name=choice).check()


def overflow(page):
    """:return: by how many pixels the page is wider than the screen"""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("name", PAGES)
def test_no_violation_and_nothing_beside_the_screen(
    name, size, page, scene, inbox, tmp_path
):
    show(name, page, scene, inbox)
    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    results = Axe().run(page, context=FRAMES.get(name), options=AXE)
    assert not results.violations_count, results.generate_report()
    assert overflow(page) <= 0


@pytest.mark.parametrize("name", PAGES)
def test_readable_with_text_of_twice_the_size(name, chromium, scene, inbox, tmp_path):
    page = chromium.new_page(viewport={"width": 640, "height": 480})
    show(name, page, scene, inbox)
    page.add_style_tag(content="html { font-size: 200% !important; }")
    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    assert overflow(page) <= 0
    page.context.close()


def test_several_choices_by_keyboard_without_scripts(chromium, scene, inbox):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    visit(page, link_to("Greetings", EVE, inbox), heading="Your decisions")
    assert page.locator(":checked").count() == 0
    page.get_by_role("group", name="Greetings").get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Greetings: rejected")
    expect(page.get_by_role("status")).not_to_contain_text("Invitations")
    expect(page.get_by_role("group", name="Invitations")).to_contain_text(
        "You have not answered yet."
    )
    for label in ("Accept all", "Reject all"):
        page.get_by_role("button", name=label).click()
        expect(page.get_by_role("status").get_by_text(label[:6].lower())).to_have_count(
            2
        )
    sizes = {
        (box["width"], box["height"])
        for box in (
            page.get_by_role("button", name=label).bounding_box()
            for label in ("Accept all", "Reject all")
        )
    }
    assert len(sizes) == 1, "one is as loud as the other"
    context.close()


def test_preferences_by_keyboard(chromium, scene, inbox):
    page = chromium.new_page()
    show("preferences", page, scene, inbox)
    seen = []
    for button in ("Reject and withdraw all", "Yes, reject and withdraw all"):
        while button not in seen:
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.innerText"))
            outline = page.evaluate(
                "getComputedStyle(document.activeElement).outlineWidth"
            )
            assert outline == "3px", "one sees where one is"
            assert len(seen) < 50
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("rejected")
    page.context.close()
