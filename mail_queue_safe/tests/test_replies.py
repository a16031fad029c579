# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What refusals of real servers are about."""

import smtplib
import socket
import ssl

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..smtp.replies import (
    AUTH,
    CONNECT,
    DATA,
    LATER,
    MAIL,
    MESSAGE,
    RCPT,
    RECIPIENT,
    RULES,
    US,
    rule,
    verdict,
    verdict_of,
)

NAME = "a@example.com"
#: what servers say: the stage, the code, the text as smtplib gives it, the verdict
REPLIES = [
    (CONNECT, 220, "mx.example.com", US),
    (CONNECT, 421, "4.3.2 Service not available", US),
    (CONNECT, 550, "5.1.1 No such user", US),
    (CONNECT, 554, "5.7.1 You are not allowed to connect", US),
    (AUTH, 451, "Authentication failed: Maximum credits exceeded", US),
    (AUTH, 535, "5.7.8 Username and Password not accepted", US),
    (AUTH, 534, "5.7.9 Application-specific password required", US),
    (DATA, 250, "OK", LATER),
    (RCPT, -1, "", LATER),
    (DATA, 600, "?", LATER),
    # another server's words about the recipient
    (
        RCPT,
        550,
        "5.7.1 <a@b.c>: Recipient address rejected: undeliverable address: host b.c"
        "[1.2.3.4] said: 554 5.7.1 Client host blocked using zen.spamhaus.org",
        RECIPIENT,
    ),
    (
        RCPT,
        450,
        "4.1.1 <a@b.c>: Recipient address rejected: unverified address: host b.c"
        "[1.2.3.4] said: 450 4.7.1 Client host rejected: cannot find your hostname",
        LATER,
    ),
    (
        RCPT,
        550,
        'response to "RCPT TO:<a@b.c>" from host b.c [1.2.3.4] was: 550 relay denied',
        RECIPIENT,
    ),
    (
        RCPT,
        450,
        'response to "RCPT TO:<a@b.c>" from host b.c [1.2.3.4] was: 450 relay denied',
        LATER,
    ),
    (
        RCPT,
        550,
        "5.7.504 [a@b.c]: Recipient address rejected: Access denied",
        RECIPIENT,
    ),
    (RCPT, 550, "5.7.505 Access denied, banned recipient", RECIPIENT),
    (RCPT, 550, "5.7.507 Access denied, rejected by recipient", RECIPIENT),
    (
        RCPT,
        550,
        "5.7.513 Service unavailable, Client host [1.2.3.4] blocked by b.c using "
        "Customer Block list (AS16012607)",
        RECIPIENT,
    ),
    (RCPT, 550, "5.7.124 Sender not in allowed-senders list", RECIPIENT),
    (
        RCPT,
        550,
        "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
        RECIPIENT,
    ),
    (DATA, 554, "Transaction failed: Address blacklisted.", RECIPIENT),
    (RCPT, 550, "Recipient address suppressed due to customer policy", RECIPIENT),
    (DATA, 554, "Message rejected: the address is on the suppression list", RECIPIENT),
    (DATA, 550, "You tried to send to an inactive recipient", RECIPIENT),
    (RCPT, 450, "4.2.0 <a@b.c>: Recipient address rejected: Greylisted", LATER),
    (RCPT, 451, "4.7.1 Greylisting in action, please come back later", LATER),
    (DATA, 421, "4.3.0 Graylisted, try later", LATER),
    (
        RCPT,
        421,
        "4.7.0 IP not in whitelist for RCPT domain, closing connection.",
        LATER,
    ),
    (RCPT, 421, "4.7.0 TLS required for RCPT domain, closing connection.", LATER),
    (
        DATA,
        421,
        "4.7.0 This message is suspicious due to the nature of the content and/or the"
        "\n4.7.0 links within.",
        LATER,
    ),
    (
        RCPT,
        450,
        "4.2.1 The user you are trying to contact is receiving mail too quickly.",
        LATER,
    ),
    (
        RCPT,
        550,
        "5.2.1 The user you are trying to contact is receiving mail at a rate that"
        "\n5.2.1 prevents additional messages from being delivered.",
        LATER,
    ),
    (
        DATA,
        550,
        "5.2.121 Recipient's per hour message receive limit from specific sender "
        "exceeded",
        LATER,
    ),
    (DATA, 432, "4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", LATER),
    # us, with the recipient's code
    (
        DATA,
        554,
        "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
        US,
    ),
    (DATA, 550, "5.2.2 Submission quota exceeded", US),
    (
        DATA,
        554,
        "5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process",
        US,
    ),
    (RCPT, 450, "4.2.1 Peak SMTP relay limit exceeded for customer.", US),
    # the recipient
    (
        RCPT,
        550,
        "5.1.1 The email account that you tried to reach does not exist.",
        RECIPIENT,
    ),
    (RCPT, 550, "5.1.1 <a@b.c>: Recipient address rejected: User unknown", RECIPIENT),
    (
        RCPT,
        550,
        "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
        RECIPIENT,
    ),
    (
        RCPT,
        550,
        "5.2.1 The email account that you tried to reach is disabled.",
        RECIPIENT,
    ),
    (
        RCPT,
        552,
        "5.2.2 The email account that you tried to reach is over quota.",
        RECIPIENT,
    ),
    (RCPT, 553, "5.1.2 We weren't able to find the recipient domain.", RECIPIENT),
    (DATA, 550, "5.1.1 <a@b.c> User doesn't exist", RECIPIENT),
    (DATA, 550, "5.2.1 This account is disabled", RECIPIENT),
    (RCPT, 421, "4.2.1 Mailbox is locked, try again later", LATER),
    (RCPT, 452, "4.2.2 Quota exceeded", LATER),
    (RCPT, 450, "4.1.2 <a@b.c>: Recipient address rejected: Domain not found", LATER),
    (
        RCPT,
        452,
        "4.2.2 The email account that you tried to reach is over quota.",
        LATER,
    ),
    (RCPT, 452, "4.2.2 <a@b.c> Quota exceeded (mailbox for user is full)", LATER),
    (RCPT, 552, "Mailbox quota exceeded", RECIPIENT),
    (RCPT, 552, "Storage quota exceeded", RECIPIENT),
    (DATA, 552, "Over quota", RECIPIENT),
    (DATA, 550, "No such user here", RECIPIENT),
    (RCPT, 452, "Mailbox quota exceeded", LATER),
    (RCPT, 550, "mailbox has exceeded the limit", RECIPIENT),
    (DATA, 550, "<a@b.c>... User unknown", RECIPIENT),
    (DATA, 554, "no valid recipients", RECIPIENT),
    (DATA, 503, "valid RCPT command must precede DATA", RECIPIENT),
    (RCPT, 452, "<a@b.c>: mailbox is full", LATER),
    (RCPT, 452, "4.5.3 Error: too many recipients", LATER),
    (DATA, 552, "5.5.3 Your message has too many people in it", LATER),
    (RCPT, 552, "Too many recipients", LATER),
    (RCPT, 452, "Too many recipients received this hour", LATER),
    # us, by code
    (RCPT, 421, "Service not available", US),
    (RCPT, 454, "4.7.0 Temporary authentication failure", US),
    (RCPT, 521, "Host does not accept mail", US),
    (MAIL, 421, "4.7.0 Try again later, closing connection.", US),
    (RCPT, 421, "4.4.5 Server busy, try again later.", US),
    (MAIL, 421, "4.7.0 mx.b.c Error: too many connections from 1.2.3.4", US),
    (DATA, 454, "Throttling failure: Daily message quota exceeded", US),
    (DATA, 454, "Throttling failure: Maximum sending rate exceeded", US),
    (RCPT, 454, "4.7.1 <a@b.c>: Relay access denied", US),
    (RCPT, 530, "5.7.0 Must issue a STARTTLS command first.", US),
    (MAIL, 530, "5.7.57 SMTP; Client was not authenticated to send anonymous mail", US),
    (RCPT, 521, "5.3.2 Host does not accept mail", US),
    (RCPT, 503, "5.5.1 Error: need MAIL command", US),
    (
        RCPT,
        504,
        "5.5.2 <localhost>: Helo command rejected: need fully-qualified name",
        US,
    ),
    (
        DATA,
        550,
        "5.4.5 Daily user sending limit exceeded. For more information on Gmail"
        "\n5.4.5 sending limits go to"
        "\n5.4.5  https://support.google.com/a/answer/166852 x-20 - gsmtp",
        US,
    ),
    (RCPT, 452, "4.3.1 Insufficient system storage", US),
    (DATA, 451, "4.4.5 Mail system congestion", US),
    (MAIL, 452, "4.3.1 Insufficient system storage", US),
    (RCPT, 451, "4.3.2 System not accepting network messages", US),
    (RCPT, 450, "4.1.8 <me@x.y>: Sender address rejected: Domain not found", US),
    (DATA, 550, "5.1.8 Access denied, bad outbound sender", US),
    (RCPT, 501, "5.1.7 Bad sender address syntax", US),
    (
        DATA,
        550,
        "5.1.90 Your message can't be sent because you've reached your daily limit for "
        "message recipients",
        US,
    ),
    (
        DATA,
        550,
        "5.7.26 This mail has been blocked because the sender is unauthenticated."
        "\n5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.",
        US,
    ),
    (DATA, 421, "4.7.28 Our system has detected an unusual rate of mail", US),
    (RCPT, 550, "5.7.23 The message was rejected because of SPF violation", US),
    (RCPT, 550, "5.7.25 the sending IPv6 address must have a reverse DNS record", US),
    (RCPT, 550, "5.7.8 Error: authentication needed", US),
    (
        DATA,
        550,
        "5.7.60 SMTP; Client does not have permissions to send as this sender",
        US,
    ),
    (RCPT, 550, "5.7.64 TenantAttribution; Relay Access Denied", US),
    (DATA, 550, "5.7.708 Service unavailable. Access denied, traffic not accepted", US),
    (DATA, 550, "5.7.501 Access denied, spam abuse detected", US),
    (DATA, 550, "5.7.233 Your message can't be sent because your tenant exceeded", US),
    (
        DATA,
        451,
        "4.7.500 Server busy. Please try again later from [1.2.3.4]. (S77714)",
        US,
    ),
    (RCPT, 550, "5.7.606 Access denied, banned sending IP [1.2.3.4]", US),
    # the message
    (MAIL, 550, "5.3.4 Message is over the limit", MESSAGE),
    (RCPT, 552, "5.2.3 Message length exceeds administrative limit", MESSAGE),
    (MAIL, 552, "Too much mail data", MESSAGE),
    (MAIL, 552, "5.3.4 Message size exceeds fixed limit", MESSAGE),
    (DATA, 552, "5.3.4 Error: message file too big", MESSAGE),
    (DATA, 552, "5.2.3 Your message exceeded Google's message size limits.", MESSAGE),
    (
        DATA,
        550,
        "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant",
        MESSAGE,
    ),
    (MAIL, 550, "5.6.7 Non-ASCII addresses not permitted for that sender", MESSAGE),
    (DATA, 554, "5.6.0 Mail message is malformed. Not accepted.", MESSAGE),
    (MAIL, 552, "Message size exceeds maximum permitted", MESSAGE),
    (RCPT, 552, "message size limit exceeded", MESSAGE),
    (MAIL, 500, "Message too big", MESSAGE),
    (DATA, 552, "Too much mail data", MESSAGE),
    (
        DATA,
        552,
        "5.7.0 This message was blocked because its content presents a potential"
        "\n5.7.0 security issue.",
        MESSAGE,
    ),
    (DATA, 554, "5.7.1 Contains a URL that is on Spamhaus' block list", MESSAGE),
    (DATA, 550, "This message contains a virus (Eicar-Test-Signature)", MESSAGE),
    # us, by words
    (MAIL, 550, "5.7.1 Daily SMTP relay limit exceeded for customer.", US),
    (RCPT, 550, "5.7.1 Email quota exceeded.", US),
    (RCPT, 550, "Maximum credits exceeded", US),
    (RCPT, 455, "Maximum messages sent per minute reached : limit is 10", US),
    (
        DATA,
        550,
        "Domain b.c has exceeded the max emails per hour (25/20 (125%)) allowed",
        US,
    ),
    (
        DATA,
        550,
        "Domain b.c has exceeded the max defers and failures per hour (5/5)",
        US,
    ),
    (RCPT, 450, "4.7.1 Error: too much mail from 1.2.3.4", US),
    (RCPT, 450, "4.7.1 Error: too many recipients from 1.2.3.4", US),
    (
        DATA,
        451,
        "4.4.2 Message submission rate for this client has exceeded the limit",
        US,
    ),
    (DATA, 550, "5.1.0 cNkj1y policy violation, see https://support.forpsi.com/kb", US),
    (
        DATA,
        550,
        "5.7.1 [1.2.3.4] Our system has detected an unusual rate of"
        "\n5.7.1 unsolicited mail originating from your IP address.",
        US,
    ),
    (
        RCPT,
        553,
        "5.7.1 <me@x.y>: Sender address rejected: not owned by user me@x.z",
        US,
    ),
    (
        MAIL,
        553,
        "5.7.1 <me@x.y>: Sender address rejected: not owned by user me@x.z",
        US,
    ),
    (
        DATA,
        554,
        "5.2.252 SendAsDenied; me@x.y not allowed to send as you@x.y; STOREDRV.",
        US,
    ),
    (
        DATA,
        554,
        "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException."
        "MapiExceptionSendAsDenied; Failed to process message",
        US,
    ),
    (DATA, 550, "5.7.0 Your account has been suspended", US),
    (DATA, 554, "Message rejected: Email address is not verified.", US),
    (
        DATA,
        554,
        "Message rejected: Email address is not verified. The following identities "
        "failed the check in region EU-WEST-1: me@x.y",
        US,
    ),
    (DATA, 554, "Transaction failed: Sending paused for this account.", US),
    (DATA, 550, "The from address does not match a verified Sender Identity.", US),
    (DATA, 550, "5.7.1 Authenticated user is not authorized to send mail", US),
    (DATA, 403, "You are not authorized to send from that email address", US),
    (RCPT, 550, "Sender verify failed", US),
    (
        RCPT,
        550,
        'response to "RCPT TO:<me@x.y>" from host x.y was: 550 unknown\n'
        "550 Sender verify failed",
        US,
    ),
    (RCPT, 550, "Sender address is not allowed.", US),
    (DATA, 550, "5.7.0 Mail Sending denied.", US),
    (RCPT, 550, "The domain is not allowed to send: Account Terminated", US),
    (RCPT, 554, "5.7.1 <a@b.c>: Relay access denied", US),
    (RCPT, 550, "5.4.1 Relay Access Denied", US),
    (RCPT, 550, "5.7.1 Unable to relay", US),
    (RCPT, 550, "5.7.0 Mail relay denied.", US),
    (RCPT, 550, "5.7.1 Client was not authenticated", US),
    (RCPT, 550, "5.5.1 Authentication is required", US),
    (RCPT, 550, "relay not permitted", US),
    (RCPT, 550, "a@b.c... Relaying denied. Proper authentication required.", US),
    (RCPT, 550, "5.7.1 Invalid credentials for relay.", US),
    (
        RCPT,
        550,
        "Please turn on SMTP Authentication in your mail client, or login to the"
        "\nIMAP/POP3 server before sending your message.",
        US,
    ),
    (
        RCPT,
        554,
        "5.7.1 Service unavailable; Client host [1.2.3.4] blocked using "
        "zen.spamhaus.org; https://www.spamhaus.org/query/ip/1.2.3.4",
        US,
    ),
    (RCPT, 550, "5.7.1 Mail from 1.2.3.4 blocked using dnsbl.example.org", US),
    (RCPT, 550, "5.7.1 1.2.3.4 is listed at zen.spamhaus.org", US),
    (RCPT, 550, "5.7.1 Mail from 1.2.3.4 refused, see RBL server bl.spamcop.net", US),
    (RCPT, 554, "Refused. Your address is listed in a DNSBL", US),
    (DATA, 550, "5.7.1 Blacklisted by Sorbs", US),
    (
        RCPT,
        550,
        "DY-001 (BAY004-MC1F43) Unfortunately, messages from 1.2.3.4 weren't sent. "
        "Please contact your Internet service provider.",
        US,
    ),
    (RCPT, 553, "sorry, your envelope sender is in my badmailfrom list (#5.7.1)", US),
    (
        RCPT,
        553,
        "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        US,
    ),
    (
        RCPT,
        550,
        "5.7.0 Your message could not be sent. The limit on the number of allowed "
        "outgoing messages was exceeded. Try again later.",
        US,
    ),
    (RCPT, 550, "JunkMail rejected - host [1.2.3.4] is in an RBL", US),
    (
        DATA,
        550,
        "5.7.1 Unfortunately, messages from [1.2.3.4] weren't sent. Please contact your"
        "\n5.7.1 Internet service provider since part of their network is on our block"
        "\n5.7.1 list (S3140).",
        US,
    ),
    (RCPT, 550, "5.7.1 <localhost>: Helo command rejected: Host not found", US),
    (RCPT, 550, "1.2.3.4 has no PTR record", US),
    (RCPT, 550, "5.7.1 No reverse DNS for 1.2.3.4", US),
    (RCPT, 450, "4.7.1 Client host rejected: cannot find your reverse hostname", US),
    (RCPT, 550, "5.7.1 Unauthenticated email is not accepted from this domain.", US),
    (
        RCPT,
        553,
        "5.7.2 [TSS09] All messages from 1.2.3.4 will be permanently deferred",
        US,
    ),
    (DATA, 550, "5.7.1 Rejected due to the low reputation of the sending domain", US),
    # the defaults
    (MAIL, 550, "5.7.1 No", US),
    (MAIL, 451, "Local error in processing", US),
    (MAIL, 501, "Invalid MAIL FROM address provided", US),
    (RCPT, 550, "5.4.1 Recipient address rejected: Access denied", RECIPIENT),
    (RCPT, 550, "5.5.0 Requested action not taken: mailbox unavailable", RECIPIENT),
    (RCPT, 550, "5.7.1 Delivery not authorized, message refused", RECIPIENT),
    (RCPT, 550, "5.7.1 You are not allowed to send mail to this list", RECIPIENT),
    (RCPT, 550, "5.7.1 Only members may post to this list", RECIPIENT),
    (RCPT, 550, "Unrouteable address", RECIPIENT),
    (RCPT, 501, "Invalid RCPT TO address provided", RECIPIENT),
    (RCPT, 556, "5.1.10 Recipient address has null MX", RECIPIENT),
    (DATA, 550, "5.7.1 This message is likely unsolicited mail.", MESSAGE),
    (DATA, 554, "5.7.1 Spam message rejected", MESSAGE),
    (DATA, 554, "5.4.6 Too many hops", MESSAGE),
    (DATA, 451, "4.3.0 Mail server temporarily rejected message.", LATER),
    (DATA, 451, "4.7.1 Service unavailable - try again later", LATER),
    (RCPT, 450, "Mailbox is busy", LATER),
]
# what rules look for, in any order
WORDS = st.sampled_from(
    "4.1.1 5.1.8 5.2.2 5.3.4 5.7.1 relay denied sender rejected limit quota exceeded "
    "mailbox full blocked using url \\n <a@b.c> too many recipients from".split(" ")
)


