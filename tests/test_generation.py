# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Many subjects: everybody is asked exactly once, whatever happens in the middle."""

import re
import threading
from contextlib import ExitStack
from functools import partial

import pytest
from generation_scene import (
    BATCH,
    CONTINUE,
    DAILY,
    QUEUE,
    Activity,
    add_user,
    at_once,
    held_up,
    hold,
    meanwhile,
    merge,
    run,
    run_all,
    set_batch_size,
    set_up,
    settle,
    wake,
)
from server import Client, Shell, eventually, query

LONGEST_PAUSE = 5


@pytest.fixture(scope="module")
def live(new_server):
    """A server with scheduled actions, as many at once as Odoo has by default."""
    server = new_server(None, "--max-cron-threads", "2")
    set_up(server)
    return server


@pytest.fixture(scope="module")
def quiet(new_server):
    """A server whose scheduled actions run when a test says so."""
    server = new_server(None, "--max-cron-threads", "0")
    set_up(server)
    server.expected_errors += [
        # what users and the activities are told
        "cannot be generated",
        "whole number between 1 and",
        "You are not allowed to",
        "must remain provable",
        "The operation cannot be completed",
        "Record does not exist or has been deleted",
        # what Odoo tries again
        "violates unique constraint",
        "violates foreign key constraint",
        "violates RESTRICT setting of foreign key constraint",
        "deadlock detected",
        "could not serialize access",
    ]
    return server


@pytest.fixture(autouse=True)
def ready(inbox):
    yield
    inbox.on_message = lambda message: None


# Generating -------------------------------------------------------------------------


def test_one_press(live, inbox):
    activity = Activity(live, "one", 200)
    follower = live.execute(
        "res.partner", "create", {"name": "Follower", "email": "follower@x.org"}
    )
    activity.call(
        "message_subscribe",
        partner_ids=[follower],
        subtype_ids=[live.ref("privacy_consent.mt_activity_consent_new")],
    )
    assert activity.press() == BATCH, "the first batch is there at once"
    activity.wait_until_asked(inbox)
    assert len(activity.told("200 people asked.")) == 1
    settle(live)
    to_follower = [one for one in inbox.messages if one.to == ["follower@x.org"]]
    assert len(to_follower) == 1, "told once, and not of each consent"
    assert "200 people asked." in to_follower[0].text
    batches = activity.batches()
    assert len(batches) == 200 // BATCH, "each a transaction of its own"
    pauses = [
        later - sooner for sooner, later in zip(batches, batches[1:], strict=False)
    ]
    assert max(pauses).total_seconds() < LONGEST_PAUSE


def test_presses_at_once(live, inbox):
    """Neither is anybody asked twice, nor does anybody see an error."""
    users = ["officer", "second", "third"]
    for user in users:
        live.session(user)
    for number in range(3):
        activity = Activity(live, f"crowd{number}x", 3 * BATCH)
        for _time in range(2):
            at_once(*[partial(activity.press, user) for user in users])
        activity.wait_until_asked(inbox)
        assert not activity.error()


def test_huge_one_does_not_starve_a_small_one(quiet):
    huge = Activity(quiet, "huge", 10 * BATCH)
    small = Activity(quiet, "small", 3 * BATCH)
    huge.press()
    small.press()
    run(quiet, CONTINUE)
    assert huge.count() == 10 * BATCH
    assert small.count() == 3 * BATCH
    last = small.batches()[-1]
    sooner = [moment for moment in huge.batches() if moment < last]
    assert len(sooner) <= 4, "they take turns"


@pytest.mark.parametrize("size", [0, -1, 10**9, "many"])
def test_batch_size_that_cannot_be_used(quiet, inbox, size):
    activity = Activity(quiet, f"size{size}x", BATCH + 5)
    activity.press()
    set_batch_size(quiet, size)
    with pytest.raises(AssertionError, match="UserError.*whole number between 1 and"):
        activity.press()
    assert activity.count() == BATCH
    assert not activity.error(), "who pressed the button has read it"
    # Where nobody presses a button, the activity says it.
    run(quiet, CONTINUE)
    assert "whole number between 1 and" in activity.error()
    assert len(activity.told("whole number between 1 and")) == 1
    assert not activity.is_pending()
    set_batch_size(quiet, BATCH)
    activity.press()
    run_all(quiet)
    activity.wait_until_asked(inbox)
    assert not activity.error()


def test_reader_may_not(quiet):
    activity = Activity(quiet, "reader", 5)
    for method in (
        "action_new_consents",
        "action_confirm_new_consents",
        "action_continue_asking",
        "action_stop_asking",
    ):
        with pytest.raises(AssertionError, match="AccessError"):
            activity.call(method, login="clerk")
    assert activity.count() == 0
    (values,) = activity.call("read", fields=["asking_stopped"])
    assert not values["asking_stopped"]


