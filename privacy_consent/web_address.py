# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addresses of web pages that people are shown as links."""

import re
from urllib.parse import urlsplit


def is_web_address(text):
    """:return: whether a text is the whole address of a web page, and nothing else"""
    if re.search(r"[\s<>\"'\\\x00-\x1f\x7f]", text):
        return False
    try:
        address = urlsplit(text)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname)
