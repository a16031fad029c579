# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The box in forms of Odoo's other addons: a job, an event, the checkout.

They are of a database of their own, which takes a minute to install.
"""

import json
import re
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import requests
from lxml import html
from page import press
from playwright.sync_api import expect
from server import Scene, eventually, query


class Shop(Scene):
    """A website with a job, an event and a product, and a box in their forms."""

    def __init__(self, server):
        super().__init__(server, {}, cc=False)
        self.create = lambda model, values: server.execute(model, "create", values)
        server.execute(
            "privacy.activity", "write", [self.activity], {"website_offered": True}
        )
        self.box = f"privacy_consent_{self.activity}"
        self.job = self.create("hr.job", {"name": "Baker", "website_published": True})
        self.event = self.create(
            "event.event",
            {
                "name": "Fair",
                "date_begin": "2199-01-01",
                "date_end": "2199-01-02",
                "website_published": True,
            },
        )
        self.product = self.create(
            "product.template",
            {"name": "Bread", "list_price": 1, "is_published": True, "type": "service"},
        )

    def visitor(self):
        """:return: an HTTP client of somebody who is not signed in"""
        visitor = requests.Session()
        self.get(visitor, "/")
        return visitor

    def get(self, visitor, path):
        """:return: the parsed page"""
        response = visitor.get(f"{self.server.url}{path}", timeout=120)
        assert response.status_code == 200, response.text
        return html.fromstring(response.text)

    def call(self, visitor, path, **params):
        answer = visitor.post(
            f"{self.server.url}{path}", json={"params": params}, timeout=120
        ).json()
        assert "error" not in answer, answer
        return answer["result"]

    def submit(self, visitor, path, **data):
        """:return: the response"""
        response = visitor.post(f"{self.server.url}{path}", data=data, timeout=120)
        assert response.status_code == 200, response.text
        return response

    def statuses(self, email):
        """:return: where the consents of an address stand"""
        return query(
            self.server.database,
            "SELECT consent.status FROM privacy_consent consent JOIN res_partner one"
            " ON one.id = partner_id WHERE email_normalized = %s",
            email,
        )

    def check(self, email, inbox):
        """Confirm what somebody asked for, with the mail that they got."""
        eventually(lambda: self.statuses(email) == [("requested",)])
        # Odoo sends them something, too.
        (links,) = (
            one.links() for one in inbox.messages if one.to == [email] and one.links()
        )
        assert press(links["accept"]).status_code == 200
        assert self.statuses(email) == [("given",)]


@pytest.fixture(scope="module")
def shop(new_server, new_database, inbox):
    server = new_server(new_database("shop"))
    server.expected_errors += [
        "Attachment indexation of PDF documents is unavailable",
        # The ticket is a PDF, for which Odoo needs wkhtmltopdf.
        "odoo.addons.event.models.event_registration: Failed to run scheduler",
    ]
    return Shop(server)


@contextmanager
def builder(shop, chromium, path):
    """The website builder, in which a designer edits a page.

    :return: the builder, and the page in it
    """
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    # Odoo's builder does not open without the fonts of another server.
    page.route(re.compile("^https://"), lambda route: route.fulfill(body=""))
    page.goto(f"{shop.server.url}/web/login")
    page.fill("#login", "admin")
    page.fill("#password", "admin")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/odoo**")
    preview = "odoo/action-website.website_preview?enable_editor=1&path="
    page.goto(f"{shop.server.url}/{preview}{quote(path, safe='')}")
    page.set_default_timeout(120_000)
    page.get_by_role("button", name="Save", exact=True).wait_for()
    iframe = ".o_iframe_container iframe:not(.o_ignore_in_tour)"
    yield page, page.frame_locator(iframe)
    page.context.close()


def choose(page):
    """Choose in the builder what the box is about, which reloads the page."""
    choice = page.locator("[data-label='Consent to'] .dropdown-toggle")
    expect(choice).to_have_text("Nothing")
    choice.click()
    page.locator(".o_popover .o-dropdown-item", has_text="Newsletter").click()
    expect(choice).to_have_text("Newsletter", timeout=120_000)


def fill(form, **values):
    """:return: what a form sends whose fields were filled in"""
    assert not set(values) - {field for field in form.fields if field}, form.fields
    return {name: value for name, value in form.fields.items() if value} | values


def test_job_application(shop, inbox):
    email = "job@example.com"
    response = shop.submit(
        shop.visitor(),
        "/website/form/hr.applicant",
        partner_name="Job",
        email_from=email,
        partner_phone="+32 470 00 00 00",
        job_id=shop.job,
        **{shop.box: "yes"},
    )
    assert response.json()["id"]
    (applicant,) = shop.server.execute(
        "hr.applicant", "read", [response.json()["id"]], ["applicant_notes"]
    )
    assert shop.box not in str(applicant)
    shop.check(email, inbox)


def test_event_registration(shop, inbox, chromium):
    path = f"/event/fair-{shop.event}/register"
    with builder(shop, chromium, path) as (page, frame):
        frame.get_by_text("Join us for this").click()
        choose(page)
    email = "event@example.com"
    visitor = shop.visitor()
    modal = shop.call(
        visitor,
        f"/event/{shop.event}/registration/new",
        **{"nb_register-0": 1},
    )
    (form,) = html.fromstring(modal).xpath("//form[@id='attendee_registration']")
    (name,) = (one for one in form.fields if "-name-" in one)
    (address,) = (one for one in form.fields if "-email-" in one)
    data = fill(form, **{name: "Event", address: email, shop.box: "yes"})
    path = f"/event/{shop.event}/registration/confirm"
    response = shop.submit(visitor, path, **data)
    assert "registration/success" in response.url
    shop.check(email, inbox)


def test_checkout(shop, inbox, chromium):
    with builder(shop, chromium, "/shop/cart") as (page, frame):
        frame.get_by_text("Your cart is empty").click()
        choose(page)
    email = "shop@example.com"
    visitor = shop.visitor()
    (product,) = shop.server.execute(
        "product.product", "search", [("product_tmpl_id", "=", shop.product)]
    )
    shop.call(
        visitor,
        "/shop/cart/add",
        product_template_id=shop.product,
        product_id=product,
        quantity=1,
    )
    (form,) = shop.get(visitor, "/shop/address").xpath(
        f"//form[.//input[@name='{shop.box}']]"
    )
    data = {"name": "Shop", "email": "no address", shop.box: "yes"}
    response = shop.submit(visitor, "/shop/address/submit", **fill(form, **data))
    assert "invalid_fields" in response.json()
    data |= {
        "email": email,
        "phone": "+32 470 00 00 00",
        "street": "Main Street 1",
        "city": "Brussels",
    }
    data |= {"zip": "1000", "country_id": str(shop.server.ref("base.be"))}
    response = shop.submit(visitor, "/shop/address/submit", **fill(form, **data))
    assert "redirectUrl" in response.json(), response.text
    shop.check(email, inbox)

    # The step for more, which the builder can change. Odoo's checkout has no captcha.
    key = "recaptcha_private_key"
    shop.server.execute("ir.config_parameter", "set_param", key, "secret")
    response = shop.submit(
        visitor,
        "/website/form/shop.sale.order",
        csrf_token=data.get("csrf_token") or form.fields["csrf_token"],
        Email="extra@example.com",
        **{shop.box: "yes"},
    )
    order = json.loads(response.text)["id"]
    messages = shop.server.execute(
        "mail.message",
        "search_read",
        [("model", "=", "sale.order"), ("res_id", "=", order)],
        ["body"],
    )
    assert "extra@example.com" in str(messages)
    assert shop.box not in str(messages)
    shop.check("extra@example.com", inbox)
    shop.server.execute("ir.config_parameter", "set_param", key, "")
