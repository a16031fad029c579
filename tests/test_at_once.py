# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Two people doing the same thing at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from generation_scene import Activity
from page import RECORDED, load, press
from server import Scene, query

SUBJECTS = {f"subject{i}@example.com": "en_US" for i in range(1, 3)}
CROWD = 30


@pytest.fixture(scope="module")
def crowd(new_server):
    """A server with two subjects, whose requests have come."""
    scene = Scene(new_server(), SUBJECTS, cc=False)
    scene.generate()
    scene.wait_until_sent(len(SUBJECTS))
    return scene


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


def post(url, nonce):
    return requests.post(url, data={"nonce": nonce}, timeout=60)


def test_two_users_generate(crowd, inbox):
    crowd.server.session("officer")
    activity = Activity(crowd.server, "crowd", CROWD)
    made = at_once(*[activity.press] * 3)
    assert sorted(made) == [0, 0, CROWD]
    activity.wait_until_asked(inbox)


def test_both_answers(crowd, inbox):
    links = inbox.to("subject1@example.com").links()
    loaded = load(links["accept"])
    pages = at_once(
        *[lambda: post(*loaded["accept"])] * 2, *[lambda: post(*loaded["reject"])] * 2
    )
    assert [page.status_code for page in pages] == [200] * 4
    consent = crowd.consent("subject1@example.com")
    assert consent["state"] == "answered"
    assert consent["answered_by"] == "subject"
    # A yes needs a page that knows the present answer, a no is always taken.
    assert not consent["accepted"]
    for page in pages[2:]:
        assert RECORDED.search(page.text)
    for page in pages[:2]:
        # Whoever was slower sees what counts, and may choose again.
        assert RECORDED.search(page.text) or 'role="alert"' in page.text


def test_answer_posted_twice(crowd, inbox):
    link = inbox.to("subject2@example.com").links()["reject"]
    form = load(link)["reject"]
    pages = at_once(*[lambda: post(*form)] * 2)
    assert [page.status_code for page in pages] == [200] * 2
    assert all(RECORDED.search(page.text) for page in pages)
    assert not crowd.consent("subject2@example.com")["accepted"]


def test_answer_while_the_mail_is_handed_over(crowd, inbox):
    """The mail is out when the answer comes: it must not be sent a second time."""
    address = "quick@example.com"
    crowd.add({address: "en_US"})
    database = crowd.server.database
    answers = []

    def answer(message):
        inbox.on_message = lambda message: None
        link = message.links()["accept"]
        answers.append(pool.submit(press, link))
        # Either the answer waits for the row of the consent, or it is through.
        while not answers[0].done() and not query(
            database,
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = %s AND wait_event_type = 'Lock'",
            database,
        ):
            pass

    with ThreadPoolExecutor(1) as pool:
        inbox.on_message = answer
        before = len(inbox.messages)
        crowd.generate()
        inbox.wait_for(before + 1)
    assert answers[0].result().status_code == 200
    consent = crowd.consent(address)
    found = query(
        database,
        "SELECT mail.state FROM mail_mail AS mail"
        " JOIN mail_message AS message ON message.id = mail.mail_message_id"
        " WHERE message.model = 'privacy.consent' AND message.res_id = %s",
        consent["id"],
    )
    assert found == [("sent",)], "the next run of the queue leaves it alone"
    assert [one.to for one in inbox.messages[before:]] == [[address]]
    assert (consent["state"], consent["accepted"]) == ("answered", True)
