# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The e-mail addresses of a contact: which are clean, what is wrong with others.

Nothing is guessed: Odoo makes "17@example.com" of "bob 17@example.com", which is the
mailbox of somebody else. Of one clean address this makes the same as
``odoo.tools.mail.email_normalize()``.
"""

import re
import unicodedata
from dataclasses import dataclass

import idna

# In the order in which they are looked for. Of each address the first is reported.
PROBLEMS = (
    "control",  # characters that control a terminal or a program
    "invisible",  # characters that nobody sees
    "quotes",  # quotation marks around or in an address, or a mark without another
    "comment",  # a remark in parentheses
    "no_at",  # no "@"
    "several_at",  # more than one "@"
    "brackets",  # "<" or ">" where it does not belong, or without the other one
    "space",  # a space inside
    "no_local",  # nothing before the "@"
    "no_domain",  # nothing after it
    "dot",  # a dot at the beginning or the end of either part, or two in a row
    "local",  # a character that cannot be before the "@"
    "domain",  # no name of a computer after it
    "too_long",  # more than any mail server takes
)

_LOCAL_SYMBOLS = frozenset("!#$%&'*+-/=?^_`{|}~.")
# A name before "<" may have parts in quotes or parentheses. Outside of quotes it has
# neither a "<" nor an "@", so that the address is certain.
_NAMED = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|\([^"()<>@]*\)|[^"()<>@])*<([^<>]*)>""")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Drawn as nothing, although Unicode counts them among letters, marks and symbols.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_SPACES = " \t"


@dataclass(frozen=True)
class Addresses:
    """What is in the field of a contact.

    :ivar valid: the clean addresses, normalized, in the order in which they are there
    :ivar problems: codes of :data:`PROBLEMS` of what is no clean address
    """

    valid: list[str]
    problems: list[str]


def read(text):
    """Find the addresses in a text that may hold several.

    They are separated by commas, semicolons or new lines, and may come with a name.

    :param text: as somebody typed it, or a false value
    :rtype: Addresses
    """
    valid, problems = {}, {}
    for piece in _pieces(text or ""):
        address, problem = _read_one(piece)
        if problem:
            problems[problem] = None
        else:
            valid[address] = None
    return Addresses(list(valid), list(problems))


def masked(address):
    """Write an address so that only who knows it recognizes it.

    :param str address: one of :attr:`Addresses.valid`
    :rtype: str
    """
    local, _at, domain = address.partition("@")
    return f"{local[0]}•••@{domain}"


def in_ascii(address):
    """Write an address so that every mail server understands its domain.

    :param str address: one of :attr:`Addresses.valid`, or with capital letters
    :return: the address; its domain in the form of RFC 5891, section 4.4
    :rtype: str
    """
    local, _at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{idna.encode(domain).decode()}"


def _pieces(text):
    """:return: the parts between separators that are neither quoted nor a remark"""
    pieces = []
    for line in re.split(r"[\r\n]+", text):
        start, quoted, depth, escaped = 0, False, 0, False
        for position, character in enumerate(line):
            if escaped:
                escaped = False
            elif quoted and character == "\\":
                escaped = True
            elif character == '"':
                quoted = not quoted
            elif quoted:
                continue
            elif character in "()":
                depth = max(0, depth + (1 if character == "(" else -1))
            elif character in ",;" and not depth:
                pieces.append(line[start:position])
                start = position + 1
        pieces.append(line[start:])
    return [stripped for piece in pieces if (stripped := piece.strip(_SPACES))]


def _read_one(piece):
    """:return: the normalized address, and the code of what is wrong with it, if any"""
    named = _NAMED.fullmatch(piece)
    address = named[1].strip(_SPACES) if named else piece
    problem = _problem_of_form(address)
    if problem:
        return None, problem
    local, _at, domain = address.partition("@")
    local = local.lower() if local.isascii() else local
    domain = domain.lower()
    return f"{local}@{domain}", _problem_of_parts(local, domain)


def _problem_of_form(address):
    """:return: the code of what keeps an address from having two parts, or None"""
    tests = {
        "control": any(_is_control(one) for one in address),
        "invisible": any(_is_invisible(one) for one in address),
        "quotes": '"' in address,
        "comment": "(" in address or ")" in address,
        "no_at": "@" not in address,
        "several_at": address.count("@") > 1,
        "brackets": "<" in address or ">" in address,
        "space": any(one.isspace() for one in address),
        "no_local": address.startswith("@"),
        "no_domain": address.endswith("@"),
    }
    return next((code for code, found in tests.items() if found), None)


def _problem_of_parts(local, domain):
    """:return: the code of what is wrong with one of the two parts, or None"""
    if any("" in part.split(".") for part in (local, domain)):
        return "dot"
    if not all(
        one in _LOCAL_SYMBOLS or _is_letter_or_digit(one) for one in local
    ) or unicodedata.category(local[0]).startswith("M"):
        return "local"
    if not all(one in "-." or _is_letter_or_digit(one) for one in domain):
        return "domain"
    try:
        # As Odoo does before it hands the address to a mail server.
        ascii_domain = domain if domain.isascii() else idna.encode(domain).decode()
    except UnicodeError:
        return "domain"
    labels = ascii_domain.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        return "domain"
    local_size = len(local.encode())
    if local_size > 64 or local_size + 1 + len(ascii_domain) > 254:
        return "too_long"
    return None


def _is_control(character):
    return unicodedata.category(character) == "Cc" and character != "\t"


def _is_invisible(character):
    """:return: whether nobody sees a character, or sees a space that is another one"""
    return bool(_BLANK.match(character)) or (
        unicodedata.category(character) in ("Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
        and character != " "
    )


def _is_letter_or_digit(character):
    if character.isascii():
        return character.isalnum()
    return unicodedata.category(character)[0] in "LMN"
