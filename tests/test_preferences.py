# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From a delivered mail to all of one's answers, without login and with."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from account_scene import AccountScene
from lxml import html
from playwright.sync_api import expect

ANN = "ann@example.com"
LUC = "luc@example.com"
EVE = "eve@example.com"
KIM = "kim@example.com"
SUBJECTS = {ANN: "en_US", LUC: "fr_FR", EVE: "en_US", KIM: "en_US"}
ACTIVITIES = ["Newsletter", "Profiles", "Survey"]
ALL = "Reject and withdraw all"


@pytest.fixture(scope="module")
def scene(new_server, new_database):
    """A server whose subjects, one with an account, were asked three times."""
    server = new_server(new_database("portal"))
    scene = AccountScene(server, SUBJECTS, cc=False)
    scene.create_account(EVE)
    scene.generate()
    scene.ask_about(*ACTIVITIES[1:])
    scene.wait_until_sent(len(SUBJECTS) * len(ACTIVITIES))
    return scene


@pytest.fixture
def page(chromium):
    """A page on a small phone, without JavaScript."""
    context = chromium.new_context(
        viewport={"width": 320, "height": 640},
        is_mobile=True,
        has_touch=True,
        java_script_enabled=False,
    )
    yield context.new_page()
    context.close()


def link(inbox, name, address=ANN):
    """:return: the preference page's address for who got the mail about an activity"""
    message = next(
        one for one in inbox.messages if one.to == [address] and name in one.subject
    )
    return message.links()["accept"].replace("/accept/", "/preferences/")


def stored(scene, address=ANN):
    """:return: state, answer and who gave it, by activity"""
    consents = scene.server.execute(
        "privacy.consent",
        "search_read",
        [("partner_id", "=", scene.subjects[address])],
        ["activity_id", "state", "accepted", "answered_by"],
    )
    return {
        one["activity_id"][1]: (one["state"], one["accepted"], one["answered_by"])
        for one in consents
    }


def test_from_any_mail_withdraw_all(scene, inbox, page):
    page.goto(link(inbox, "Profiles"))
    headings = page.locator("h2")
    assert headings.all_inner_texts() == ["Profiles", "Newsletter", "Survey"]

    page.get_by_role("link", name="Accept on the next page").tap()
    page.get_by_role("button", name="I accept").tap()
    expect(page.get_by_role("status")).to_contain_text("accepted")
    assert stored(scene) == {
        "Newsletter": ("sent", False, False),
        "Profiles": ("answered", True, "subject"),
        "Survey": ("sent", False, False),
    }

    page.goto(link(inbox, "Newsletter"))
    profiles = page.get_by_role("region", name="Profiles")
    expect(profiles.get_by_role("button", name="Withdraw my consent")).to_be_visible()
    before = stored(scene)
    page.get_by_role("button", name=ALL).tap()
    expect(page.get_by_text("Nothing is recorded yet.")).to_be_visible()
    assert stored(scene) == before
    page.get_by_role("button", name=f"Yes, {ALL.lower()}").tap()
    expect(page.get_by_role("status")).to_contain_text("rejected")
    expect(page.get_by_role("button", name=ALL)).to_have_count(0)
    assert stored(scene) == dict.fromkeys(ACTIVITIES, ("answered", False, "subject"))

    profiles.get_by_text("All answers").tap()
    expect(profiles.get_by_role("listitem")).to_have_count(2)


def test_new_mail_comes_to_the_current_address(scene, inbox, page):
    page.goto(link(inbox, "Newsletter"))
    survey = page.get_by_role("region", name="Survey")
    before = len(inbox.messages)
    survey.get_by_role("button", name="Send the request to a•••@example.com").tap()
    notice = page.get_by_role("status").inner_text()
    assert "within the last day" in notice
    assert len(inbox.messages) == before, "one came today"


def test_to_reject_is_as_prominent_as_to_accept(scene, inbox, page):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(link(inbox, "Survey", LUC))
    for name in ACTIVITIES:
        choices = page.get_by_role("region", name=name).locator("button, a").all()
        assert len(choices) == 2
        looks = [
            choice.evaluate(
                """element => {
                    const style = getComputedStyle(element);
                    const {width, height, top} = element.getBoundingClientRect();
                    return [width, height, top, style.color, style.backgroundColor,
                            style.fontSize, style.fontWeight];
                }"""
            )
            for choice in choices
        ]
        assert looks[0] == looks[1], name


def test_in_the_language_of_the_subject(scene, inbox, page):
    page.goto(link(inbox, "Survey", LUC))
    assert page.locator("html").get_attribute("lang") == "fr-FR"
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Vos choix de confidentialité"
    )
    assert page.get_by_role("button").all_inner_texts() == [
        "Je refuse",
        *["Je refuse", "Envoyer la demande à l•••@example.com"] * 2,
        "Tout refuser et retirer",
    ]
    accept = page.get_by_role("main").get_by_role("link")
    expect(accept).to_have_text("Accepter sur la page suivante")
    page.get_by_role("navigation").get_by_role("link", name="English").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your privacy choices")
    expect(accept).to_have_text("Accept on the next page")
    accept.tap()
    expect(page.get_by_role("button", name="I accept")).to_be_visible()


def test_many_reject_all_at_once(scene, inbox):
    """Pages of three links, each loaded before anybody pressed."""

    def load(name):
        url = link(inbox, name, KIM)
        page = requests.post(url, data={"action": "confirm"}, timeout=60)
        (form,) = html.fromstring(page.text).forms
        return url, dict(form.fields)

    presses = [load(name) for name in ACTIVITIES] * 5
    with ThreadPoolExecutor(len(presses)) as pool:
        pages = list(
            pool.map(lambda press: requests.post(*press, timeout=120), presses)
        )
    assert {page.status_code for page in pages} == {200}
    rejected = ("answered", False, "subject")
    assert stored(scene, KIM) == dict.fromkeys(ACTIVITIES, rejected)
    page = html.fromstring(requests.get(presses[0][0], timeout=60).text)
    for section in page.iter("section"):
        assert len(section.findall(".//li")) == 1, "one answer, not fifteen"


def test_in_the_account(scene, chromium):
    context = chromium.new_context()
    page = context.new_page()
    scene.log_in(page, EVE, "/my")
    card = page.get_by_role("link", name="Privacy")
    expect(card).to_contain_text("(3)")
    card.click()
    page.wait_for_url("**/my/privacy")
    assert page.locator("#wrap h2").all_inner_texts() == ACTIVITIES
    newsletter = page.get_by_role("region", name="Newsletter")
    newsletter.get_by_role("button", name="I accept").click()
    expect(page.get_by_role("status")).to_contain_text("accepted")
    assert stored(scene, EVE)["Newsletter"] == ("answered", True, "subject")
    newsletter.get_by_role("button", name="Withdraw my consent").click()
    expect(page.get_by_role("status")).to_contain_text("rejected")
    assert stored(scene, EVE)["Newsletter"] == ("answered", False, "subject")
    context.close()
