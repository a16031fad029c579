# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The processes of a benchmark, and databases for them."""

import json
import os
import socket
import subprocess
from contextlib import contextmanager
from itertools import count

from tools import databases, demo, postgres, settings
from tools.errors import ToolError
from tools.process import tail

_numbers = count()


@contextmanager
def database(variant):
    """A copy of a template database, which is dropped in the end."""
    name = f"{databases.PREFIX}bench_{os.getpid()}_{next(_numbers)}"
    databases.copy(databases.template(variant), name)
    try:
        yield name
    finally:
        databases.drop(name)


class Process:
    """A process that ends when its standard input is closed, see :mod:`.commands`.

    :param module: a program of this package
    """

    def __init__(self, module, *arguments):
        settings.LOGS.mkdir(parents=True, exist_ok=True)
        self._log = settings.LOGS / f"bench-{module}-{next(_numbers)}.log"
        with open(self._log, "w") as errors:
            self._process = subprocess.Popen(
                [settings.VENV_PYTHON, "-m", f"benchmarks.parts.{module}", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=postgres.environment(),
                # Ctrl-C is for us, who end it in order
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _write(self, text):
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def _line(self):
        line = self._process.stdout.readline()
        if not line:
            raise ToolError(
                f"{tail(self._log)}\nA process of the benchmark has ended by itself: "
                f"its last words are above, all of them in {self._log}."
            )
        return line

    def ask(self, method, **arguments):
        """Call a method of the worker, and wait.

        :return: its result
        """
        self.begin(method, **arguments)
        return self.result()

    def begin(self, method, **arguments):
        """Call a method of the worker, and do not wait."""
        self._write(json.dumps([method, arguments]))

    def result(self):
        """:return: the result of the method that was begun first"""
        return json.loads(self._line())


class SmtpServer(Process):
    """An SMTP server that takes every message after so many seconds.

    :ivar port: where it answers
    """

    def __init__(self, delay):
        super().__init__("smtp_server", str(delay))
        self.port = int(self._line())


class OdooWorker(Process):
    """A process with Odoo loaded, see :mod:`.odoo_worker`."""

    def __init__(self, module, name):
        super().__init__(
            *[module, name, "-c", settings.CONF, "-d", name],
            *["--smtp", "127.0.0.1", "--log-level", "warn"],
        )


class HttpClients(Process):
    """Clients of a server, see :mod:`.http_clients`."""

    def __init__(self, port):
        super().__init__("http_clients", str(port))


class OdooServer(demo.Server):
    """An Odoo server as of ``make demo``, which runs no scheduled action.

    :ivar port: where it answers
    """

    def __init__(self, name):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            _host, self.port = free.getsockname()
        super().__init__(
            f"bench-server-{next(_numbers)}",
            f"http://127.0.0.1:{self.port}/web/health",
            [settings.VENV / "bin" / "odoo", "server", "-c", settings.CONF]
            + ["-d", name, "--db-filter", f"^{name}$", "--no-database-list"]
            + ["--http-port", str(self.port), "--max-cron-threads", "0"],
        )

    def __enter__(self):
        self.wait_until_it_answers()
        return self

    def __exit__(self, *_error):
        self.process.terminate()
        self.process.wait()

    def work(self):
        """:return: the processor time that it has taken, in seconds"""
        times = self.process.cpu_times()
        return times.user + times.system
