# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A running Odoo with demo data, and an inbox which gets all its mails."""

import os
import signal
import subprocess
import time
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import psutil

from . import databases, postgres, settings
from .errors import ToolError
from .ports import port
from .process import say, tail

DATABASE = "demo"
COMMENT = "made by make demo from "
INBOX_MAILS = settings.DEV / "inbox.sqlite"
PIDS = settings.DEV / "demo.pids"
EVIDENCE = Path(__file__).with_name("demo_evidence.py")
SECONDS_TO_START = 120
SECONDS_TO_STOP = 20

INSTRUCTIONS = """
Odoo:   {odoo}   (login admin, password admin)
Inbox:  {inbox}

What to try:
  1. In Odoo, open Privacy > Activities > Processing Activities > Monthly newsletter.
  2. On its tab Consent, press "Ask who was not asked yet",
     and then, in the dialog, "Ask 11 people" or as many as it says.
  3. See the requests come in the inbox; one contact's broken address fails.
  4. Open a request, follow one of its links, press a button, change your mind.
  5. See who answered what in Privacy > Consents > Consents, and why one failed.
  6. See three seals in Privacy > Reports > Seals, press "Verify", and take along
     proof-pack.zip from the activity Customer survey: python3 verify.py checks it.

Ctrl-C stops both, and keeps their data; `make stop` stops the database server too.
"""


class Server:
    """A process that answers HTTP requests.

    :param name: what the person knows it as
    :param url: an address at which it answers
    """

    def __init__(self, name, url, command, **environment):
        self.name = name
        self.url = url
        self.log = settings.LOGS / f"{name.lower()}.log"
        settings.LOGS.mkdir(parents=True, exist_ok=True)
        with open(self.log, "w") as output:
            self.process = psutil.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**postgres.environment(), **environment},
                # Ctrl-C is for us, who stop it in order
                start_new_session=True,
            )

    def check(self):
        """Raise a ToolError if it does not run any more."""
        if self.process.poll() is not None:
            raise ToolError(
                f"{tail(self.log)}\n{self.name} has ended by itself: its last words "
                f"are above, all of them in {self.log}."
            )

    def wait_until_it_answers(self):
        """Return when it answers; raise a ToolError if it ends or takes too long."""
        limit = time.monotonic() + SECONDS_TO_START
        while True:
            self.check()
            try:
                urllib.request.urlopen(self.url, timeout=SECONDS_TO_START).close()
                return
            except OSError as error:
                if time.monotonic() > limit:
                    raise ToolError(
                        f"{self.name} does not answer at {self.url} ({error}): see "
                        f"{self.log}."
                    ) from error
            time.sleep(0.1)


def run():
    """Run the demo until it is interrupted."""
    _prepare_database()
    say("Demo: starting Odoo and the inbox")
    servers = []
    try:
        servers.append(_start_inbox())
        servers.append(_start_odoo())
        pids = [os.getpid(), *(server.process.pid for server in servers)]
        PIDS.write_text(" ".join(map(str, pids)))
        for server in servers:
            server.wait_until_it_answers()
        say(
            INSTRUCTIONS.format(
                odoo=_local_url("HTTP_PORT"), inbox=_local_url("INBOX_PORT")
            )
        )
        while True:
            for server in servers:
                server.check()
            time.sleep(1)
    except KeyboardInterrupt:
        say("\nDemo: stopping")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _end([server.process for server in servers])
        PIDS.unlink(missing_ok=True)


def stop():
    """Stop the demo of this clone, if it runs."""
    if not PIDS.exists():
        return
    running = []
    for pid in map(int, PIDS.read_text().split()):
        try:
            process = psutil.Process(pid)
            # the number may have become another program's
            if str(settings.ROOT) in " ".join(process.cmdline()):
                running.append(process)
        except psutil.NoSuchProcess:
            pass
    _end(running)
    PIDS.unlink(missing_ok=True)
    say("Demo: stopped")


def _end(processes):
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, SECONDS_TO_STOP)[1]:
        process.kill()


def _prepare_database():
    template = databases.template("demo")
    if databases.exists(DATABASE):
        found = databases.comment(DATABASE) or ""
        if not found.startswith(f"{COMMENT}{databases.PREFIX}"):
            raise ToolError(
                f"The PostgreSQL server has a database {DATABASE} which this clone "
                "did not make: rename or drop that first."
            )
        if found != COMMENT + template:
            say("Database demo: made anew, because it comes from older sources")
            databases.drop(DATABASE)
    if not databases.exists(DATABASE):
        unfinished = f"{databases.PREFIX}unfinished_demo"
        databases.drop(unfinished)
        databases.copy(template, unfinished)
        databases.set_comment(unfinished, COMMENT + template)
        _make_evidence(unfinished)
        databases.rename(unfinished, DATABASE)
        INBOX_MAILS.unlink(missing_ok=True)  # its links lead to the database before
    _set_base_url()


def _make_evidence(database):
    """Let some people have answered, with seals and a pack."""
    say("Demo: sealing some answers")
    log = settings.LOGS / "demo-evidence.log"
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as output:
        done = subprocess.run(
            [settings.VENV / "bin" / "odoo", "shell", "-c", settings.CONF]
            + ["-d", database, "--no-http"],
            input=EVIDENCE.read_text(),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env=postgres.environment(),
        )
    if done.returncode:
        raise ToolError(f"{tail(log)}\nThe demo has no seals: see {log}.")


def _set_base_url():
    parameters = {
        "web.base.url": _local_url("HTTP_PORT"),
        "web.base.url.freeze": "True",
    }
    with (
        closing(postgres.connect(DATABASE)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.executemany(
            "INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            list(parameters.items()),
        )


def _start_odoo():
    return Server(
        "Odoo",
        f"http://127.0.0.1:{port('HTTP_PORT')}/web/login",
        [settings.VENV / "bin" / "odoo", "server", "-c", settings.CONF]
        + ["-d", DATABASE, "--db-filter", f"^{DATABASE}$", "--no-database-list"]
        + ["--http-port", str(port("HTTP_PORT"))]
        + ["--smtp", "127.0.0.1", "--smtp-port", str(port("SMTP_PORT"))],
    )


def _start_inbox():
    return Server(
        "Inbox",
        f"http://127.0.0.1:{port('INBOX_PORT')}/",
        [settings.VENV / "bin" / "sendria", "--foreground", "--no-quit"]
        + ["--db", INBOX_MAILS]
        + ["--smtp-ip", "127.0.0.1", "--smtp-port", str(port("SMTP_PORT"))]
        + ["--http-ip", "127.0.0.1", "--http-port", str(port("INBOX_PORT"))],
        SENDRIA_CONFIG_DIR=str(settings.DEV / "sendria"),
    )


def _local_url(variable):
    return f"http://localhost:{port(variable)}"
