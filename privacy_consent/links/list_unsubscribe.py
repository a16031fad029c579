# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The headers with which mail programs offer to unsubscribe."""


class _WholeHeader(str):
    """A header that stays on one line.

    Python encodes each word of more than 78 characters (RFC 2047), which an address in
    a header does not survive. Its policies leave it to values with a name and a
    ``fold()`` how they are written.
    """

    __slots__ = ("name",)

    def __new__(cls, name, value):
        header = super().__new__(cls, value)
        header.name = name
        return header

    def fold(self, *, policy):
        return f"{self.name}: {self}{policy.linesep}"


def headers(url):
    """Make the headers of one message.

    :param str url: address that shows a page to people, and unsubscribes programs
    :return: headers of RFC 2369, section 3.2, and RFC 8058, section 3.1
    :rtype: dict
    """
    name = "List-Unsubscribe"
    return {
        name: _WholeHeader(name, f"<{url}>"),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
