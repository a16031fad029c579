# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The virtual environment in .venv, with Odoo importable and `.venv/bin/odoo`."""

import hashlib
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from . import settings
from .debian import Apt, codename
from .errors import ToolError
from .process import run, say

STAMP = settings.VENV / "complete"
PIP_PACKAGE = "python3-pip-whl"  # where Debian keeps pip for virtual environments

# sh starts it, because a kernel refuses an interpreter's path that is long or has
# spaces; to Python the line for sh is a string.
LAUNCHER = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import odoo.cli

odoo.cli.main()
"""


def prepare():
    """Make .venv, unless it is there for this Python and these requirements."""
    stamp = hashlib.sha256(
        settings.REQUIREMENTS.read_bytes()
        + f"{sys.version} {sys.base_prefix} {settings.VENV}".encode()
    ).hexdigest()
    if STAMP.exists() and STAMP.read_text() == stamp:
        return
    say("Python: installing requirements.txt into .venv")
    shutil.rmtree(settings.VENV, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        run(
            [*_create(Path(folder)), "install", "--requirement", settings.REQUIREMENTS],
            "pip could not install requirements.txt: connect the machine to the "
            "network and run the command again",
        )
    STAMP.write_text(stamp)
    say("Python: installed")


def _create(folder):
    """Make an empty .venv, and return the command which is its pip."""
    failure = f"{sys.executable} could not make a virtual environment"
    venv = [sys.executable, "-m", "venv"]
    if importlib.util.find_spec("ensurepip"):
        run([*venv, settings.VENV], failure)
        return [settings.VENV_PYTHON, "-m", "pip"]
    # Debian leaves pip out of its python3; python3-venv would have it
    try:
        Apt(folder, [codename()]).unpack([PIP_PACKAGE], folder / "root")
        wheel = next(folder.glob("root/usr/share/python-wheels/pip-*.whl"))
    except (ToolError, StopIteration) as error:
        raise ToolError(
            "This Python has no pip: run `apt-get install python3-venv` (or install "
            f"Python's ensurepip) and then this command again. ({error})"
        ) from error
    run([*venv, "--without-pip", settings.VENV], failure)
    return [settings.VENV_PYTHON, wheel / "pip"]


def add_odoo(odoo):
    """Make this Odoo importable in .venv, and its command line `.venv/bin/odoo`."""
    (site_packages,) = settings.VENV.glob("lib/python*/site-packages")
    (site_packages / "odoo.pth").write_text(f"{odoo.home}\n")
    launcher = settings.VENV / "bin" / "odoo"
    launcher.write_text(LAUNCHER.format(python=settings.VENV_PYTHON))
    launcher.chmod(0o755)
