# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The links that templates contain in place of a subject's personal ones.

Those to accept and to reject make a request of a mail; the one to the preference page
may be there or not. A stored mail or message only ever holds these placeholders. They
become personal links in the one outgoing copy that goes to the subject, and nowhere
else: in the links of all tags, in what Outlook reads in comments, and as visible text.
"""

import re

ACCEPT = "/privacy/consent/accept/"
REJECT = "/privacy/consent/reject/"
PREFERENCES = "/privacy/consent/preferences/"
CHOICES = {"accept", "reject"}

# Rendering makes local links absolute, so any address may stand before the path. A
# query may stand behind it, and a slash may be missing. What a template puts behind it
# is none of ours.
_PATH = "privacy/consent/(?P<{}>accept|reject|preferences)/?"
_BEFORE = r"[\w.:/@~%-]"
# Programs load these without a press: a personal link has no place there.
_LOADED = ("src=[\"']", "srcset=[\"']", "background=[\"']", r"url\(", r"url\([\"']")
_PLACE = re.compile(
    rf"""(?<=href=["'])[^"'<>]*?{_PATH.format("link")}
        (?:\?(?P<link_query>[^"'<>#]*)|&[^"'<>#]*)?(?:\#(?!\{{)[^"'<>]*)?(?=["'])
    |(?<!{_BEFORE}){"".join(f"(?<!{one})" for one in _LOADED)}
        (?:{_BEFORE}*/)?{_PATH.format("word")}
        (?:\?(?P<query>[\w%&;=.:+~-]*[\w%=]))?(?![\w/%{{-]|\#\{{|["']\s*[+%])
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Looked for first: it takes a tenth of the time.
_MARK = re.compile("privacy/consent/", re.IGNORECASE)
_LINK = re.compile(r"""<a\b[^>]*?\s(?=href=(["']))""", re.IGNORECASE)
_HREF = re.compile(
    rf"""\s+(?:[\w-]+:)?href=(["'])[^"'<>]*?{_PATH.format("word")}
        (?:[?\#][^"'<>]*)?\1""",
    re.IGNORECASE | re.VERBOSE,
)
# All that looks like a link of ours, or is a local one. It may be encoded.
_SLASHES = r"(?:/|\\/|%(?:25)*2F|&\#0*47;|&\#x0*2F;|&sol;)+"
_SUSPECT = re.compile(
    rf"""(?<!{_BEFORE})/*privacy/consent/
    |privacy{_SLASHES}consent{_SLASHES}(?:accept|reject|preferences|unsubscribe|ask)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SHOWN = 40
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# What Outlook reads in comments, and others do not, stays.
_NOTE = re.compile(r"<!--(?!\[|<!|>).*?-->", re.DOTALL)

_PERSONAL = re.compile(r"""/privacy/consent/(\w+)/\d+/[^\s"'<>]*""")
# Mail programs put them into links of their own, encoded once or more.
_SLASH = r"(?:/|%(?:25)*2F)+"
_ENCODED = re.compile(
    rf"""(privacy{_SLASH}consent{_SLASH}\w+{_SLASH})\d+{_SLASH}[^\s"'<>&%]+""",
    re.IGNORECASE,
)


def choices(html):
    """Tell which answers an HTML text has a placeholder link for.

    Of links in comments, which most programs do not read, none counts.

    :param str html: HTML text, or a false value
    :return: a subset of :data:`CHOICES`
    :rtype: set[str]
    """
    text = without_comments(html or "")
    found = (_PLACE.match(text, match.end() + 6) for match in _LINK.finditer(text))
    return CHOICES & {_word(place) for place in found if place}


def personalize(html, urls):
    """Put personal links in place of the placeholders, wherever they stand.

    :param str html: HTML text of a mail
    :param dict urls: address for each of ``"accept"``, ``"reject"``, ``"preferences"``
    :return: the text, of the same class
    """

    def personal(place):
        url = urls[_word(place)]
        query = place["link_query"] or place["query"]
        return f"{url}{'&amp;' if '?' in url else '?'}{query}" if query else url

    return type(html)(_replace(personal, html))


def remove(html):
    """Take the placeholder links away and leave their words.

    :param str html: HTML text of a copy that does not go to the subject
    :return: the text, of the same class
    """
    return type(html)(_replace(lambda place: "", _HREF.sub("", html)))


def faults(source):
    """Find what looks like a placeholder, and could not become a personal link.

    :param str source: of a template, or a false value
    :return: pairs of the number of a line, and what stands there
    :rtype: list[tuple[int, str]]
    """
    source = source or ""
    rest = _replace(lambda place: " " * len(place[0]), source)
    return [
        (
            source.count("\n", 0, found.start()) + 1,
            source[max(0, found.start() - _SHOWN) : found.end() + _SHOWN].strip(),
        )
        for found in _SUSPECT.finditer(rest)
    ]


def is_suspect(text):
    """:return: whether a text that people read without links has such a link"""
    return bool(_SUSPECT.search(text or ""))


def without_comments(html):
    """:return: what people read of an HTML text, without what is for Outlook alone"""
    return _COMMENT.sub("", html) if "<!--" in html else html


def without_notes(html):
    """:return: an HTML text with those comments alone that Outlook reads"""
    return type(html)(_NOTE.sub("", html)) if "<!--" in html else html


def _replace(replacement, html):
    """:return: the text, with what a function makes of each placeholder in its place"""
    parts, done = [], 0
    for mark in _MARK.finditer(html):
        if mark.start() < done:
            continue
        before = max(html.rfind(one, done, mark.start()) for one in "\"'<>")
        place = _PLACE.search(html, max(done, before + 1))
        if not place:
            break
        parts += html[done : place.start()], replacement(place)
        done = place.end()
    return "".join([*parts, html[done:]])


def _word(place):
    return (place["link"] or place["word"]).lower()


def depersonalize(html):
    """Put the placeholders in place of personal links, wherever they stand.

    :param str html: text or HTML that may quote a delivered request
    :return: the text, of the same class
    """
    html = type(html)(_PERSONAL.sub(r"/privacy/consent/\1/", html))
    return type(html)(_ENCODED.sub(r"\1", html))
