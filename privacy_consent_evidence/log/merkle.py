# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The Merkle tree of RFC 9162, section 2.1, over SHA-256.

A tree only grows. It is stored with its leaves: each leaf comes with the hashes of all
perfect subtrees that it completes, itself first. So a row once stored never changes,
and root and proofs need no more than a row for each level of the tree.
"""

import hashlib
from itertools import pairwise

HASH_LENGTH = 32


class ProofError(ValueError):
    """A proof that does not belong to what it should prove."""


def hash_leaf(data):
    """:return: the hash of a leaf with this content"""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_pair(left, right):
    """:return: the hash of a node over two others"""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes):
    """:return: the root over perfect subtrees that get smaller from left to right"""
    if not hashes:
        return hashlib.sha256(b"").digest()
    *others, root = hashes
    for left in reversed(others):
        root = hash_pair(left, root)
    return root


class Tree:
    """The right edge of a tree, which is all that is needed to let it grow.

    :ivar size: number of leaves
    :ivar hashes: of the perfect subtrees that it consists of, the largest first
    """

    def __init__(self, size=0, hashes=()):
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf):
        """Add the hash of a leaf.

        :return: the hashes of the perfect subtrees that it completes, itself first
        """
        completed = [leaf]
        rest = self.size
        while rest & 1:
            leaf = hash_pair(self.hashes.pop(), leaf)
            completed.append(leaf)
            rest >>= 1
        self.hashes.append(leaf)
        self.size += 1
        return completed

    def root(self):
        """:return: the hash of the whole tree"""
        return fold(self.hashes)


# Stored trees -----------------------------------------------------------------------


def load_tree(size, read):
    """:return: the :class:`Tree` of the first leaves of a stored one

    :param read: see :func:`hashes_of`
    """
    subtrees = _subtrees(0, size)
    stored = read([_position(*one) for one in subtrees])
    return Tree(size, [_stored_hash(stored, *one) for one in subtrees])


def inclusion_proofs(positions, size, read):
    """Prove that leaves are in the tree of the first leaves (section 2.1.3.1).

    :param positions: of the leaves, from 0
    :param int size: how many leaves
    :param read: see :func:`hashes_of`; it is called once
    :rtype: list[list[bytes]]
    """
    return _proofs([_inclusion(position, size) for position in positions], read)


def _inclusion(position, size):
    if not 0 <= position < size:
        raise ProofError("no such leaf")
    begin, end, ranges = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if position < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_proofs(sizes, read):
    """Prove that a tree only grew, from each size to the next (section 2.1.4.1).

    :param sizes: how many leaves it had at some times
    :param read: see :func:`hashes_of`; it is called once
    :rtype: list[list[bytes]]
    """
    return _proofs([_consistency(*one) for one in pairwise(sizes)], read)


def _consistency(old_size, size):
    if not 0 < old_size <= size:
        raise ProofError("no such trees")
    begin, end, is_known, ranges = 0, size, True, []
    while old_size != end:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, is_known = middle, False
    if not is_known:
        ranges.append((begin, end))
    return ranges[::-1]


def _proofs(proofs, read):
    hashes = iter(hashes_of([one for ranges in proofs for one in ranges], read))
    return [[next(hashes) for _one in ranges] for ranges in proofs]


def hashes_of(ranges, read):
    """Compute the hashes of subtrees from what is stored.

    :param ranges: first leaf of each, and the one after its last
    :param read: returns what is stored with the leaves at these positions
    :rtype: list[bytes]
    """
    parts = [_subtrees(*one) for one in ranges]
    stored = read([_position(*one) for subtrees in parts for one in subtrees])
    return [
        fold([_stored_hash(stored, *one) for one in subtrees]) for subtrees in parts
    ]


def _split(size):
    """:return: the largest power of two below a size"""
    return 1 << (size - 1).bit_length() - 1


def _subtrees(begin, end):
    """:return: level and number of the perfect subtrees of leaves, left to right"""
    subtrees = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        while begin & ((1 << level) - 1):
            level -= 1
        subtrees.append((level, begin >> level))
        begin += 1 << level
    return subtrees


def _position(level, number):
    """:return: the position of the leaf that completes a perfect subtree"""
    return (number + 1 << level) - 1


def _stored_hash(stored, level, number):
    hashes = stored.get(_position(level, number), b"")
    found = hashes[HASH_LENGTH * level :][:HASH_LENGTH]
    if len(found) != HASH_LENGTH:
        raise ProofError("the stored tree has a gap")
    return found


# Proofs -----------------------------------------------------------------------------


def root_by_inclusion(position, size, leaf, proof):
    """Compute the root of the tree that a leaf is in (section 2.1.3.2).

    :param int position: of the leaf, from 0
    :param int size: of the tree
    :param bytes leaf: hash of the leaf
    :raise ProofError: if the proof is none for such a position
    """
    if not 0 <= position < size:
        raise ProofError("no such leaf")
    number, last, root = position, size - 1, leaf
    for other in proof:
        if not last:
            raise ProofError("the proof is too long")
        if number & 1 or number == last:
            root = hash_pair(other, root)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            root = hash_pair(root, other)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return root


def check_consistency(old_size, old_root, size, root, proof):
    """Check that a tree only grew (section 2.1.4.2).

    :raise ProofError: if it did not, or the proof is none for such sizes
    """
    if not 0 < old_size <= size:
        raise ProofError("no such trees")
    if old_size == size:
        if proof or old_root != root:
            raise ProofError("two trees of the same size differ")
        return
    number, last = old_size - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    # A perfect subtree proves itself.
    path = list(proof) if number else [old_root, *proof]
    if not path:
        raise ProofError("the proof is empty")
    old = new = path[0]
    for other in path[1:]:
        if not last:
            raise ProofError("the proof is too long")
        if number & 1 or number == last:
            old, new = hash_pair(other, old), hash_pair(other, new)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            new = hash_pair(new, other)
        number, last = number >> 1, last >> 1
    if last or (old, new) != (old_root, root):
        raise ProofError("the tree did not only grow")
