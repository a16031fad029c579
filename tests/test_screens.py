# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What data protection officers see in the web client, and where its links lead."""

import pytest
from playwright.sync_api import expect
from server import Scene, query

ANN = "ann@example.com"
LUC = "luc@example.com"
# The first page waits until the server has put the scripts together.
SECONDS = 120
expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with two activities: about one, Luc could not be reached."""
    subjects = dict.fromkeys([ANN, LUC], "en_US")
    scene = Scene(new_server(), subjects, cc=False)
    scene.generate()
    scene.wait_until_sent(2)
    execute = scene.server.execute
    other = execute("privacy.activity", "copy", [scene.activity], {"name": "Profiles"})
    execute("privacy.activity", "action_new_consents", other, login="officer")
    scene.wait_until_sent(4)
    consent = scene.server.execute(
        "privacy.consent",
        "search",
        [
            ("activity_id", "=", scene.activity),
            ("partner_id", "=", scene.subjects[LUC]),
        ],
    )
    query(
        scene.server.database,
        "UPDATE privacy_consent_request SET state = 'bounced', reason = 'No such user'"
        " WHERE consent_id = %s",
        *consent,
    )
    return scene


@pytest.fixture(params=[(1280, 800), (390, 800)], ids=["desktop", "phone"])
def size(request):
    """Width and height of a screen."""
    return request.param


@pytest.fixture
def officer(scene, chromium, size):
    """A function that opens a page of the web client in a fresh tab, as the manager."""
    width, height = size
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        is_mobile=width < 500,
        has_touch=width < 500,
        base_url=scene.server.url,
    )
    cookies = scene.server.session("officer").cookies
    context.add_cookies(
        [
            {"name": one.name, "value": one.value, "url": scene.server.url}
            for one in cookies
        ]
    )

    context.set_default_timeout(SECONDS * 1000)

    def visit(path):
        page = context.new_page()
        page.goto(path)
        return page

    yield visit
    context.close()


def records(page):
    """:return: the rows or cards of a list"""
    return page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)")


def open_numbers(officer, scene):
    """:return: the page of the activity, with its numbers"""
    page = officer(f"/odoo/privacy-activities/{scene.activity}")
    page.locator(".nav-link[name=consent]").click()
    expect(page.locator(".o_privacy_consent_progress")).to_be_visible()
    return page


def test_address_of_an_activitys_consents(scene, officer):
    page = officer(f"/odoo/privacy-activities/{scene.activity}/privacy-consents")
    expect(records(page)).to_have_count(2)
    expect(page.get_by_text("Profiles")).to_have_count(0)
    page = officer("/odoo/privacy-consents")
    expect(records(page)).to_have_count(4)
    page = officer("/odoo/consents")
    expect(records(page)).to_have_count(4)


def test_button_of_an_activity_leads_there(scene, officer, size):
    page = open_numbers(officer, scene)
    if size[0] < 500:
        page.locator(".o-form-buttonbox .o_button_more").click()
    page.locator("button:has([name=consent_count])").last.click()
    expect(records(page)).to_have_count(2)
    # Phones show cards.
    assert page.url.partition("?")[0].endswith(f"/{scene.activity}/privacy-consents")
    page.reload()
    expect(records(page)).to_have_count(2)


@pytest.mark.parametrize(
    "number, count",
    [("eligible", 2), ("generated", 2), ("sent", 2), ("answered", 0), ("failed", 1)],
)
def test_number_opens_its_list(scene, officer, number, count):
    page = open_numbers(officer, scene)
    button = page.locator(f".o_privacy_consent_progress [name={number}]")
    expect(button.locator("strong")).to_have_text(str(count))
    button.click()
    expect(button).to_have_count(0)
    expect(page.locator(".o_list_renderer, .o_kanban_renderer")).to_be_visible()
    expect(records(page)).to_have_count(count)


def test_page_of_requests(scene, officer):
    page = officer("/odoo/privacy-requests")
    expect(records(page)).to_have_count(4)


def test_one_press_asks_whom_nobody_reached(scene, officer):
    page = officer(f"/odoo/privacy-activities/{scene.activity}/privacy-unreached")
    expect(records(page)).to_have_count(1)
    more = page.locator("button.o-control-panel-adaptive-dropdown")
    if more.is_visible():
        more.click()
    page.locator("button[name=action_ask_unreached]:visible").click()
    dialog = page.locator(".modal")
    expect(dialog.locator("[name=asked_count]")).to_contain_text("1")
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog).to_have_count(0)
    assert query(
        scene.server.database,
        "SELECT count(*) FROM privacy_consent_request WHERE activity_id = %s",
        scene.activity,
    ) == [(2,)]
