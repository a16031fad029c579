# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``verify.py`` finds with Python alone what was changed before a pack was made."""

import ast
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from odoo.tests import tagged

from odoo.addons.privacy_consent.models.privacy_consent_event import HASHED, PARTS

from .. import pack_check, verifier
from ..log import checkpoint
from ..models.privacy_consent_seal import _store
from .packs import change_lines, write_pack
from .thousand import DETAIL, EVENT, OTHER_VALUES, VerifyCase


@tagged("post_install", "-at_install")
class TestPack(VerifyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ids = cls.first(
            "SELECT event.id FROM privacy_consent_leaf JOIN privacy_consent_event"
            " AS event ON event.uuid = event_uuid ORDER BY position"
        )

    def pack(self, count=3):
        """:return: the folder of a pack of the first events"""
        folder = Path(self.enterContext(TemporaryDirectory()))
        write_pack(self.env, folder, self.ids[:count])
        return folder

    def pack_of_everything(self):
        """:return: the folder of a pack of all events"""
        folder = Path(self.enterContext(TemporaryDirectory()))
        write_pack(self.env, folder)
        return folder

    def problems(self, folder, outside=(), keys=()):
        """:return: what the check finds in a pack"""
        pack = pack_check.Pack(folder)
        pack.check(outside, keys)
        return pack.problems

    def run_script(self, folder, *arguments):
        """Run the ``verify.py`` of a pack by a Python that has nothing else.

        :return: its exit status, and what it says
        """
        result = subprocess.run(
            [sys.executable, "-I", "-S", folder / "verify.py", *arguments],
            cwd="/",
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return result.returncode, result.stdout

    def test_all_holds(self):
        folder = self.pack(20)
        self.assertEqual(self.problems(folder), [])
        code, said = self.run_script(folder)
        self.assertEqual((code, said.splitlines()[-1]), (0, "All holds."), said)
        self.assertIn("seals/1000.txt is not signed", said)

    def test_zip(self):
        folder = self.pack()
        archive = shutil.make_archive(folder / "pack", "zip", folder)
        code, said = self.run_script(folder, archive)
        self.assertEqual(code, 0, said)
        last = Path(self.enterContext(TemporaryDirectory())) / "seal.txt"
        last.write_text(self.last.checkpoint)
        for outside in (last, archive):
            code, said = self.run_script(folder, "--seal", outside)
            self.assertEqual(code, 0, said)
        self.assertEqual(
            pack_check.seals_in(Path(archive).read_bytes()),
            self.seals.search([], order="id").mapped("checkpoint"),
        )

    def test_seal_that_programs_stored_anew(self):
        """Editors and mail programs write ends of lines and files their own way."""
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        text = checkpoint.checkpoint_text("log", 3, bytes(32))
        note = checkpoint.sign_checkpoint(text, "log", public, key.sign)
        for seal in (text, note):
            for stored in (
                seal.replace("\n", "\r\n").encode(),
                seal.encode("utf-8-sig"),
                seal.encode("utf-16"),
                seal.rstrip("\n").encode(),
                f"\n {seal}\xa0\n\n".replace("\n", " \n").encode(),
            ):
                with self.subTest(stored):
                    self.assertEqual(pack_check.seals_in(stored), [seal])

    def test_every_hashed_column(self):
        for name, value in OTHER_VALUES:
            with self.subTest(name, value=value), self.as_owner():
                self.update(EVENT, self.event(1), **{name: value})
                problems = self.problems(self.pack())
                words = f"Event {self.uuids[1]}: It is not what was sealed."
                if name == "uuid":
                    words = "Event x: It is not in the log."
                self.assertIn(words, problems)

    def test_every_column_of_personal_parts(self):
        for part, names in PARTS.items():
            for name in (*names, "salt"):
                with self.subTest(name), self.as_owner():
                    self.update(DETAIL, self.detail(1, part), **{name: "x"})
                    self.assertEqual(
                        self.problems(self.pack()),
                        [
                            f"Event {self.uuids[1]}: "
                            f"The personal part “{part}” was changed."
                        ],
                    )

    def test_swapped(self):
        with self.as_owner():
            names = [name for name in HASHED if name != "uuid"]
            self.swap(EVENT, self.event(1), self.event(2), *names)
            problems = self.problems(self.pack())
            for number in (1, 2):
                self.assertIn(
                    f"Event {self.uuids[number]}: It is not what was sealed.", problems
                )

    def test_text_changed(self):
        with self.as_owner():
            self.execute("UPDATE privacy_consent_text SET content = '{}'")
            problems = self.problems(self.pack(1))
            self.assertIn("was changed", problems[0])
        folder = self.pack(1)
        folder.joinpath(f"texts/{self.text.hash}.json").unlink()
        self.assertIn("is missing", self.problems(folder)[0])

    def test_parts_that_are_not_there(self):
        folder = self.pack(1)
        for reason, count in (
            (None, 2),
            ("withheld", 0),
            ("erased", 2),
            ("forgotten", 1),
            ("lost", 2),
        ):
            without = {"parts": {}, "without": dict.fromkeys(PARTS, reason)}
            with self.subTest(reason):
                change_lines(folder, lambda line, without=without: line.update(without))
                self.assertEqual(len(self.problems(folder)), count)

    def test_deleted_and_inserted(self):
        """A pack of everything shows what is missing, any pack what was put in."""
        self.assertEqual(self.problems(self.pack_of_everything()), [])
        with self.as_owner():
            for table, name in ((DETAIL, "event_id"), (EVENT, "id")):
                self.execute(f"DELETE FROM {table} WHERE {name} = %s", self.ids[7])
            (problem,) = self.problems(self.pack_of_everything())
            self.assertEqual(problem, "The event at the place 7 is missing.")
        with self.as_owner():
            self.happen(1, kind="given")
            found = self.first("SELECT max(id) FROM privacy_consent_event")
            folder = Path(self.enterContext(TemporaryDirectory()))
            write_pack(self.env, folder, found)
            (problem,) = self.problems(folder)
            self.assertIn("It is not in the log.", problem)
        with self.as_owner():
            self.execute("DELETE FROM privacy_consent_seal WHERE size > 400")
            folder = Path(self.enterContext(TemporaryDirectory()))
            write_pack(self.env, folder, self.ids[700:701])
            (problem,) = self.problems(folder)
            self.assertIn("It is not in the log.", problem)

    def test_suffix_rewritten_with_fresh_seals(self):
        """A seal that left before, and a pack made before, show it."""
        before = self.pack()
        outside = self.last.checkpoint
        first = self.seals.search([])[-1]
        with self.as_owner():
            self.execute("DELETE FROM privacy_consent_seal WHERE size > 400")
            self.update(EVENT, self.event(700), by="subject")
            tree = self.rewrite(400)
            self.seals.invalidate_model()
            _store(self.env, first, tree)
            folder = self.pack()
            self.assertEqual(self.problems(folder), [])
            self.assertEqual(self.problems(folder, [first.checkpoint]), [])
            (problem,) = self.problems(folder, [outside])
            self.assertIn("was rewritten since that seal left", problem)
            archive = shutil.make_archive(before / "pack", "zip", before)
            code, said = self.run_script(folder, "--seal", archive)
            self.assertEqual(code, 1)
            self.assertIn("was rewritten", said)
            self.assertIn("no seal of 401 events", said)

    def test_larger_seal(self):
        folder = self.pack()
        text = checkpoint.checkpoint_text("x", 5000, bytes(32))
        self.assertIn("events are missing", self.problems(folder, [text])[0])

    def test_seals_that_do_not_fit(self):
        folder = self.pack()
        seal = folder / "seals/401.txt"
        text = seal.read_text()
        seal.write_text(checkpoint.checkpoint_text("x", 401, bytes(32)))
        self.assertEqual(len(self.problems(folder)), 2)
        seal.write_text(text.replace("\n401\n", "\n402\n"))
        self.assertTrue(self.problems(folder))

    def test_signature(self):
        self.use_key()
        last = self.seal(1)
        folder = self.pack()
        self.assertEqual(self.problems(folder, keys=[last.verifier])[2:], [])
        code, said = self.run_script(folder, "--key", last.verifier)
        self.assertEqual(code, 0, said)
        self.assertIn("seals/400.txt is not signed", said)
        self.use_key()
        other = self.seal(1).verifier
        (problem,) = self.problems(folder, keys=[other])
        self.assertIn("not signed by any", problem)

    def test_cut_in_half(self):
        folder = self.pack(20)
        archive = Path(shutil.make_archive(folder / "pack", "zip", folder))
        data = archive.read_bytes()
        for length in (len(data) // 2, 10, 0):
            archive.write_bytes(data[:length])
            code, said = self.run_script(folder, archive)
            self.assertEqual(code, 1)
            self.assertIn("PROBLEM", said)
        events = folder / "events.jsonl"
        content = events.read_bytes()
        for half in (
            content[: len(content) // 2],
            b"".join(content.splitlines(keepends=True)[:10]),
            b"",
            b"[]",
            b"\xff",
        ):
            events.write_bytes(half)
            with self.subTest(half[:9]):
                self.assertTrue(self.problems(folder))
        events.write_bytes(content * 2)
        self.assertIn("its place is taken", self.problems(folder)[0])
        for name in ("pack.json", "seals.jsonl", "events.jsonl"):
            folder = self.pack(1)
            folder.joinpath(name).unlink()
            with self.subTest(name):
                self.assertTrue(self.problems(folder))

    def test_garbage(self):
        """Whatever is broken, it is a problem of the pack, and none of the program."""
        folder = self.pack(1)
        archive = Path(shutil.make_archive(folder / "pack", "zip", folder))
        data = bytearray(archive.read_bytes())
        with zipfile.ZipFile(archive) as opened:
            place = opened.getinfo("seals.jsonl").header_offset
        data[place + 60 : place + 70] = bytes(10)
        archive.write_bytes(data)
        self.assertTrue(self.problems(archive))
        with self.assertRaises(checkpoint.CheckpointError):
            pack_check.seals_in(bytes(data))
        deep = "[" * 100_000 + "]" * 100_000
        for name, content in (
            ("seals.jsonl", ""),
            ("seals.jsonl", "[]"),
            ("seals.jsonl", '{"file": [], "consistency": 1}'),
            ("events.jsonl", deep),
            ("events.jsonl", '{"event": [], "without": []}'),
            ("pack.json", "{}"),
        ):
            broken = self.pack(1)
            broken.joinpath(name).write_text(content)
            with self.subTest(name, content=content[:20]):
                self.assertTrue(self.problems(broken))

    def test_prints_no_control_characters(self):
        folder = self.pack(1)
        word = "\x1b[2J\nAll holds.\u202e"
        change_lines(folder, lambda line: line["event"].update(uuid=word))
        code, said = self.run_script(folder)
        self.assertEqual(code, 1)
        self.assertIn("?[2J?All holds.?: It is not", said)

    def test_not_sealed_yet(self):
        self.happen(1)
        last = self.first("SELECT max(id) FROM privacy_consent_event")
        folder = Path(self.enterContext(TemporaryDirectory()))
        write_pack(self.env, folder, last)
        code, said = self.run_script(folder)
        self.assertEqual(code, 0)
        self.assertIn("1 × not sealed yet", said)

    def test_one_file_of_python_alone(self):
        source = verifier.script()
        tree = ast.parse(source)
        names = Counter(
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        )
        names.update(
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
        )
        self.assertEqual([name for name, count in names.items() if count > 1], [])
        modules = {
            (
                node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            ).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        self.assertLessEqual(modules, set(sys.stdlib_module_names))
        self.assertNotIn("odoo", source.partition('"""\n')[2].replace("odoo.conf", ""))
