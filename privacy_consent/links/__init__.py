# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What personal links are made of, in plain Python: nothing here knows Odoo."""

from . import (
    host,
    list_unsubscribe,
    mask,
    nonce,
    path,
    placeholder,
    proof,
    scrub,
    token,
)
