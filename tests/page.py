# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public pages, as a browser without scripts uses them."""

import html
import re
from urllib.parse import urljoin

import requests
from playwright.sync_api import expect

# what the activity of a scene says about itself
ABOUT = "One mail a month."
CHOICE = re.compile(r"/privacy/consent/(\w+)/")
RECORDED = re.compile(r'role="status"')
_FORM = re.compile(
    r'action="([^"]*/privacy/consent/(\w+)/[^"]*)">\s*'
    r'<input type="hidden" name="nonce" value="([^"]*)"'
)


def forms(page):
    """:return: address and nonce of each form of a page, by the word in its address"""
    return {
        word: (html.unescape(url), nonce) for url, word, nonce in _FORM.findall(page)
    }


def check(page, *words):
    """Check that an answer is the page about the activity, and none of an error."""
    assert page.status_code == 200, page.text
    for word in (ABOUT, *words):
        assert word in page.text


def visit(page, url, status=200, heading=None, **kwargs):
    """Open a page in a browser, and check that it is the right one.

    :param page: of Playwright
    :param heading: words of its first heading, if it is not about the activity
    """
    response = page.goto(url, **kwargs)
    assert response.status == status
    if heading:
        expect(page.get_by_role("heading", level=1).first).to_contain_text(heading)
    else:
        expect(page.get_by_text(ABOUT)).to_be_visible()


def load(link, session=requests, **kwargs):
    """Open a link.

    :return: address and nonce of each form on its page
    """
    page = session.get(link, timeout=60, **kwargs)
    assert page.status_code == 200, page.text
    return {
        word: (urljoin(link, url), nonce)
        for word, (url, nonce) in forms(page.text).items()
    }


def press(link, choice=None, session=requests, **kwargs):
    """Open a link and press a button, by default the one that the link is for.

    :return: the page that follows
    """
    choice = choice or CHOICE.search(link)[1]
    url, nonce = load(link, session, **kwargs)[choice]
    return session.post(url, data={"nonce": nonce}, timeout=60, **kwargs)
