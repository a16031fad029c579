# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every way to ask, every way to stop, and an SMTP server that gets nothing then."""

import re
from collections import Counter
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from generation_scene import (
    QUEUE,
    Activity,
    at_once,
    held_up,
    meanwhile,
    merge,
    run,
    set_up,
)
from page import press
from server import eventually, query

from tools import postgres

WAYS = ("send_later", "notify_later", "mail_later", "ask_now")
POST = "mail.ir_cron_post_scheduled_message"
NOTIFY = "mail.ir_cron_send_scheduled_message"
_DATES = {
    "mail_scheduled_message": "scheduled_date",
    "mail_message_schedule": "scheduled_datetime",
    "mail_mail": "scheduled_date",
}
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture(scope="module")
def server(new_server, new_database):
    """A server whose scheduled actions run when a test says so."""
    server = new_server(new_database("portal"), "--max-cron-threads", "0")
    set_up(server)
    # what a slower user is told
    server.expected_errors += ["is being asked already"]
    return server


class Asked:
    """An activity about whose subjects somebody asks, each in another way.

    :ivar consents: id of each way's consent
    :ivar addresses: that of each way's subject
    """

    def __init__(self, server, name, ways=WAYS):
        self.server = server
        self.activity = Activity(server, name, len(ways), consent_required="manual")
        self.activity.press()
        rows = query(
            server.database,
            "SELECT id FROM privacy_consent WHERE activity_id = %s ORDER BY partner_id",
            self.activity.id,
        )
        self.consents = {
            way: consent for way, (consent,) in zip(ways, rows, strict=True)
        }
        self.addresses = dict(zip(ways, self.activity.addresses, strict=True))

    def call(self, model, method, *args, login="officer", **kwargs):
        return self.server.execute(model, method, *args, login=login, **kwargs)

    def ask(self):
        """Ask each subject in their way."""
        for way, consent in self.consents.items():
            getattr(self, way)(consent)

    def dialog(self, login="officer"):
        """:return: id of the dialog that the list action opens for all subjects"""
        consents = list(self.consents.values())
        action = self.call(
            "privacy.consent", "action_manual_ask", consents, login=login
        )
        return action["res_id"]

    def compose(self, consent, values=(), login="officer"):
        """:return: id of the composer that the button on the consent opens"""
        action = self.call(
            "privacy.consent", "action_manual_ask", [consent], login=login
        )
        return self.call(
            "mail.compose.message",
            "create",
            dict(values),
            context=action["context"],
            login=login,
        )

    def send_later(self, consent, login="officer"):
        """Press *Send later* in the composer."""
        composer = self.compose(consent, {"scheduled_date": _tomorrow()}, login)
        model = "mail.compose.message"
        self.call(model, "action_schedule_message", [composer], login=login)

    def notify_later(self, consent):
        """Send, with a template that has a date."""
        composer = self.compose(consent, {"scheduled_date": _tomorrow()})
        self.call("mail.compose.message", "action_send_mail", [composer])

    def mail_later(self, consent):
        """Write to a selection, with a template that has a date."""
        values = {
            "composition_mode": "mass_mail",
            "model": "privacy.consent",
            "res_ids": str([consent]),
            "template_id": self.server.ref("privacy_consent.template_consent"),
        }
        (composer,) = self.call("mail.compose.message", "create", [values])
        date = {"scheduled_date": _tomorrow()}
        self.call("mail.compose.message", "write", [composer], date)
        self.call("mail.compose.message", "action_send_mail", [composer])

    def ask_now(self, consent):
        """Ask from the list."""
        self.call("privacy.consent", "action_auto_ask", [consent])

    def requests(self):
        """:return: state and cause of the last request of each way"""
        return {
            way: query(
                self.server.database,
                "SELECT state, cause FROM privacy_consent_request"
                " WHERE consent_id = %s ORDER BY id DESC LIMIT 1",
                consent,
            )[0]
            for way, consent in self.consents.items()
        }

    def got(self, inbox):
        """:return: how many requests each subject has got, of those who got any"""
        received = Counter(one.to[0] for one in list(inbox.messages) if one.links())
        return {one: received[one] for one in self.addresses.values() if received[one]}


