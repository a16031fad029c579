# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo itself: found on the machine, or brought into the person's cache folder."""

import runpy
import shutil
import tempfile
from pathlib import Path

from . import settings
from .debian import Apt, codename
from .errors import DISK_FULL, ToolError
from .process import lock, run, say

SERIES = ".".join(str(number) for number in settings.ODOO_SERIES)
DEBIAN = settings.CACHE / "debian"
UPSTREAM = settings.CACHE / "upstream"

# The package has links into these instead of copies of its own.
LINKED_PACKAGES = [
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
    "fonts-ocr-b",
]
# Only Font Awesome 4.7 has the file names that Odoo links to.
FONT_AWESOME = "fonts-font-awesome"
FONT_AWESOME_RELEASE = "bookworm"
FONT_AWESOME_FILE = "usr/share/fonts-font-awesome/fonts/fontawesome-webfont.woff2"

# Debian removed this file, and without it the web client logs an error.
STUB = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


class Odoo:
    """A checkout of Odoo, or a folder in which the package `odoo` is installed."""

    def __init__(self, home):
        self.home = Path(home).expanduser().resolve()
        self.version = self._read_version()

    def _read_version(self):
        release = self.home / "odoo" / "release.py"
        if not release.is_file():
            raise ToolError(f"There is no Odoo in {self.home}.")
        found = runpy.run_path(str(release))
        if found["version_info"][:2] != settings.ODOO_SERIES:
            raise ToolError(f"In {self.home} is Odoo {found['version']}.")
        return found["version"]

    @property
    def addons_path(self):
        """Odoo's own addons folders."""
        folders = [self.home / "odoo" / "addons"]
        if (self.home / "odoo-bin").exists():
            folders.append(self.home / "addons")
        return folders


def find():
    """The Odoo that is there already, or None.

    :raises ToolError: if the setting ODOO_HOME names something else than an Odoo of
        this series
    """
    if settings.ODOO_HOME:
        try:
            return Odoo(settings.ODOO_HOME)
        except ToolError as error:
            raise ToolError(
                f"{error} Let ODOO_HOME name a checkout or an installation of Odoo "
                f"{SERIES}, or unset it to have one fetched."
            ) from error
    for home in (_dist_packages(DEBIAN), UPSTREAM):
        if home.exists():
            return Odoo(home)
    return None


def prepare():
    """Fetch an Odoo into the cache, unless there is one already."""
    with lock(settings.CACHE / "lock"):
        for leftover in settings.CACHE.glob("unfinished-*"):
            shutil.rmtree(leftover)
        # another process may have fetched it while this one waited for the lock
        if find() or _fetch(_fetch_debian) or _fetch(_fetch_upstream):
            return
    raise ToolError(
        f"Odoo {SERIES} could not be fetched, neither as Debian's package nor from its "
        "repository: connect the machine to the network, or set ODOO_HOME to a "
        f"checkout or an installation of Odoo {SERIES}."
    )


def _fetch(method):
    """Whether a method of fetching Odoo has succeeded."""
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=settings.CACHE))
    try:
        method(unfinished)
    except ToolError as error:
        if str(error) == DISK_FULL:
            raise
        say(f"Odoo: {error}")
        return False
    finally:
        shutil.rmtree(unfinished)
    return True


def _dist_packages(root):
    return root / "usr" / "lib" / "python3" / "dist-packages"


def _fetch_debian(unfinished):
    say(f"Odoo: fetching Debian's package {settings.ODOO_PACKAGE}")
    root = unfinished / "root"
    release = codename() or FONT_AWESOME_RELEASE
    apt = Apt(unfinished, ["sid", release])
    apt.unpack(
        [f"{name}/sid" for name in [settings.ODOO_PACKAGE, *LINKED_PACKAGES]], root
    )
    Odoo(_dist_packages(root))  # says so if it has become another series
    apt.unpack([f"{FONT_AWESOME}/{release}"], root)
    if not (root / FONT_AWESOME_FILE).exists():
        apt = Apt(unfinished, [FONT_AWESOME_RELEASE])
        apt.unpack([f"{FONT_AWESOME}/{FONT_AWESOME_RELEASE}"], root)
    stub = _dist_packages(root) / "odoo" / "addons" / STUB
    if not stub.exists():
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text("// Debian's package comes without this library.\n")
    root.rename(DEBIAN)
    say("Odoo: unpacked")


def _fetch_upstream(unfinished):
    say(f"Odoo: cloning branch {settings.ODOO_BRANCH} of {settings.ODOO_REPOSITORY}")
    checkout = unfinished / "odoo"
    run(
        ["git", "clone", "--depth", "1", "--branch", settings.ODOO_BRANCH]
        + [settings.ODOO_REPOSITORY, checkout],
        "git could not clone Odoo",
    )
    Odoo(checkout)
    checkout.rename(UPSTREAM)
    say("Odoo: cloned")
