# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The browser that tests drive and that takes the README's pictures."""

import os
import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from .errors import ToolError
from .process import run, say

# those that Odoo looks for
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def find():
    """The browser's program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def running():
    """A running browser, to be driven with Playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find(),
            # Of root, Chromium demands it.
            chromium_sandbox=os.geteuid() != 0,
            args=["--disable-background-networking"],
        )
        yield browser
        browser.close()


def install():
    """Install Chromium if there is no browser and the machine lets us.

    Otherwise the tests that need one are skipped, and say so in the end.
    """
    if find():
        return
    apt = ["apt-get", "--yes"]
    if os.geteuid() != 0:
        apt = ["sudo", "--non-interactive", *apt]
    failure = "Browser: Chromium could not be installed"
    install_chromium = [*apt, "install", "--no-install-recommends", "chromium"]
    say("Browser: installing Chromium")
    try:
        try:
            run(install_chromium, failure)
        except ToolError:  # a fresh machine has no package lists, or old ones
            run([*apt, "update"], failure)
            run(install_chromium, failure)
    except ToolError as error:
        say(error)
