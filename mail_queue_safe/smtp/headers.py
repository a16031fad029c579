# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Header lines that hold what they were given, and nothing else.

Plain Python, without Odoo. A name, a subject or a file name is written by anybody.
Python's email package, in the versions that Odoo runs on,

- takes a line break in a list of mailboxes as it is: a name adds header lines;
- refuses a line break in any other value: the message cannot be built;
- decodes what looks like an encoded word, also between quotation marks, and writes the
  line breaks and commas that come out as they are (CVE-2024-6923 is a part of it);
- loses the quotation marks of a name that it folds: its commas separate mailboxes;
- encodes long words, so that a long link in ``List-Unsubscribe`` is none any more.

So values are cleaned before the package gets them, and :class:`SafePolicy` writes the
lines instead of the package. RFC 5322 has the syntax of headers, RFC 2047 that of
encoded words.
"""

import re
from email.errors import MessageError
from email.header import Header, decode_header, make_header
from email.headerregistry import AddressHeader, MessageIDHeader, UnstructuredHeader
from email.policy import EmailPolicy

#: headers that hold mailboxes, in lower case
ADDRESSES = frozenset(
    ["from", "sender", "reply-to", "to", "cc", "bcc"]
    + ["resent-from", "resent-sender", "resent-to", "resent-cc", "resent-bcc"]
)
# What ends a line somewhere, what no display shows, and what UTF-8 cannot hold.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+ ?")
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_PRINTABLE = re.compile(r"[ -~]*")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TOKENS = re.compile(rf'{_QUOTED}|<[^<>]*>|[,;]|[^"<,;]+|["<]')
_ADDRESS = re.compile(rf'(?:{_QUOTED}|[^\s<>(),;:"@]+)@[^\s<>(),;:"@]+')
_WORD = re.compile(r"[\w.-]+")
_ENCODED = "=?"
# A line with encoded words has at most 76 characters (RFC 2047, section 2), and any
# line at most 998 (RFC 5322, section 2.1.1), of which one word may have nearly all.
_LONGEST_LINE = 76
_LONGEST_WORD = 900
# A quoted name of this length fits into one line with the header's name.
_LONGEST_QUOTED = 60


def one_line(text):
    """Make one line of a text.

    :param str text: any text
    :return: the text, with a blank for each run of control characters
    :rtype: str
    """
    return _CONTROLS.sub(" ", text).strip()


def clean_header(text):
    """Make a text safe for a header that holds no mailbox.

    :param str text: it may have encoded words, which are decoded
    :return: the text in one line, each run of control characters being a blank
    :rtype: str
    """
    text = _decode(text)
    return " ".join(_encode(text)) if _ENCODED in text else text


def clean_mailboxes(texts):
    """Make mailboxes safe for a header.

    :param list texts: strings, each with any number of mailboxes
    :return: a string for each mailbox, with its name between quotation marks
    :rtype: list(str)
    """
    return [_format(*pair) for text in texts for pair in _mailboxes(text, _decode)]


def clean_value(name, value):
    """Make the value of a header safe.

    :param str name: of the header
    :param value: a string, or a list of mailboxes; anything else is returned as it is
    """
    if isinstance(value, list | tuple):
        return clean_mailboxes(value)
    if not isinstance(value, str):
        return value
    if name.lower() in ADDRESSES:
        return ", ".join(clean_mailboxes([value]))
    return clean_header(value)


def clean_headers(headers):
    """Make headers safe, and leave out those whose names are none.

    :param dict headers: values by name
    :rtype: dict
    """
    return {
        name: clean_value(name, value)
        for name, value in headers.items()
        if _HEADER_NAME.fullmatch(name)
    }


def clean_file_name(text):
    """Make the name of an attachment safe.

    :param str text: the name
    :return: the name without control characters and without encoded words
    :rtype: str
    """
    return one_line(text).replace(_ENCODED, "= ?")


class SafePolicy(EmailPolicy):
    """How a message writes its headers, and takes those that are added later."""

    def header_store_parse(self, name, value):
        if not hasattr(value, "name"):
            value = clean_value(name, value)
        return super().header_store_parse(name, value)

    def fold(self, name, value):
        return self._lines(name, value) or super().fold(name, value)

    def fold_binary(self, name, value):
        lines = self._lines(name, value)
        if lines is None:
            return super().fold_binary(name, value)
        return lines.encode("utf-8" if self.utf8 else "ascii")

    def _lines(self, name, value):
        """:return: the lines of a header, or None if the package may write them"""
        if isinstance(value, AddressHeader):
            words = self._address_words(value)
        elif isinstance(value, UnstructuredHeader | MessageIDHeader):
            words = _text_words(one_line(value))
        else:
            return None
        lines = [f"{name}:{words[0] if words else ' '}"]
        for word in words[1:]:
            if len(lines[-1]) + len(word) > _LONGEST_LINE:
                lines.append("")
            lines[-1] += word
        return "".join(line + self.linesep for line in lines)

    def _address_words(self, value):
        mailboxes = []
        # The package has decoded the names.
        for name, address in _mailboxes(value, one_line):
            if not self.utf8:
                address = _ascii_address(address)
            if name:
                address = f"<{address}>" if address else ""
            mailboxes.append(" ".join(filter(None, [*_name_words(name), address])))
        # Only a quoted name has blanks inside of a word.
        text = ", ".join(mailboxes)
        return [f" {word}" for word in re.findall(rf"(?:{_QUOTED}|[^\s])+", text)]


#: the policy of messages that go to SMTP
SMTP = SafePolicy(linesep="\r\n")


def _decode(text):
    """:return: the text in one line, without encoded words that can be read"""
    text = one_line(text)
    if _ENCODED not in text or not text.isascii():
        return text
    try:
        return one_line(str(make_header(decode_header(text))))
    except (MessageError, LookupError, ValueError):
        return text


def _encode(text):
    """:return: the text as encoded words, a list"""
    return Header(text, "utf-8", maxlinelen=60).encode().split()


def _is_plain(text):
    return _PRINTABLE.fullmatch(text) and _ENCODED not in text


def _text_words(text):
    """:return: the words of a text, each with the blanks before it"""
    words = re.findall(r" *[^ ]+", f" {text}")
    if _is_plain(text) and all(len(word) <= _LONGEST_WORD for word in words):
        return words
    return [f" {word}" for word in _encode(text)]


def _name_words(name):
    quoted = _quote(name)
    if _is_plain(name) and len(quoted) <= _LONGEST_QUOTED:
        return [quoted] if name else []
    return _encode(name)


def _quote(name):
    return '"{}"'.format(re.sub(r'([\\"])', r"\\\1", name))


def _format(name, address):
    """:return: a mailbox of which the package does not decode anything"""
    if not address and _WORD.fullmatch(name):
        return name  # Odoo shows it where it says that it is no address
    quoted = _quote(name).replace(_ENCODED, "=\\?")
    return f"{quoted} <{address}>" if name else address


def _mailboxes(text, read):
    """Find the mailboxes in a text.

    :param str text: mailboxes, separated by commas
    :param read: a function that makes a name of an unquoted text
    :return: pairs of a name and an address, of which one may be empty
    """
    found, tokens = [], []
    for token in [*_TOKENS.findall(one_line(text)), ","]:
        if token not in (",", ";"):
            if token.strip():
                tokens.append(token)
            continue
        before, address, after = _split(tokens)
        if address:
            found.append((_name(before + after, read), address))
            tokens = []
        elif tokens:
            # A name without quotation marks has a comma.
            tokens.append(token)
    if tokens and not found:
        found.append((_name(tokens[:-1], read), ""))
    return found


def _split(tokens):
    """:return: the tokens before an address, the address, and those after it"""
    for position in reversed(range(len(tokens))):
        if tokens[position].startswith("<") and len(tokens[position]) > 2:
            address = tokens[position][1:-1]
            joined = "".join(address.split())
            if '"' in joined:
                address = address.strip()
            elif not joined or _ADDRESS.fullmatch(joined):
                address = joined
            return tokens[:position], address, []
    text = "".join(tokens)
    match = _ADDRESS.search(text)
    if not match:
        return tokens, "", []
    before, after = text[: match.start()], text[match.end() :].strip(" ()")
    return _TOKENS.findall(before), match[0], _TOKENS.findall(after)


def _name(tokens, read):
    """:return: the name that some tokens are; a quoted part is meant literally"""
    name = ""
    for token in tokens:
        if len(token) > 1 and token.startswith('"'):
            token = re.sub(r"\\(.)", r"\1", token[1:-1])
        else:
            token = read(token)
        name += token if token in (",", ";") else f" {token}"
    return one_line(name)


def _ascii_address(address):
    """:return: an address as a server without SMTPUTF8 can get it"""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        domain = "".join(_encode(domain))
    return (local if local.isascii() else "".join(_encode(local))) + at + domain