class TestReplies(BaseCase):
    def test_what_servers_say(self):
        for stage, code, text, expected in REPLIES:
            for said in (text, text.upper(), text.encode()):
                with self.subTest(stage=stage, code=code, text=said):
                    self.assertEqual(verdict(stage, code, said), expected)

    def test_each_rule_has_a_reply(self):
        needed = {rule(stage, code, text) for stage, code, text, _ in REPLIES}
        self.assertEqual(set(RULES) - needed, set())

    def test_no_rule_twice(self):
        self.assertEqual(len(set(RULES)), len(RULES))

    def test_enhanced_code(self):
        for text, expected in (
            ("5.1.8 No", US),
            ("#5.1.8 No", US),
            ("No (5.1.8)", US),
            ("SMTP; 550 5.1.8 No", US),
            ("550-5.1.8 No\n550 5.1.8 really", US),
            # It contradicts the code: what it is about counts, not for how long.
            ("4.1.8 No", US),
            ("4.2.2 Full", RECIPIENT),
            # no enhanced codes
            ("5.1.8.1 No", RECIPIENT),
            ("15.1.8 No", RECIPIENT),
            ("v5.1.8 No", RECIPIENT),
            ("3.1.8 No", RECIPIENT),
            ("5.1.80 No", RECIPIENT),
            ("<x-5.1.8@b.c> No", RECIPIENT),
            ("https://b.c/5.1.8 No", RECIPIENT),
            # the first one counts
            ("5.7.1 No, as after 5.1.8", RECIPIENT),
            ("", RECIPIENT),
        ):
            with self.subTest(text=text):
                self.assertEqual(verdict(RCPT, 550, text), expected)
        self.assertEqual(verdict(RCPT, 450, "5.1.1 Unknown"), LATER)

    def test_sentence_over_lines(self):
        for text in (
            "5.7.1 Daily user sending\n5.7.1 limit exceeded",
            "550-5.7.1 Daily user sending\n550-5.7.1 limit\n550 5.7.1 exceeded",
            "Daily user sending limit\nexceeded",
        ):
            with self.subTest(text=text):
                self.assertEqual(verdict(RCPT, 550, text), US)

    def test_nobody_steers_by_an_address(self):
        for text in (
            "<relay.denied@blocked.using>: unknown here",
            "<daily limit exceeded@b.c>: unknown here",
            "relaying.denied@spamhaus.org unknown here",
            "unknown here, https://spamhaus.org/blacklisted",
        ):
            with self.subTest(text=text):
                self.assertEqual(verdict(RCPT, 550, text), RECIPIENT)

    def test_other_character_sets(self):
        text = "5.7.1 Envoi refusé: relay access denied"
        self.assertEqual(verdict(RCPT, 554, text.encode("latin-1")), US)
        self.assertEqual(verdict(RCPT, 550, b"\xff\xfe\x00"), RECIPIENT)
        self.assertEqual(verdict(RCPT, 550, None), RECIPIENT)

    @given(
        st.sampled_from([CONNECT, AUTH, MAIL, RCPT, DATA]),
        st.integers(-1, 700),
        st.text() | st.binary() | st.lists(WORDS).map(" ".join),
    )
    def test_any_reply(self, stage, code, text):
        found = verdict(stage, code, text)
        if stage in (CONNECT, AUTH):
            self.assertEqual(found, US)
        elif found is RECIPIENT:
            self.assertIn(stage, (RCPT, DATA))
        if found in (RECIPIENT, MESSAGE):
            self.assertEqual(code // 100, 5, "It is for good.")


def raised_from(cause):
    """:return: an exception as Odoo raises it from another one"""
    try:
        try:
            raise cause
        except Exception:
            raise RuntimeError("Mail Delivery Failed")  # noqa: B904
    except RuntimeError as error:
        return error


LIMIT = (550, b"5.4.5 Daily user sending limit exceeded")
UNKNOWN = (550, b"5.1.1 User unknown")
BUSY = (450, b"Busy")
NO_CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed")
NO_UTF8 = smtplib.SMTPNotSupportedError("SMTPUTF8 not supported by server")
#: failures, the stage that is known, the verdict
FAILURES = [
    (smtplib.SMTPRecipientsRefused({NAME: UNKNOWN}), None, RECIPIENT),
    (smtplib.SMTPRecipientsRefused({NAME: UNKNOWN}), DATA, RECIPIENT),
    (smtplib.SMTPRecipientsRefused({NAME: UNKNOWN, "b": BUSY}), None, LATER),
    (smtplib.SMTPRecipientsRefused({NAME: BUSY, "b": LIMIT}), None, US),
    (smtplib.SMTPRecipientsRefused({}), None, LATER),
    (smtplib.SMTPSenderRefused(550, b"Who?", NAME), None, US),
    (smtplib.SMTPSenderRefused(552, b"5.3.4 Too large", NAME), None, MESSAGE),
    (smtplib.SMTPDataError(554, b"Spam"), None, MESSAGE),
    (smtplib.SMTPDataError(554, b"Spam"), RCPT, MESSAGE),
    (smtplib.SMTPDataError(*LIMIT), None, US),
    (smtplib.SMTPDataError(451, "Later"), None, LATER),
    (smtplib.SMTPAuthenticationError(535, b"No"), None, US),
    (smtplib.SMTPHeloError(501, b"5.1.1 Who?"), None, US),
    (smtplib.SMTPConnectError(554, b"No"), None, US),
    (smtplib.SMTPResponseException(501, b"5.5.4 No"), None, US),
    (smtplib.SMTPResponseException(*UNKNOWN), RCPT, RECIPIENT),
    (NO_UTF8, None, MESSAGE),
    (smtplib.SMTPNotSupportedError("STARTTLS extension not supported"), None, US),
    (smtplib.SMTPServerDisconnected("Connection closed"), None, LATER),
    (smtplib.SMTPServerDisconnected("Connection closed"), DATA, LATER),
    (smtplib.SMTPServerDisconnected("Connection closed"), MAIL, US),
    (TimeoutError("timed out"), None, LATER),
    (TimeoutError("timed out"), RCPT, LATER),
    (ssl.SSLError(1, "wrong version number"), None, LATER),
    (ConnectionRefusedError(111, "Connection refused"), None, US),
    (socket.gaierror(-2, "Name or service not known"), None, US),
    # Python counts it as a wrong value.
    (NO_CERTIFICATE, None, US),
    (UnicodeEncodeError("ascii", "é", 0, 1, "no"), None, MESSAGE),
    (UnicodeEncodeError("ascii", "é", 0, 1, "no"), DATA, MESSAGE),
    (ValueError("Header values may not contain linefeed"), None, MESSAGE),
    (AssertionError("At least one valid recipient"), None, MESSAGE),
    (KeyError("a hook"), None, LATER),
    (smtplib.SMTPException("?"), None, LATER),
    # While connecting, everything is us.
    (ValueError("No JSON from the token endpoint"), CONNECT, US),
    (UnicodeError("label too long"), CONNECT, US),
    (KeyError("a hook"), AUTH, US),
    (NO_UTF8, CONNECT, US),
    (smtplib.SMTPDataError(554, b"Spam"), CONNECT, US),
]


class TestFailures(BaseCase):
    def test_failures(self):
        for error, stage, expected in FAILURES:
            for found in (error, raised_from(error), raised_from(raised_from(error))):
                with self.subTest(error=repr(found), stage=stage):
                    self.assertEqual(verdict_of(found, stage), expected)

    def test_the_latest_known_cause_counts(self):
        try:
            try:
                raise ValueError("What we tried to repair")
            except ValueError:
                raise smtplib.SMTPDataError(*LIMIT)  # noqa: B904
        except smtplib.SMTPDataError as error:
            self.assertEqual(verdict_of(error), US)
