# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which files are taken as the scan of an answer on paper.

What a file is follows from what is in it: a name says nothing.
"""

import hashlib

MAX_SIZE = 10 * 1024 * 1024
# How the files begin, and the ending that their names get.
_KINDS = {
    b"%PDF-": ".pdf",
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n\x1a\n": ".png",
}


def ending(content):
    """Find out what a file is.

    :param bytes content: of the file
    :return: the ending that its name should have; None for what is no scan
    """
    return next(
        (end for begin, end in _KINDS.items() if content.startswith(begin)), None
    )


def digest(content):
    """:return: by which an event knows its scan

    :param bytes content: of the file
    :rtype: str
    """
    return hashlib.sha256(content).hexdigest()
