# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A website that asks for consent, as its visitors see and use it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from account_scene import AccountScene
from axe_playwright_python.sync_playwright import Axe
from lxml import etree
from page import press
from playwright.sync_api import expect
from server import eventually, query

ANN = "ann@example.com"
LUC = "luc@example.com"
PHONE = {"width": 390, "height": 844}
# The frame of a website is Odoo's, and so are its form and its block.
OURS = {"include": [[".s_privacy_consent"]]}
AXE = {"rules": {"target-size": {"enabled": True}}}


@pytest.fixture(scope="module")
def scene(new_server, new_database, inbox):
    """A contact page in two languages with a box and a newsletter, and an account."""
    server = new_server(new_database("website"))
    scene = AccountScene(server, {ANN: "en_US"}, cc=False)
    scene.create_account(ANN)
    values = {"website_offered": True, "website_signup": True, "website_account": True}
    server.execute("privacy.activity", "write", [scene.activity], values)
    values = {"name": "Bulletin", "description": "<p>Chaque mois.</p>"}
    french = {"lang": "fr_FR"}
    server.execute(
        "privacy.activity", "write", [scene.activity], values, context=french
    )
    languages = [scene._language(code)[0] for code in ("en_US", "fr_FR")]
    values = {"language_ids": [(6, 0, languages)], "auth_signup_uninvited": "b2c"}
    server.execute("website", "write", [1], values)
    scene.list = server.execute(
        "mailing.list",
        "create",
        {"name": "News", "is_public": True, "consent_activity_id": scene.activity},
    )
    add_to_contact_page(scene)
    return scene


def add_to_contact_page(scene):
    """Do what the website builder does."""
    (view,) = scene.server.execute(
        "ir.ui.view",
        "search_read",
        [("key", "=", "website.contactus")],
        ["arch_db"],
        limit=1,
    )
    arch = etree.fromstring(view["arch_db"])
    (submit,) = arch.xpath("//div[contains(@class, 's_website_form_submit')]")
    submit.addprevious(
        etree.fromstring(
            '<div class="s_privacy_consent form-field mb-3 col-12"'
            f' data-consent-activity="{scene.activity}"/>'
        )
    )
    (wrap,) = arch.xpath("//div[@id='wrap']")
    wrap.append(
        etree.fromstring(
            '<section class="s_newsletter_list container"'
            f' data-list-id="{scene.list}"><div data-list-id="{scene.list}"'
            ' class="s_newsletter_subscribe_form js_subscribe">'
            '<div class="js_subscribed_wrap d-none"><p>Thanks</p></div>'
            '<div class="js_subscribe_wrap"><div class="input-group">'
            '<input type="email" name="email" aria-label="Address"'
            ' class="js_subscribe_value form-control"/>'
            '<a role="button" href="#" class="js_subscribe_btn btn btn-primary">'
            "Subscribe</a></div></div></div></section>"
        )
    )
    scene.server.execute(
        "ir.ui.view",
        "write",
        [view["id"]],
        {"arch_db": etree.tostring(arch, encoding="unicode")},
    )


def facts(scene, email):
    """:return: status and activity of each consent of an address"""
    return query(
        scene.server.database,
        "SELECT consent.status, activity_id FROM privacy_consent consent"
        " JOIN res_partner one ON one.id = partner_id WHERE email_normalized = %s",
        email,
    )


def confirm(scene, inbox, email):
    """Press *I accept* on the page behind the mail that somebody got.

    :return: the mail
    """
    eventually(lambda: facts(scene, email) == [("requested", scene.activity)])
    # Odoo welcomes people, too.
    (message,) = (one for one in inbox.messages if one.to == [email] and one.links())
    assert press(message.links()["accept"]).status_code == 200
    assert facts(scene, email) == [("given", scene.activity)]
    return message


def open_page(chromium, url):
    """:return: a page of the website, with the scripts that Odoo's forms need"""
    page = chromium.new_page(viewport=PHONE)
    page.goto(url, wait_until="networkidle")
    return page


def check_access(page, context):
    """Check that a page fits the screen, and by WCAG 2.2 AA."""
    results = Axe().run(page, context=context, options=AXE)
    assert not results.violations_count, results.generate_report()
    for element in page.locator(context["include"][0][0]).all():
        box = element.bounding_box()
        assert box["x"] + box["width"] <= page.viewport_size["width"]


def test_box_on_a_phone_in_french(scene, inbox, chromium):
    email = "box@example.com"
    page = open_page(chromium, f"{scene.server.url}/fr/contactus")
    tick = page.get_by_role("checkbox", name="Bulletin")
    expect(tick).not_to_be_checked()
    check_access(page, OURS)
    for name, value in {
        "name": "Kim Lee",
        "email_from": email,
        "subject": "A question",
        "description": "What do you offer?",
    }.items():
        page.locator(f".s_website_form [name={name}]").fill(value)
    tick.check()
    page.locator(".s_website_form_send").click()
    page.wait_for_url("**/contactus-thank-you")
    page.context.close()
    assert confirm(scene, inbox, email).subject == "Votre avis sur Bulletin"


