# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The desk of officers, recorders and marketing, in the browser of each of them."""

import os
import re
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect
from server import Scene

from tools import postgres

ANN = "ann@example.com"
LUC = "luc@example.com"
SECONDS = 60
expect.set_options(timeout=SECONDS * 1000)
# Where to put pictures, for somebody who wants to look at the pages.
PICTURES = os.environ.get("PICTURES")
ROLES = {
    "recorder": ["privacy_consent.group_recorder"],
    "marketing": ["mass_mailing.group_mass_mailing_user"],
}


@pytest.fixture(scope="module")
def scene(new_server, new_database):
    """A server with two people who got a request, and users of each role."""
    scene = Scene(
        new_server(new_database("portal")), dict.fromkeys([ANN, LUC], "en_US"), cc=False
    )
    for login, groups in ROLES.items():
        scene.server.execute(
            "res.users",
            "create",
            {
                "name": login.title(),
                "login": login,
                "password": login,
                "group_ids": [
                    (6, 0, [*map(scene.server.ref, ["base.group_user", *groups])])
                ],
            },
            context={"no_reset_password": True},
        )
    scene.generate()
    scene.wait_until_sent(2)
    return scene


@pytest.fixture(params=[(1280, 800), (390, 800)], ids=["desktop", "phone"])
def size(request):
    """Width and height of a screen."""
    return request.param


@pytest.fixture
def visit(scene, chromium, size, request):
    """A function that opens a page as somebody; nothing may fail in the console."""
    width, height = size
    errors, contexts, pages = [], [], []

    def open_page(login, path):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            is_mobile=width < 500,
            has_touch=width < 500,
            base_url=scene.server.url,
        )
        contexts.append(context)
        context.add_cookies(
            [
                {"name": one.name, "value": one.value, "url": scene.server.url}
                for one in scene.server.session(login).cookies
            ]
        )
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: message.type == "error" and errors.append(message.text),
        )
        page.goto(path)
        return page

    yield open_page
    if PICTURES:
        for number, page in enumerate(pages):
            name = request.node.name.replace("/", "_")
            page.screenshot(path=Path(PICTURES) / f"{name}_{number}.png")
    for context in contexts:
        context.close()
    assert errors == []


def picture(page, name, size):
    """Take a picture for somebody who wants to look at the page."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}_{size[0]}.png")


def status_of(scene, address):
    """:return: status and speaker of a subject's consent"""
    [consent] = scene.server.execute(
        "privacy.consent",
        "search_read",
        [
            ("partner_id", "=", scene.subjects[address]),
            ("activity_id", "=", scene.activity),
        ],
        ["status", "answered_by", "answer_channel"],
    )
    return consent["status"], consent["answered_by"], consent["answer_channel"]


def fill_in(page, name, text, size):
    """Choose a record in a field with suggestions, which has a dialog on phones."""
    field = page.locator(f".modal [name={name}] input").first
    if size[0] < 500:
        field.click()
        page.locator(".modal .o_kanban_record", has_text=text).first.click()
        return
    field.fill(text)
    page.locator(".o-autocomplete--dropdown-item", has_text=text).first.click()


def choose(option):
    """Press an option without scrolling to it.

    Phones show a menu as a sheet that slides in, and that scrolling closes again.
    """
    option.first.dispatch_event("click")


def record(page, answer, channel):
    """Fill in the rest of the dialog, and press."""
    page.locator(".modal [name=answer] label", has_text=answer).click()
    select = page.locator(".modal [name=channel] select, .modal [name=channel] input")
    if select.first.evaluate("one => one.tagName") == "SELECT":
        select.first.select_option(label=channel)
    else:
        select.first.click()
        choose(page.locator(".o_select_menu_item", has_text=channel))
        expect(select.first).to_have_value(channel)


def test_recorder_records_an_answer(scene, visit, size):
    page = visit("recorder", "/odoo/action-privacy_consent.consent_record_action")
    fill_in(page, "partner_ids", "Ann", size)
    fill_in(page, "activity_id", "Newsletter", size)
    record(page, "Accepted", "On paper")
    picture(page, "record", size)
    page.locator(".modal button[name=action_record]").click()
    expect(page.get_by_text("Answers recorded: 1.")).to_be_visible()
    assert status_of(scene, ANN) == ("given", "staff", "paper")


