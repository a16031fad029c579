# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The plain modules, against known vectors and what others wrote."""

import base64
import hashlib
import json

import pymerkle
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as some

from odoo.tests import BaseCase

from odoo.addons.privacy_consent import canonical_json

from ..log import checkpoint, ed25519, merkle

# The tree that the tests of Certificate Transparency have had since RFC 6962.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# RFC 8032, section 7.1: secret key, public key, message, signature.
SIGNED = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33b"
        "acc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e1599"
        "6e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f2"
        "90ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
# The example of https://c2sp.org/tlog-checkpoint
NOTE = (
    "example.com/behind-the-sofa\n20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO"
    "oRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
MANY = settings(max_examples=60, deadline=None, database=None)
SIZES = some.integers(min_value=1, max_value=300)


class Stored(dict):
    """A tree as the database stores it."""

    def __init__(self, contents):
        super().__init__()
        self.tree = merkle.Tree()
        self.contents = contents
        for position, data in enumerate(contents):
            self[position] = b"".join(self.tree.append(merkle.hash_leaf(data)))
        self.reads = 0

    def at(self, positions):
        """Do what reads the database."""
        self.reads += len(positions)
        return {one: self[one] for one in positions if one in self}

    def root(self, size):
        """:return: the root of the first leaves"""
        return merkle.load_tree(size, self.at).root()


def contents(count):
    return [b"%d" % number for number in range(count)]


class TestCanonicalJson(BaseCase):
    """Of what events and texts consist of."""

    @MANY
    @given(
        some.recursive(
            some.none()
            | some.booleans()
            | some.integers(-(2**53) + 1, 2**53 - 1)
            | some.text(some.characters(exclude_categories=["Cs"])),
            lambda inner: some.lists(inner)
            | some.dictionaries(some.text(some.characters(max_codepoint=127)), inner),
            max_leaves=20,
        )
    )
    @example({"b": '\u20ac\r\n\u2028\x7f\x00"\\/', "a": [None, True, 1, {"": "😀"}]})
    def test_as_rfc8785_says(self, value):
        self.assertEqual(canonical_json.dumps(value), rfc8785.dumps(value))

    @MANY
    @given(
        some.dictionaries(
            some.from_regex(r"[a-z_]+", fullmatch=True),
            some.none()
            | some.integers()
            | some.text(some.characters(exclude_categories=["Cs"])),
        )
    )
    def test_flat_ones(self, value):
        names = tuple(sorted(value))
        self.assertEqual(
            canonical_json.dumps_flat(names, [value[name] for name in names]),
            canonical_json.dumps(value),
        )


class TestMerkle(BaseCase):
    def test_known_roots(self):
        self.assertEqual(merkle.Tree().root().hex(), EMPTY)
        tree = merkle.Tree()
        for leaf, root in zip(LEAVES, ROOTS, strict=True):
            tree.append(merkle.hash_leaf(leaf))
            self.assertEqual(tree.root().hex(), root)

    def test_known_proofs(self):
        stored = Stored(LEAVES)
        self.assertEqual(
            [one.hex() for one in merkle.inclusion_proofs([5], 8, stored.at)[0]],
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        )
        self.assertEqual(
            [one.hex() for one in merkle.consistency_proofs([6, 8], stored.at)[0]],
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        )

    @MANY
    @given(SIZES, some.data())
    def test_as_pymerkle_says(self, size, data):
        stored = Stored(contents(size))
        other = pymerkle.InmemoryTree.init_from_entries(stored.contents)
        self.assertEqual(stored.tree.root(), other.get_root())
        part = data.draw(some.integers(1, size))
        self.assertEqual(stored.root(part), other.get_root(part))
        position = data.draw(some.integers(0, part - 1))
        proof = merkle.inclusion_proofs([position], part, stored.at)[0]
        # Its own proofs begin with the leaf.
        path = other.prove_inclusion(position + 1, part).path
        self.assertEqual(proof, path[1:])

    @MANY
    @given(SIZES, some.data())
    def test_proofs_prove_what_they_should_and_nothing_else(self, size, data):
        stored = Stored(contents(size))
        old_size = data.draw(some.integers(1, size))
        position = data.draw(some.integers(0, size - 1))
        root, old_root = stored.tree.root(), stored.root(old_size)
        leaf = merkle.hash_leaf(stored.contents[position])
        proof = merkle.inclusion_proofs([position], size, stored.at)[0]
        self.assertEqual(merkle.root_by_inclusion(position, size, leaf, proof), root)
        growth = merkle.consistency_proofs([old_size, size], stored.at)[0]
        merkle.check_consistency(old_size, old_root, size, root, growth)

        for other in {position + 1, position - 1, position ^ 4} - {position}:
            self.assertNotEqual(self.root_or_none(other, size, leaf, proof), root)
        wrong = merkle.hash_leaf(b"other")
        self.assertNotEqual(self.root_or_none(position, size, wrong, proof), root)
        for changed in self.changed(proof):
            self.assertNotEqual(self.root_or_none(position, size, leaf, changed), root)
        for changed in self.changed(growth):
            self.refuses_growth(old_size, old_root, size, root, changed)
        self.refuses_growth(old_size, wrong, size, root, growth)
        self.refuses_growth(old_size, old_root, size, wrong, growth)
        self.refuses_growth(0, old_root, size, root, growth)
        self.refuses_growth(size + 1, old_root, size, root, growth)

    def changed(self, proof):
        """:return: proofs that are none"""
        yield [*proof, merkle.hash_leaf(b"more")]
        for number in range(len(proof)):
            yield proof[:number] + proof[number + 1 :]
            yield [*proof[:number], merkle.hash_leaf(b"x"), *proof[number + 1 :]]

    def root_or_none(self, *parameters):
        try:
            return merkle.root_by_inclusion(*parameters)
        except merkle.ProofError:
            return None

    def refuses_growth(self, *parameters):
        with self.assertRaises(merkle.ProofError):
            merkle.check_consistency(*parameters)

    @MANY
    @given(SIZES, some.integers(0, 50))
    def test_tree_goes_on_from_what_is_stored(self, size, more):
        stored = Stored(contents(size + more))
        tree = merkle.load_tree(size, stored.at)
        for data in stored.contents[size:]:
            tree.append(merkle.hash_leaf(data))
        self.assertEqual(tree.root(), stored.tree.root())

    def test_few_rows_are_read(self):
        stored = Stored(contents(5000))
        merkle.inclusion_proofs([1234], 4999, stored.at)[0]
        merkle.load_tree(4999, stored.at)
        self.assertLess(stored.reads, 40)

    def test_gap(self):
        stored = Stored(contents(8))
        del stored[3]
        with self.assertRaises(merkle.ProofError):
            merkle.inclusion_proofs([5], 8, stored.at)[0]


class TestEd25519(BaseCase):
    def test_known_signatures(self):
        for key, text, signature in SIGNED:
            self.assertTrue(
                ed25519.is_signed(*map(bytes.fromhex, (key, text, signature)))
            )

    @MANY
    @given(some.binary(max_size=99), some.binary(min_size=32, max_size=32), some.data())
    def test_as_cryptography_says(self, text, seed, data):
        key = Ed25519PrivateKey.from_private_bytes(seed)
        public = key.public_key()
        raw, signature = public.public_bytes_raw(), key.sign(text)
        self.assertTrue(ed25519.is_signed(raw, text, signature))
        self.assertFalse(ed25519.is_signed(raw, text + b"x", signature))
        bit = data.draw(some.integers(0, 511))
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        self.assertFalse(ed25519.is_signed(raw, text, bytes(changed)))
        changed = bytearray(raw)
        changed[bit // 16] ^= 1 << bit % 8
        self.assertFalse(ed25519.is_signed(bytes(changed), text, signature))

    def test_no_signature(self):
        key, text, signature = map(bytes.fromhex, SIGNED[1])
        scalar = int.from_bytes(signature[32:], "little") + ed25519._Q
        other = signature[:32] + scalar.to_bytes(32, "little")
        for bad in (b"", signature[:63], b"\xff" * 64, other):
            self.assertFalse(ed25519.is_signed(key, text, bad))
        self.assertFalse(ed25519.is_signed(b"\xff" * 32, text, signature))


class TestCheckpoint(BaseCase):
    def test_example(self):
        seal = checkpoint.read_checkpoint(NOTE)
        self.assertEqual(
            (seal.origin, seal.size), ("example.com/behind-the-sofa", 20852163)
        )
        self.assertEqual(
            checkpoint.checkpoint_text(seal.origin, seal.size, seal.root), seal.text
        )
        ((name, signature),) = seal.signatures
        self.assertEqual((name, len(signature)), (seal.origin, 68))

    def test_signature_and_key_id(self):
        key = Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        text = checkpoint.checkpoint_text("urn:uuid:1", 7, bytes(32))
        note = checkpoint.sign_checkpoint(text, "urn:uuid:1", raw, key.sign)
        self.assertTrue(note.startswith(f"{text}\n\u2014 urn:uuid:1 "))
        signature = base64.b64decode(note.rpartition(" ")[2])
        key_id = hashlib.sha256(b"urn:uuid:1\n\x01" + raw).digest()[:4]
        self.assertEqual(signature[:4], key_id)
        key.public_key().verify(signature[4:], text.encode())
        seal = checkpoint.read_checkpoint(note)
        verifier = checkpoint.verifier_key("urn:uuid:1", raw)
        self.assertTrue(checkpoint.signed_by(seal, verifier))
        other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        for wrong in (
            checkpoint.verifier_key("urn:uuid:1", other),
            checkpoint.verifier_key("urn:uuid:2", raw),
        ):
            self.assertFalse(checkpoint.signed_by(seal, wrong))
        forged = checkpoint.read_checkpoint(note.replace("\n7\n", "\n8\n"))
        self.assertFalse(checkpoint.signed_by(forged, verifier))
        for broken in ("", "x", "a+b", "a+00000000+AA==", verifier.replace("+", "-")):
            with self.assertRaises(checkpoint.CheckpointError):
                checkpoint.signed_by(seal, broken)

    def test_key_with_a_plus(self):
        for number in range(200):
            key = Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
            raw = key.public_key().public_bytes_raw()
            verifier = checkpoint.verifier_key("x", raw)
            if verifier.count("+") > 2:
                text = checkpoint.checkpoint_text("x", 7, bytes(32))
                note = checkpoint.sign_checkpoint(text, "x", raw, key.sign)
                seal = checkpoint.read_checkpoint(note)
                self.assertTrue(checkpoint.signed_by(seal, verifier))
                return
        self.fail("no such key")

    def test_what_is_continued(self):
        last = checkpoint.read_checkpoint(NOTE)
        origin = checkpoint.origin_after("urn:uuid:2", last)
        text = checkpoint.checkpoint_text(origin, 20852164, bytes(32))
        self.assertEqual(
            checkpoint.read_checkpoint(text).continues(), (last.size, last.root)
        )
        self.assertIsNone(last.continues())

    def test_no_checkpoint(self):
        for bad in (
            "",
            "\n",
            "a\n1\n",
            NOTE.replace("20852163", "020852163"),
            NOTE.replace("20852163", "-1"),
            NOTE.replace("20852163", "1e3"),
            NOTE.replace("CsUYapGG", "CsUYapG"),
            NOTE.replace("CsUY", ""),
            NOTE.replace("\u2014", "-"),
            NOTE.replace("Az3g", "Az3*"),
            NOTE.replace("\n", "\r\n"),
            NOTE[:40],
            NOTE * 3,
            "x" * 1_000_000,
            json.dumps({"a": 1}),
        ):
            with self.subTest(bad[:80]), self.assertRaises(checkpoint.CheckpointError):
                checkpoint.read_checkpoint(bad)

    @MANY
    @given(some.text())
    def test_garbage(self, text):
        with self.assertRaises(checkpoint.CheckpointError):
            checkpoint.read_checkpoint(text)