# Changes in the middle --------------------------------------------------------------


def test_failing_activities_stop_no_other(quiet, inbox):
    leaver = add_user(quiet, "leaver", "privacy.group_data_protection_manager")
    filters = {
        "syntax": "[(",
        "unknown": "[('no_such_field', '=', 1)]",
        "value": "[('create_date', '>', 'some day')]",
    }
    names = [*filters, "template", "rights"]
    failing = {name: Activity(quiet, f"{name}x", 2 * BATCH) for name in names}
    good = Activity(quiet, "good", 2 * BATCH)
    domains = {}
    for name, activity in failing.items():
        (values,) = activity.call("read", fields=["subject_domain"])
        domains[name] = values["subject_domain"]
        assert activity.press("leaver" if name == "rights" else "officer") == BATCH
    good.press()
    for name, text in filters.items():
        failing[name].set("subject_domain", text)
    failing["template"].set("consent_template_id", None)
    groups = [(6, 0, [quiet.ref("privacy.group_data_protection_user")])]
    quiet.execute("res.users", "write", [leaver], {"group_ids": groups})
    run(quiet, CONTINUE)
    reasons = {
        **dict.fromkeys(filters, "“Subjects filter”"),
        "template": "Choose an e-mail template",
        "rights": "not allowed",
    }
    for name, activity in failing.items():
        assert reasons[name] in activity.error(), name
        assert len(activity.told("could not be generated")) == 1, name
        assert not activity.is_pending(), name
        assert activity.count() == BATCH, name
    assert good.count() == 2 * BATCH
    assert not good.error()
    # and when they are mended
    for name in filters:
        failing[name].set("subject_domain", domains[name])
    failing["template"].change(
        {"consent_template_id": quiet.ref("privacy_consent.template_consent")}
    )
    for activity in failing.values():
        activity.press()
    run_all(quiet)
    for activity in [*failing.values(), good]:
        activity.wait_until_asked(inbox)
        assert not activity.error()


@pytest.mark.parametrize("values", [{"active": False}, {"consent_required": False}])
def test_activity_that_asks_no_more(quiet, values):
    (name,) = values
    activity = Activity(quiet, name, 3 * BATCH)
    activity.press()
    activity.change(values)
    run(quiet, CONTINUE)
    assert not activity.is_pending()
    assert not activity.error()
    assert activity.count() == BATCH


def test_deleted_before_anybody_was_asked(quiet):
    other = Activity(quiet, "other", 2 * BATCH)
    other.press()
    deleted = Activity(quiet, "deleted", 2 * BATCH)
    # as the daily action leaves it before the first batch
    query(
        quiet.database,
        "INSERT INTO privacy_activity_generation (activity_id, user_id, pending, turn)"
        " VALUES (%s, 1, TRUE, 0) RETURNING id",
        deleted.id,
    )
    deleted.call("unlink")
    run(quiet, CONTINUE)
    assert not deleted.is_pending()
    assert other.count() == 2 * BATCH


def test_deleted_while_the_first_are_asked(quiet):
    """One of both is through, and the other one is told; nothing is half done."""
    activity = Activity(quiet, "deleting", BATCH)
    database = quiet.database
    deleting = partial(activity.call, "unlink", login="second")
    quiet.session("second")
    with ExitStack() as stack:
        with hold(database, activity.contacts[5]):
            (press,) = stack.enter_context(meanwhile(activity.press))
            eventually(lambda: held_up(database) == 1)
            (deletion,) = stack.enter_context(meanwhile(deleting))
            eventually(lambda: held_up(database) == 2)
        errors = [str(one.exception()) for one in (press, deletion) if one.exception()]
    (error,) = errors
    assert re.search("UserError|ValidationError|MissingError", error)
    assert activity.count() == (BATCH if deletion.exception() else 0)


# Outages ----------------------------------------------------------------------------


def interrupt(activity, inbox, interruption):
    """Do something when some are asked, and a batch is in the middle."""
    database = activity.database
    with hold(database, activity.contacts[3 * BATCH + 5]):
        assert activity.press() == BATCH
        eventually(lambda: held_up(database) == 1)
        # so that no mail is just leaving
        eventually(lambda: activity.mails() == {"sent": 3 * BATCH})
        assert activity.count() == 3 * BATCH
        interruption()
    eventually(lambda: wake(database) or not activity.is_pending())


