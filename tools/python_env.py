# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Virtual environments: .venv has Odoo importable and `.venv/bin/odoo`."""

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


def prepare(venv=settings.VENV, requirements=settings.REQUIREMENTS):
    """Make an environment, unless it is there for this Python and its requirements."""
    stamp = hashlib.sha256(
        requirements.read_bytes() + f"{sys.version} {sys.base_prefix} {venv}".encode()
    ).hexdigest()
    complete = venv / "complete"
    if complete.exists() and complete.read_text() == stamp:
        return
    place = venv.relative_to(settings.ROOT)
    say(f"Python: installing {requirements.name} into {place}")
    shutil.rmtree(venv, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        run(
            [*_create(venv, Path(folder)), "install", "--requirement", requirements],
            f"pip could not install {requirements.name}: connect the machine to the "
            "network and run the command again",
        )
    complete.write_text(stamp)
    say("Python: installed")


def _create(venv, folder):
    """Make an empty environment, and return the command which is its pip."""
    failure = f"{sys.executable} could not make a virtual environment"
    create = [sys.executable, "-m", "venv"]
    python = venv / "bin" / "python"
    if importlib.util.find_spec("ensurepip"):
        run([*create, venv], failure)
        return [python, "-m", "pip"]
    # Debian leaves pip out of its python3; python3-venv would have it
    try:
        Apt(folder, [codename()]).unpack([PIP_PACKAGE], folder / "root")
        wheel = next(folder.glob("root/usr/share/python-wheels/pip-*.whl"))
    except (ToolError, StopIteration) as error:
        raise ToolError(
            "This Python has no pip: run `apt-get install python3-venv` (or install "
            f"Python's ensurepip) and then this command again. ({error})"
        ) from error
    run([*create, "--without-pip", venv], failure)
    return [python, wheel / "pip"]


def add_odoo(odoo, venv=settings.VENV):
    """Make this Odoo importable in an environment, and its command line `bin/odoo`."""
    (site_packages,) = venv.glob("lib/python*/site-packages")
    (site_packages / "odoo.pth").write_text(f"{odoo.home}\n")
    launcher = venv / "bin" / "odoo"
    launcher.write_text(LAUNCHER.format(python=venv / "bin" / "python"))
    launcher.chmod(0o755)
