# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public pages, as a browser without scripts uses them."""

import html
import re

import requests

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


def load(link, session=requests, **kwargs):
    """Open a link.

    :return: address and nonce of each form on its page
    """
    page = session.get(link, timeout=60, **kwargs)
    assert page.status_code == 200, page.text
    return forms(page.text)


def press(link, choice=None, session=requests, **kwargs):
    """Open a link and press a button, by default the one that the link is for.

    :return: the page that follows
    """
    choice = choice or CHOICE.search(link)[1]
    url, nonce = load(link, session, **kwargs)[choice]
    return session.post(url, data={"nonce": nonce}, timeout=60, **kwargs)
