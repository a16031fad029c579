# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The checks of style and packaging: pre-commit with the hooks of this repository."""

import os
import shutil
import subprocess

from . import python_env, settings
from .errors import ToolError
from .process import lock, say

REQUIREMENTS = settings.ROOT / "lint-requirements.txt"
VENV = settings.DEV / "lint"
TOOLS = settings.CACHE / "pre-commit"
NODE_HOOKS = "prettier"
NO_NODE = (
    "prettier, which checks XML and JavaScript, needs Node.js: run `apt-get install "
    "nodejs npm` and then this command again."
)


def run():
    """Check every file that git knows, and return pre-commit's exit code.

    :raise ToolError: if a check that CI wants cannot run
    """
    without_node = not (shutil.which("node") and shutil.which("npm"))
    in_ci = os.environ.get("CI") == "true"
    if without_node and in_ci:
        raise ToolError(NO_NODE)
    with lock(settings.DEV / "lint.lock"):
        python_env.prepare(VENV, REQUIREMENTS)
    environment = {**os.environ, "PRE_COMMIT_HOME": str(TOOLS)}
    if without_node:
        environment["SKIP"] = NODE_HOOKS
    command = [VENV / "bin" / "python", "-m", "pre_commit", "run", "--all-files"]
    if in_ci:
        command.append("--show-diff-on-failure")
    code = subprocess.call(command, env=environment)
    if without_node:
        say(f"Not checked: {NO_NODE}")
    return code
