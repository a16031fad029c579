# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The pictures in the README, taken from a demo that runs and is fresh."""

import json
import time
import urllib.request

from . import browser, settings
from .errors import ToolError
from .ports import port
from .process import say

FOLDER = settings.ROOT / "privacy_consent" / "static" / "description"
SUBJECT = "ada.brewster@example.com"
SECONDS_FOR_THE_MAIL = 60
# The web client goes on loading and moving after what one waits for is there.
MILLISECONDS_TO_SETTLE = 1500
# An answer sooner after the mail, or by this browser's own name, would look automated.
MILLISECONDS_TO_READ = 20_000
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)


def take():
    """Press the button in the demo, open a mail, answer, and take pictures."""
    odoo = f"http://localhost:{port('HTTP_PORT')}"
    inbox = f"http://localhost:{port('INBOX_PORT')}"
    if not browser.find():
        raise ToolError("The pictures need a browser: install Chromium first.")
    with browser.running() as chromium:
        page = chromium.new_page(viewport={"width": 1120, "height": 640})
        page.goto(f"{odoo}/web/login")
        page.fill("#login", "admin")
        page.fill("#password", "admin")
        page.click("button[type=submit]")
        page.wait_for_selector(".o_main_navbar")

        page.goto(f"{odoo}/odoo/privacy-activities")
        page.click(".o_kanban_record :text('Monthly newsletter')")
        page.click(".nav-link[name=consent]")
        _picture(page, "activity")
        page.click("button:has-text('Ask who was not asked yet')")
        page.click(".modal-footer .btn-primary")
        page.wait_for_selector(".o_data_row")

        message = _wait_for_mail(inbox)
        html = urllib.request.urlopen(f"{inbox}/api/messages/{message}.html").read()
        mail = chromium.new_page(viewport={"width": 680, "height": 680})
        mail.set_content(html.decode())
        _picture(mail, "mail")

        link = mail.get_by_role("link", name="Accept").get_attribute("href")
        phone = chromium.new_context(
            viewport={"width": 360, "height": 560},
            is_mobile=True,
            device_scale_factor=2,
            user_agent=PHONE,
        ).new_page()
        phone.goto(link)
        _picture(phone, "page")
        phone.wait_for_timeout(MILLISECONDS_TO_READ)
        phone.get_by_role("button", name="I accept").click()
        phone.wait_for_selector("[role=status]")
        _picture(phone, "answer")

        page.goto(f"{odoo}/odoo/privacy-activities")
        page.wait_for_selector(".o_kanban_record")
        _picture(page, "cards", height=420)
        page.click(".o_kanban_record :text('Monthly newsletter')")
        page.click(".nav-link[name=consent]")
        page.locator(".o_privacy_consent_progress").scroll_into_view_if_needed()
        _picture(page, "progress")
        page.goto(f"{odoo}/odoo/consents")
        page.wait_for_selector(".o_data_row:has-text('Given')")
        _picture(page, "consents")
        page.click(".o_data_row:has-text('Ada') td.o_data_cell")
        page.wait_for_selector(".o-mail-Message")
        _picture(page, "consent")


def _picture(page, name, height=None):
    page.wait_for_timeout(MILLISECONDS_TO_SETTLE)
    clip = height and {"x": 0, "y": 0, "width": 1120, "height": height}
    page.screenshot(path=FOLDER / f"{name}.png", clip=clip)
    say(f"Pictures: {name}.png")


def _wait_for_mail(inbox):
    limit = time.monotonic() + SECONDS_FOR_THE_MAIL
    while time.monotonic() < limit:
        with urllib.request.urlopen(f"{inbox}/api/messages/") as response:
            for message in json.load(response)["data"]:
                if SUBJECT in json.dumps(message):
                    return message["id"]
        time.sleep(0.5)
    raise ToolError("No mail came: is `make demo` running, and was it just made?")


if __name__ == "__main__":
    take()
