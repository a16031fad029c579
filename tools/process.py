# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Programs that are run for the person, and files that only one of us may use."""

import fcntl
import os
import subprocess
from contextlib import contextmanager

from .errors import DISK_FULL, ToolError, means_disk_full


def say(text):
    """Report progress."""
    print(text, flush=True)


def run(command, failure, **options):
    """Run a command without showing its output, and return that output.

    :param failure: the sentence of the error if the command fails; the last line
        of the output is added to it
    """
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C.UTF-8"},  # we read the messages
            **options,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise ToolError(f"{failure} ({error})") from error
    if not done.returncode:
        return done.stdout
    if means_disk_full(done.stdout):
        raise ToolError(DISK_FULL)
    last = (done.stdout.strip().splitlines() or ["no output"])[-1].strip()
    raise ToolError(f"{failure} ({last})")


def tail(log):
    """The last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-25:])


@contextmanager
def lock(path):
    """Wait until no other process works under this lock file, then hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that works under {path}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
