# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Take personal links out of text that somebody else wrote, in whatever way it did.

Mail servers, spam filters and mail programs quote the links that they got: wrapped,
escaped, rewritten, split by markup, or encoded. So a text is read in several ways
(views). In a view only letters, digits and what links are made of are left, and each
of its characters knows which characters of the text it was made of. What is found in
a view is cut out of the text.
"""

import base64
import html
import re

MARK = "***"

# Whether the secret of a link that nobody can compute is in a text: after the path of
# a public page comes a token in one of its three forms, see links/token.py.
_LINK = re.compile(
    r"privacy/+consent/+[a-z]+/+\d+/+(?:[0-9a-f]{128}|[a-z2-7]{52}|[\w-]{43})",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(r"[\r\n]|\S{14}")
_JOINTS = re.compile("[-_/]+")
_NOISE = re.compile("[^A-Za-z0-9/_-]+")
_ASCII_NOISE = bytes(one for one in range(128) if _NOISE.match(chr(one)))

# Where a line goes on, in a quotation or in a multi-line reply of SMTP too, and as
# Python shows it (RFC 2045, section 6.7; RFC 3463, section 2).
_WRAP = re.compile(
    r"=?(?:(?:\r?\n|\\r|\\n)[ \t]*(?:(?:[>|]|&gt;)[ \t]*)*)+"
    r"(?:[245]\.\d{1,3}\.\d{1,3} )?"
)
_TAG = re.compile("<[^<>]*>")
# In headers (RFC 2047), with the space up to the next one.
_ENCODED_WORD = re.compile(
    r"=\?[\w.:*-]+\?([bq])\?([^?\s]*)\?="
    r"(?:(?:[\s>|]|&gt;|\\r|\\n)+(?==\?[\w.:*-]+\?[bq]\?))?",
    re.IGNORECASE,
)
_NO_BASE64 = re.compile("[^A-Za-z0-9+/_-]+")
# Of URLs (RFC 3986, section 2.1, and as JavaScript writes them), encoded once or more,
# of HTML and of JSON.
_ESCAPE = re.compile(
    r"%(?:25)*(?:u00)?([0-9a-f]{2})|\\u00([0-9a-f]{2})|\\x([0-9a-f]{2})|&#?\w{1,31};",
    re.IGNORECASE,
)
_ESCAPES_IN_ESCAPES = 3
# RFC 2045, section 6.7
_QUOTED_PRINTABLE = re.compile("=([0-9a-f]{2})", re.IGNORECASE)
# Proofpoint URL Defense, version 2
_URL_DEFENSE = re.compile("-([0-9a-f]{2})|_", re.IGNORECASE)

# The encoded form of a token is longer (RFC 4648, sections 4 and 5).
_BASE64_NOISE = re.compile(r"[\s>|=\u00ad\u200b-\u200d\u2060\ufeff]+")
_BASE64 = re.compile("[A-Za-z0-9+/_-]{56,}")
_BASE64_DEPTH = 3
_CONTROLS = bytes({*range(32)} - set(b"\t\n\v\f\r"))

_URL_BEFORE = re.compile(r"https?(?::|%(?:25)*3A|-3A)[^\s\"'<>]*\Z", re.IGNORECASE)
_URL_AFTER = re.compile(r"[!#-&(-;=?-\[\]-~]*")
_URL_LENGTH = 2000


def scrub(text, tokens=()):
    """Put a mark in place of each personal link.

    Links that are written as usual are found without their tokens, too.

    :param str text: anything
    :param tokens: the secret parts of links, to be found wherever they stand
    :return: the text, of the same class
    """
    if not contains(text, tokens):
        return text
    return type(text)(_cut(str(text), _merged(_find(str(text), tokens))))


def is_plain(text):
    """Tell at once that a sentence holds no link: no word of it is long enough.

    :rtype: bool
    """
    return not _LONG_WORD.search(text)


def contains(text, tokens=()):
    """Tell whether there is a personal link in a text; parameters as of :func:`scrub`.

    :rtype: bool
    """
    return any(True for _span in _find(str(text or ""), tokens, exact=False))


def _find(text, tokens, *, exact=True, depth=_BASE64_DEPTH):
    """Yield the places of tokens, maybe several times.

    :param bool exact: whether the places matter, and not only if there are any
    :return: pairs of start and end
    """
    keys = {_JOINTS.sub("", token).lower() for token in tokens}
    for view in _views(_View(text, exact)):
        yield from _with_url(text, view.spans(_LINK), exact)
        letters = view.sub(_JOINTS, "")
        yield from _with_url(text, letters.spans_of(keys), exact)
    if depth and not _is_binary(text):
        yield from _find_in_base64(text, tokens, exact, depth)


def _views(view):
    """Read a text in all ways."""
    if _is_binary(view.text):
        yield view.quiet()
        return
    ways = {}
    for read in _readings(view):
        without_tags = _unescaped(read.sub(_TAG, ""))
        # The source of HTML may be shown in HTML.
        for one in (_unescaped(read), without_tags, without_tags.sub(_TAG, "")):
            ways.setdefault(one.text, one)
    seen = set()
    for one in ways.values():
        for result in (one, one.sub(_URL_DEFENSE, _from_url_defense)):
            result = result.quiet()
            if result.text not in seen:
                seen.add(result.text)
                yield result


def _readings(view):
    """:return: a text, and what it says where it is encoded as mails are"""
    whole = [
        one.sub(_WRAP, "")
        for one in dict.fromkeys((view, view.sub(_ENCODED_WORD, _from_encoded_word)))
    ]
    decoded = [one.sub(_QUOTED_PRINTABLE, _from_hex) for one in whole]
    return dict.fromkeys(whole + decoded)


def _unescaped(view):
    for _time in range(_ESCAPES_IN_ESCAPES):
        before, view = view, view.sub(_ESCAPE, _from_escape)
        if view is before:
            break
    return view


def _find_in_base64(text, tokens, exact, depth):
    """Yield the places of tokens in what is encoded in a text."""
    view = _View(text, exact)
    seen = set()
    for pattern in (_WRAP, _TAG):
        view = view.sub(pattern, "")
        compact = _unescaped(view).sub(_BASE64_NOISE, "")
        for match in _BASE64.finditer(compact.text):
            # Nobody knows where in the run it begins.
            for start in range(match.start(), match.start() + 4):
                encoded = compact.text[start : match.end()]
                if encoded in seen:
                    continue
                seen.add(encoded)
                decoded = _decode(encoded)
                for first, last in _find(decoded, tokens, exact=exact, depth=depth - 1):
                    # Four characters stand for three.
                    end = min(start - (-last * 4 // 3), match.end())
                    yield compact.span(start + first * 4 // 3, end)


def _decode(encoded):
    complete = encoded.translate({45: "+", 95: "/"}) + "A" * (-len(encoded) % 4)
    return base64.b64decode(complete).decode("latin-1")


def _is_binary(text):
    ascii_text = text.encode("ascii", "ignore")
    return (len(ascii_text) - len(ascii_text.translate(None, _CONTROLS))) * 50 > len(
        ascii_text
    )


def _from_hex(match):
    return chr(int(match[1], 16))


def _from_encoded_word(match):
    if match[1] in "bB":
        return _decode(_NO_BASE64.sub("", match[2]))
    return _QUOTED_PRINTABLE.sub(_from_hex, match[2].replace("_", " "))


def _from_url_defense(match):
    return chr(int(match[1], 16)) if match[1] else "/"


def _from_escape(match):
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else html.unescape(match[0])


class _View:
    """One way to read a text.

    :ivar str text: what is read
    :ivar places: for each character, start and end of what it was made of; None where
        this is not needed
    """

    def __init__(self, text, exact=True, places=None):
        self.text = text
        if exact and places is None:
            places = [(index, index + 1) for index in range(len(text))]
        self.places = places if exact else None

    def sub(self, pattern, replacement):
        """:return: the view in which something is replaced; itself if nothing is"""
        if not pattern.search(self.text):
            return self
        if self.places is None:
            return _View(pattern.sub(replacement, self.text), exact=False)
        texts, places, done = [], [], 0
        for match in pattern.finditer(self.text):
            new = replacement if isinstance(replacement, str) else replacement(match)
            texts += [self.text[done : match.start()], new]
            places += self.places[done : match.start()]
            if new:
                places += [self.span(*match.span())] * len(new)
            done = match.end()
        return _View(
            "".join([*texts, self.text[done:]]), places=places + self.places[done:]
        )

    def quiet(self):
        """:return: the view without noise"""
        if self.places:
            return self.sub(_NOISE, "")
        # the same, much faster
        letters = self.text.encode("ascii", "ignore").translate(None, _ASCII_NOISE)
        return _View(letters.decode(), exact=False)

    def span(self, start, end):
        """:return: the place of some characters; anything where it is not needed"""
        if self.places is None:
            return (0, 0)
        return self.places[start][0], self.places[end - 1][1]

    def spans(self, pattern):
        """:return: the places of a pattern"""
        return [self.span(*match.span()) for match in pattern.finditer(self.text)]

    def spans_of(self, words):
        """:return: the places of words in small letters"""
        small = self.text.lower()
        return [
            self.span(match.start(), match.end())
            for word in words
            if word in small
            for match in re.finditer(word, small)
        ]


def _with_url(text, spans, exact):
    """:return: the places, with the rest of the addresses that they are in"""
    return [_widened(text, *span) for span in spans] if exact else spans


def _widened(text, start, end):
    before = _URL_BEFORE.search(text[max(0, start - _URL_LENGTH) : start])
    after = _URL_AFTER.match(text, end)
    return start - len(before[0] if before else ""), after.end()


def _merged(spans):
    """:return: the places in their order, none of which touches another"""
    merged = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        merged.append((start, end))
    return merged


def _cut(text, spans):
    parts, done = [], 0
    for start, end in spans:
        parts += [text[done:start], MARK]
        done = end
    return "".join([*parts, text[done:]])
