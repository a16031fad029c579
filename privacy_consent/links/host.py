# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The name of the server in addresses, written so that every program understands it."""

import re
from contextlib import suppress
from urllib.parse import unquote

import idna

# The name after the scheme, if there is anything in it outside of ASCII, which programs
# that write HTML may have encoded.
_HOST = re.compile(
    r"(?<=://)[^\s/?#:@\"'<>]*(?:[^\x00-\x7f]|%[89a-f][0-9a-f])[^\s/?#:@\"'<>]*",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(rf"=\s*[\"']\s*https?://{_HOST.pattern}", re.IGNORECASE)


def base(url):
    """Write the address of a server.

    :param str url: address, maybe with a name outside of ASCII
    :return: the same server in ASCII, without a slash at its end
    :rtype: str
    """
    return _HOST.sub(_to_ascii, url).rstrip("/")


def in_html(html):
    """Write the servers that an HTML text links to, and loads from.

    What people read stays as it is.

    :param html: HTML text
    :return: the text, of the same class
    """
    return type(html)(
        _ATTRIBUTE.sub(lambda match: _HOST.sub(_to_ascii, match[0]), html)
    )


def _to_ascii(match):
    """:return: a name as browsers send it (UTS 46); one that no browser knows stays"""
    host = unquote(match[0])
    with suppress(UnicodeError):
        # Browsers are less strict than idna.encode(), which refuses emoji.
        labels = idna.uts46_remap(host, std3_rules=False).split(".")
        return ".".join(
            label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
            for label in labels
        )
    return match[0]
