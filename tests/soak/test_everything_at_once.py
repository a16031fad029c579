# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Generation, answers, archiving, merges and two consumers at the same consents."""

import random
import re
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock

import requests
from generation_scene import EFFECTS, run
from page import RECORDED, load
from server import Client, Scene, query

SUBJECTS = 200
SECONDS = 60
# Answers in sequence before the subjects begin to press twice at once.
SINGLE_ANSWERS = 20
# A merge compares the times of answers, which have no fraction of a second.
RESOLUTION = 1
LINK_ID = re.compile(r"/privacy/consent/\w+/(\d+)/")


class Answer:
    """An answer that a subject posted.

    :ivar int number: unique, the browser's name in the proof
    :ivar int consent: id of the consent in the link
    :ivar bool accepted: what was answered
    :ivar start: when it was posted
    :ivar end: when the page came
    """

    def __init__(self, number, link):
        self.number = number
        self.link = link
        self.consent = int(LINK_ID.search(link)[1])
        self.accepted = "/accept/" in link

    def post(self):
        self.start = time.monotonic()
        headers = {"User-Agent": f"answer-{self.number}."}
        choice = "accept" if self.accepted else "reject"
        forms = load(self.link, headers=headers)
        if choice not in forms:
            # The contact was merged into one with another mailbox.
            self.accepted, choice = False, "reject"
        url, nonce = forms[choice]
        response = requests.post(
            url, data={"nonce": nonce}, timeout=60, headers=headers
        )
        self.end = time.monotonic()
        return response

    def is_before(self, other):
        """:return: whether nobody can take the other answer for the earlier one"""
        slack = 0 if other.consent == self.consent else RESOLUTION
        return self.end + slack < other.start


class Turmoil:
    """What many people do for a while, and what the server said.

    None of them works with a contact that was merged into another one: a manager
    generates for whoever there is, consents are never deleted, and their links
    work for ever. So nobody may see a 404, a MissingError or any other error.

    :ivar failures: every answer of the server that nobody should see
    :ivar answers: those that the server said it recorded, some of them equal to one
        that it recorded just before
    :ivar archived: ids of the consents that were archived at any time
    :ivar done: how often each thing was done
    """

    def __init__(self, scene, inbox, consumers, seed):
        self.scene = scene
        self.inbox = inbox
        self.consumers = consumers
        self.chance = random.Random(seed)
        self.failures = []
        self.answers = []
        self.archived = set()
        self.done = Counter()
        self.contacts = dict(scene.subjects)
        self._numbers = count()
        self._lock = Lock()

    def run(self):
        """Do all of it at once."""
        workers = [
            self._generate,
            self._answer,
            self._answer,
            self._archive,
            self._merge,
            *[consumer.run for consumer in self.consumers],
        ]
        self._end = time.monotonic() + SECONDS
        with ThreadPoolExecutor(len(workers)) as pool:
            for future in [pool.submit(self._repeat, worker) for worker in workers]:
                future.result()

    def _repeat(self, work):
        server = self.scene.server
        arguments = (
            []
            if work in [one.run for one in self.consumers]
            else [Caller(server, self)]
        )
        while time.monotonic() < self._end:
            work(*arguments)

    def _generate(self, caller):
        if self.chance.random() < 0.5:
            email = f"late{next(self._numbers)}@example.com"
            made = caller.call(
                "res.partner",
                "create",
                [
                    {
                        "name": email,
                        "email": email,
                        "category_id": [(6, 0, [self.scene.marker])],
                    }
                ],
            )
            if made:
                with self._lock:
                    self.contacts[email] = made[0]
        activity = [self.scene.activity]
        caller.call(
            "privacy.activity", "action_new_consents", activity, login="officer"
        )
        time.sleep(self.chance.uniform(0, 1))

    def _answer(self, _caller):
        links = [
            one for message in list(self.inbox.messages) if (one := message.links())
        ]
        if links:
            # Again and again the same few, and anybody.
            some = self.chance.choice([links, links[:10]])
            mine = self.chance.choice(some)
            times = 1
            if len(self.answers) >= SINGLE_ANSWERS:
                times = self.chance.choice([1, 2])
            choices = [self.chance.choice(["accept", "reject"]) for _ in range(times)]
            posted = [Answer(next(self._numbers), mine[one]) for one in choices]
            with ThreadPoolExecutor(times) as pool:
                pages = list(pool.map(Answer.post, posted))
            for answer, page in zip(posted, pages, strict=True):
                if page.status_code == 200:
                    if RECORDED.search(page.text):
                        self.answers.append(answer)
                    self._count("answer")
                else:
                    self._fail(f"answer {answer.consent}: {page.status_code}")
        time.sleep(self.chance.uniform(0, 0.2))

    def _archive(self, caller):
        model = "privacy.consent"
        every = caller.call(
            model, "search", [], login="officer", context={"active_test": False}
        )
        if every:
            some = self.chance.sample(every, self.chance.randint(1, 3))
            self.archived.update(some)
            caller.call(model, "action_archive", some, login="officer")
            time.sleep(self.chance.uniform(0, 0.5))
            if self.chance.random() < 0.8:
                caller.call(model, "action_unarchive", some, login="officer")
        time.sleep(self.chance.uniform(0, 0.5))

    def _merge(self, caller):
        with self._lock:
            emails = self.chance.sample(sorted(self.contacts), 2)
            pair = [self.contacts[email] for email in emails]
        wizard = caller.call(
            "base.partner.merge.automatic.wizard",
            "create",
            {"partner_ids": [(6, 0, pair)], "dst_partner_id": pair[0]},
        )
        if wizard:
            name = "base.partner.merge.automatic.wizard"
            if caller.call(name, "action_merge", [wizard]):
                with self._lock:
                    del self.contacts[emails[1]]
        time.sleep(self.chance.uniform(0, 1))

    def _count(self, what):
        with self._lock:
            self.done[what] += 1

    def _fail(self, what):
        with self._lock:
            self.failures.append(what)


