# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The unsubscribe button of a mail program, from the delivered message on."""

import re

import pytest
import requests
from server import Scene

ANN = "ann@example.com"
# On one line and not encoded: mail programs take it as it is (RFC 2369, section 2).
HEADER = re.compile(rb"^List-Unsubscribe: <(http://[!-;=?-~]+)>\r?$", re.MULTILINE)


@pytest.fixture(scope="module", params=["lean", "odoo_queue"])
def scene(request, new_server, new_database, inbox):
    """One subject and a copy, with the safe mail queue and with Odoo's own."""
    inbox.messages.clear()
    scene = Scene(new_server(new_database(request.param)), {ANN: "en_US"})
    scene.generate()
    inbox.wait_for(2)
    scene.wait_until_sent(1)
    return scene


def test_headers_as_delivered(scene, inbox):
    source = inbox.to(ANN).source
    assert HEADER.search(source)
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in source
    assert b"List-Unsubscribe" not in inbox.to("copy@example.com").source


def test_press_in_the_mail_program(scene, inbox):
    url = HEADER.search(inbox.to(ANN).source)[1].decode()
    for kwargs in (
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
    ):
        response = requests.post(url, allow_redirects=False, timeout=60, **kwargs)
        assert response.status_code == 200
        assert not response.cookies
        consent = scene.consent(ANN)
        assert (consent["state"], consent["accepted"]) == ("answered", False)
        assert consent["answered_by"] == "subject"
        assert "Language" not in consent["last_metadata"], "no page was shown"


def test_address_opened_by_a_person(scene, inbox):
    url = HEADER.search(inbox.to(ANN).source)[1].decode()
    page = requests.get(url, timeout=60)
    assert "I accept" in page.text
    assert "/privacy/consent/reject/" in page.text
