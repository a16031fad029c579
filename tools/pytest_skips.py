# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A pytest plugin: no test is skipped silently, and none at all if CI=true."""

import os


def pytest_sessionfinish(session, exitstatus):
    if exitstatus == 0 and os.environ.get("CI") == "true" and _skipped(session.config):
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    reports = _skipped(terminalreporter.config)
    if reports:
        reasons = sorted(
            {report.longrepr[2].removeprefix("Skipped: ") for report in reports}
        )
        terminalreporter.write_line(
            f"{len(reports)} not run: {'; '.join(reasons)}", yellow=True
        )


def _skipped(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # of several processes, only the one that reports has it
    return reporter.stats.get("skipped", []) if reporter else []