@pytest.fixture(scope="module")
def restarted(new_server, inbox):
    """A server that was killed while it generated, and was started again."""
    killed = new_server(None, "--max-cron-threads", "2")
    set_up(killed)
    activity = Activity(killed, "killed", 6 * BATCH)

    def restart():
        killed.process.kill()
        killed.process.wait()
        activity.server = new_server(killed.database, "--max-cron-threads", "2")

    interrupt(activity, inbox, restart)
    return activity


def test_killed(restarted, inbox):
    restarted.wait_until_asked(inbox)
    assert not restarted.error()


def test_connections_lost(restarted, inbox):
    """As when PostgreSQL restarts."""
    server = restarted.server
    server.expected_errors += [
        "terminating connection due to administrator command",
        "server closed the connection unexpectedly",
        "connection already closed",
        "cursor already closed",
        "Exception in cron",
        "bad query",
        "SSL connection has been closed unexpectedly",
    ]
    activity = Activity(server, "disconnected", 6 * BATCH)

    def disconnect():
        query(
            server.database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name LIKE 'odoo-%%'",
            server.database,
        )

    interrupt(activity, inbox, disconnect)
    activity.wait_until_asked(inbox)
    assert not activity.error(), "it is not the fault of the activity"


# Stopping ---------------------------------------------------------------------------


def test_stop_and_continue(live, inbox):
    """Stop in the middle of a batch, while one request is leaving."""
    settle(live)
    activity = Activity(live, "stopped", 8 * BATCH)
    database = live.database
    go = threading.Event()
    leaving = threading.Event()

    def hold_fifth(_message):
        if len(activity.got(inbox)) == 4:
            leaving.set()
            assert go.wait(60)

    inbox.on_message = hold_fifth
    with ExitStack() as stack:
        stack.callback(go.set)
        with hold(database, activity.contacts[4 * BATCH + 5]):
            activity.press()
            eventually(lambda: held_up(database) == 1)
            assert leaving.wait(60)
            (stopping,) = stack.enter_context(meanwhile(activity.stop))
            eventually(lambda: stopping.done() or held_up(database) == 2)
        message = stopping.result()
        eventually(lambda: not activity.is_pending())
    settle(live)
    eventually(lambda: "outgoing" not in activity.mails())
    assert len(activity.got(inbox)) == 5, "nobody but whose request was leaving"
    cancelled, left = map(int, re.findall(r"(\d+)\.", message))
    assert left == 5, message
    # the batch in the middle may have been undone, or cancelled afterwards
    asked = activity.count()
    assert cancelled + left in (asked, asked - BATCH), message
    assert activity.mails() == {"sent": 5, "cancel": asked - 5}
    # Nobody is asked, and nothing leaves, before somebody continues.
    run(live, DAILY)
    settle(live)
    run(live, QUEUE)
    assert activity.count() == asked
    assert len(activity.got(inbox)) == 5
    activity.resume()
    activity.wait_until_asked(inbox)


def test_stop_and_continue_again_and_again(live, inbox):
    activity = Activity(live, "undecided", 10 * BATCH)
    activity.press()
    for number in range(1, 5):
        enough = 15 * number
        inbox.wait_until(lambda enough=enough: len(activity.got(inbox)) >= enough)
        activity.stop()
        activity.resume()
    activity.wait_until_asked(inbox)


@pytest.mark.parametrize("count", [BATCH, 3 * BATCH])
def test_stop_while_a_press_generates(quiet, inbox, count):
    """Its batch is undone, be it the last one or not, and whoever pressed is told."""
    activity = Activity(quiet, f"late{count}x", 0)
    quiet.expected_errors.append("was stopped: press")
    assert activity.press() == 0, "it is not the first press"
    activity.add(count)
    with ExitStack() as stack:
        with hold(quiet.database, activity.contacts[5]):
            (pressing,) = stack.enter_context(meanwhile(activity.press))
            eventually(lambda: held_up(quiet.database) == 1)
            activity.call("action_stop_asking", login="second")
    with pytest.raises(AssertionError, match="was stopped: press “Continue” there"):
        pressing.result()
    run(quiet, QUEUE)
    run(quiet, CONTINUE)
    run(quiet, QUEUE)
    assert activity.got(inbox) == {}
    assert activity.count() == 0
    activity.resume()
    run_all(quiet)
    activity.wait_until_asked(inbox)


@pytest.mark.parametrize("count", [BATCH, 3 * BATCH])
def test_stop_while_the_first_press_generates(quiet, inbox, count):
    """It waits for that, and then cancels its requests."""
    activity = Activity(quiet, f"first{count}x", count)
    with ExitStack() as stack:
        with hold(quiet.database, activity.contacts[5]):
            stack.enter_context(meanwhile(activity.press))
            eventually(lambda: held_up(quiet.database) == 1)
            (stopping,) = stack.enter_context(meanwhile(activity.stop))
            eventually(lambda: held_up(quiet.database) == 2)
    stopping.result()
    run(quiet, QUEUE)
    run(quiet, CONTINUE)
    run(quiet, QUEUE)
    assert activity.got(inbox) == {}
    assert activity.mails() == {"cancel": BATCH}
    activity.resume()
    run_all(quiet)
    activity.wait_until_asked(inbox)


