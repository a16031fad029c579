# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Activities with many subjects, and what tests do while these are being asked."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier

from server import eventually, query

from tools import postgres

#: how many consents are generated in one transaction
BATCH = 20
BATCH_SIZE = "privacy_consent.batch_size"
CONTINUE = "privacy_consent.cron_continue_consents"
DAILY = "privacy_consent.cron_auto_consent"
EFFECTS = "privacy_consent.cron_effects"
QUEUE = "mail.ir_cron_mail_scheduler_action"

_UNFINISHED = "SELECT id FROM privacy_activity_generation WHERE pending"
_QUEUED = "SELECT id FROM mail_mail WHERE state = 'outgoing'"
_TRIGGERED = "SELECT id FROM ir_cron_trigger WHERE call_at <= now() AT TIME ZONE 'UTC'"


def set_up(server):
    """Have small batches, three managers, and a reader, ``clerk``."""
    set_batch_size(server, BATCH)
    for login in ("officer", "second", "third"):
        add_user(server, login, "privacy.group_data_protection_manager")
    add_user(server, "clerk", "privacy.group_data_protection_user")


def set_batch_size(server, size):
    """Set the system parameter, as an administrator would."""
    server.execute("ir.config_parameter", "set_param", BATCH_SIZE, str(size))


def add_user(server, login, group):
    """:return: the id of a new user, whose password is the login"""
    return server.execute(
        "res.users",
        "create",
        {
            "name": login.title(),
            "login": login,
            "password": login,
            "email": f"{login}@example.com",
            "group_ids": [(6, 0, [server.ref(group)])],
        },
        context={"no_reset_password": True},
    )


class Activity:
    """An activity that asks subjects of its own automatically.

    :param int count: how many subjects
    :param values: more of its values
    :ivar id: of the activity
    :ivar contacts: ids of the subjects, in the order in which they are asked
    :ivar addresses: those of the subjects, in the same order
    """

    def __init__(self, server, name, count, login="officer", **values):
        self.server = server
        self.database = server.database
        self.name = name
        self._marker = server.execute("res.partner.category", "create", {"name": name})
        self.contacts = []
        self.addresses = []
        self.add(count)
        self.id = server.execute(
            "privacy.activity",
            "create",
            {
                "name": name,
                "consent_required": "auto",
                "subject_find": True,
                "subject_domain": json.dumps([["category_id", "in", [self._marker]]]),
                **values,
            },
            login=login,
        )

    def add(self, count):
        """Add contacts that the filter finds."""
        new = [f"{self.name}{len(self.addresses) + i}@x.org" for i in range(count)]
        self.contacts += self.server.execute(
            "res.partner",
            "create",
            [
                {
                    "name": address,
                    "email": address,
                    "category_id": [(6, 0, [self._marker])],
                }
                for address in new
            ],
            context={"tracking_disable": True},
        )
        self.addresses += new

    def call(self, method, login="officer", **kwargs):
        """Press a button of the activity."""
        return self.server.execute(
            "privacy.activity", method, [self.id], login=login, **kwargs
        )

    def press(self, login="officer"):
        """Ask whoever was not asked yet.

        :return: how many consents the press itself generated
        """
        return len(self.call("action_new_consents", login=login)["domain"][0][2])

    def stop(self):
        """:return: what the user is told"""
        return self.call("action_stop_asking")["params"]["message"]

    def resume(self):
        """Press Continue."""
        self.call("action_continue_asking")

    def change(self, values):
        """Change the activity, as an administrator would."""
        self.server.execute("privacy.activity", "write", [self.id], values)

    def set(self, column, value):
        """Change the activity past all checks."""
        query(
            self.database,
            f"UPDATE privacy_activity SET {column} = %s WHERE id = %s RETURNING id",
            value,
            self.id,
        )

    def _consents(self, column):
        """:return: the values of all consents in a column"""
        statement = f"SELECT {column} FROM privacy_consent WHERE activity_id = %s"
        return [value for (value,) in query(self.database, statement, self.id)]

    def count(self):
        """:return: how many consents there are"""
        return len(self._consents("id"))

    def is_pending(self):
        """:return: whether generating is unfinished"""
        return bool(
            query(self.database, f"{_UNFINISHED} AND activity_id = %s", self.id)
        )

    def error(self):
        """:return: why generating failed, as the user sees it"""
        (values,) = self.call("read", fields=["asking_error"])
        return values["asking_error"]

    def told(self, words):
        """:return: the messages in the thread of the activity with these words"""
        return [
            message["body"]
            for message in self.server.execute(
                "mail.message",
                "search_read",
                [("model", "=", "privacy.activity"), ("res_id", "=", self.id)],
                ["body"],
            )
            if words in message["body"]
        ]

    def mails(self):
        """:return: how many requests are in which state"""
        return dict(
            query(
                self.database,
                "SELECT mail.state, count(*) FROM mail_mail AS mail"
                " JOIN mail_message AS message ON message.id = mail.mail_message_id"
                " JOIN privacy_consent AS consent ON consent.id = message.res_id"
                " WHERE message.model = 'privacy.consent' AND activity_id = %s"
                " GROUP BY mail.state",
                self.id,
            )
        )

    def batches(self):
        """:return: when the transaction of each batch began, in order"""
        return sorted(set(self._consents("create_date")))

    def got(self, inbox):
        """:return: how many messages each subject has got, of those who got any"""
        received = Counter(message.to[0] for message in list(inbox.messages))
        return {one: received[one] for one in self.addresses if received[one]}

    def wait_until_asked(self, inbox):
        """Wait until everybody was asked, and check that nobody was asked twice."""
        eventually(lambda: not self.is_pending())
        eventually(lambda: set(self._consents("state")) == {"sent"}, timeout=30)
        assert sorted(self._consents("partner_id")) == sorted(self.contacts)
        assert "outgoing" not in self.mails()
        assert self.got(inbox) == dict.fromkeys(self.addresses, 1)


