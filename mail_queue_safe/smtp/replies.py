# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a server's refusal is about: a recipient, a message, the moment, or us.

Plain Python, without Odoo. A server speaks of *us* with the same codes as of a
recipient, so that a daily limit would write everybody off who is asked after it. Only
the enhanced code and the text tell them apart. :data:`RULES` has what RFC 5321
(section 4.2), RFC 3463 with IANA's registry of enhanced codes, and large servers say:

- Gmail: https://support.google.com/a/answer/3726730
- Exchange Online: https://learn.microsoft.com/troubleshoot/exchange/email-delivery/ndr/
- Amazon SES: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
- SendGrid: https://www.twilio.com/docs/sendgrid/for-developers/sending-email
- Oracle: https://docs.oracle.com/iaas/Content/Email/Concepts/troubleshooting.htm
- Postfix: https://www.postfix.org/postconf.5.html, ADDRESS_VERIFICATION_README.html
- Exim: https://www.exim.org/exim-html-current/doc/html/spec_html/, access control lists
- Qmail: its man page of qmail-smtpd
- help.mailgun.com, docs.plesk.com, docs.cpanel.net, support.forpsi.com,
  postmarkapp.com/developer

**Defaults.** A recipient's address decides nothing before ``RCPT``: what is refused
earlier is us. At ``RCPT`` it is the recipient, after ``DATA`` the message, since a
wrong *us* would delay everything endlessly for one bad recipient.