STOP = """
import os, time
env.cr.execute("SELECT 1")
print("begun", flush=True)
while not os.path.exists({go!r}):
    time.sleep(0.05)
try:
    env["privacy.activity"].browse({activity}).action_stop_asking()
except Exception as error:
    print(type(error).__name__, flush=True)
"""


def test_stop_that_does_not_see_the_last_batch(quiet, inbox, tmp_path):
    """Odoo tries it again, and then it sees what was committed meanwhile."""
    activity = Activity(quiet, "unseen", 5)
    go = tmp_path / "go"
    script = STOP.format(activity=activity.id, go=str(go))
    shell = Shell(quiet.database, script)
    assert shell.line() == "begun"
    activity.press()
    go.touch()
    assert shell.line() == "SerializationFailure"
    shell.finish()
    activity.stop()
    assert activity.mails() == {"cancel": 5}


def test_stop_and_continue_while_a_batch_is_generated(quiet, inbox):
    """Who was cancelled is asked again, although the run was locked."""
    activity = Activity(quiet, "impatient", 3 * BATCH)
    database = quiet.database
    activity.press()

    def stop_and_continue():
        activity.stop()
        activity.resume()

    with ExitStack() as stack:
        with hold(database, activity.contacts[BATCH + 5]):
            stack.enter_context(meanwhile(lambda: run(quiet, CONTINUE)))
            eventually(lambda: held_up(database) == 1)
            (both,) = stack.enter_context(meanwhile(stop_and_continue))
            eventually(lambda: both.done() or held_up(database) == 2)
        both.result()
    run_all(quiet)
    activity.wait_until_asked(inbox)


def test_asking_by_hand_while_it_is_stopped(quiet, inbox):
    """Nobody is asked before Continue, and then everybody once."""
    activity = Activity(quiet, "byhand", 5)
    activity.press()
    activity.stop()
    consents = quiet.execute(
        "privacy.consent", "search", [("activity_id", "=", activity.id)]
    )
    quiet.execute("privacy.consent", "action_auto_ask", consents, login="officer")
    assert activity.mails() == {"cancel": 5}
    activity.resume()
    activity.stop()
    assert activity.mails() == {"cancel": 10}
    activity.resume()
    run_all(quiet)
    activity.wait_until_asked(inbox)


# Merging contacts -------------------------------------------------------------------


@pytest.mark.parametrize("in_background", [False, True])
@pytest.mark.parametrize("case", ["asking, then merging", "merging first", "source"])
def test_merge_at_once(quiet, inbox, case, in_background):
    """A contact is merged into one that is just asked, or is asked itself."""
    database = quiet.database
    activity = Activity(quiet, f"merge{len(case)}{in_background}x".lower(), 1)
    activity.press()
    activity.add(BATCH + 10)
    place = 1
    generate = activity.press
    if in_background:
        place += BATCH
        activity.press()
        generate = partial(run, quiet, CONTINUE)
    asked, being_asked = activity.contacts[0], activity.contacts[place + 3]
    source, destination = asked, being_asked
    if case == "source":
        source, destination = being_asked, asked
    somebody_else = Client(quiet.url, database)
    somebody_else.session()
    held, lock = activity.contacts[place + 6], "UPDATE"
    actions = [generate, partial(merge, somebody_else, source, destination)]
    if case == "merging first":
        # Nothing but deleting it in the end waits for this.
        held, lock = source, "KEY SHARE"
        actions.reverse()
    with ExitStack() as stack:
        with hold(database, held, lock):
            futures = []
            for number, action in enumerate(actions, 1):
                futures += stack.enter_context(meanwhile(action))
                eventually(lambda number=number: held_up(database) == number)
        for future in futures:
            future.result()
    assert not activity.error()
    run_all(quiet)
    current = query(
        database,
        "SELECT partner_id FROM privacy_consent"
        " WHERE activity_id = %s AND merged_into_id IS NULL ORDER BY partner_id",
        activity.id,
    )
    everybody = set(activity.contacts) - {source}
    assert current == [(contact,) for contact in sorted(everybody)]
    got = activity.got(inbox)
    both = {activity.addresses[0], activity.addresses[place + 3]}
    assert sum(got.pop(one, 0) for one in both) == 1
    assert got == dict.fromkeys(set(activity.addresses) - both, 1)
