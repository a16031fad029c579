# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Two people doing the same thing at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from server import Scene, query

SUBJECTS = {f"subject{i}@example.com": "en_US" for i in range(30)}


@pytest.fixture(scope="module")
def crowd(new_server):
    """A server with many subjects and nobody asked yet."""
    return Scene(new_server(), SUBJECTS, cc=False)


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


def test_two_users_generate(crowd, inbox):
    crowd.server.session("officer")
    made = at_once(*[crowd.generate] * 3)
    assert sorted(map(len, made)) == [0, 0, len(SUBJECTS)]
    database = crowd.server.database
    assert query(database, "SELECT count(*) FROM privacy_consent") == [(len(SUBJECTS),)]
    inbox.wait_for(len(SUBJECTS))
    assert sorted(message.to[0] for message in inbox.messages) == sorted(SUBJECTS)


def test_both_answers(crowd, inbox):
    links = inbox.to("subject1@example.com").links()
    pages = at_once(
        *[lambda: requests.post(links["accept"], timeout=60)] * 2,
        *[lambda: requests.post(links["reject"], timeout=60)] * 2,
    )
    assert [page.status_code for page in pages] == [200] * 4
    words = ["accepted"] * 2 + ["rejected"] * 2
    for page, word in zip(pages, words, strict=True):
        assert word in page.text, "everybody sees what they chose themselves"
    consent = crowd.consent("subject1@example.com")
    assert consent["state"] == "answered"
    assert consent["answered_by"] == "subject"


def test_answer_posted_twice(crowd, inbox):
    link = inbox.to("subject2@example.com").links()["reject"]
    pages = at_once(*[lambda: requests.post(link, timeout=60)] * 2)
    assert [page.status_code for page in pages] == [200] * 2
    assert not crowd.consent("subject2@example.com")["accepted"]
