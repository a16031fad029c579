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

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

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
    """An SMTP server in a process of its own, which answers without delay.

    Where the moment of an answer counts, the tests must not be in its way.
    """

    def __init__(self):
        super().__init__()
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._process.stdout.readline())
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            to, source = json.loads(line)
            self._add(Message(to, base64.b64decode(source)))

    def stop(self):
        self._process.terminate()
        self._process.wait(30)


def _write(value):
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


class _Printer:
    """Print each message before it is accepted."""

    async def handle_DATA(self, server, session, envelope):
        source = base64.b64encode(envelope.content).decode()
        _write(json.dumps([envelope.rcpt_tos, source]))
        return "250 OK"


def main():
    """Serve until this process is terminated."""
    port = free_port()
    Controller(_Printer(), hostname="127.0.0.1", port=port).start()
    _write(port)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
