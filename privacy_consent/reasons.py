# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Why something failed, as people read it. Plain Python, without Odoo."""

import re

# What neither the database nor XML 1.0 (section 2.2) can hold. Where it was noted that
# something failed, that would fail, too, and stop what comes after it.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def reason_of(error):
    """Say why something failed.

    :param Exception error: what was raised, by whatever addon or server action
    :return: its text, or the name of its class if it has none
    :rtype: str
    """
    return _UNSTORABLE.sub("\ufffd", str(error)) or type(error).__name__
