# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an administrator sees of the mail queue in the web client."""

import pytest
from playwright.sync_api import expect

# The first page waits until the server has put the scripts together.
SECONDS = 120
expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="module")
def server(new_server):
    """A server whose mail queue works."""
    return new_server()


@pytest.fixture
def queue(server, chromium):
    """A function that opens the menu of the queue."""
    context = chromium.new_context(base_url=server.url)
    context.set_default_timeout(SECONDS * 1000)
    context.add_cookies(
        [
            {"name": one.name, "value": one.value, "url": server.url}
            for one in server.session().cookies
        ]
    )

    def visit():
        page = context.new_page()
        page.goto("/odoo/mail-queue")
        expect(page.get_by_text("No such mails")).to_be_visible()
        return page

    yield visit
    context.close()


def test_warning_when_nobody_sends(server, queue):
    alert = queue().get_by_role("alert")
    expect(alert).to_have_count(0)
    worker = server.ref("mail.ir_cron_mail_scheduler_action")
    server.execute("ir.cron", "write", [worker], {"active": False})
    alert = queue().get_by_role("alert")
    expect(alert).to_contain_text("stands still")
    server.execute("ir.cron", "write", [worker], {"active": True})
    expect(queue().get_by_role("alert")).to_have_count(0)