def test_newsletter_on_a_phone(scene, inbox, chromium):
    page = open_page(chromium, f"{scene.server.url}/contactus")
    page.locator(".js_subscribe_value").fill(LUC)
    page.get_by_role("button", name="Subscribe", exact=True).click()
    expect(page.get_by_text("we sent you a message")).to_be_visible()
    page.context.close()
    subscribed = "SELECT FROM mailing_subscription WHERE list_id = %s"
    assert not query(scene.server.database, subscribed, scene.list)
    confirm(scene, inbox, LUC)


def test_sign_up_without_scripts(scene, inbox, chromium):
    email = "signup@example.com"
    page = chromium.new_page(viewport=PHONE, java_script_enabled=False)
    page.goto(f"{scene.server.url}/fr/web/signup")
    for name, value in {
        "login": email,
        "name": "Kim",
        "password": "correct horse 17",
        "confirm_password": "correct horse 17",
    }.items():
        page.locator(f"form [name={name}]").fill(value)
    page.get_by_role("checkbox", name="Bulletin").check()
    page.locator(".oe_signup_form button[type=submit]").click()
    page.context.close()
    confirm(scene, inbox, email)


def test_account(scene, inbox, chromium):
    page = chromium.new_page(viewport=PHONE)
    scene.log_in(page, ANN, "/my/privacy")
    offer = page.get_by_role("region", name="Newsletter")
    expect(offer.get_by_text("One mail a month.")).to_be_visible()
    check_access(page, {"include": [["section[aria-labelledby^=offer]"]]})
    offer.get_by_role("button", name="Send a request to a•••@example.com").click()
    expect(page.get_by_role("status")).to_contain_text("A request went to")
    page.context.close()
    confirm(scene, inbox, ANN)


def test_many_at_once(scene, inbox):
    """One person is made, and asked once, however often the form is sent."""
    email = "crowd@example.com"
    crowd = 6
    barrier = Barrier(crowd)

    def subscribe(_number):
        barrier.wait()
        return requests.post(
            f"{scene.server.url}/website_mass_mailing/subscribe",
            json={
                "params": {
                    "list_id": scene.list,
                    "value": email,
                    "subscription_type": "email",
                }
            },
            timeout=120,
        ).json()

    with ThreadPoolExecutor(crowd) as pool:
        said = list(pool.map(subscribe, range(crowd)))
    assert all(one["result"]["toast_type"] == "success" for one in said), said
    confirm(scene, inbox, email)
    count = "SELECT count(*) FROM res_partner WHERE email_normalized = %s"
    assert query(scene.server.database, count, email) == [(1,)]


def uninstall(scene, addon):
    """Uninstall an addon in *Apps*, with what depends on it."""
    execute = scene.server.execute
    module = execute("ir.module.module", "search", [("name", "=", addon)])
    execute("ir.module.module", "button_immediate_uninstall", module)


def subscribe(scene, email):
    """:return: what the newsletter block says"""
    params = {"list_id": scene.list, "value": email, "subscription_type": "email"}
    response = requests.post(
        f"{scene.server.url}/website_mass_mailing/subscribe",
        json={"params": params},
        timeout=120,
    )
    return response.json()["result"]


def test_uninstalling(scene, chromium):
    """Forms work, promise nothing, and a box on a page that is open hurts nothing.

    It is the last test, because the scene has none of our addons after it.
    """
    database = scene.server.database
    page = open_page(chromium, f"{scene.server.url}/contactus")
    page.get_by_role("checkbox", name="Newsletter").check()

    indexes = "SELECT indexdef FROM pg_indexes WHERE indexname LIKE %s"
    uninstall(scene, "privacy_consent_newsletter")
    ((index,),) = query(database, indexes, "%once_a_day")
    assert "address_key, consent_id, day" in index
    said = subscribe(scene, "plain@example.com")
    assert said["toast_content"] == "Thanks for subscribing!"

    uninstall(scene, "privacy_consent_website")
    for path in ("/contactus", "/fr/contactus", "/web/signup", "/my/privacy"):
        response = requests.get(f"{scene.server.url}{path}", timeout=120)
        assert response.status_code == 200, path
        for trace in ("consent-activity", "What this is about", "privacy_consent_1"):
            assert trace not in response.text, path
    for name, value in {
        "name": "Kim Lee",
        "email_from": "late@example.com",
        "subject": "A question",
        "description": "What do you offer?",
    }.items():
        page.locator(f".s_website_form [name={name}]").fill(value)
    page.locator(".s_website_form_send").click()
    page.wait_for_url("**/contactus-thank-you")
    page.context.close()

    uninstall(scene, "privacy_consent")
    for path in ("/contactus", "/web/signup", "/"):
        response = requests.get(f"{scene.server.url}{path}", timeout=120)
        assert response.status_code == 200, path
