# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An SMTP server that keeps what it gets and misbehaves when told to."""

import re
import socket
import threading
from contextlib import closing
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

LINK = re.compile(
    r"https?://[^\s\"'<>]+/privacy/consent/(accept|reject)/\d+/[^\s\"'<>]+"
)


def free_port():
    """:return: a port of this machine that nobody uses at the moment"""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Message:
    """One delivered message.

    :ivar to: addresses of the envelope
    :ivar mime: the parsed message
    :ivar source: the message as it came, bytes
    """

    def __init__(self, to, source):
        self.to = to
        self.source = source
        self.mime = message_from_bytes(source, policy=policy.default)
        self.subject = str(self.mime["Subject"])

    @property
    def html(self):
        return self.mime.get_body(("html",)).get_content()

    @property
    def text(self):
        return self.mime.get_body(("plain",)).get_content()

    def links(self):
        """:return: the personal links in the HTML part, by choice"""
        return {match[1]: match[0] for match in LINK.finditer(self.html)}


class Inbox(Controller):
    """An SMTP server on a free port of this machine.

    :ivar messages: what was accepted so far
    :ivar refuse: SMTP reply by recipient address, instead of accepting
    :ivar on_message: called with each message before it is accepted
    """

    def __init__(self):
        super().__init__(handler=self, hostname="127.0.0.1", port=free_port())
        self.messages = []
        self.refuse = {}
        self.on_message = lambda message: None
        self._arrived = threading.Condition()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = Message(list(envelope.rcpt_tos), envelope.content)
        self.on_message(message)
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()
        return "250 OK"

    def wait_for(self, count, timeout=60):
        """Wait until so many messages have come.

        :return: all messages so far
        :raise AssertionError: when the time is over, in seconds
        """
        with self._arrived:
            assert self._arrived.wait_for(
                lambda: len(self.messages) >= count, timeout
            ), f"{len(self.messages)} of {count} messages came in {timeout} s"
            return list(self.messages)

    def to(self, address):
        """:return: the only message to this address"""
        (message,) = [one for one in self.messages if one.to == [address]]
        return message