@contextmanager
def hold(database, contact, lock="UPDATE"):
    """Hold everybody up who does something with a contact.

    A batch that creates the consent of the contact waits, when it has created those
    of all others.
    """
    with closing(postgres.connect(database)) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            statement = f"SELECT id FROM res_partner WHERE id = %s FOR {lock}"
            cursor.execute(statement, [contact])
            yield
            connection.rollback()


def held_up(database):
    """:return: how many transactions are waiting for another one to end"""
    ((count,),) = query(
        database,
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = %s AND wait_event_type = 'Lock'",
        database,
    )
    return count


@contextmanager
def meanwhile(*functions):
    """Call functions in threads.

    :return: their futures
    """
    with ThreadPoolExecutor(len(functions)) as pool:
        yield [pool.submit(function) for function in functions]


def at_once(*functions):
    """Call functions at the same moment.

    :return: their results, in order
    """
    barrier = Barrier(len(functions))

    def call(function):
        barrier.wait()
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(call, functions))


def run(server, action):
    """Run a scheduled action as its button *Run manually* does."""
    result = server.execute("ir.cron", "method_direct_trigger", [server.ref(action)])
    assert result is True, result


def run_all(server):
    """Do what scheduled actions would, until nothing is unfinished."""
    while query(server.database, _UNFINISHED):
        run(server, CONTINUE)
    while query(server.database, _QUEUED):
        run(server, QUEUE)
    run(server, EFFECTS)


def wake(database):
    """Have scheduled actions looked for, as Odoo does by itself every minute."""
    query("postgres", "SELECT pg_notify('cron_trigger', %s)", database)


def settle(server):
    """Wait until the scheduled actions have done what they were triggered for."""

    def is_idle():
        # for what was triggered before the server listened
        wake(server.database)
        return not (
            query(server.database, _UNFINISHED) or query(server.database, _TRIGGERED)
        )

    eventually(is_idle)


def merge(server, source, destination):
    """Merge a contact into another one, as the web client does."""
    model = "base.partner.merge.automatic.wizard"
    wizard = server.execute(
        model,
        "create",
        {"partner_ids": [(6, 0, [source, destination])], "dst_partner_id": destination},
    )
    server.execute(model, "action_merge", [wizard])
