# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A year of many people, in which each batch is killed before it is done."""

import os
import subprocess
import sys
from pathlib import Path

from tools import postgres, settings
from tools.process import say

# 10,000 take 40 minutes.
PEOPLE = os.environ.get("PRIVACY_LIFE_PEOPLE") or "300"
SEED = os.environ.get("PRIVACY_LIFE_SEED") or "17"
WORKER = Path(__file__).with_name("life_worker.py")


def test_year(new_database, capsys):
    """Everybody's history is what the rules say, whoever was killed."""
    result = subprocess.run(
        [sys.executable, WORKER, new_database("lean"), PEOPLE, SEED]
        + ["-c", settings.CONF, "--log-level", "warn"],
        env=postgres.environment(),
        capture_output=True,
        text=True,
    )
    assert not result.returncode, result.stderr[-5000:]
    with capsys.disabled():
        say(result.stdout)
