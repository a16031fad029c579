# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""No window holds more messages than the limits of a server allow."""

from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count
from threading import Barrier, Thread
from unittest.mock import patch

from freezegun import freeze_time
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import ValidationError
from odoo.tests import Form, TransactionCase
from odoo.tools import SQL

from ..models import mail_queue_departure
from ..smtp import limits
from .common import ConnectionCase

START = datetime(2026, 5, 1, 12)
MINUTE, HOUR, DAY = limits.WINDOWS
FIELDS = ("queue_per_minute", "queue_per_hour", "queue_per_day")
_numbers = count()


class DeparturesCase(ConnectionCase):
    """Consumers and servers."""

    @contextmanager
    def server(self, **values):
        """:return: the id of a mail server, which is deleted in the end"""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            server_id = (
                env["ir.mail_server"]
                .create(
                    {"name": f"Limited {next(_numbers)}", "smtp_host": "x", **values}
                )
                .id
            )
        try:
            yield server_id
        finally:
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["ir.mail_server"].browse(server_id).unlink()

    @contextmanager
    def queue(self, consumers=1, **values):
        """:return: what so many consumers may send through a server, each with its
        environment"""
        with ExitStack() as stack:
            server_id = stack.enter_context(self.server(**values))
            envs = [stack.enter_context(self.connection()) for _ in range(consumers)]
            yield [
                (env, env["ir.mail_server"].browse(server_id)._queue_reserve())
                for env in envs
            ]

    def rows(self, departures):
        """:return: the times of all departures of a server"""
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT departs_before FROM mail_queue_departure"
                " WHERE mail_server_id = %s ORDER BY departs_before",
                [departures._server_id],
            )
            return [moment for (moment,) in cr.fetchall()]


class Clock:
    """The clock of the database, which stands still between two steps."""

    def __init__(self, case):
        self.now = START
        case.enterContext(
            patch.object(
                mail_queue_departure, "_clock", lambda: SQL("%s::timestamp", self.now)
            )
        )

    def advance(self, seconds):
        self.now += timedelta(seconds=seconds)


def send(env, departures):
    """Send one message.

    :return: whether it left
    """
    slot = departures.take()
    env.cr.commit()
    left = slot is not None and departures.settle(env, slot)
    env.cr.commit()
    return left


