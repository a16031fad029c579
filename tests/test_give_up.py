# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers for which others were faster each time: a page comes in the end."""

from contextlib import contextmanager

import pytest
import requests
from account_scene import AccountScene
from lxml import html
from page import RECORDED, press
from server import query

EVE = "eve@example.com"
# Longer than all tries, and shorter than those of Odoo.
PATIENCE = 15


@pytest.fixture(scope="module")
def scene(new_server, new_database):
    """A server whose subject has an account, and got a mail."""
    server = new_server(new_database("portal"))
    scene = AccountScene(server, {EVE: "en_US"}, cc=False)
    scene.create_account(EVE)
    scene.generate()
    scene.wait_until_sent(1)
    return scene


@contextmanager
def conflicts(scene, times):
    """Have somebody else be faster with so many answers, as PostgreSQL sees it."""
    # Odoo logs the statement that PostgreSQL refuses.
    scene.server.expected_errors = ["bad query", "somebody was faster"]
    database = scene.server.database
    query(
        database,
        f"""
        CREATE SEQUENCE test_tries;
        CREATE FUNCTION test_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('test_tries') <= {times} THEN
                RAISE SQLSTATE '40001' USING MESSAGE = 'somebody was faster';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER test_conflict BEFORE INSERT ON privacy_consent_event
            FOR EACH ROW EXECUTE FUNCTION test_conflict()
        """,
    )
    try:
        yield
    finally:
        query(database, "DROP FUNCTION test_conflict() CASCADE")
        query(database, "DROP SEQUENCE test_tries")
        scene.server.check()
        scene.server.expected_errors = []


@pytest.fixture
def always_slower(scene):
    """No answer can be stored."""
    with conflicts(scene, 1000):
        yield


@pytest.fixture
def link(inbox):
    """The links in the mail that came."""
    return inbox.to(EVE).links()


def check_given_up(scene, page, status=200):
    """Check that a page came soon which offers the same buttons, and nothing else."""
    assert page.status_code == status, page.text
    assert page.elapsed.total_seconds() < PATIENCE
    assert not RECORDED.search(page.text)
    assert 'role="alert"' in page.text
    assert "I accept" in page.text
    assert "I reject" in page.text
    assert scene.consent(EVE)["state"] == "sent"


def press_in_account(scene):
    """Press *I reject* in the account.

    :return: the page that follows
    """
    url = f"{scene.server.url}/my/privacy"
    session = scene.server.session(EVE)
    page = html.fromstring(session.get(url, timeout=60).text)
    fields = next(
        dict(form.fields)
        for form in page.forms
        if "consents" in form.fields and form.fields["action"] == "reject"
    )
    return session.post(url, data=fields, timeout=60)


@pytest.mark.usefixtures("always_slower")
def test_a_press(scene, link):
    check_given_up(scene, press(link["accept"]))


@pytest.mark.usefixtures("always_slower")
def test_a_press_on_the_preference_page(scene, link):
    url = link["accept"].replace("/accept/", "/preferences/")
    form = html.fromstring(requests.get(url, timeout=60).text).forms[0]
    page = requests.post(url, data=dict(form.fields), timeout=60)
    assert page.status_code == 200
    assert page.elapsed.total_seconds() < PATIENCE
    assert 'role="alert"' in page.text
    assert "Nothing was changed" in page.text
    assert scene.consent(EVE)["state"] == "sent"


@pytest.mark.usefixtures("always_slower")
def test_a_mail_program(scene, link):
    url = link["reject"].replace("/reject/", "/unsubscribe/")
    page = requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=60)
    # It reads no page, and tries again.
    check_given_up(scene, page, status=429)


@pytest.mark.usefixtures("always_slower")
def test_the_account(scene):
    page = press_in_account(scene)
    check_given_up(scene, page)
    assert "/my/privacy" in page.url


def test_the_account_when_they_were_faster_for_a_while(scene):
    """More often than Odoo tries, and less often than it takes to give up."""
    with conflicts(scene, 7):
        page = press_in_account(scene)
    assert page.elapsed.total_seconds() < PATIENCE
    assert page.status_code == 200
    assert RECORDED.search(page.text)
    assert scene.consent(EVE)["status"] == "refused"
