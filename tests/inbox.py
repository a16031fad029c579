# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An SMTP server that keeps what it gets and misbehaves when told to."""

import asyncio
import base64
import json
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from email import message_from_bytes, policy
from functools import cached_property

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

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
    :ivar float at: when the server's answer was sent, on the monotonic clock, if known
    """

    def __init__(self, to, source, at=None):
        self.to = to
        self.source = source
        self.at = at

    @cached_property
    def mime(self):
        return message_from_bytes(self.source, policy=policy.default)

    @property
    def subject(self):
        return str(self.mime["Subject"])

    @property
    def html(self):
        return self.mime.get_body(("html",)).get_content()

    @property
    def text(self):
        return self.mime.get_body(("plain",)).get_content()

    def links(self):
        """:return: the personal links in the HTML part, by choice"""
        return {match[1]: match[0] for match in LINK.finditer(self.html)}


class _Messages:
    """What an SMTP server got so far.

    :ivar messages: a list
    """

    def __init__(self):
        self.messages = []
        self._arrived = threading.Condition()

    def _add(self, message):
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

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

    def wait_until(self, condition, timeout=60):
        """Wait until a condition, which a message may bring about, is met."""
        with self._arrived:
            assert self._arrived.wait_for(condition, timeout)

    def to(self, address):
        """:return: the only message to this address"""
        (message,) = [one for one in self.messages if one.to == [address]]
        return message


class Inbox(_Messages, Controller):
    """An SMTP server on a free port of this machine.

    :ivar messages: what was accepted so far
    :ivar refuse: SMTP reply by recipient address, instead of accepting
    :ivar refuse_data: the same, after the message was handed over, or a function that
        makes the reply of the message
    :ivar on_message: called with each message before it is accepted
    :ivar on_recipient: called with each recipient's address
    :ivar delay: seconds until a message is accepted
    :ivar hang_up: addresses at which the server closes the connection
    :ivar hang_up_after_data: the same, once it has the message
    """

    def __init__(self, **settings):
        _Messages.__init__(self)
        Controller.__init__(
            self,
            handler=self,
            hostname="127.0.0.1",
            authenticator=lambda *_: AuthResult(success=True),
            auth_require_tls=False,
            **{"port": free_port(), **settings},
        )
        self.refuse = {}
        self.refuse_data = {}
        self.on_message = lambda message: None
        self.on_recipient = lambda address: None
        self.delay = 0
        self.hang_up = set()
        self.hang_up_after_data = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.on_recipient(address)
        if address in self.hang_up:
            server.transport.abort()
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = Message(list(envelope.rcpt_tos), envelope.content)
        for address in message.to:
            if address in self.refuse_data:
                reply = self.refuse_data[address]
                return reply(message) if callable(reply) else reply
        await asyncio.sleep(self.delay)
        try:
            self.on_message(message)
        finally:
            with self._arrived:
                self._arrived.notify_all()
        self._add(message)
        if not self.hang_up_after_data.isdisjoint(message.to):
            server.transport.abort()
        return "250 OK"


class SeparateInbox(_Messages):
    """An SMTP server in a process of its own.

    Where the moment of an answer counts, the tests must not be in its way. A message
    counts when its answer was sent: then the server is responsible (RFC 5321, section
    6.1), and not while it works at a message whose client has hung up.

    :param float delay: seconds until a message is accepted
    """

    def __init__(self, delay=0):
        super().__init__()
        self.delay = delay
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(delay)], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._process.stdout.readline())
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            to, source, at = json.loads(line)
            self._add(Message(to, base64.b64decode(source), at))

    def stop(self):
        self._process.terminate()
        self._process.wait(30)


def _write(value):
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


class _Printer:
    """Take each message after a delay."""

    def __init__(self, delay):
        self.delay = delay

    async def handle_DATA(self, server, session, envelope):
        # Ends here if the client goes.
        await asyncio.sleep(self.delay)
        server.taken = envelope
        return "250 OK"


class _PrintingSMTP(SMTP):
    """Print each message when its answer was sent."""

    taken = None

    async def push(self, status):
        at = time.monotonic()
        try:
            await super().push(status)
        finally:
            taken, self.taken = self.taken, None
            if taken:
                source = base64.b64encode(taken.content).decode()
                _write(json.dumps([taken.rcpt_tos, source, at]))


class _PrintingController(Controller):
    def factory(self):
        return _PrintingSMTP(self.handler, **self.SMTP_kwargs)


def main(delay):
    """Serve until this process is terminated."""
    port = free_port()
    _PrintingController(_Printer(delay), hostname="127.0.0.1", port=port).start()
    _write(port)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(float(sys.argv[1]))
