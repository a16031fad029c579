# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The secret in a consent link, computed and compared without a database."""

import hashlib
import hmac


def make(secret, dbname, consent_id, partner_id, activity_id):
    """Compute the token of one consent.

    The message and the algorithm are fixed: links mailed by earlier versions must
    keep working for as long as the consent exists.

    :param str secret: key of the database (parameter ``database.secret``)
    :return: hexadecimal HMAC (RFC 2104) with SHA-512
    :rtype: str
    """
    message = f"{dbname}-{consent_id}-{partner_id}-{activity_id}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha512).hexdigest()


def matches(given, expected):
    """Compare two tokens in a time that does not depend on where they differ.

    :param str given: what the visitor sent: any text, also not ASCII
    :param str expected: result of :func:`make`
    :rtype: bool
    """
    # compare_digest() refuses text outside ASCII, but takes any bytes.
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode()
    )
