# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A transparency log in plain Python, which Odoo and ``verify.py`` share.

The names of all functions and classes here differ: :mod:`..verifier` puts the modules
into one file.
"""

from . import checkpoint
from . import ed25519
from . import merkle
from . import timestamp