def test_officer_records_an_answer_of_a_consent(scene, visit, size):
    [consent] = scene.server.execute(
        "privacy.consent", "search", [("partner_id", "=", scene.subjects[LUC])]
    )
    page = visit("officer", f"/odoo/consents/{consent}")
    if size[0] < 500:
        more = page.locator(".o_statusbar_buttons .dropdown-toggle").first
        more.click()
    choose(page.locator("button", has_text="Record an answer"))
    record(page, "Rejected or withdrawn", "By phone")
    picture(page, "record_officer", size)
    page.locator(".modal button[name=action_record]").click()
    expect(page.get_by_text("Answers recorded: 1.")).to_be_visible()
    kind = ".o_kanban_record" if size[0] < 500 else ".o_data_row"
    answer = page.locator(f"[name=event_ids] {kind}", has_text="By phone")
    expect(answer.first).to_be_visible()
    assert status_of(scene, LUC)[1:] == ("staff", "phone")


def test_marketing_filters_contacts(scene, visit, size):
    scene.server.execute(
        "privacy.consent",
        "action_answer",
        scene.server.execute(
            "privacy.consent", "search", [("partner_id", "=", scene.subjects[ANN])]
        ),
        True,
        login="officer",
    )
    action = "privacy.action_data_protection_partner_form"
    page = visit("marketing", f"/odoo/action-{action}")
    if size[0] < 500:
        page.locator(".o_control_panel button:has(.oi-search, .fa-search)").click()
    page.locator(".o_searchview_input").fill("Newsl")
    page.locator(".o_searchview_autocomplete, .o-dropdown--menu").locator(
        "li, .o-dropdown-item", has_text="Consents to"
    ).first.click()
    cards = page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)")
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("ann")


def test_mailing_says_who_is_left_out(scene, visit, size):
    execute = scene.server.execute
    mailing = execute(
        "mailing.mailing",
        "create",
        {
            "subject": "News",
            "email_from": "officer@example.com",
            "mailing_model_id": execute(
                "ir.model", "search", [("model", "=", "res.partner")]
            )[0],
            "mailing_domain": repr(
                [
                    "|",
                    ("id", "in", [*scene.subjects.values()]),
                    # Marketing sees the name of the activity, and no more of it.
                    ("consented_activity_ids", "in", [scene.activity]),
                ]
            ),
            "consent_activity_id": scene.activity,
        },
    )
    action = "mass_mailing.mailing_mailing_action_mail"
    page = visit("marketing", f"/odoo/action-{action}/{mailing}")
    expect(page.locator("[name=consent_preview]")).to_contain_text("of 2 may be mailed")
    expect(page.locator("[name=mailing_domain]")).to_contain_text("Newsletter")
    picture(page, "mailing", size)


def test_answers_in_a_chart(scene, visit, size):
    page = visit("officer", "/odoo/privacy-answers")
    expect(page.locator(".o_graph_renderer canvas")).to_be_visible()
    picture(page, "answers", size)
    page = visit("officer", "/odoo/privacy-all-answers")
    expect(page.locator(".o_graph_renderer canvas")).to_be_visible()
    picture(page, "all_answers", size)


def test_cards_of_activities(scene, visit, size):
    page = visit("officer", "/odoo/privacy-activities")
    card = page.locator(".o_kanban_record", has_text="Newsletter")
    number = card.locator("a", has_text="Not answered").locator(".fw-bold")
    expect(number).to_be_visible()
    picture(page, "cards", size)
    count = int(number.inner_text())
    number.click()
    expect(page).to_have_title(re.compile("Consents"))
    people = page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)")
    expect(people).to_have_count(count)