class Caller:
    """One person at the web client, whose errors are noted down."""

    def __init__(self, server, turmoil):
        self._client = Client(server.url, server.database)
        self._turmoil = turmoil

    def call(self, model, method, *args, login="admin", **kwargs):
        """:return: what the server returned; None after an error"""
        response = self._client.session(login).post(
            f"{self._client.url}/web/dataset/call_kw/{model}/{method}",
            json={
                "params": {
                    "model": model,
                    "method": method,
                    "args": args,
                    "kwargs": kwargs,
                }
            },
            timeout=120,
        )
        what = f"{model}.{method}{args}"
        if response.status_code != 200:
            self._turmoil._fail(f"{what}: {response.status_code}")
            return None
        body = response.json()
        if "error" in body:
            self._turmoil._fail(f"{what}: {body['error']['data']['debug']}")
            return None
        self._turmoil._count(method)
        return body.get("result", True)


def test_everything_at_once(new_server, new_consumers, inbox, capsys):
    """No deadlock, no error, nothing lost, and every record tells the truth."""
    server = new_server(None, "--max-cron-threads", "0")
    database = server.database
    subjects = [f"subject{i}@example.com" for i in range(SUBJECTS)]
    scene = Scene(server, dict.fromkeys(subjects, "en_US"), cc=False)
    scene.generate()
    consumers = [new_consumers(database) for _ in range(2)]
    # Odoo logs what it repeats. Whether it gave up is checked below.
    for process in [server, *consumers]:
        process.expected_errors.append("could not serialize access due to")
    # The first requests are on their way for a good part of the time.
    inbox.delay = 0.2
    seed = random.randrange(10**6)
    turmoil = Turmoil(scene, inbox, consumers, seed)
    turmoil.run()
    inbox.delay = 0
    with capsys.disabled():
        summary = f" seed {seed}, {dict(turmoil.done)}, {len(inbox.messages)} mails "
        sys.stdout.write(summary)
    scene.generate()
    consumers[0].run()
    run(server, EFFECTS)
    assert not turmoil.failures, "\n\n".join(turmoil.failures)
    check_conflicts(server, database)
    check_queue(database, turmoil)
    check_answers(database, turmoil)
    check_consents(database, turmoil)


def check_conflicts(server, database):
    """There was no deadlock, and nothing that Odoo gave up."""
    assert "maximum number of tries reached" not in server.log.read_text()
    statistics = "SELECT deadlocks FROM pg_stat_database WHERE datname = %s"
    assert query(database, statistics, database) == [(0,)]