class TestDepartures(DeparturesCase):
    def setUp(self):
        super().setUp()
        self.clock = Clock(self)

    def test_up_to_the_limit(self):
        with self.queue(queue_per_minute=3) as [(env, departures)]:
            self.assertEqual(
                [send(env, departures) for _ in range(5)], [True] * 3 + [False] * 2
            )
            self.assertEqual(departures.wait_until, START + timedelta(seconds=61))
            self.assertEqual(self.rows(departures), [START] * 3)
            self.clock.advance(61)
            self.assertTrue(send(env, departures))

    def test_all_limits_hold(self):
        with self.queue(queue_per_minute=2, queue_per_hour=3) as [(env, departures)]:
            self.assertTrue(send(env, departures))
            self.assertTrue(send(env, departures))
            self.clock.advance(100)
            self.assertTrue(send(env, departures))
            self.assertFalse(send(env, departures))
            self.assertEqual(departures.wait_until, START + timedelta(seconds=3601))

    def test_servers_have_limits_of_their_own(self):
        with (
            self.queue(queue_per_minute=1) as [(env, departures)],
            self.queue(queue_per_minute=1) as [(others_env, others)],
        ):
            self.assertTrue(send(env, departures))
            self.assertTrue(send(others_env, others))

    def test_kept_across_restarts(self):
        with self.queue(queue_per_minute=2) as [(env, departures)]:
            send(env, departures)
            departures.release()
            server = env["ir.mail_server"].browse(departures._server_id)
            again = server._queue_reserve()
            self.assertTrue(send(env, again))
            self.assertFalse(send(env, again))

    def test_what_is_not_used_is_for_others(self):
        with self.queue(2, queue_per_hour=5) as [(env, one), (other_env, other)]:
            self.assertTrue(send(env, one))
            self.assertFalse(send(other_env, other), "the first may send all five")
            self.assertEqual(other.wait_until, START + timedelta(seconds=61))
            one.release()
            sent = [send(other_env, other) for _ in range(5)]
            self.assertEqual(sent, [True] * 4 + [False])

    def test_killed_consumer_wastes_what_it_had(self):
        with self.queue(2, queue_per_minute=5) as [(_env, one), (other_env, other)]:
            one.take()
            self.clock.advance(119)
            self.assertFalse(send(other_env, other))
            self.clock.advance(2)
            self.assertTrue(send(other_env, other))

    def test_message_that_did_not_leave(self):
        with self.queue(queue_per_minute=2) as [(env, departures)]:
            slot = departures.take()
            # nobody was there to take it: the departure is for the next one
            self.assertEqual(departures.take(), slot)
            # the connection broke when the server had it
            departures.settle(env, slot)
            env.cr.rollback()
            self.assertTrue(send(env, departures))
            self.assertFalse(send(env, departures))

    def test_time_is_over(self):
        with self.queue(2, queue_per_minute=5) as [(env, one), (other_env, other)]:
            slot = one.take()
            self.clock.advance(61)
            self.assertTrue(one.settle(env, slot), "there is room")
            env.cr.commit()
            self.assertEqual(len(self.rows(one)), 5)
            slot = one.take()
            self.clock.advance(300)
            sent = [send(other_env, other) for _ in range(5)]
            self.assertEqual(sent, [True] * 5)
            self.assertFalse(one.settle(env, slot), "others were faster")
            self.assertTrue(one.wait_until)

    def test_reserved_within_the_transaction(self):
        with self.queue(queue_per_minute=2) as [(env, departures)]:
            env.cr.execute("SELECT count(*) FROM mail_queue_departure")
            self.assertTrue(departures.settle(env, departures.take()))
            self.assertTrue(departures.settle(env, departures.take()))
            self.assertIsNone(departures.take())
            self.assertEqual(len(self.rows(departures)), 2)

    def test_clock_that_was_set_back(self):
        with self.queue(queue_per_hour=1) as [(env, departures)]:
            self.assertTrue(send(env, departures))
            self.clock.advance(-400 * 86400)
            self.assertFalse(send(env, departures))
            self.clock.advance(3659)
            self.assertFalse(send(env, departures))
            self.clock.advance(1)
            self.assertTrue(send(env, departures))

    def test_limits_that_change_meanwhile(self):
        with self.queue(queue_per_minute=1) as [(env, departures)]:
            self.assertTrue(send(env, departures))
            self.assertFalse(send(env, departures))
            server = env["ir.mail_server"].browse(departures._server_id)
            server.queue_per_minute = 2
            env.cr.commit()
            self.assertTrue(send(env, departures))
            server.queue_per_minute = 0
            env.cr.commit()
            self.assertTrue(send(env, departures))
            self.assertTrue(send(env, departures))
            departures.release()

    def test_no_limits_no_statement(self):
        with self.queue() as [(env, departures)]:
            before = env.cr.sql_log_count
            with patch.object(self.registry, "cursor") as cursor:
                for _ in range(3):
                    self.assertTrue(departures.settle(env, departures.take()))
                departures.release()
            cursor.assert_not_called()
            self.assertEqual(env.cr.sql_log_count, before)
            configured = env["ir.mail_server"]._queue_reserve()
            self.assertTrue(configured.settle(env, configured.take()))
            self.assertEqual(env.cr.sql_log_count, before)

    def test_statements_per_message(self):
        with self.queue(queue_per_minute=100) as [(env, departures)]:
            departures.take()
            env.cr.commit()
            with patch.object(self.registry, "cursor") as cursor:
                before = env.cr.sql_log_count
                for _ in range(20):
                    self.assertTrue(departures.settle(env, departures.take()))
                self.assertEqual(env.cr.sql_log_count, before + 20)
            cursor.assert_not_called()

    def test_reservations_wait_for_each_other(self):
        with self.queue(3, queue_per_day=5) as [(_env, one), (_, other), (env, _)]:
            found = limits.room
            thread = Thread(target=other.take)

            def is_waiting():
                env.cr.rollback()
                env.cr.execute(
                    "SELECT count(*) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND NOT granted AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
                return env.cr.fetchone()[0]

            def room(*args):
                if not thread.ident:
                    thread.start()
                    while thread.is_alive() and not is_waiting():
                        pass
                return found(*args)

            with patch.object(limits, "room", room):
                one.take()
                thread.join()
            self.assertEqual(len(self.rows(one)), 5)
            self.assertIsNone(other.take())

    def test_at_the_same_time(self):
        """Real clocks, connections and threads."""
        self.doCleanups()
        with self.queue(4, queue_per_day=50) as consumers:
            start = Barrier(len(consumers))
            left = []

            def work(env, departures):
                start.wait()
                while send(env, departures):
                    left.append(True)

            threads = [Thread(target=work, args=one) for one in consumers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(left), 50)
            self.assertEqual(len(self.rows(consumers[0][1])), 50)

    def test_old_departures_are_deleted(self):
        with self.queue(queue_per_minute=5) as [(env, departures)]:
            send(env, departures)
            self.clock.advance(86400)
            send(env, departures)
            self.clock.advance(1)
            env["mail.queue.departure"]._gc_departures()
            env.cr.commit()
            self.assertGreater(self.rows(departures)[0], START)


class TestConnections(DeparturesCase):
    def test_so_many_at_once(self):
        with ExitStack() as stack:
            server_id = stack.enter_context(self.server(queue_connections=2))
            servers = [
                stack.enter_context(self.connection())["ir.mail_server"].browse(
                    server_id
                )
                for _ in range(3)
            ]
            with servers[0]._queue_connection() as first:
                with servers[1]._queue_connection() as second:
                    servers[1].env.cr.rollback()
                    with servers[2]._queue_connection() as third:
                        self.assertEqual((first, second, third), (True, True, False))
                with servers[2]._queue_connection() as third:
                    self.assertTrue(third)
                with (
                    self.assertRaises(ZeroDivisionError),
                    servers[1]._queue_connection(),
                ):
                    raise ZeroDivisionError
                with servers[2]._queue_connection() as third:
                    self.assertTrue(third)

    def test_no_limit_no_statement(self):
        with self.server() as server_id, self.connection() as env:
            server = env["ir.mail_server"].browse(server_id)
            self.assertEqual(server.queue_connections, 0)
            before = env.cr.sql_log_count
            for one in (server, server.browse()):
                with one._queue_connection() as granted:
                    self.assertTrue(granted)
            self.assertEqual(env.cr.sql_log_count, before)


class TestLimitsOfServer(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.limited = cls.env["ir.mail_server"].create(
            {"name": "Limited", "smtp_host": "x", "queue_per_minute": 2}
        )

    def test_negative(self):
        for name in (*FIELDS, "queue_connections"):
            with (
                self.subTest(name),
                self.assertRaisesRegex(ValidationError, "Limited.*cannot be negative"),
            ):
                self.limited[name] = -1

    def test_form(self):
        now = fields.Datetime.now()
        self.env["mail.queue.departure"].create(
            [
                {"mail_server_id": self.limited.id, "departs_before": now - age}
                for age in (timedelta(seconds=-30), timedelta(0), MINUTE, HOUR, DAY)
            ]
        )
        form = Form(self.limited)
        self.assertEqual(form.queue_left_in_minute, 2)
        self.assertEqual(form.queue_left_in_hour, 3)
        self.assertEqual(form.queue_left_in_day, 4)
        form.queue_per_day = 100
        form.save()
        self.assertEqual(self.limited._queue_limits(), {MINUTE: 2, DAY: 100})

    @freeze_time(START)
    def test_forecast(self):
        mails = self.env["mail.mail"]
        mails.search([("state", "=", "outgoing")]).unlink()
        other = self.limited.copy({"queue_per_minute": 0})
        mails.create(
            [{"email_to": "a@example.com", "mail_server_id": self.limited.id}]
            + [{"email_to": "a@example.com", "mail_server_id": other.id}] * 5
            + [{"email_to": "a@example.com"}]
            + [{"email_to": "a@example.com", "state": "exception"}] * 5
        )
        self.assertEqual(other._queue_forecast(100), START)
        self.assertEqual(self.limited.browse()._queue_forecast(100), START)
        self.assertEqual(self.limited._queue_forecast(0), START)
        self.assertEqual(self.limited._queue_forecast(1), START + MINUTE)
        self.env["mail.queue.departure"].create(
            {
                "mail_server_id": self.limited.id,
                "departs_before": START - timedelta(seconds=20),
            }
        )
        self.assertEqual(self.limited._queue_forecast(0), START + timedelta(seconds=40))


# The property -------------------------------------------------------------------------

CONSUMERS = 3
# per minute, hour and day
SOME_LIMITS = some.sampled_from(
    [
        (0, 0, 0),
        (1, 0, 0),
        (3, 0, 0),
        (25, 0, 0),
        (0, 3, 0),
        (0, 25, 0),
        (3, 25, 0),
        (3, 5, 25),
        (0, 0, 3),
    ]
)
SOME_CONSUMER = some.integers(0, CONSUMERS - 1)
# so many messages, one after the other
SOME_MESSAGES = some.tuples(some.sampled_from([1, 2, 30]), SOME_CONSUMER)
STEPS = some.lists(
    some.one_of(
        SOME_MESSAGES,
        some.tuples(
            some.just("advance"), some.sampled_from([0.5, 30, 57, 61, 122, 3661])
        ),
        SOME_MESSAGES,
        some.tuples(some.just("set back"), some.sampled_from([1, 90, 7200])),
        SOME_MESSAGES,
        some.tuples(
            some.sampled_from(["commit", "lose", "kill", "release"]), SOME_CONSUMER
        ),
    ),
    min_size=6,
    max_size=30,
)


class Consumer:
    """A consumer whose messages leave, whatever happens to its transaction then."""

    def __init__(self, env, server_id):
        self.env = env
        self.server = env["ir.mail_server"].browse(server_id)
        self.departures = self.server._queue_reserve()

    def leave(self):
        """:return: whether a message leaves; its transaction is open then"""
        self.commit()
        slot = self.departures.take()
        self.commit()
        return slot is not None and self.departures.settle(self.env, slot)

    def commit(self):
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def lose(self):
        """The connection to the mail server breaks."""
        self.env.cr.rollback()

    def kill(self):
        self.env.cr.rollback()
        self.departures = self.server._queue_reserve()

    def release(self):
        self.commit()
        self.departures.release()


@contextmanager
def consumers_of(case, **values):
    with ExitStack() as stack:
        server_id = stack.enter_context(case.server(**values))
        yield [
            Consumer(stack.enter_context(case.connection()), server_id)
            for _ in range(CONSUMERS)
        ]


class TestNoWindowHoldsMore(DeparturesCase):
    """Time goes on by itself; the database's clock is sometimes set back."""

    def check(self, left, per):
        for window, limit in per.items():
            for first, last in zip(left, left[limit:], strict=False):
                self.assertGreaterEqual(last - first, window, (window, limit))

    @settings(
        max_examples=80,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(SOME_LIMITS, STEPS)
    # late with what was reserved, after others
    @example((3, 0, 0), [(1, 0), ("advance", 122), (30, 1), (30, 0)])
    # again within the minute
    @example((3, 0, 0), [(30, 0), ("advance", 57), (30, 0)])
    def _try(self, numbers, steps):
        per = {
            window: number
            for window, number in zip(limits.WINDOWS, numbers, strict=True)
            if number
        }
        self.clock.now = START
        left = []
        now = START
        with consumers_of(self, **dict(zip(FIELDS, numbers, strict=True))) as consumers:
            for kind, what in steps:
                if kind == "advance":
                    self.clock.advance(what)
                    now += timedelta(seconds=what)
                elif kind == "set back":
                    self.clock.advance(-what)
                elif isinstance(kind, int):
                    for _message in range(kind):
                        if not consumers[what].leave():
                            break
                        left.append(now)
                else:
                    getattr(consumers[what], kind)()
            self.check(left, per)
            # and nobody is kept for ever
            for one in consumers:
                one.kill()
            consumers[0].leave()
            consumers[0].kill()
            self.clock.advance(86400 + 61)
            self.assertTrue(consumers[0].leave())

    def test_any_order(self):
        self.clock = Clock(self)
        self._try()

    def test_lone_consumer_reaches_the_limit(self):
        clock = Clock(self)
        per = {MINUTE: 30, HOUR: 100}
        left = []
        with self.queue(queue_per_minute=30, queue_per_hour=100) as [(env, one)]:
            while len(left) < 250:
                if send(env, one):
                    left.append(clock.now)
                    clock.advance(0.2)
                else:
                    self.assertGreater(one.wait_until, clock.now)
                    clock.now = one.wait_until
        self.check(left, per)
        # no more than one second is lost of each window
        best = limits.last_departure(250, per, [], START)
        self.assertLess(left[-1] - best, timedelta(seconds=30))
