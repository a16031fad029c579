# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How a process of a benchmark gets its commands.

Each line of its standard input is a JSON list: the name of a method and its arguments.
Each line that it prints is the result.
"""

import json
import sys


def obey(worker):
    """Call methods of this object until standard input is closed."""
    for line in sys.stdin:
        method, arguments = json.loads(line)
        result = getattr(worker, method)(**arguments)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
