# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Checks of Ed25519 signatures (RFC 8032, section 5.1.7), in Python alone.

``verify.py`` has no other. It handles nothing that is secret: Odoo signs by the library
``cryptography``.
"""

import hashlib

_P = 2**255 - 19
_Q = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)


def is_signed(key, text, signature):
    """:return: whether the owner of a public key signed a text

    :param bytes key: 32 bytes
    :param bytes signature: 64 bytes
    """
    if len(key) != 32 or len(signature) != 64:
        return False
    try:
        owner, point = _decode(key), _decode(signature[:32])
    except ValueError:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= _Q:
        return False
    digest = hashlib.sha512(signature[:32] + key + text).digest()
    challenge = int.from_bytes(digest, "little") % _Q
    return _same(_times(scalar, _BASE), _sum(point, _times(challenge, owner)))


def _decode(data):
    """:return: a point, from 32 bytes

    :raise ValueError: if they are none
    """
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        raise ValueError("no coordinate")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - square) % _P or (not x and sign):
        raise ValueError("no point")
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _sum(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar, point):
    result = 0, 1, 1, 0
    while scalar:
        if scalar & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        scalar >>= 1
    return result


def _same(one, other):
    return all((one[i] * other[2] - other[i] * one[2]) % _P == 0 for i in (0, 1))


# Its second coordinate is 4/5, its first one is even.
_BASE = _decode((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