def _tomorrow():
    moment = datetime.now(UTC) + timedelta(days=1)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _let_the_day_pass(server):
    """Do what the scheduled actions do tomorrow."""
    for table, column in _DATES.items():
        query(
            server.database,
            f"UPDATE {table} SET {column} = {column} - interval '2 days'",
        )
    for action in (POST, NOTIFY, QUEUE, QUEUE):
        run(server, action)


class Stops:
    """Every way to stop: what is done, and what the requests say then."""

    def __init__(self, inbox):
        self.inbox = inbox

    def stopped(self, asked):
        assert "cancelled: 4." in asked.activity.stop()
        return "stopped"

    def archived(self, asked):
        consents = list(asked.consents.values())
        asked.call("privacy.consent", "action_archive", consents)
        return "archived"

    def contact(self, asked):
        asked.server.execute("res.partner", "action_archive", asked.activity.contacts)
        return "contact"

    def activity(self, asked):
        asked.activity.change({"active": False})
        return "off"

    def switched_off(self, asked):
        asked.activity.change({"consent_required": False})
        return "off"

    def merged(self, asked):
        """The contacts of others, who answered already, remain."""
        sources = list(asked.activity.contacts)
        asked.activity.add(len(sources))
        asked.activity.press()
        for source, other in zip(
            sources, asked.activity.contacts[len(sources) :], strict=True
        ):
            ((consent,),) = query(
                asked.server.database,
                "SELECT id FROM privacy_consent WHERE partner_id = %s",
                other,
            )
            asked.call("privacy.consent", "action_answer", [consent], True)
            merge(asked.server, source, other)
        return "merged"

    def account(self, asked):
        server = asked.server
        for contact, address in zip(
            asked.activity.contacts, asked.activity.addresses, strict=True
        ):
            server.execute(
                "res.users",
                "create",
                {
                    "login": address,
                    "password": address,
                    "partner_id": contact,
                    "group_ids": [(6, 0, [server.ref("base.group_portal")])],
                },
                context={"no_reset_password": True},
            )
            browser = server.session(address)
            page = browser.get(f"{server.url}/my/security")
            answer = browser.post(
                f"{server.url}/my/deactivate_account",
                data={
                    "csrf_token": _CSRF.search(page.text)[1],
                    "validation": address,
                    "password": address,
                },
            )
            assert "deleted" in answer.url
        return "contact"

    def answered(self, asked):
        """They use an earlier link, so fast that staff has to confirm it."""
        before = asked.requests()
        for address in asked.addresses.values():
            link = self.inbox.to(address).links()["reject"]
            assert press(link).status_code == 200
        assert asked.requests() == before, "a program may have answered"
        model = "privacy.consent.confirm"
        for consent in asked.consents.values():
            values = {"consent_id": consent, "note": "By phone"}
            dialog = asked.call(model, "create", values)
            asked.call(model, "action_confirm", [dialog])
        return "answered"


STOPS = (
    "stopped",
    "archived",
    "contact",
    "activity",
    "switched_off",
    "merged",
    "account",
    "answered",
)


@pytest.mark.parametrize("stop", STOPS)
def test_nothing_arrives(server, inbox, stop):
    asked = Asked(server, stop)
    if stop == "answered":
        asked.call("privacy.consent", "action_auto_ask", list(asked.consents.values()))
        run(server, QUEUE)
        inbox.wait_until(lambda: len(asked.got(inbox)) == len(WAYS))
    asked.ask()
    control = Asked(server, f"control-{stop}")
    control.ask()
    before = asked.got(inbox)
    states = {way: state for way, (state, _cause) in asked.requests().items()}
    assert states == {
        "send_later": "planned",
        "notify_later": "planned",
        "mail_later": "waiting",
        "ask_now": "waiting",
    }
    cause = getattr(Stops(inbox), stop)(asked)
    assert asked.requests() == dict.fromkeys(WAYS, ("cancelled", cause))
    _let_the_day_pass(server)
    assert control.got(inbox) == dict.fromkeys(control.addresses.values(), 1)
    assert asked.got(inbox) == before
    assert control.requests() == dict.fromkeys(WAYS, ("delivered", None))
    assert not query(server.database, "SELECT id FROM mail_scheduled_message")
    assert not query(server.database, "SELECT id FROM mail_message_schedule")


def _answer(server, login, model, method, *args, **kwargs):
    """:return: what the user gets: the HTTP status, and the result or the error"""
    response = server.session(login).post(
        f"{server.url}/web/dataset/call_kw/{model}/{method}",
        json={
            "params": {"model": model, "method": method, "args": args, "kwargs": kwargs}
        },
        timeout=60,
    )
    body = response.json()
    error = body.get("error")
    return response.status_code, error["data"] if error else body["result"]