**Words of strangers.** A reply repeats addresses and links, and what another server
said. They are not searched, so that nobody who chooses an address stops a server.
"""

import enum
import re
import smtplib
import socket
import ssl
from email.errors import MessageError
from typing import NamedTuple

from .retry import causes


class Verdict(enum.Enum):
    """What a refusal is about."""

    #: this recipient, for good
    RECIPIENT = "recipient"
    #: this message, for good
    MESSAGE = "message"
    #: this message or recipient, for the time being
    LATER = "later"
    #: us: a limit, a policy, authentication, the sender, relaying, a block
    US = "us"


#: the stages of a session
CONNECT, AUTH, MAIL, RCPT, DATA = "connect", "auth", "mail", "rcpt", "data"
RECIPIENT, MESSAGE, LATER, US = Verdict


class Rule(NamedTuple):
    """A row of :data:`RULES`; an empty pattern fits everything.

    :ivar str stages: where it applies, separated by blanks
    :ivar str code: pattern of the whole code
    :ivar str detail: pattern of the enhanced code after its class, which may contradict
        the code: the code decides between now and for good
    :ivar str text: pattern of a part of the text, in lower case
    :ivar Verdict verdict: what it means
    :ivar str source: who says so
    """

    stages: str
    code: str
    detail: str
    text: str
    verdict: Verdict
    source: str


_ANY = "mail rcpt data"
_BODY = "rcpt data"
_LASTING, _PASSING = "5..", "4.."
_CODES = "421|454|521|53[0-8]"
_DETAILS = r"1\.([78]|90)|3\.[125]|4\.5"
_THEIRS = r"7\.(50[457]|51[03]|703|124|13[3-6])"
_TENANT = r"7\.(57|60|64|23[23]|(?!512)[5-8]\d\d)"
_ELSEWHERE = r'address rejected: un(verif|deliv)|response to "rcpt(?!.*sender verify)'
_SUPPRESSED = r"suppress(ed|ion)|inactive recipient|address blacklisted"
_ONE = "rcpt domain|nature of the content"
_TOO_QUICK = r"receiving mail (too|at a rate)|(receive|thread) limit"
_QUOTA = "submission ?quota|relay limit|outboundspam"
_MAILBOX = (
    r"mailbox[\w ]* (full|quota|exceed|limit)|over ?quota|storage quota|"
    r"(user|recipient) unknown|no such (user|recipient|mailbox)|"
    r"(no valid|need|valid) (rcpt|recipients)"
)
_MANY = "too many recipients(?! from)"
_SIZE = r"too (large|big)\b|message size"
_CONTENT = r"\b(ur[li]s?|links?|content|attachments?|virus|malware|phishing)\b"
_LIMIT = (
    r"(limit|quota|credits|ing rate|sion rate)s?( for)? (\w+ ){0,8}(exceed|reach)|"
    r"(exceed|reach)ed (\w+ ){0,4}(limit|quota|threshold|emails|defers)|"
    r"per (second|minute|hour|day) (reached|exceeded|allowed)|"
    r"too (many|much) (mails?|messages|recipients|connections) from|"
    r"policy violation, see"
)
_SENDER = (
    r"sender (address )?(denied|rejected|verify fail|is not allowed)|sendas ?denied|"
    r"address is not verified|sender (identity|signature)|"
    r"sending (\w+ ){0,3}(paused|suspended|disabled|denied)|"
    r"your account (\w+ ){0,3}(suspended|blocked|disabled)|"
    r"(authorized|allowed|permitted) to (send|relay)(?! (\w+ )?to )"
)
_RELAY = (
    r"relay(ing)? (access |is )?(denied|not|prohib)|unable to relay|"
    r"auth\w* (is )?(required|failed|first)|client was not authenticated|"
    r"invalid credentials|turn on smtp auth|allowed rcpthosts"
)
_BLOCK = (
    r"blocked using|block ?list|in an rbl|spamhaus|client host|helo command|your ip\b|"
    r"blacklist|dnsbl|rbl server|messages from \S+ weren't sent|badmailfrom|"
    r"reputation|reverse dns|ptr record|permanently deferred|"
    r"\b(spf|dkim|dmarc|unauthenticated)\b"
)

#: What replies mean; the first rule that fits counts.
RULES = (
    Rule("connect auth", "", "", "", US, "RFC 5321, 3.1; RFC 4954, 6"),
    Rule(_ANY, "(?![45]..$).*", "", "", LATER, "RFC 5321, 4.2.1: no refusal"),
    # the recipient, whatever else is said
    Rule("rcpt", _LASTING, "", _ELSEWHERE, RECIPIENT, "Postfix, Exim: verification"),
    Rule("rcpt", _PASSING, "", _ELSEWHERE, LATER, "Postfix, Exim: verification"),
    Rule(_BODY, _LASTING, _THEIRS, "", RECIPIENT, "Exchange: the recipient's rules"),
    Rule(_BODY, _LASTING, "", _SUPPRESSED, RECIPIENT, "Oracle, Postmark, SES: bounces"),
    Rule(_BODY, _PASSING, "", "gr[ae]y-?list", LATER, "RFC 6647"),
    Rule(_BODY, _PASSING, "", _ONE, LATER, "Gmail: 421 for one message"),
    Rule(_BODY, "", "", _TOO_QUICK, LATER, "Gmail: 5.2.1; Exchange: 5.2.121, 4.3.2"),
    # us, although the code is the recipient's
    Rule(_ANY, "", "", _QUOTA, US, "Exchange: 5.2.0, 5.2.2; Gmail: 4.2.1"),
    # the recipient
    Rule(_BODY, _LASTING, r"1\.([1-6]|10)|2\.[12]", "", RECIPIENT, "RFC 3463, 3.2f"),
    Rule(_BODY, _PASSING, r"2\.[12]", "", LATER, "RFC 3463, 3.3"),
    Rule(_BODY, _LASTING, "", _MAILBOX, RECIPIENT, "Dovecot, Exim, Sendmail"),
    Rule(_BODY, _PASSING, "", _MAILBOX, LATER, "Dovecot, Exim, Sendmail"),
    Rule(_BODY, "", r"5\.3", "", LATER, "RFC 3463, 3.6: too many recipients"),
    Rule(_BODY, "", "", _MANY, LATER, "RFC 5321, 4.5.3.1.10: also with 552"),
    # us, by code
    Rule(_ANY, _CODES, "", "", US, "RFC 5321, 3.8; RFC 3207; RFC 4954; RFC 7504"),
    Rule("rcpt", "50[234]", "", "", US, "RFC 5321, 4.2.4: the session"),
    Rule(_ANY, "", _DETAILS, "", US, "RFC 3463; Exchange: 5.1.90; Gmail: 5.4.5"),
    Rule(_ANY, "", r"7\.([89]|1[01]|2\d)", "", US, "IANA: authentication, SPF, DKIM"),
    Rule(_ANY, "", _TENANT, "", US, "Exchange: sender, tenant, address, relay"),
    # the message
    Rule(_ANY, _LASTING, r"2\.3|3\.4", "", MESSAGE, "RFC 3463, 3.3, 3.4"),
    Rule("mail data", _LASTING, r"6\.\d+", "", MESSAGE, "RFC 3463, 3.7; RFC 6531"),
    Rule(_ANY, _LASTING, "", _SIZE, MESSAGE, "RFC 1870, 6; Exim"),
    Rule("mail data", "552", "", "", MESSAGE, "RFC 5321, 4.5.3.1.9"),
    Rule("data", _LASTING, "", _CONTENT, MESSAGE, "Gmail, Amavis, SpamAssassin"),
    # us, by words
    Rule(_ANY, "", "", _LIMIT, US, "Gmail, SES, SendGrid, Exchange, Oracle, cPanel"),
    Rule(_ANY, "", "", _SENDER, US, "Postfix, Exim, Exchange, SES, SendGrid, Mailgun"),
    Rule(_ANY, "", "", _RELAY, US, "Postfix, Exim, Exchange, Gmail, cPanel"),
    Rule(_ANY, "", "", _BLOCK, US, "Postfix, Gmail, Exchange, Spamhaus, Yahoo"),
    # the defaults
    Rule("mail", "", "", "", US, "no recipient is known yet"),
    Rule("rcpt", _LASTING, "", "", RECIPIENT, "RFC 5321, 4.2.1"),
    Rule("data", _LASTING, "", "", MESSAGE, "RFC 5321, 4.2.1"),
    Rule(_BODY, _PASSING, "", "", LATER, "RFC 5321, 4.2.1"),
)

_ENHANCED = re.compile(r"(?<![\w.])[245]\.([0-7]\.\d{1,3})(?!\w|\.\d)")
_LINE_START = re.compile(r"^(?:[245]\d\d[ -])?(?:#?[245]\.[0-7]\.\d{1,3}[ :-]*)?", re.M)
_FOREIGN = re.compile(r"<[^<>]*>|[^\s<>()\[\];:,\"]+@[\w.-]+|https?://\S+")


def _decode(text):
    return text.decode(errors="replace") if isinstance(text, bytes) else text or ""


def _sentence(text):
    # A sentence may go on in the next line, after the codes.
    return " ".join(_FOREIGN.sub(" ", _LINE_START.sub("", text)).lower().split())


def wording(code, text):
    """Find what replies share that mean the same.

    :param int code: of the reply
    :param text: of the reply, str or bytes
    :return: code and text, without addresses, and without words that have digits: a
        server may number its replies
    :rtype: tuple
    """
    return code, re.sub(r"\S*\d\S*", "", _sentence(_decode(text)))


def rule(stage, code, text):
    """Find the rule for a reply.

    :param str stage: one of the constants
    :param int code: of the reply
    :param text: of the reply, str or bytes, of any number of lines
    :rtype: Rule
    """
    text = _decode(text)
    enhanced = _ENHANCED.search(_FOREIGN.sub(" ", text))
    detail = enhanced[1] if enhanced else ""
    text = _sentence(text)
    return next(
        one
        for one in RULES
        if stage in one.stages.split()
        and (not one.code or re.fullmatch(one.code, str(code)))
        and (not one.detail or re.fullmatch(one.detail, detail))
        and re.search(one.text, text)
    )


def verdict(stage, code, text):
    """Tell what a reply that is no success means.

    :param str stage: :data:`CONNECT`, :data:`AUTH`, :data:`MAIL`, :data:`RCPT` or
        :data:`DATA`; a refusal of the recipient after ``DATA`` is one of all of them
    :param int code: of the reply
    :param text: of the reply, str or bytes, of any number of lines
    :rtype: Verdict
    """
    return rule(stage, code, text).verdict


_STAGES = {
    smtplib.SMTPConnectError: CONNECT,
    smtplib.SMTPHeloError: CONNECT,
    smtplib.SMTPAuthenticationError: AUTH,
    smtplib.SMTPSenderRefused: MAIL,
    smtplib.SMTPDataError: DATA,
}
# Failures of the session, which some of Python's classes count as a wrong value.
_NETWORK = (smtplib.SMTPServerDisconnected, OSError)
_NO_CONNECTION = (ssl.CertificateError, socket.gaierror, ConnectionRefusedError)
# UnicodeError is a ValueError; Odoo asserts that there are valid addresses.
_NOT_BUILT = (ValueError, MessageError, AssertionError)


def verdict_of(error, stage=None):
    """Tell what a failure means.

    :param Exception error: or what it was raised from
    :param str stage: at which it happened, if that is known
    :rtype: Verdict
    """
    if stage in (CONNECT, AUTH):
        return US
    found = (_verdict_of(cause, stage) for cause in causes(error))
    return next(filter(None, found), LATER)


def _verdict_of(error, stage):
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        found = {verdict(RCPT, *reply) for reply in error.recipients.values()}
        return next((one for one in (US, LATER, RECIPIENT) if one in found), LATER)
    if isinstance(error, smtplib.SMTPResponseException):
        at = _STAGES.get(type(error)) or stage or CONNECT
        return verdict(at, error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return MESSAGE if "SMTPUTF8" in str(error) else US
    if isinstance(error, _NETWORK):
        return US if stage == MAIL or isinstance(error, _NO_CONNECTION) else LATER
    return MESSAGE if isinstance(error, _NOT_BUILT) else None


#: verdicts after which it makes no sense to try again
FINAL = (RECIPIENT, MESSAGE)
_DEFAULTS = RULES[-4:]


def is_certain(stage, code, text):
    """Tell whether a reply says what it is about, or only that it is no success.

    Arguments are those of :func:`verdict`.

    :rtype: bool
    """
    return rule(stage, code, text) not in _DEFAULTS


def reply_of(error):
    """Find what a server replied to a whole message.

    :param Exception error: or what it was raised from
    :return: stage, code and text, as :func:`verdict` takes them; None if it is silent
    :rtype: tuple
    """
    for cause in causes(error):
        if isinstance(cause, smtplib.SMTPResponseException):
            stage = _STAGES.get(type(cause), DATA)
            return stage, cause.smtp_code, cause.smtp_error
    return None
