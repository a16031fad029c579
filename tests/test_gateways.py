# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Links as mail gateways and programs rewrite them, pressed on a real server."""

from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
import requests
from page import check, load
from server import Scene

ANN = "ann@example.com"


@pytest.fixture(scope="module")
def scene(new_server):
    """A server with a subject, whose request has come."""
    scene = Scene(new_server(), {ANN: "en_US"}, cc=False)
    scene.generate()
    scene.wait_until_sent(1)
    return scene


@pytest.fixture
def link(inbox, scene):
    """The link to accept, as it was mailed."""
    return inbox.to(ANN).links()["accept"]


def _path(change):
    """:return: what changes the path of a link, and leaves its server alone"""
    return lambda link: (
        link[: -len(_local(link))] + change(_local(link))  # what is after the server
    )


def _local(link):
    return urlsplit(link)._replace(scheme="", netloc="").geturl()


def _safe_links(link):
    """What a person gets who copies the address out of Microsoft's."""
    wrapped = (
        f"https://eur01.safelinks.protection.outlook.com/?url={quote(link, safe='')}"
        "&data=05%7C02%7Cann%40example.com&sdata=x%3D&reserved=0"
    )
    return parse_qs(urlsplit(wrapped).query)["url"][0]


def _url_defense(link):
    """The same of Proofpoint's second version."""
    encoded = quote(link, safe="").replace("-", "%2D").replace("_", "%5F")
    wrapped = encoded.replace("%2F", "_").replace("%", "-")
    return unquote(wrapped.replace("-", "%").replace("_", "/"))


REWRITTEN = {
    "as it was mailed": lambda link: link,
    "lower case": str.lower,
    "upper case": _path(str.upper),
    "upper case, without its query": _path(lambda path: path.upper().split("?")[0]),
    "capital letters": _path(str.title),
    "percent-encoded": _path(lambda path: "/" + quote(path[1:], safe="?=/")),
    "percent-encoded, slashes too": _path(lambda path: "/" + quote(path[1:], safe="")),
    "percent-encoded twice": _path(
        lambda path: "/" + quote(quote(path[1:], safe=""), safe="")
    ),
    "quoted-printable": lambda link: link.replace("=", "=3D"),
    "dot": "{}.".format,
    "parenthesis": "{})".format,
    "angle bracket": "{}>".format,
    "encoded angle bracket": "{}%3E".format,
    "blank": "{}%20".format,
    "quotation mark": "{}%22".format,
    "equals sign": "{}=".format,
    "semicolon": "{};".format,
    "punctuation without a query": lambda link: link.split("?")[0] + ").",
    "blank without a query": lambda link: link.split("?")[0] + "%20",
    "no query": lambda link: link.split("?")[0],
    "no query, slash": lambda link: link.split("?")[0] + "/",
    "tracking parameters": "{}&utm_source=mail&utm_medium=email&fbclid=x".format,
    "tracking after a second question mark": "{}?fbclid=x".format,
    "tracking before": lambda link: link.replace("?", "?utm_source=mail&"),
    "ampersand in HTML": "{}&amp;utm_source=mail".format,
    "only tracking": lambda link: link.split("?")[0] + "?utm_source=mail",
    "data of Safe Links": "{};data=05%7C02%7Cann%40example.com&reserved=0".format,
    "decoded Safe Links": _safe_links,
    "decoded URL Defense": _url_defense,
    "slashes twice": _path(lambda path: path.replace("/", "//")),
    "fragment": "{}#:~:text=accept".format,
    "database cut off": lambda link: link[:-3],
    "database without a value": lambda link: link.partition("=")[0],
}


@pytest.mark.parametrize("rewrite", REWRITTEN.values(), ids=REWRITTEN)
def test_leads_to_the_page(scene, link, rewrite):
    rewritten = rewrite(link)
    before = scene.consent(ANN)
    page = requests.get(rewritten, timeout=60)
    check(page, "I accept")
    assert not page.history, "no redirect"
    assert scene.consent(ANN) == before, "opening it is no answer"
    url, nonce = load(rewritten)["accept"]
    page = requests.post(url, data={"nonce": nonce}, timeout=60)
    check(page, "Your answer is recorded")
    assert scene.consent(ANN)["accepted"]
    url, nonce = load(rewritten)["reject"]
    check(requests.post(url, data={"nonce": nonce}, timeout=60))
    assert not scene.consent(ANN)["accepted"]
    _check_log(scene, link)


@pytest.mark.parametrize(
    "cut", [1, 20, 52, 55], ids=["a bit", "half", "the token", "the number"]
)
def test_cut_off_says_what_to_do(scene, link, cut):
    rewritten = link.split("?")[0][:-cut]
    before = scene.consent(ANN)
    page = requests.get(rewritten, timeout=60)
    assert page.status_code == 404
    assert "copy all of it" in page.text
    assert "answer the message" in page.text
    assert scene.consent(ANN) == before
    _check_log(scene, link)


def _check_log(scene, link):
    """However it is written, the secret does not get into the log."""
    token = urlsplit(link).path.split("/")[5]
    assert token[1:-20] not in scene.server.log.read_text().lower()
