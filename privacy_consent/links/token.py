# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The secret in a consent link, computed and compared without a database."""

import base64
import hashlib
import hmac
import re

from .path import decoded

# What a link allows: everything, or only to refuse and withdraw.
FULL = "full"
REFUSE = "refuse"

_WORD = re.compile("[A-Za-z0-9_-]+")
# The lengths of the forms whose letters are of one case.
_ONE_CASE = (52, 128)
_EARLIER = 43


def derive(secret, purpose):
    """Make a key that serves one purpose only.

    :param str secret: key of the database (parameter ``database.secret``)
    :param str purpose: what the key is for
    :rtype: bytes
    """
    message = f"privacy_consent: {purpose}"
    return hmac.digest(secret.encode(), message.encode(), hashlib.sha256)


def sign(key, *parts):
    """Sign some values in their order.

    :param bytes key: result of :func:`derive`
    :return: HMAC (RFC 2104) with SHA-256, in the alphabet of addresses (RFC 4648,
        section 5), 43 characters
    :rtype: str
    """
    # repr() keeps ("1", "23") and ("12", "3") apart.
    digest = hmac.digest(key, repr(parts).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def make(secret, consent_id, activity_id, address, revocations):
    """Compute the token of one consent's links to one address.

    :param str secret: key of the database
    :param str address: normalized e-mail address that is asked, or a false value
    :param int revocations: how often the links were invalidated
    :return: HMAC (RFC 2104) with SHA-256, 52 characters that may be in letters of any
        case (RFC 4648, section 6)
    :rtype: str
    """
    return make_both(secret, consent_id, activity_id, address, revocations)[0]


def make_both(secret, consent_id, activity_id, address, revocations):
    """Compute the token in the form of today and in that of until 19.0.1.2.0.

    The latter must keep working, too: 43 characters, see :func:`sign`.

    :return: both, made of the same signature; parameters as of :func:`make`
    """
    key = derive(secret, "link")
    earlier = sign(key, consent_id, activity_id, address or "", revocations)
    digest = base64.urlsafe_b64decode(f"{earlier}=")
    return base64.b32encode(digest).decode().rstrip("=").lower(), earlier


def make_old(secret, dbname, consent_id, partner_id, activity_id):
    """Compute the token that versions until 18.0 mailed.

    The message and the algorithm are fixed: these links must keep working for as long
    as the consent exists.

    :return: hexadecimal HMAC (RFC 2104) with SHA-512, 128 characters
    :rtype: str
    """
    message = f"{dbname}-{consent_id}-{partner_id}-{activity_id}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha512).hexdigest()


def clean(text):
    """Take a token out of what a mail program, a gateway or a person made of it.

    :param str text: any text: a token with blanks and punctuation around it, with what
        follows it in an address, or in capital letters
    :return: the token; of the form with letters of both cases, which nobody can
        restore, as it is
    :rtype: str
    """
    word = _WORD.search(decoded(text))
    word = word[0] if word else ""
    bare = word.strip("-_")
    if len(bare) in _ONE_CASE:
        return bare.lower()
    # They may be part of the earlier form.
    return word[:_EARLIER] if not word[_EARLIER:].strip("-_") else word


def matches(given, expected):
    """Compare two tokens in a time that does not depend on where they differ.

    :param str given: what the visitor sent: any text, also not ASCII
    :param str expected: what it should be
    :rtype: bool
    """
    # compare_digest() refuses text outside ASCII, but takes any bytes.
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode()
    )