def test_numbers_where_nobody_is_asked(scene, visit, size):
    execute = scene.server.execute
    name = f"On paper {size[0]}"
    activity = execute("privacy.activity", "create", {"name": name})
    answer = {
        "partner_id": scene.subjects[ANN],
        "activity_id": activity,
        "accepted": True,
        "answer_channel": "paper",
    }
    execute("privacy.consent", "create", answer)
    page = visit("officer", "/odoo/privacy-activities")
    card = page.locator(".o_kanban_record", has_text=name)
    expect(card.locator("a", has_text="Given").locator(".fw-bold")).to_have_text("1")
    expect(card).to_contain_text("Nobody is asked")
    picture(page, "card_on_paper", size)
    card.locator(".fs-4").click()
    if size[0] < 500:
        page.locator(".o-form-buttonbox .o_button_more").click()
    expect(page.locator("[name=action_show_usable]")).to_contain_text("1")


def test_requests_on_any_screen(scene, visit, size):
    page = visit("officer", "/odoo/privacy-requests")
    people = page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)")
    expect(people).to_have_count(2)
    picture(page, "requests", size)


PAPER = "Imported from paper"
ROWS = """partner_id,activity_id,accepted,answer_date,answer_channel,answer_note
{ann},{activity},yes,2026-03-05 10:00:00,paper,Form signed at the fair
{luc},{other},no,2026-03-06,phone,
"""


@pytest.mark.parametrize("size", [(1280, 800)], ids=["desktop"])
def test_import_of_answers(scene, visit, size, tmp_path):
    """Odoo's import shows what is wrong, stores nothing, and takes a better file."""
    # Odoo's own import sends its controller more than that takes.
    scene.server.expected_errors.append("base_import.controllers.main.set_file>")
    execute = scene.server.execute
    activity = execute("privacy.activity", "create", {"name": PAPER}, login="officer")
    answered = [("activity_id", "=", activity), ("answered_by", "=", "staff")]
    file = tmp_path / "answers.csv"

    page = visit("officer", "/odoo/consents")
    page.locator(".o_cp_action_menus .fa-cog").click()
    page.get_by_role("menuitem", name="Import records").click()
    template = page.get_by_role("link", name="Download")
    with page.expect_download() as download:
        template.filter(has_text="CSV").click()
    columns = ROWS.partition("\n")[0]
    assert download.value.path().read_text().partition("\n")[0] == columns

    def upload(other):
        file.write_text(ROWS.format(ann=ANN, luc=LUC, activity=PAPER, other=other))
        page.locator("input[type=file]").set_input_files(file)
        expect(page.locator(".o_import_data_content tbody tr")).to_have_count(6)

    upload("On papre")
    page.get_by_role("button", name="Test", exact=True).click()
    error = page.locator(".o_import_report")
    expect(error).to_contain_text("On papre")
    picture(page, "import_wrong", size)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(error).to_contain_text("On papre")
    assert execute("privacy.consent", "search_count", answered) == 0

    upload(PAPER)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("2 records successfully imported")).to_be_visible()
    expect(page.locator(".o_data_row")).to_have_count(2)
    picture(page, "imported", size)
    found = execute(
        "privacy.consent", "search_read", answered, ["status", "answer_channel"]
    )
    said = {(one["status"], one["answer_channel"]) for one in found}
    assert said == {("given", "paper"), ("refused", "phone")}


SHOWN = """
words => document.querySelector(".modal [role=progressbar] + span")?.innerText === words
"""


@pytest.mark.parametrize("size", [(1280, 800)], ids=["desktop"])
def test_progress_of_a_pack(scene, visit, size):
    """While the server writes a proof pack, its dialog says how far it is."""
    page = visit("officer", f"/odoo/privacy-activities/{scene.activity}")
    page.locator(".o_cp_action_menus .fa-cog").click()
    page.get_by_role("menuitem", name="Proof pack").click()
    dialog = page.get_by_role("dialog")
    with (
        closing(postgres.connect(scene.server.database)) as connection,
        connection.cursor() as gate,
    ):
        # What the pack reads next.
        gate.execute("BEGIN; LOCK TABLE privacy_consent_event_detail")
        with page.expect_download() as expected:
            dialog.get_by_role("button", name="Download").click(no_wait_after=True)
            # Locators would wait for the download first.
            page.wait_for_function(SHOWN, arg="0 / 2")
            gate.execute("COMMIT")
    assert expected.value.suggested_filename == "proof-pack.zip"
    expect(dialog.get_by_text("2 / 2")).to_be_visible()
    bar = dialog.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "2")
