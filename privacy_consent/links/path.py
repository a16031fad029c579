# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The paths of links, as they are after mail gateways and programs rewrote them."""

import re
from urllib.parse import unquote

_OURS = re.compile("/privacy/consent(?:/|$)", re.IGNORECASE)
# What programs put around a number.
_AROUND_ID = re.compile(r"^[^\w-]+|\W+$")
_ENCODED = 3


def plain(path):
    """Write the path of a link as it was mailed.

    It may have come in other letters, with slashes twice, or encoded once more.

    :param str path: of any address
    :return: the path, if it may be of a link; any other one as it is
    """
    read = re.sub("/{2,}", "/", decoded(path))
    if not _OURS.match(read):
        return path
    # Only words are in letters of one case; in a token it may matter. What follows it
    # was added.
    words, rest = read.split("/")[:4], read.split("/")[4:6]
    if rest:
        rest[0] = _AROUND_ID.sub("", rest[0]) or rest[0]
    return "/".join([*map(str.lower, words), *rest])


def decoded(text):
    """Undo what programs encoded that take an encoded address for a plain one.

    :param str text: part of an address, which the web server decoded once
    :rtype: str
    """
    for _time in range(_ENCODED):
        if "%" not in text:
            break
        text = unquote(text)
    return text
