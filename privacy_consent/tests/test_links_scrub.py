# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Personal links are found in whatever way somebody wrote them."""

import base64
import quopri
from email.message import EmailMessage
from itertools import combinations_with_replacement
from urllib.parse import quote

from markupsafe import Markup

from odoo.tests import BaseCase

from ..links import scrub, token

TOKEN = token.sign(b"a key", 1)
# with both characters that are written in other ways
JOINED = "-x_" + TOKEN[3:]
OLD = token.make_old("secret", "db", 1, 2, 3)


def url(secret):
    return f"https://example.com/privacy/consent/accept/7/{secret}?db=x"


def wrapped(text, joint):
    return joint.join([text[:20], text[20:33], text[33:58], text[58:71], text[71:]])


def url_defense(text):
    escaped = quote(text, safe="").replace("-", "%2D").replace("_", "%5F")
    escaped = escaped.replace("%2F", "_").replace("%", "-")
    return f"https://urldefense.proofpoint.com/v2/url?u={escaped}&d=DwMFAg&c=x"


def quoted_printable(text):
    return quopri.encodestring(f"{text}".encode()).decode()


def encoded_whole(text):
    return "".join(f"={byte:02X}" for byte in text.encode())


def escaped(text):
    return "".join(f"&#{ord(letter)};" for letter in text)


def encoded(text):
    return base64.encodebytes(text.encode()).decode()


def as_message(text):
    message = EmailMessage()
    message["Subject"] = "Your request"
    message.set_content(f"See {text}\nör not", cte="base64")
    return message.as_string()


def quoted_word(part):
    escaped = (f"={byte:02X}" if byte in b"=?_" else chr(byte) for byte in part)
    return "".join(escaped).encode()


def encoded_words(text, way, encode):
    """As headers are folded."""
    parts = [text[start : start + 34].encode() for start in range(0, len(text), 34)]
    words = [f"=?utf-8?{way}?{encode(part).decode()}?=" for part in parts]
    return "\r\n ".join(words)


WAYS = {
    "plain": str,
    "lower": str.lower,
    "upper": str.upper,
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every percent": lambda text: "".join(f"%{ord(one):02x}" for one in text),
    "url defense": url_defense,
    "entities": escaped,
    "entities twice": lambda text: escaped(text).replace("&", "&amp;"),
    "tags": lambda text: wrapped(text, "<wbr>"),
    "more tags": lambda text: wrapped(text, '</b><b class="x">'),
    "soft breaks": lambda text: wrapped(text, "=\r\n"),
    "quoted printable": lambda text: quoted_printable(f"{'x' * 50} {text}"),
    "whole quoted printable": encoded_whole,
    "quotation": lambda text: wrapped(text, "\n> > "),
    "quotation in HTML": lambda text: wrapped(text, "\n&gt; "),
    "reply of SMTP": lambda text: wrapped(text, "\n5.7.1 "),
    "as Python shows it": lambda text: wrapped(text, r"\r\n"),
    "zero width": lambda text: wrapped(text, "\u200b"),
    "soft hyphen": lambda text: wrapped(text, "&shy;"),
    "JSON": lambda text: text.replace("-", "\\u002d").replace("/", "\\/"),
    "base64": encoded,
    "base64, 1 on": lambda text: encoded(f"x{text}"),
    "base64, 2 on": lambda text: encoded(f"xx{text}"),
    "base64 after words": lambda text: f"See below\n\n{encoded(f'<p>{text}</p>')}",
    "base64 twice": lambda text: encoded(encoded(text)),
    "quoted base64": lambda text: encoded(text).replace("\n", "\n> "),
    "attached": as_message,
    "encoded words": lambda text: encoded_words(text, "b", base64.b64encode),
    "quoted words": lambda text: encoded_words(text, "Q", quoted_word),
    "JavaScript": lambda text: "".join(f"%u{ord(one):04X}" for one in text),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
}


class TestScrub(BaseCase):
    def check(self, text, secret):
        clean = scrub.scrub(f"Before. {text}. After.", [secret])
        self.assertIn(scrub.MARK, clean, text)
        self.assertTrue(clean.startswith("Before. "), clean)
        self.assertTrue(clean.endswith(" After."), clean)
        self.assertFalse(scrub.contains(clean, [secret]), clean)
        self.assertNotIn(secret.lower(), clean.lower())

    def test_link(self):
        for name, way in WAYS.items():
            for secret in (TOKEN, JOINED, OLD):
                with self.subTest(name, secret=secret):
                    self.check(way(url(secret)), secret)

    def test_token_alone(self):
        """What stands around it says nothing."""
        for name, way in WAYS.items():
            for secret in (TOKEN, JOINED, OLD):
                with self.subTest(name, secret=secret):
                    self.check(way(f"{'_' * 30}{secret}"), secret)

    def test_two_ways_at_once(self):
        ways = ("percent", "tags", "soft breaks", "quotation", "zero width", "entities")
        for one, other in combinations_with_replacement(ways, 2):
            with self.subTest(one=one, other=other):
                self.check(WAYS[other](WAYS[one](url(TOKEN))), TOKEN)

    def test_unknown_token(self):
        """A link of which nobody knows whose it is."""
        for name in WAYS.keys() - {"soft hyphen", "JSON"}:
            with self.subTest(name):
                text = WAYS[name](url(TOKEN))
                clean = scrub.scrub(f"Before. {text}. After.")
                self.assertFalse(scrub.contains(clean, [TOKEN]), clean)

    def test_everything_else_stays(self):
        for text in (
            "",
            "550 5.1.1 <ann@example.com>: no such user",
            f"https://example.com/privacy/consent/accept/ {TOKEN[:42]}",
            token.sign(b"another key", 1),
            encoded("nothing " * 30),
            '<p>1 < 2 &amp; 3 > 2, "%41" =41</p>',
        ):
            self.assertEqual(scrub.scrub(text, [TOKEN]), text)

    def test_only_the_link_is_cut(self):
        link = url(TOKEN)
        for text, expected in (
            (f"see {link}, or not", "see *** or not"),
            (f'<a href="{link}">yes</a>', '<a href="***">yes</a>'),
            (f"{link} {link}", "*** ***"),
            (f"(554, b'5.7.1 {link}\\nno')", "(554, b'5.7.1 ***\\nno')"),
        ):
            self.assertEqual(scrub.scrub(text, [TOKEN]), expected)

    def test_class(self):
        clean = scrub.scrub(Markup("<p>%s</p>") % url(TOKEN), [TOKEN])
        self.assertIsInstance(clean, Markup)
        self.assertEqual(clean, "<p>***</p>")
