# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Anything at all sent to the public pages: no 5xx, and no change."""

import http.client
import re
import statistics
import time
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some
from page import load
from server import Scene, query

ANN = "ann@example.com"
WORDS = ["accept", "reject", "unsubscribe", "ask", "preferences"]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "ODD"]
TYPES = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/json",
    "text/plain; charset=utf-16",
    "application/x-www-form-urlencoded; charset=nothing",
]
NAMES = ["nonce", "db", "List-Unsubscribe", "choice", "consent_id", "token", "action"]
NAMES += ["lang"]
# and many more in `make soak`
REQUESTS = 300
TRIES = 1000
# Seconds, between the medians of a wrong id and of a wrong token.
SAME_TIME = 0.0002


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with one subject, whose request has come."""
    scene = Scene(new_server(), {ANN: "en_US"}, cc=False)
    scene.server.expected_errors += [
        "called ignoring args",
        # what Odoo says of cookies and bodies that it cannot read
        "odoo.http",
    ]
    scene.generate()
    # The message about the delivery is none that a request below made.
    scene.wait_until_sent(1)
    return scene


@pytest.fixture(scope="module")
def link(inbox, scene):
    """Ann's link, in its parts: the consent's id, and the token."""
    path = inbox.to(ANN).links()["accept"].partition("?")[0]
    return tuple(path.split("/")[-2:])


def facts(scene):
    """Whatever a request could change."""
    return [
        query(scene.server.database, statement)
        for statement in [
            "SELECT id, state, accepted, answer_date, last_metadata, link_revocations"
            " FROM privacy_consent ORDER BY id",
            "SELECT id, consent_id, kind, state FROM privacy_consent_request"
            " ORDER BY id",
            "SELECT max(id) FROM mail_message",
            "SELECT max(id) FROM mail_mail",
        ]
    ]


def send(scene, method, target, headers=(), body=b""):
    """Send bytes that a well-behaved client would not send.

    :return: the status, and the page
    """
    connection = http.client.HTTPConnection("127.0.0.1", scene.server.port, timeout=60)
    try:
        connection.putrequest(method, "/", skip_accept_encoding=True)
        # putrequest() refuses what shall be tried
        line = f"{method} {target} HTTP/1.1".encode("latin-1", "replace")
        connection._buffer[0] = line
        for name, value in headers:
            connection._buffer.append(name.encode() + b": " + value)
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Connection", "close")
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    except (http.client.HTTPException, ConnectionError):
        return 400, b""  # the server did not even answer
    finally:
        connection.close()


text = some.text(max_size=40)
huge = some.sampled_from(["x" * 70_000, "[" * 5000, "a[b][c]" * 500, "%00", "\0", "é"])
value = text | huge | some.just("One-Click")
# Without what ends a line of the request.
header = (
    some.binary(max_size=60).map(
        lambda raw: raw.replace(b"\n", b"").replace(b"\r", b"")
    )
    | some.sampled_from(
        [b"a\r\n b", b"x\r\n\tRemote IP: 192.0.2.1", b"\x00", b"x" * 9000]
    )
    | some.sampled_from([b"fr;q=x", b"*;q=", b"de,,;;q=1e9", b"prefetch"])
)


@some.composite
def requests(draw, link):
    """Anything like a request, which no button of a page makes."""
    consent_id, token = link
    word = draw(some.sampled_from([*WORDS, "perhaps", ""]) | text)
    path = [
        word,
        draw(some.sampled_from([consent_id, "0", "-1", "9" * 30, "1e3", ""]) | text),
        draw(some.sampled_from([token, token[:-1], "0" * 128, "é", ""]) | text),
    ]
    # Odoo itself fails at a NUL in any address that is no route.
    assume("\0" not in "".join(path) or all(re.fullmatch(".+", one) for one in path))
    raw = draw(some.booleans())
    safe = "/%?&=#;\\" if raw else ""
    target = "/privacy/consent/" + "/".join(quote(part, safe=safe) for part in path)
    pairs = draw(
        some.lists(some.tuples(some.sampled_from(NAMES) | text, value), max_size=4)
    )
    query_pairs = pairs if draw(some.booleans()) else []
    database = draw(some.sampled_from([None, "none", "postgres", "template1", "\0"]))
    if database:
        query_pairs = [("db", database), *query_pairs]
    target += "?" + "&".join(f"{quote(k)}={quote(v)}" for k, v in query_pairs)[:60_000]
    content_type = draw(some.sampled_from(TYPES))
    body = "&".join(f"{quote(k)}={quote(v)}" for k, v in pairs).encode()
    if draw(some.booleans()):
        body = draw(some.binary(max_size=200))
    headers = [
        ("User-Agent", draw(header)),
        ("Accept-Language", draw(header)),
        ("Cookie", b"session_id=" + draw(header)),
        ("Content-Type", content_type.encode()),
    ]
    method = draw(some.sampled_from(METHODS))
    one_click = word == "unsubscribe" and b"One-Click" in body
    if method == "POST" and one_click:
        method = "GET"  # the one thing that changes something without a button
    return method, target, headers, body


def check_anything(scene, link, times, derandomize):
    """Send so many requests."""
    before = facts(scene)
    seen = set()

    @settings(
        max_examples=times,
        deadline=None,
        database=None,
        derandomize=derandomize,
        suppress_health_check=list(HealthCheck),
    )
    @given(request=requests(link))
    def check(request):
        status, _page = send(scene, *request)
        seen.add(status)
        assert status < 500 or status == 501, request  # 501: no such method (RFC 9110)

    check()
    assert facts(scene) == before
    assert {200, 404} <= seen


def test_anything(scene, link):
    check_anything(scene, link, REQUESTS, derandomize=True)


@pytest.mark.parametrize("name", ["self", "request", "env", "rest", "_kwargs"])
def test_names_of_parameters(scene, link, name):
    before = facts(scene)
    for word in WORDS:
        target = f"/privacy/consent/{word}/{'/'.join(link)}?{name}=x"
        for method in ("GET", "POST"):
            status, _page = send(scene, method, target)
            assert status == 200, (word, method)
    assert facts(scene) == before


def test_wrong_id_and_wrong_token_look_and_last_the_same(scene, link):
    consent_id, token = link
    targets = {
        "id": f"/privacy/consent/accept/999999/{token}",
        "token": f"/privacy/consent/accept/{consent_id}/{token[::-1]}",
    }
    pages = {send(scene, "GET", target) for target in targets.values()}
    ((status, _page),) = pages
    assert status == 404
    # A machine that does something else meanwhile may hit one of the two alone.
    differences = []
    while len(differences) < 3 and min(differences, default=1) >= SAME_TIME:
        differences.append(difference(scene, targets))
    assert min(differences) < SAME_TIME, differences


def difference(scene, targets):
    """:return: by how many seconds the medians of the two differ"""
    spent = {name: [] for name in targets}
    connection = http.client.HTTPConnection("127.0.0.1", scene.server.port)
    for i in range(TRIES):
        # Neither is always the first of the two.
        for name in sorted(targets, reverse=i % 2):
            start = time.perf_counter()
            connection.request("GET", targets[name])
            connection.getresponse().read()
            spent[name].append(time.perf_counter() - start)
    connection.close()
    wrong_id, wrong_token = (statistics.median(times) for times in spent.values())
    return abs(wrong_id - wrong_token)


def test_the_link_works_still(scene, inbox):
    """So the tests above asked the right server."""
    assert set(load(inbox.to(ANN).links()["accept"])) >= {"accept", "reject"}
