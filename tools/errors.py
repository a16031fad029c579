# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Failures that a person can do something about."""

import errno


class ToolError(Exception):
    """A failure whose message is one clear sentence saying what to do."""


DISK_FULL = (
    "The disk is full: about 3 GB are needed for Odoo, its packages and the "
    "databases; free some space and run the command again."
)


def means_disk_full(error):
    """Whether an exception or a program's output says that the disk is full."""
    if isinstance(error, str):
        return "No space left on device" in error
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
