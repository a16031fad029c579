# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Check a proof pack, with nothing but Python: python3 verify.py [PACK] [--seal FILE]

PACK is a folder or a ZIP file, by default the folder of this file. It has

pack.json      {"format": 1, "events": how many lines there are, "everything": whether
               that is all there is}
events.jsonl   for each event {"event": what was hashed, "position": its place in the
               log from 0, "proof": hashes which lead from it to the last seal,
               "parts": {name of a personal part: {"salt": …, "values": …}},
               "without": {name of a part that is not there: "erased", "forgotten" or
               "withheld"}}; not sealed yet, it has "waits": true instead of both
texts/HASH.json   each text that people were shown
seals.jsonl    for each seal, oldest first, {"file": the path of its text,
               "consistency": hashes which prove that the log only grew since the seal
               before, "stamp": the path of its time stamp, if there is one}

Hashes are hexadecimal. What is wrong is printed, and the exit status is then 1.
"""

import argparse
import codecs
import hashlib
import io
import json
import sys
import zipfile
from collections import Counter
from pathlib import Path

from odoo.addons.privacy_consent.canonical_json import digest, dumps

from .log.checkpoint import CheckpointError, read_checkpoint, signed_by
from .log.merkle import ProofError, check_consistency, hash_leaf, root_by_inclusion

# Which column of an event has the digest of which personal part.
PART_DIGESTS = {"person": "detail_digest", "origin": "origin_digest"}


def leaf_of_event(values):
    """:return: the hash of the leaf of an event

    :param dict values: what is hashed of it, see ``HASHED``
    """
    return hash_leaf(dumps(values))


def part_digest(salt, values):
    """:return: the digest of a personal part of an event"""
    return digest(values, salt)


def seals_in(data):
    """:return: the texts of all seals that a file has: a seal, or a proof pack

    :param bytes data: its content
    :raise CheckpointError: if it is neither
    """
    if data[:2] != b"PK":
        return [_tidied(data)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [
                _as_text(archive.read(json.loads(line)["file"]))
                for line in archive.read("seals.jsonl").splitlines()
            ]
    # Garbage fails in whatever part first looks at it.
    except Exception as error:
        raise CheckpointError("This is no proof pack.") from error


def _tidied(data):
    """:return: the text of a seal, whatever editor or mail program stored it"""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        data = data.decode("utf-16", "replace").encode()
    lines = _as_text(data.removeprefix(codecs.BOM_UTF8)).strip().splitlines()
    return "".join(f"{line.strip()}\n" for line in lines)


def _as_text(data):
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CheckpointError("This is no seal.") from error


class Pack:
    """A proof pack, and what is wrong with it.

    :param path: of the folder or the ZIP file
    :ivar problems: in words
    :ivar notes: what else whoever reads this should know
    """

    def __init__(self, path):
        self.path = Path(path)
        self.problems = []
        self.notes = []
        self._zip = None if self.path.is_dir() else zipfile.ZipFile(self.path)
        self._seals = []

    def check(self, outside=(), keys=()):
        """Check everything.

        :param outside: the texts of seals that left the house before
        :param keys: of those who may sign, see ``verifier_key``
        """
        try:
            self._check_seals(keys)
            for note in outside:
                self._compare(read_checkpoint(note))
            self._check_events()
        # Garbage fails in whatever part first looks at it.
        except Exception as error:
            self.problems.append(f"The pack is broken: {error!r}")

    def _read(self, name):
        if self._zip:
            return self._zip.read(name)
        return (self.path / name).read_bytes()

    def _lines(self, name):
        with (
            self._zip.open(name) if self._zip else open(self.path / name, "rb") as file
        ):
            for line in file:
                yield json.loads(line)

    # Seals ----------------------------------------------------------------------

    def _check_seals(self, keys):
        for line in self._lines("seals.jsonl"):
            name = line["file"]
            seal = read_checkpoint(_as_text(self._read(name)))
            before = self._seals[-1] if self._seals else None
            try:
                if before:
                    check_consistency(
                        before.size,
                        before.root,
                        seal.size,
                        seal.root,
                        _hashes(line["consistency"]),
                    )
                continued = seal.continues()
                for one in self._seals:
                    if continued and one.size == continued[0]:
                        check_consistency(*continued, one.size, one.root, [])
            except ProofError as error:
                self.problems.append(f"{name} does not continue the log: {error}")
            self._check_signature(name, seal, keys)
            self._seals.append(seal)
            if line.get("stamp"):
                self.notes.append(
                    f"Time stamp: openssl ts -verify -data {name} -in {line['stamp']} "
                    "-CAfile CERTIFICATES_OF_THE_AUTHORITY"
                )

    def _check_signature(self, name, seal, keys):
        if not seal.signatures:
            self.notes.append(f"{name} is not signed.")
        elif not keys:
            self.notes.append(f"{name} is signed: give the key by --key to check it.")
        elif not any(signed_by(seal, key) for key in keys):
            self.problems.append(f"{name} was not signed by any of these keys.")

    def _compare(self, outside):
        same = [seal for seal in self._seals if seal.size == outside.size]
        if not self._seals or outside.size > self._seals[-1].size:
            self.problems.append(
                f"The seal covers {outside.size} events, and the pack's log fewer: it "
                "is older, or events are missing."
            )
        elif not same:
            self.problems.append(
                f"The pack has no seal of {outside.size} events: ask for one that does."
            )
        elif same[0].root != outside.root:
            self.problems.append(
                f"The first {outside.size} events are not those of the seal: the log "
                "was rewritten since that seal left."
            )

    # Events ---------------------------------------------------------------------

    def _check_events(self):
        erased = {
            line["event"]["consent_uuid"]
            for line in self._lines("events.jsonl")
            if line["event"]["kind"] == "erased"
        }
        count, positions, without = 0, set(), Counter()
        for line in self._lines("events.jsonl"):
            count += 1
            event = line["event"]
            for problem in self._problems_of(line, event, erased):
                self.problems.append(f"Event {event['uuid']}: {problem}")
            without.update(line.get("without", {}).values())
            position = line.get("position")
            if position in positions:
                self.problems.append(f"Event {event['uuid']}: its place is taken.")
            elif position is not None:
                positions.add(position)
            elif line.get("waits"):
                without["not sealed yet"] += 1
            else:
                self.problems.append(f"Event {event['uuid']}: It is not in the log.")
        pack = json.loads(self._read("pack.json"))
        if count != pack["events"]:
            self.problems.append(
                f"The pack has {count} events instead of {pack['events']}."
            )
        if pack["everything"] and self._seals:
            for position in sorted({*range(self._seals[-1].size)} - positions):
                self.problems.append(f"The event at the place {position} is missing.")
        self.notes += [f"{number} × {what}" for what, number in without.items()]

    def _problems_of(self, line, event, erased):
        position = line.get("position")
        if position is not None:
            seal = self._seals[-1]
            try:
                root = root_by_inclusion(
                    position, seal.size, leaf_of_event(event), _hashes(line["proof"])
                )
            except ProofError as error:
                yield f"The proof is wrong: {error}."
            else:
                if root != seal.root:
                    yield "It is not what was sealed."
        if event["text_hash"]:
            yield from self._problems_of_text(event["text_hash"])
        for part, name in PART_DIGESTS.items():
            yield from _problems_of_part(line, event, part, event[name], erased)

    def _problems_of_text(self, text_hash):
        try:
            content = self._read(f"texts/{text_hash}.json")
        except (KeyError, OSError):
            yield f"The text {text_hash} is missing."
        else:
            if hashlib.sha256(content).hexdigest() != text_hash:
                yield f"The text {text_hash} was changed."


def _problems_of_part(line, event, part, expected, erased):
    found = line.get("parts", {}).get(part)
    reason = line.get("without", {}).get(part)
    if found:
        if part_digest(found["salt"], found["values"]) != expected:
            yield f"The personal part “{part}” was changed."
    elif expected and not (
        reason == "withheld"
        or (reason == "erased" and event["consent_uuid"] in erased)
        or (reason == "forgotten" and part == "origin")
    ):
        yield f"The personal part “{part}” is missing."


def _printable(letter):
    return letter if letter.isprintable() else "?"


def _hashes(texts):
    return [bytes.fromhex(text) for text in texts]


def verify(arguments=None):
    """Check a pack as the command line says, and print what was found.

    :return: the exit status: 0 where all holds, 1 where not
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pack", nargs="?", default=Path(__file__).parent)
    parser.add_argument(
        "--seal",
        action="append",
        default=[],
        help="a seal, or another pack, that left the house before",
    )
    parser.add_argument(
        "--key", action="append", default=[], help="the key that signs the seals"
    )
    options = parser.parse_args(arguments)
    try:
        outside = [
            note for path in options.seal for note in seals_in(Path(path).read_bytes())
        ]
        pack = Pack(options.pack)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.stdout.write(f"PROBLEM This cannot be read: {error}\n")
        return 1
    pack.check(outside, options.key)
    lines = [f"note    {note}" for note in pack.notes]
    lines += [f"PROBLEM {problem}" for problem in pack.problems]
    lines.append("Problems were found." if pack.problems else "All holds.")
    # What a pack says is printed, and moves no cursor.
    printed = ("".join(map(_printable, line)) for line in lines)
    sys.stdout.write("".join(f"{line}\n" for line in printed))
    return int(bool(pack.problems))


if __name__ == "__main__":
    sys.exit(verify())
