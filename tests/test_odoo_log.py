# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is logged fails the test during which it was, and no other."""

import pytest
from odoo_log import Logged

RECORD = "2026-01-01 12:00:00,000 1 {} db odoo.addons.x: {}\n"


@pytest.fixture
def logged(tmp_path):
    """A program that has logged something harmless."""
    logged = Logged(tmp_path / "odoo.log")
    log(logged, "INFO", "started")
    return logged


def log(logged, level, text):
    with open(logged.log, "a") as file:
        file.write(RECORD.format(level, text))


def test_a_warning_fails_one_check(logged):
    logged.check()
    log(logged, "WARNING", "what a pity")
    with pytest.raises(AssertionError, match="what a pity"):
        logged.check()
    logged.check()
    log(logged, "ERROR", "another one")
    with pytest.raises(AssertionError, match="another one") as failure:
        logged.check()
    assert "what a pity" not in str(failure.value)


def test_what_is_expected_fails_none(logged):
    logged.expected_errors.append("a pity (what")
    log(logged, "WARNING", "it is a pity (what else?)")
    logged.check()


def test_what_is_broken_off_by_the_end_fails_none(logged):
    log(logged, "INFO", "Initiating shutdown")
    log(logged, "ERROR", "cursor already closed")
    logged.check()
