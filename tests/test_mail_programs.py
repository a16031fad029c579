# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The delivered mail in mail programs: what they know of it, and how it looks."""

import base64
import json
import re
import shutil
import subprocess
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect
from server import Scene

from tools import settings
from tools.process import lock, run

ANN = "ann@example.com"
LEILA = "leila@example.com"
PROGRAMS = ["gmail.*", "outlook.*", "apple-mail.*", "yahoo.*"]
CHECK = settings.ROOT / "tests" / "caniemail"
POLICY = "https://www.example.com/privacy"
# What some programs do not know, and what is there for them.
FALL_BACKS = {
    # Without them colours stay light, or the program turns them around on its own.
    "color-scheme meta tag",
    "color-scheme CSS property",
    "@media",
    # It only has the colours for dark screens: all else is in the tags.
    "<style> element",
    # It only has a margin.
    "<body> element",
    # Corners are square then.
    "border-radius",
    # It only keeps screen readers from announcing tables.
    "role attribute",
}


@pytest.fixture(scope="module")
def scene(new_server, inbox):
    """A server whose company says who it is, and one mail from each direction."""
    server = new_server()
    arabic = server.execute(
        "res.lang",
        "search",
        [("code", "=", "ar_001")],
        context={"active_test": False},
    )
    server.execute("res.lang", "action_unarchive", arabic)
    scene = Scene(server, {ANN: "en_US", LEILA: "ar_001"}, cc=False)
    server.execute(
        "res.company",
        "write",
        [server.ref("base.main_company")],
        {
            "logo": base64.b64encode(_logo()).decode(),
            "street": "Main Street 1",
            "zip": "12345",
            "city": "Sometown",
            "privacy_officer": "Jane Doe, dpo@example.com",
            "privacy_policy_url": POLICY,
        },
    )
    scene.generate()
    scene.wait_until_sent(2)
    return scene


def _logo():
    image = Image.new("RGBA", (240, 96))
    ImageDraw.Draw(image).rounded_rectangle((0, 0, 239, 95), 20, fill="#b45309")
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


@pytest.fixture(scope="module")
def unknown():
    """A function that tells which features of HTML which programs do not know."""
    folder = settings.DEV / "caniemail"
    with lock(settings.DEV / "caniemail.lock"):
        shutil.copytree(CHECK, folder, dirs_exist_ok=True)
        run(
            [
                settings.VENV / "bin" / "npm",
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--prefix",
                folder,
            ],
            "The check of mails could not be installed.",
        )

    def check(html):
        done = subprocess.run(
            [settings.VENV / "bin" / "node", folder / "check.mjs", *PROGRAMS],
            input=html,
            capture_output=True,
            text=True,
            check=True,
        )
        return {tuple(pair) for pair in json.loads(done.stdout)}

    return check


def test_mail_programs_know_it_all_or_have_a_fall_back(scene, inbox, unknown):
    found = unknown(inbox.to(ANN).html)
    missing = sorted(pair for pair in found if pair[1] not in FALL_BACKS)
    assert not missing, missing
    assert {feature for _program, feature in found} == FALL_BACKS


def test_the_check_finds_what_programs_do_not_know(unknown):
    found = unknown('<div style="display: grid; position: fixed">x</div>')
    assert ("outlook.windows", "display:grid") in found


def shown(message):
    """:return: the HTML part, with the parts that it shows"""

    def part(match):
        (found,) = [
            one for one in message.mime.walk() if one["Content-ID"] == f"<{match[1]}>"
        ]
        content = base64.b64encode(found.get_content()).decode()
        return f"data:{found.get_content_type()};base64,{content}"

    return re.sub(r"cid:([^\"']+)", part, message.html)


@pytest.mark.parametrize("address", [ANN, LEILA])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
def test_how_it_looks(address, scheme, width, scene, inbox, chromium, tmp_path):
    page = chromium.new_page(
        viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page.set_content(shown(inbox.to(address)))
    page.screenshot(path=tmp_path / "mail.png", full_page=True)
    width_of_all = page.evaluate("document.documentElement.scrollWidth")
    assert width_of_all <= width
    direction = page.locator("table.o_privacy").evaluate(
        "table => getComputedStyle(table).direction"
    )
    assert direction == ("rtl" if address == LEILA else "ltr")
    natural = page.locator("img").evaluate("image => image.naturalWidth")
    assert natural > 0, "the logo is there"
    colours = page.locator(".o_privacy p").evaluate_all(
        "all => all.map(one => getComputedStyle(one).color)"
    )
    dark = {"rgb(230, 234, 238)", "rgb(168, 179, 191)"}
    light = {"rgb(31, 41, 51)", "rgb(82, 96, 109)"}
    assert set(colours) <= (dark if scheme == "dark" else light)
    buttons = page.locator("td.b a").evaluate_all(
        "all => all.map(one => [one.offsetWidth, one.offsetHeight, one.href])"
    )
    assert [url.split("/")[5] for _width, _height, url in buttons] == [
        "accept",
        "reject",
    ]
    assert buttons[0][:2] == buttons[1][:2], "no answer is louder"
    page.context.close()


def test_sense_without_pictures(scene, inbox, chromium):
    page = chromium.new_page()
    page.set_content(re.sub("<img[^>]*>", "", inbox.to(ANN).html))
    for words in ("My Company", "Main Street 1", "dpo@example.com"):
        expect(page.locator("body")).to_contain_text(words)
    expect(page.get_by_role("link", name="Privacy policy")).to_have_attribute(
        "href", POLICY
    )
    page.context.close()


def test_plain_text_with_working_links(scene, inbox):
    text = inbox.to(ANN).text
    for words in ("*Newsletter*", "One mail a month.", "My Company", POLICY):
        assert words in text
    assert "My Company*" not in text
    assert not re.search(r"(\r?\n){3}", text), "it has no holes"
    for url in inbox.to(ANN).links().values():
        assert re.search(rf"^\[\d+\] {re.escape(url)}\r?$", text, re.MULTILINE)
