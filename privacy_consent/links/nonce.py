# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a page hands to its visitor so that only its own buttons are obeyed.

A nonce is signed and carries the moment it was made. Nothing about it is stored.
"""

from . import token as tokens

# A page may stay open for a day before its buttons have to be loaded again.
VALIDITY = 24 * 60 * 60


def make(secret, purpose, now):
    """Make a nonce.

    :param str secret: key of the database (parameter ``database.secret``)
    :param str purpose: everything that it shall be bound to
    :param float now: seconds since 1970
    :rtype: str
    """
    moment = str(int(now))
    key = tokens.derive(secret, "nonce")
    return f"{moment}.{tokens.sign(key, purpose, moment)}"


def age(secret, purpose, nonce, now):
    """Check a nonce.

    :param str purpose: that for which it should have been made
    :param str nonce: what the visitor sent: any text, or a false value
    :param float now: seconds since 1970
    :return: how many seconds ago it was made; None for one that is wrong or too old
    """
    moment, _dot, signature = (nonce or "").partition(".")
    key = tokens.derive(secret, "nonce")
    if not tokens.matches(signature, tokens.sign(key, purpose, moment)):
        return None
    seconds = int(now) - int(moment)
    return seconds if seconds <= VALIDITY else None
