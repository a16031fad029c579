# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""python3 -m tools demo|test|soak|bench|lint|env|stop|clean"""

import sys

MINIMUM_PYTHON = (3, 10)
MAXIMUM_PYTHON = (3, 13)


def main():
    """Run the command that the first argument names."""
    if not MINIMUM_PYTHON <= sys.version_info[:2] <= MAXIMUM_PYTHON:
        message = (
            "Odoo 19 and its packages need Python 3.10 to 3.13, and this is {}.{}: "
            "install one of those and name it, as in `make PYTHON=python3.11 demo`."
        )
        sys.exit(message.format(*sys.version_info))
    # only now, because an older Python cannot even read the other modules
    from . import commands

    sys.exit(commands.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
