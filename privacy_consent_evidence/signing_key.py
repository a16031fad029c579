# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The key that signs seals: a file outside of the database, which `odoo.conf` names."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from odoo.tools import config

OPTION = "privacy_consent_key"


class KeyFileError(Exception):
    """The file that the configuration names has no key that can be used."""


def load():
    """:return: the key, or None if the configuration names none

    :raise KeyFileError: if it names a file without a key
    """
    path = config.get(OPTION)
    if not path:
        return None
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except (OSError, TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(type(error).__name__) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("no Ed25519 key")
    return key
