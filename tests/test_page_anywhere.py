# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public page beside other addons, behind a proxy, with several databases."""

import pytest
import requests
from page import press
from server import Scene, query

from tools import settings

ANN = "ann@example.com"


def ask(scene, inbox):
    """Press the button and wait for the request.

    :return: the personal links of Ann
    """
    inbox.messages.clear()
    scene.generate()
    scene.wait_until_sent(1)
    return inbox.to(ANN).links()


def answer(links, choice="accept", **kwargs):
    """Open the page, then press its first button."""
    page = requests.get(links[choice], timeout=60, **kwargs)
    assert page.status_code == 200
    assert not page.history, "no redirect"
    assert not page.cookies, "no cookie"
    page = press(links[choice], **kwargs)
    assert page.status_code == 200
    return page


@pytest.mark.parametrize("variant", ["portal", "website"])
def test_with_other_addons(new_server, new_database, inbox, variant):
    scene = Scene(new_server(new_database(variant)), {ANN: "fr_FR"}, cc=False)
    links = ask(scene, inbox)
    page = answer(links, "reject", headers={"Accept-Language": "de"})
    assert '<html lang="fr-FR"' in page.text
    chosen = requests.get(f"{links['reject']}&lang=en_US", timeout=60)
    assert '<html lang="en-US"' in chosen.text
    assert not chosen.history, "no redirect"
    assert not chosen.cookies, "no cookie"
    assert scene.consent(ANN)["state"] == "answered"
    wrong = links["reject"].replace("?", "0?")
    assert requests.get(wrong, timeout=60).status_code == 404
    if variant == "website":
        domain = {"domain": "https://bücher.example"}
        scene.server.execute("website", "write", [1], domain)
        scene.add({"luc@example.com": "en_US"})
        luc = scene.subjects["luc@example.com"]
        scene.server.execute("res.partner", "write", [luc], {"company_id": 1})
        scene.generate()
        scene.wait_until_sent(1)
        link = inbox.to("luc@example.com").links()["accept"]
        assert link.startswith("https://xn--bcher-kva.example/privacy/consent/accept/")


@pytest.mark.parametrize("proxy_mode", [True, False])
def test_address_behind_a_proxy(new_server, inbox, proxy_mode):
    options = ["--proxy-mode"] if proxy_mode else []
    scene = Scene(new_server(None, *options), {ANN: "en_US"}, cc=False)
    links = ask(scene, inbox)
    forwarded = {
        "X-Forwarded-For": "198.51.100.23",
        "X-Forwarded-Host": f"localhost:{scene.server.port}",
        "X-Forwarded-Proto": "http",
    }
    answer(links, headers=forwarded)
    expected = "198.51.100.23" if proxy_mode else "127.0.0.1"
    assert f"Remote IP: {expected}\n" in scene.consent(ANN)["last_metadata"]


def test_database_that_another_addon_breaks(new_server, new_database, inbox, tmp_path):
    """It is a failure in the log, and not a wrong link."""
    first, second = new_database(), new_database()
    start = tmp_path / "odoo"
    start.write_text(
        f"#!{settings.VENV / 'bin' / 'python'}\n"
        "import odoo.cli\n"
        "from odoo.orm.registry import Registry\n"
        "check_signaling = Registry.check_signaling\n"
        "def fail(self, cr=None):\n"
        f"    if self.db_name == {second!r}:\n"
        "        raise AttributeError('no attribute of another addon')\n"
        "    return check_signaling(self, cr)\n"
        "Registry.check_signaling = fail\n"
        "odoo.cli.main()\n"
    )
    start.chmod(0o755)
    server = new_server(
        first,
        "--load",
        "base,web,privacy_consent",
        serves=f"{first},{second}",
        odoo=(start,),
    )
    server.expected_errors.append("Exception during request handling.")
    path = f"{server.url}/privacy/consent/accept/1/x?db="
    assert requests.get(f"{path}{first}", timeout=60).status_code == 404
    assert requests.get(f"{path}{second}", timeout=60).status_code == 500
    assert "no attribute of another addon" in server.log.read_text()


def test_several_databases(new_server, new_database, inbox):
    """The link names its database; the visitor's session is of no importance."""
    first, second = new_database(), new_database()
    server = new_server(
        first, "--load", "base,web,privacy_consent", serves=f"{first},{second}"
    )
    links = {}
    for database in (first, second):
        server.database = database
        server.execute("ir.config_parameter", "set_param", "web.base.url", server.url)
        server.execute("res.company", "write", [1], {"email": "company@example.com"})
        links[database] = ask(Scene(server, {ANN: "en_US"}, cc=False), inbox)
    answer(links[first], "accept")
    answer(links[second], "reject")
    accepted = "SELECT state, accepted FROM privacy_consent"
    assert query(first, accepted) == [("answered", True)]
    assert query(second, accepted) == [("answered", False)]

    server.database = first
    staff = server.session()
    page = press(links[second]["accept"], session=staff)
    assert page.status_code == 200
    assert query(second, accepted) == [("answered", True)]
    page = staff.get(f"{server.url}/odoo", timeout=60)
    assert "/web/login" not in page.url, "still logged in to the other database"

    path = "/privacy/consent/accept/"
    for rewritten in (
        path.upper(),
        path.title(),
        path.replace("/", "//"),
        path.replace("/accept", "/%61ccept"),
        path.replace("/consent/", "%2Fconsent%252F"),
    ):
        link = links[second]["accept"].replace(path, rewritten)
        assert press(link, "accept").status_code == 200, link
    trailing = links[second]["accept"].replace("?", "/?")
    assert press(trailing, "accept").status_code == 200
    own = links[first]["accept"]
    for hint in (own.partition("?")[0], own.replace(first, f"{first}.")):
        page = press(hint, "accept", session=staff)
        assert page.status_code == 200, "that of the session is tried"
    for wrong in (
        links[first]["reject"].replace(first, second),
        links[first]["reject"].replace(first, f"{first}."),
        links[first]["reject"].replace(first, "no_such_database"),
        links[first]["reject"].replace(first, "postgres"),
        links[first]["reject"].partition("?")[0],
    ):
        assert requests.post(wrong, timeout=60).status_code == 404, wrong
    assert query(first, accepted) == [("answered", True)]
    assert query(second, accepted) == [("answered", True)]