def check_queue(database, turmoil):
    """Everything left, but for requests that somebody's archiving cancelled.

    Nor is anybody asked who has just answered.
    """
    due = (
        "SELECT id, state, failure_reason FROM mail_mail"
        " WHERE queue_effects_due OR state NOT IN ('sent', 'cancel')"
    )
    assert query(database, due) == []
    cancelled = query(
        database,
        "SELECT consent.id FROM mail_mail AS mail"
        " JOIN mail_message AS message ON message.id = mail.mail_message_id"
        " LEFT JOIN privacy_consent AS consent ON consent.id = message.res_id"
        " AND message.model = 'privacy.consent' AND consent.merged_into_id IS NULL"
        " LEFT JOIN privacy_consent_request AS request ON request.mail_id = mail.id"
        " WHERE mail.state = 'cancel' AND (message.model != 'privacy.consent'"
        " OR consent.id IS NOT NULL) AND request.cause IS DISTINCT FROM 'answered'",
    )
    assert {consent_id for (consent_id,) in cancelled} <= turmoil.archived
    pairs = Counter(
        (message.to[0], message.mime["Message-Id"])
        for message in turmoil.inbox.messages
    )
    assert {pair: times for pair, times in pairs.items() if times > 1} == {}


def check_consents(database, turmoil):
    """Everybody was asked once, and whose request came has a consent that says so."""
    facts = query(
        database,
        "SELECT consent.id, partner_id, state, sent_date IS NOT NULL, EXISTS ("
        "  SELECT FROM privacy_consent_request AS request"
        "  WHERE request.consent_id = consent.id AND effects_due),"
        " merged_into_id, (SELECT string_agg(reason, E'\\n')"
        "  FROM privacy_consent_request AS request"
        "  WHERE request.consent_id = consent.id AND request.state = 'failed'),"
        " action_error FROM privacy_consent AS consent",
    )
    asked = [fact[1] for fact in facts if not fact[5]]
    assert sorted(asked) == sorted(turmoil.contacts.values())
    delivered = {
        int(LINK_ID.search(link)[1])
        for message in turmoil.inbox.messages
        for link in message.links().values()
    }
    forgotten = []
    for consent_id, _partner, state, sent, to_follow, merged, *errors in facts:
        if to_follow:
            forgotten.append(consent_id)
        assert errors == [None, None], consent_id
        # Whose request came was asked, and whoever was asked got it.
        assert (consent_id in delivered) == sent == (state != "draft"), consent_id
        lost = not (sent or merged or consent_id in turmoil.archived)
        assert not lost, consent_id
    assert forgotten == [], "what follows their delivery was never done"


def check_answers(database, turmoil):
    """Each new answer is in a history, and the last of them is what counts."""
    merged = dict(query(database, "SELECT id, merged_into_id FROM privacy_consent"))

    def survivor(consent_id):
        while merged[consent_id]:
            consent_id = merged[consent_id]
        return consent_id

    recorded = query(
        database,
        "SELECT consent_id, user_agent FROM privacy_consent_event AS event"
        " JOIN privacy_consent_event_detail AS detail ON detail.event_id = event.id"
        " WHERE user_agent LIKE '%%answer-%%'",
    )
    proofs = Counter(
        (int(re.search(r"answer-(\d+)\.", text)[1]), survivor(consent_id))
        for consent_id, text in recorded
    )
    families = {}
    for answer in turmoil.answers:
        families.setdefault(survivor(answer.consent), []).append(answer)
    said = {
        (answer.number, consent_id)
        for consent_id, answers in families.items()
        for answer in answers
    }
    assert set(proofs) <= said
    assert set(proofs.values()) <= {1}
    for consent_id, answers in families.items():
        (fact,) = query(
            database,
            "SELECT state, answered_by, accepted, last_metadata"
            " FROM privacy_consent WHERE id = %s",
            consent_id,
        )
        # An equal answer within a minute is not a new one.
        new = [one for one in answers if (one.number, consent_id) in proofs]
        assert {one.accepted for one in answers} == {one.accepted for one in new}
        number = int(re.search(r"answer-(\d+)\.", fact[3])[1])
        last = {
            one.number: one
            for one in new
            if not any(one.is_before(other) for other in new)
        }
        assert number in last, (consent_id, number, sorted(last))
        accepted = last[number].accepted
        assert fact[:3] == ("answered", "subject", accepted), consent_id
