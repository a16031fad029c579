# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What mail servers report about messages that they could not deliver.

Plain Python, without Odoo. It reads delivery status notifications (RFC 3464, and
RFC 6533 for international addresses) and the plain texts of qmail (QSBMF,
https://cr.yp.to/proto/qsbmf.txt). Nothing in a report is proven: anybody can write one.
"""

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from email.utils import parseaddr

# RFC 3463, section 2: class, subject and detail
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
# RFC 5321, section 4.2
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?![\d.])")
# The same in the words of a mail queue, but not the port of a server.
_REPLY_SAID = re.compile(r"(?:^|[\s(])([45][0-5]\d)(?![\w.])", re.MULTILINE)
# RFC 4954, section 6: it takes nothing from us.
_ABOUT_US = "53"
_ANY_ADDRESS = re.compile(r"\S*@[\w.-]+")
# Permanent failures of a delivery, and not of the address: a full mailbox (RFC 3463,
# section 3.3), a full or closed system (3.4), congestion and expired time (3.5).
_SOFT = {"5.2.2", "5.3.1", "5.3.2", "5.4.5", "5.4.7"}
# RFC 3464, section 2.1, and RFC 6533, section 4
_STATUS_TYPES = {"message/delivery-status", "message/global-delivery-status"}
# RFC 3462, section 1 and 2, and RFC 6533, section 4
_RETURNED_TYPES = {
    "message/rfc822",
    "message/global",
    "message/global-headers",
    "text/rfc822-headers",
}
_MESSAGE_ID_HEADERS = ("message-id", "x-microsoft-original-message-id")
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
# RFC 6533, section 3: how a character of an address is written in ASCII
_EMBEDDED = re.compile(r"\\x\{([0-9A-F]{2,6})\}", re.IGNORECASE)
_QMAIL_OPENING = "Hi. This is the"


@dataclass(frozen=True)
class Recipient:
    """What became of the message for one recipient.

    :ivar tuple addresses: the address that it was sent to, and the one where it
        arrived after forwarding, as far as they are known
    :ivar str action: ``failed``, ``delayed``, ``delivered``, ``relayed`` or
        ``expanded`` (RFC 3464, section 2.3.3), or another word of the reporter
    :ivar str status: as of RFC 3463, for example ``5.1.1``; empty if not told
    :ivar str diagnostic: what the server said, as it said it
    """

    addresses: tuple
    action: str
    status: str
    diagnostic: str

    @property
    def failed(self):
        """Whether it was given up to deliver the message."""
        return self.action == "failed"

    @property
    def hard(self):
        """Whether the address takes no mail at all, as opposed to this one or today."""
        return self.failed and not (self.status.startswith("4") or self.status in _SOFT)

    @property
    def reason(self):
        """What to tell people."""
        told = self.status in self.diagnostic
        words = [self.diagnostic] if told else [self.status, self.diagnostic]
        return " ".join(filter(None, words)) or self.action


@dataclass(frozen=True)
class Report:
    """A report about one message.

    :ivar tuple message_ids: by which the message may be found, the likeliest first
    :ivar tuple recipients: each :class:`Recipient` that it tells about
    """

    message_ids: tuple
    recipients: tuple


def read(message):
    """Read a report.

    :param email.message.Message message: parsed with any policy
    :return: the :class:`Report`; None for any other message
    """
    parts = list(_parts(message))
    blocks = [
        headers
        for part in parts
        if part.get_content_type() in _STATUS_TYPES
        for headers in _blocks(part)
    ]
    recipients = tuple(filter(None, map(_recipient, blocks)))
    returned = [_returned(part) for part in parts if _is_returned(part)]
    if not recipients:
        recipients, original = _read_qmail(parts)
        returned.append(original)
    if not recipients:
        return None
    own = _headers(message)
    found = [
        message_id
        for headers in returned
        for name in _MESSAGE_ID_HEADERS
        for message_id in _MESSAGE_ID.findall(headers.get(name, ""))
    ]
    for name in ("in-reply-to", "references"):
        found += _MESSAGE_ID.findall(own.get(name, ""))
    return Report(tuple(dict.fromkeys(found)), recipients)


def is_refusal(reason, address):
    """Tell whether a mail server said that it never takes mail for an address.

    Where it tells none from others, it says so of the message, which is the same.

    :param str reason: why a mail was not sent, in the words of a mail queue, which may
        name several recipients
    :param str address: of the recipient in question
    :rtype: bool
    """
    lines = (reason or "").splitlines()
    own = [line for line in lines if address and address in line.lower()]
    said = _ANY_ADDRESS.sub(" ", "\n".join(own or lines))
    replies, status = _REPLY_SAID.findall(said), _STATUS.search(said)
    codes = [*replies[:1], *([status[0]] if status else [])]
    return (
        bool(codes)
        and all(code.startswith("5") for code in codes)
        and not codes[0].startswith(_ABOUT_US)
        and codes[-1] not in _SOFT
    )


def _parts(message):
    """Walk through a message, but not into the one that is returned."""
    yield message
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            yield from _parts(part)


def _headers(message):
    """:return: the headers by their names in small letters, each on one line"""
    # Raw, because parsing fails on some that servers write.
    return {
        name.lower(): " ".join(_readable(str(value)).split())
        for name, value in message.raw_items()
    }


def _readable(text):
    """:return: the text without what no database stores"""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return readable.replace("\0", "")


def _blocks(part):
    """:return: the groups of fields of a report (RFC 3464, section 2.1)"""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return _parse_blocks(_text(part))
    blocks = []
    for block in payload:
        blocks.append(_headers(block))
        # Python reads a global report like a message, whose body is the rest.
        if isinstance(rest := block.get_payload(), str):
            blocks += _parse_blocks(rest)
    return blocks


def _parse_blocks(text):
    return [_parse(block) for block in re.split(r"\r?\n[ \t]*\r?\n", text)]


def _parse(text):
    return _headers(HeaderParser().parsestr(text.strip() + "\n"))


def _recipient(headers):
    """:return: the :class:`Recipient` of a group of fields, or None"""
    addresses = [
        _address(headers.get(name, ""))
        for name in ("original-recipient", "final-recipient")
    ]
    addresses = tuple(dict.fromkeys(filter(None, addresses)))
    action = headers.get("action", "").split(" ")[0].lower()
    if not addresses or not action:
        return None
    # RFC 3464, section 2.3.6: a type, and the text
    words = headers.get("diagnostic-code", "").partition(";")
    diagnostic = (words[2] or words[0]).strip()
    status = _status(headers.get("status", ""), diagnostic)
    return Recipient(addresses, action, status, diagnostic)


def _address(field):
    """:return: the address in a field with a type before it (RFC 3464, 2.3.1, 2.3.2)"""
    address = field.rpartition(";")[2].strip()
    address = _EMBEDDED.sub(lambda match: _character(match[1]), address)
    return parseaddr(address)[1] if "@" in address else ""


def _character(code):
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else ""


def _status(field, diagnostic):
    """:return: the status code, where the server's own words are the more precise"""
    found = [_STATUS.search(field), _STATUS.search(diagnostic)]
    codes = [match[0] for match in found if match]
    for code in codes:
        if not code.endswith(".0.0"):
            return code
    if codes:
        return codes[0]
    reply = _REPLY.match(diagnostic)
    return f"{reply[1]}.0.0" if reply else ""


def _is_returned(part):
    return part.get_content_type() in _RETURNED_TYPES


def _returned(part):
    """:return: the headers of the message that is returned, whole or its headers"""
    payload = part.get_payload()
    if isinstance(payload, list):
        return _headers(payload[0]) if payload else {}
    return _parse(_first_paragraph(_text(part)))


def _read_qmail(parts):
    """:return: the recipients in a plain text of qmail, and the message's headers"""
    text = next(
        (_text(part) for part in parts if part.get_content_type() == "text/plain"), ""
    )
    text = text.replace("\r\n", "\n").lstrip()
    if not text.startswith(_QMAIL_OPENING):
        return (), {}
    recipients = []
    report, _break, rest = text.partition("\n\n---")
    for paragraph in re.split(r"\n{2,}", report):
        line, _colon, said = paragraph.partition(":\n")
        if line.startswith("<") and line.endswith(">") and "@" in line:
            said = " ".join(said.split())
            # Without a code, a failure is permanent.
            status = _status("", said)
            recipients.append(Recipient((line[1:-1],), "failed", status, said))
    original = rest.partition("\n\n")[2].lstrip()
    return tuple(recipients), _parse(_first_paragraph(original))


def _first_paragraph(text):
    return re.split(r"\r?\n[ \t]*\r?\n", text, maxsplit=1)[0]


def _text(part):
    """:return: the decoded text of a part, whatever charset it claims"""
    content = part.get_payload(decode=True)
    return _readable(content.decode("utf-8", "replace")) if content else ""
