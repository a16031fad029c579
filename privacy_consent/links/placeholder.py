# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The links that templates contain in place of a subject's personal ones.

Those to accept and to reject make a request of a mail; the one to the preference page
may be there or not. A stored mail or message only ever holds these placeholders. They
become personal links in the one outgoing copy that goes to the subject, and nowhere
else.
"""

import re

ACCEPT = "/privacy/consent/accept/"
REJECT = "/privacy/consent/reject/"
CHOICES = {"accept", "reject"}

# Rendering makes local links absolute, so any address may stand before the path.
_HREF = re.compile(
    r"""(?P<tag><a\b[^>]*?)\s+href=(?P<quote>["'])
    [^"'<>]*?/privacy/consent/(?P<word>accept|reject|preferences)/(?P=quote)""",
    re.IGNORECASE | re.VERBOSE,
)

_PERSONAL = re.compile(r"""/privacy/consent/(\w+)/\d+/[^\s"'<>]*""")
# Mail programs put them into links of their own, encoded once or more.
_SLASH = r"(?:/|%(?:25)*2F)+"
_ENCODED = re.compile(
    rf"""(privacy{_SLASH}consent{_SLASH}\w+{_SLASH})\d+{_SLASH}[^\s"'<>&%]+""",
    re.IGNORECASE,
)


def choices(html):
    """Tell which answers an HTML text has a placeholder link for.

    :param str html: HTML text, or a false value
    :return: a subset of :data:`CHOICES`
    :rtype: set[str]
    """
    return CHOICES & {match["word"].lower() for match in _HREF.finditer(html or "")}


def personalize(html, urls):
    """Put personal links in place of the placeholders.

    :param str html: HTML text of a mail
    :param dict urls: address for each of ``"accept"``, ``"reject"``, ``"preferences"``
    :return: the text, of the same class
    """
    return type(html)(
        _HREF.sub(
            lambda match: (
                f"{match['tag']} href={match['quote']}"
                f"{urls[match['word'].lower()]}{match['quote']}"
            ),
            html,
        )
    )


def remove(html):
    """Take the placeholder links away and leave their words.

    :param str html: HTML text of a copy that does not go to the subject
    :return: the text, of the same class
    """
    return type(html)(_HREF.sub(lambda match: match["tag"], html))


def depersonalize(html):
    """Put the placeholders in place of personal links, wherever they stand.

    :param str html: text or HTML that may quote a delivered request
    :return: the text, of the same class
    """
    html = type(html)(_PERSONAL.sub(r"/privacy/consent/\1/", html))
    return type(html)(_ENCODED.sub(r"\1", html))
