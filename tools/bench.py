# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every benchmark of the repository, one after the other."""

from importlib import import_module

from . import settings
from .errors import ToolError

FOLDER = settings.ROOT / "benchmarks"


def run(arguments):
    """Run benchmarks, and return 1 if one of them missed a limit, else 0.

    :param arguments: names of benchmarks; if there are none, all are run
    """
    known = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    if unknown := sorted(set(arguments) - set(known)):
        raise ToolError(
            f"There is no benchmark {', '.join(unknown)}: choose from "
            f"{', '.join(known)}."
        )
    codes = [import_module(f"benchmarks.{name}").run() for name in arguments or known]
    return max(codes)
