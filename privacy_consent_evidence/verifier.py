# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``verify.py``: the modules that check a proof pack, in one file.

Whoever has the file needs nothing but Python, and reads what Odoo itself runs.
"""

import ast
import inspect

from odoo.addons.privacy_consent import canonical_json

from . import pack_check
from .log import checkpoint, ed25519, merkle

# Each uses those before it.
_MODULES = (canonical_json, merkle, ed25519, checkpoint, pack_check)


def script():
    """:return: the source of ``verify.py``"""
    parts = [f'#!/usr/bin/env python3\n"""{pack_check.__doc__}"""']
    for module in _MODULES:
        lines = inspect.getsource(module).splitlines()
        for node in _left_out(module):
            lines[node.lineno - 1 : node.end_lineno] = [""] * (
                node.end_lineno - node.lineno + 1
            )
        name = module.__name__.rpartition(".")[2]
        parts.append(f"# {name}.py {'-' * 60}\n" + "\n".join(lines).strip())
    return "\n\n\n".join(parts) + "\n"


def _left_out(module):
    """:return: the docstring, and the imports of what is in the same file"""
    tree = ast.parse(inspect.getsource(module))
    yield tree.body[0]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (
            node.level or node.module.startswith("odoo.")
        ):
            yield node
