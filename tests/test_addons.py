# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The addons' tests pass under Odoo's own runner, the one integrators use.

`make test` runs them here alone. With their path, pytest runs them, which says more
about one that fails: make test ARGS=privacy_consent/tests/test_merge.py
"""

import re
import subprocess

import odoo_log
import pytest
from inbox import free_port

from tools import databases, settings

ADDONS = [folder.name for folder in settings.addons()]


@pytest.mark.parametrize("addon", ADDONS)
def test_every_test_file_is_imported(addon):
    """Odoo's runner, unlike pytest, only finds what the package imports."""
    folder = settings.ROOT / addon / "tests"
    files = {file.stem for file in folder.glob("test_*.py")}
    imported = re.findall(
        r"^from \. import (test_\w+)$", (folder / "__init__.py").read_text(), re.M
    )
    assert set(imported) == files


def _failures(output):
    """:return: what Odoo logged of the tests that failed"""
    return "\n".join(
        re.findall(r"^\d{4}-\S+ \S+ \d+ ERROR .*?(?=^\d{4}-)", output, re.M | re.S)
    )


PORTAL = databases.VARIANTS["portal"].addons


@pytest.mark.parametrize(
    ("variant", "addons"),
    [("portal", sorted(PORTAL)), ("website", sorted(set(ADDONS) - set(PORTAL)))],
)
def test_own_runner(new_database, tmp_path, variant, addons):
    log = tmp_path / "odoo.log"
    result = subprocess.run(
        [settings.VENV / "bin" / "odoo", "server", "-c", settings.CONF]
        + ["-d", new_database(variant), "-u", ",".join(addons)]
        + ["--test-tags", ",".join(f"/{addon}" for addon in addons)]
        + ["--http-port", str(free_port()), "--stop-after-init"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2400,
    )
    log.write_text(result.stdout)
    assert result.returncode == 0, result.stdout
    summary = re.search(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests", result.stdout)
    assert summary, result.stdout
    failed, errors, count = map(int, summary.groups())
    assert (failed, errors) == (0, 0), _failures(result.stdout)
    assert not re.findall(r"^.* skipped .*$", result.stdout, re.M), "none is skipped"
    odoo_log.check(log)
    for addon in addons:
        tests = settings.ROOT / addon / "tests"
        count -= sum(
            len(re.findall(r"^    def test_", file.read_text(), re.M))
            for file in tests.glob("test_*.py")
        )
    assert count == 0, "every test ran"
