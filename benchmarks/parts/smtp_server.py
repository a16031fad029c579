# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An SMTP server that takes every message, after a delay.

::

    python -m benchmarks.parts.smtp_server SECONDS

It prints its port, and ends when its standard input is closed.
"""

import asyncio
import sys
from functools import partial

from aiosmtpd.smtp import SMTP


class Handler:
    """Take each message after so many seconds."""

    def __init__(self, delay):
        self._delay = delay

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self._delay)
        return "250 OK"


async def serve(delay):
    """Serve until standard input is closed."""
    loop = asyncio.get_running_loop()
    factory = partial(SMTP, Handler(delay))
    async with await loop.create_server(factory, "127.0.0.1", 0) as server:
        _host, port = server.sockets[0].getsockname()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
