# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real Odoo server, and single commands against its database."""

import json
import signal
import subprocess
import time
from contextlib import closing

import requests
from inbox import free_port
from odoo_log import Logged

from tools import postgres, settings

ODOO = (settings.VENV / "bin" / "odoo",)


_SENT = (
    "SELECT count(*) FROM privacy_consent"
    " WHERE state = 'sent' AND NOT EXISTS ("
    "SELECT FROM privacy_consent_request WHERE effects_due)"
)


def query(database, statement, *parameters):
    """Run one SQL statement on its own connection: it sees what is committed."""
    with closing(postgres.connect(database)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else None


def eventually(condition, timeout=60):
    """Wait until a condition, which other processes bring about, is met.

    :param float timeout: in seconds
    """
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "This did not come true in time."
        time.sleep(0.1)


class Shell:
    """An `odoo shell` that runs a script, in a process and transaction of its own."""

    def __init__(self, database, script, smtp_port=None, conf=settings.CONF):
        options = ["--smtp-port", str(smtp_port)] if smtp_port else []
        self.process = subprocess.Popen(
            [*ODOO, "shell", "-c", conf, "-d", database]
            + ["--smtp", "127.0.0.1", *options, "--log-level", "warn"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.process.stdin.write(script)
        self.process.stdin.close()

    def line(self):
        """:return: the next line that the script prints"""
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return line.strip()

    def finish(self, timeout=60):
        """Wait for the end of the script.

        :return: what it printed and was not read yet
        """
        output = self.process.stdout.read()
        errors = self.process.stderr.read()
        assert self.process.wait(timeout) == 0, errors
        return output


class Client:
    """A program that talks to an Odoo server as the web client does.

    :ivar url: the server's address
    :ivar database: the database that calls go to
    """

    def __init__(self, url, database):
        self.url = url
        self.database = database
        self._sessions = {}

    def session(self, login="admin"):
        """:return: an HTTP client that is logged in to the database"""
        key = (self.database, login)
        if key not in self._sessions:
            client = self._sessions[key] = requests.Session()
            self._call(
                client,
                "/web/session/authenticate",
                {"db": self.database, "login": login, "password": login},
            )
        return self._sessions[key]

    def execute(self, model, method, *args, login="admin", **kwargs):
        """Call a method as the web client does, in a transaction of its own."""
        return self._call(
            self.session(login),
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def ref(self, xmlid):
        """:return: the id behind an XML id"""
        module, name = xmlid.split(".")
        return self.execute(
            "ir.model.data",
            "search_read",
            [("module", "=", module), ("name", "=", name)],
            ["res_id"],
        )[0]["res_id"]

    def _call(self, client, path, params):
        response = client.post(f"{self.url}{path}", json={"params": params}, timeout=60)
        answer = response.json()
        assert "error" not in answer, answer["error"]["data"]["debug"]
        return answer.get("result")


class Server(Client, Logged):
    """An Odoo server with its scheduled actions.

    :ivar url: its address
    :ivar database: the database that calls go to
    """

    def __init__(self, log, database, smtp_port, *options, serves=None, odoo=ODOO):
        self.port = free_port()
        Client.__init__(self, f"http://localhost:{self.port}", database)
        Logged.__init__(self, log)
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                [*odoo, "server", "-c", settings.CONF]
                + ["-d", serves or database, "--http-port", str(self.port)]
                + ["--smtp", "127.0.0.1", "--smtp-port", str(smtp_port)]
                + ["--max-cron-threads", "1", *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
            self.prepare()
        except BaseException:
            self.process.kill()
            raise

    def prepare(self):
        """Set in the present database what a server needs to ask people."""
        self.execute("ir.config_parameter", "set_param", "web.base.url", self.url)
        # Nobody is asked in the name of a company without one.
        company = {"email": "company@example.com"}
        self.execute("res.company", "write", [1], company)

    def _wait(self):
        end = time.monotonic() + 120
        while time.monotonic() < end and self.process.poll() is None:
            try:
                requests.get(f"{self.url}/web/health", timeout=60).raise_for_status()
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError(f"The server did not start:\n{self.log.read_text()}")

    def stop(self):
        """Stop the server."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Scene:
    """A server whose database has an activity, its subjects, and a manager.

    The manager follows the activity. The template has a cc.

    :ivar activity: id of the automatic activity
    :ivar subjects: id of each subject by e-mail address
    """

    def __init__(self, server, subjects, cc="copy@example.com"):
        self.server = server
        execute = server.execute
        execute("res.lang", "action_unarchive", self._language("fr_FR"))
        self.marker = execute("res.partner.category", "create", {"name": "Subjects"})
        self.subjects = {}
        self.add(subjects)
        self.manager = execute(
            "res.users",
            "create",
            {
                "name": "Officer",
                "login": "officer",
                "password": "officer",
                "email": "officer@example.com",
                "group_ids": [
                    (6, 0, [server.ref("privacy.group_data_protection_manager")])
                ],
            },
            context={"no_reset_password": True},
        )
        template = server.ref("privacy_consent.template_consent")
        execute("mail.template", "write", [template], {"email_cc": cc})
        execute(
            "mail.template",
            "write",
            [template],
            {"subject": "Votre avis sur {{ object.activity_id.name }}"},
            context={"lang": "fr_FR"},
        )
        self.activity = execute(
            "privacy.activity",
            "create",
            {
                "name": "Newsletter",
                "description": "<p>One mail a month.</p>",
                "consent_required": "auto",
                "subject_find": True,
                "subject_domain": json.dumps([["category_id", "in", [self.marker]]]),
            },
            login="officer",
        )

    def add(self, languages):
        """Add contacts that the activity's filter finds.

        :param dict languages: language by e-mail address
        """
        contacts = self.server.execute(
            "res.partner",
            "create",
            [
                {
                    "name": email.partition("@")[0].title(),
                    "email": email,
                    "lang": lang,
                    "category_id": [(6, 0, [self.marker])],
                }
                for email, lang in languages.items()
            ],
        )
        self.subjects.update(zip(languages, contacts, strict=True))

    def _language(self, code):
        return self.server.execute(
            "res.lang", "search", [("code", "=", code)], context={"active_test": False}
        )

    def generate(self):
        """Press the button as the manager.

        :return: ids of the new consents
        """
        return self.press("action_new_consents")["domain"][0][2]

    def press(self, button):
        """Press a button of the activity as the manager."""
        return self.server.execute(
            "privacy.activity", button, [self.activity], login="officer"
        )

    def wait_until_sent(self, count):
        """Wait until so many consents are sent and all that follows it is done.

        A message comes before that is committed.
        """
        eventually(lambda: query(self.server.database, _SENT) == [(count,)])

    def consent(self, email):
        """:return: the facts about one subject's consent"""
        (consent,) = self.server.execute(
            "privacy.consent",
            "search_read",
            [("partner_id", "=", self.subjects[email])],
        )
        return consent

    def thread(self, email):
        """:return: the messages in the thread of one subject's consent"""
        return self.server.execute(
            "mail.message",
            "search_read",
            [
                ("model", "=", "privacy.consent"),
                ("res_id", "=", self.consent(email)["id"]),
            ],
        )