PEOPLE = ("one", "two", "three")
MANAGERS = ("officer", "second")


def test_two_press_the_list_action(server, inbox):
    asked = Asked(server, "list", PEOPLE)
    dialogs = [asked.dialog(login) for login in MANAGERS]
    answers = at_once(
        *(
            lambda login=login, dialog=dialog: _answer(
                server, login, "privacy.consent.ask.selected", "action_ask", [dialog]
            )
            for login, dialog in zip(MANAGERS, dialogs, strict=True)
        )
    )
    assert [status for status, _result in answers] == [200, 200]
    told = [result.get("params", {}).get("message", "") for _status, result in answers]
    assert sorted(told) == ["", "Requests enqueued: 3."], "the other one counts again"
    run(server, QUEUE)
    assert asked.got(inbox) == dict.fromkeys(asked.addresses.values(), 1)


@pytest.mark.parametrize("method", ["action_send_mail", "action_schedule_message"])
def test_two_use_the_composer(server, inbox, method):
    asked = Asked(server, method, ("one",))
    (consent,) = asked.consents.values()
    date = {"scheduled_date": _tomorrow()} if "schedule" in method else {}
    composers = [asked.compose(consent, date, login) for login in MANAGERS]
    answers = at_once(
        *(
            lambda login=login, composer=composer: _answer(
                server, login, "mail.compose.message", method, [composer]
            )
            for login, composer in zip(MANAGERS, composers, strict=True)
        )
    )
    assert [status for status, _result in answers] == [200, 200]
    errors = [result["message"] for _status, result in answers if "message" in result]
    if method == "action_send_mail":
        (error,) = errors
        assert "is being asked already" in error
    else:
        assert not errors, "the one who was slower wrote the one that counts"
    _let_the_day_pass(server)
    assert asked.got(inbox) == dict.fromkeys(asked.addresses.values(), 1)


def test_one_presses_the_list_action_while_another_one_stops(server, inbox):
    asked = Asked(server, "race", PEOPLE)
    dialog = asked.dialog()
    at_once(
        lambda: asked.call("privacy.consent.ask.selected", "action_ask", [dialog]),
        asked.activity.stop,
    )
    rows = query(
        server.database,
        "SELECT state, cause FROM privacy_consent_request WHERE activity_id = %s",
        asked.activity.id,
    )
    assert set(rows) <= {("cancelled", "stopped")}, "whoever was faster"
    run(server, QUEUE)
    assert not asked.got(inbox)


@contextmanager
def _at_work(database, statement, value):
    """Run a statement in a transaction, which the caller may commit."""
    with closing(postgres.connect(database)) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute(statement, [value])
            yield connection
            connection.rollback()


def test_stopped_before_the_request_is_committed(server, inbox):
    asked = Asked(server, "held", PEOPLE)
    dialog = asked.dialog()
    stop = "UPDATE privacy_activity SET asking_stopped = TRUE WHERE id = %s"
    with (
        _at_work(server.database, stop, asked.activity.id) as transaction,
        meanwhile(
            lambda: asked.call("privacy.consent.ask.selected", "action_ask", [dialog])
        ) as [asking],
    ):
        eventually(lambda: held_up(server.database))
        transaction.commit()
    # The dialog says anew who is asked.
    assert asking.result()["res_model"] == "privacy.consent.ask.selected"
    run(server, QUEUE)
    assert not asked.got(inbox)


def test_somebody_is_at_work_on_a_planned_request(server, inbox):
    """It waits for its turn: nobody is told that it could not be sent."""
    asked = Asked(server, "busy", ("send_later", "notify_later"))
    asked.ask()
    hold = "SELECT id FROM privacy_consent_request WHERE activity_id = %s FOR UPDATE"
    with _at_work(server.database, hold, asked.activity.id):
        _let_the_day_pass(server)
    assert not asked.got(inbox)
    assert set(asked.requests().values()) == {("planned", None)}
    for action in (POST, NOTIFY, QUEUE):
        run(server, action)
    assert asked.got(inbox) == dict.fromkeys(asked.addresses.values(), 1)
    subject = "A scheduled message could not be sent"
    assert not [one for one in inbox.messages if one.subject == subject]
