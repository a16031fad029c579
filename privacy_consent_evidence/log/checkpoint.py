# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Seals of a log: checkpoints in the format of C2SP, as signed notes if there is a key.

See https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note. A seal without a
key is the text of the note alone.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from .ed25519 import is_signed

_ED25519 = b"\x01"
_LONGEST = 100_000
_DASH = "\u2014"
_AFTER = re.compile(r"#after-(\d+)-([0-9a-f]{64})$")


class CheckpointError(ValueError):
    """A text that is no checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """A seal that was read.

    :ivar str origin: names the log
    :ivar int size: number of leaves
    :ivar bytes root: hash of the tree
    :ivar str text: what is signed
    :ivar signatures: the name and the bytes of each
    """

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple = ()

    def continues(self):
        """:return: size and root of the log that this one continues, if any"""
        match = _AFTER.search(self.origin)
        return (int(match[1]), bytes.fromhex(match[2])) if match else None


def checkpoint_text(origin, size, root):
    """:return: the text of a seal, which is signed if there is a key"""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def origin_after(uri, last):
    """:return: the origin of the log of a database

    :param str uri: of the database
    :param Checkpoint last: that of the log which it continues, if any
    """
    return f"{uri}#after-{last.size}-{last.root.hex()}" if last else uri


def read_checkpoint(note):
    """:return: the :class:`Checkpoint` that a text is

    :raise CheckpointError: if it is none
    """
    if len(note) > _LONGEST or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise CheckpointError("This is no seal.")
    text, blank, signatures = note.rpartition("\n\n")
    text, signatures = (f"{text}\n", signatures) if blank else (note, "")
    lines = text.split("\n")
    if len(lines) < 4 or not all(lines[:-1]) or lines[-1]:
        raise CheckpointError("This is no seal.")
    origin, size, root = lines[:3]
    if not re.fullmatch("0|[1-9][0-9]{0,18}", size):
        raise CheckpointError("The size of the seal is no number.")
    root = _decode_base64(root)
    if len(root) != hashlib.sha256().digest_size:
        raise CheckpointError("The root of the seal is no hash.")
    return Checkpoint(origin, int(size), root, text, _read_signatures(signatures))


def _read_signatures(lines):
    found = []
    for line in lines.splitlines():
        dash, _space, rest = line.partition(" ")
        name, _space, signature = rest.rpartition(" ")
        if dash != _DASH or not name:
            raise CheckpointError("A signature of the seal cannot be read.")
        found.append((name, _decode_base64(signature)))
    return tuple(found)


def _decode_base64(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise CheckpointError("The seal cannot be read.") from error


# Keys -------------------------------------------------------------------------------


def sign_checkpoint(text, name, public_key, sign):
    """Make a signed note of a seal.

    :param str name: of the key, as a rule the origin
    :param bytes public_key: 32 bytes
    :param sign: signs bytes with the private key
    """
    signature = _key_id(name, public_key) + sign(text.encode())
    return f"{text}\n{_DASH} {name} {base64.b64encode(signature).decode()}\n"


def verifier_key(name, public_key):
    """:return: what others need to know to check signatures, as a text"""
    key = base64.b64encode(_ED25519 + public_key).decode()
    return f"{name}+{_key_id(name, public_key).hex()}+{key}"


def signed_by(checkpoint, verifier):
    """:return: whether a seal was signed by the owner of a key

    :param str verifier: a :func:`verifier_key`
    :raise CheckpointError: if that is none
    """
    # The name has no plus, unlike the key.
    name, key_id, key = [*verifier.strip().split("+", 2), "", ""][:3]
    public_key = _decode_base64(key)[1:]
    if _key_id(name, public_key).hex() != key_id:
        raise CheckpointError("This is no key to check a seal by.")
    return any(
        signer == name
        and signature[:4].hex() == key_id
        and is_signed(public_key, checkpoint.text.encode(), signature[4:])
        for signer, signature in checkpoint.signatures
    )


def _key_id(name, public_key):
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]
