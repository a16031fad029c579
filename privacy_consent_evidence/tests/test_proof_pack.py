# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A proof pack tells everything, and shows what somebody changed in it."""

import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import config

from odoo.addons.privacy_consent.links import proof
from odoo.addons.privacy_consent.models.privacy_consent_scrub import _tokens
from odoo.addons.privacy_consent.tests.answers import press

from .. import proof_pack
from ..receipts import receipt_of
from .common import EvidenceCase

TOKEN = re.compile(rb"privacy/consent/\w+/\d+/")


class PackCase(EvidenceCase):
    """Ann was asked by Mitchell, accepted, and withdrew by phone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager.write({"name": "Mitchell Staffer", "signature": "<p>M. S.</p>"})
        cls.env.ref("base.main_company").partner_id.name = "Our Company"
        cls.generate()
        cls.delivered = cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)
        press(cls.consent, True)

    def setUp(self):
        super().setUp()
        self.seal()
        self.consent.with_user(self.manager)._record_answer(
            False,
            replace(
                proof.by_hand(self.manager, "phone", note="Told Mitchell Staffer"),
                scan=proof.Scan("letter.pdf", b"%PDF-1.7 recorded"),
            ),
        )
        self.scan = self.env["ir.attachment"].create(
            {
                "name": "scan ä.pdf",
                "raw": b"%PDF signed",
                "res_model": "privacy.consent",
                "res_id": self.consent.id,
            }
        )
        self.seal()

    def files(self, data):
        """:return: the content of each file of a pack"""
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            self.assertIsNone(archive.testzip())
            names = archive.namelist()
            self.assertEqual(len(names), len(set(names)))
            return {name: archive.read(name) for name in names}

    def events(self, files):
        """:return: the lines of the events"""
        return [json.loads(line) for line in files["events.jsonl"].splitlines()]

    def verify(self, files, *arguments):
        """Unpack a pack, and run its ``verify.py``.

        :return: its exit status, and what it says
        """
        folder = Path(self.enterContext(TemporaryDirectory()))
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        result = subprocess.run(
            [sys.executable, "-I", "-S", folder / "verify.py", *arguments],
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return result.returncode, result.stdout

    def tampered(self, files, words, **changes):
        """Check that ``verify.py`` names what was changed in a pack."""
        changes = {name.replace("__", "."): data for name, data in changes.items()}
        code, said = self.verify({**files, **changes})
        self.assertEqual(code, 1, said)
        self.assertIn(words, said)


@tagged("post_install", "-at_install")
class TestProofPack(PackCase):
    def test_proofs_are_read_together(self):
        """Seals are made every hour, for years: their proofs take no query each."""
        for _ in range(8):
            self.seal(1)
        read = proof_pack.reader(self.env)
        calls = []

        def reader(_env):
            return lambda positions: calls.append(1) or read(positions)

        with patch.object(proof_pack, "reader", reader):
            files = self.files(self.consent._proof_pack())
        self.assertEqual(len(calls), 2)
        self.assertEqual(self.verify(files)[0], 0)

    def test_it_holds(self):
        files = self.files(self.consent.with_user(self.manager)._proof_pack())
        code, said = self.verify(files)
        self.assertEqual((code, said.splitlines()[-1]), (0, "All holds."), said)
        self.assertEqual(
            [line["event"]["kind"] for line in self.events(files)],
            ["requested", "given", "withdrawn"],
        )
        self.assertTrue(all("proof" in line for line in self.events(files)))
        staff = self.events(files)[-1]["parts"]["person"]["values"]
        self.assertEqual(staff["staff"], "Mitchell Staffer")
        self.assertIn("not sealed", self.files_said_after_new_event())

    def files_said_after_new_event(self):
        press(self.consent, True)
        files = self.files(self.consent._proof_pack())
        code, said = self.verify(files)
        self.assertEqual(code, 0, said)
        return said

    def test_tampering_is_named(self):
        files = self.files(self.consent._proof_pack())
        lines = files["events.jsonl"].splitlines(keepends=True)
        uuid = json.loads(lines[1])["event"]["uuid"]
        edited = lines[1].replace(b'"given"', b'"refused"')
        self.assertNotEqual(edited, lines[1])
        self.tampered(
            files,
            f"Event {uuid}: It is not what was sealed.",
            events__jsonl=lines[0] + edited + lines[2],
        )
        self.tampered(
            files, "has 2 events instead of 3", events__jsonl=lines[0] + lines[2]
        )
        detail = lines[1].replace(b'"Ann"', b'"Eve"')
        self.tampered(files, "was changed", events__jsonl=lines[0] + detail + lines[2])
        (text,) = (name for name in files if re.match(r"texts/.*\.json", name))
        changed = files[text].replace(b"One mail a month", b"Ten mails a day")
        self.assertNotEqual(changed, files[text])
        self.tampered({**files, text: changed}, f"{text[6:-5]} was changed")
        code, said = self.verify({**files, text: changed})
        self.assertEqual(code, 1, said)

    def test_cut_zip(self):
        data = self.consent._proof_pack()
        folder = Path(self.enterContext(TemporaryDirectory()))
        script = folder / "verify.py"
        script.write_bytes(self.files(data)["verify.py"])
        for length, expected in ((len(data), 0), (len(data) // 2, 1), (0, 1)):
            pack = folder / "pack.zip"
            pack.write_bytes(data[:length])
            result = subprocess.run(
                [sys.executable, "-I", "-S", script, pack], capture_output=True
            )
            self.assertEqual(result.returncode, expected)
            self.assertEqual(b"PROBLEM" in result.stdout, bool(expected))

    def test_seal_from_outside(self):
        """Each seal that left, whatever its size, can be compared with the pack."""
        files = self.files(self.consent._proof_pack())
        for one in self.seals.search([]):
            seal = Path(self.enterContext(TemporaryDirectory())) / "seal.txt"
            seal.write_text(one.checkpoint)
            code, said = self.verify(files, "--seal", str(seal))
            self.assertEqual(code, 0, said)

    def test_changed_before_the_pack(self):
        """A text that somebody changed is named, and is not the one that was shown."""
        content = self.consent.event_ids.text_id[:1].content
        for changed in (
            content.replace("One mail a month", "Ten mails a day"),
            '{"description": 5}',
            "null",
            "{",
        ):
            with self.subTest(changed), self.as_owner():
                self.execute("UPDATE privacy_consent_text SET content = %s", changed)
                self.env.invalidate_all()
                files = self.files(self.consent._proof_pack())
                code, said = self.verify(files)
                self.assertEqual(code, 1)
                self.assertIn("was changed", said)
                self.assertNotIn(b"Ten mails", files["index.html"])
                self.assertNotIn(b"Ten mails", files["record.jsonld"])
                receipt = receipt_of(self.consent.sudo())
                self.assertIn("the text that was shown", receipt.missing)

    def test_request_as_it_was_sent(self):
        files = self.files(self.consent._proof_pack())
        (name,) = (name for name in files if name.endswith(".eml"))
        mail = message_from_bytes(files[name], policy=policy.default)
        (sent,) = (one for one in self.delivered if one.to == ["ann@example.com"])
        self.assertEqual(mail["Subject"], sent.subject)
        self.assertEqual(mail["Message-ID"], sent.message["Message-Id"])
        self.assertEqual(mail["To"], "ann@example.com")
        body = mail.get_body(("html",)).get_content()
        self.assertIn("One mail a month.", body)

    def test_sender_that_is_no_address(self):
        """One odd address does not keep anybody from the proof."""
        odd = ':é?;\u202e;:(]😀)"😀'
        self.execute(
            "UPDATE mail_message SET email_from = %s, message_id = %s WHERE id = %s",
            odd,
            "<é=@",
            self.consent.request_ids.message_id.id,
        )
        self.env.invalidate_all()
        files = self.files(self.consent._proof_pack())
        (name,) = (name for name in files if name.endswith(".eml"))
        mail = message_from_bytes(files[name], policy=policy.compat32)
        self.assertEqual(str(make_header(decode_header(mail["From"]))), odd)
        self.assertIn(b"One mail a month.", files[name])

    def test_no_personal_link(self):
        self.consent.message_post(body=f"<p>I got {self.consent._url(True)}</p>")
        press(self.consent, True, agent=f"Agent {self.consent._url(False)}")
        self.seal()
        tokens = _tokens(self.consent)
        self.assertTrue(any(self.consent._token() == one for one in tokens))
        for for_person in (False, True):
            data = self.consent._proof_pack(for_person)
            files = self.files(data)
            for name, content in files.items():
                with self.subTest(name, for_person=for_person):
                    for one in tokens:
                        self.assertNotIn(one.encode(), content)
                    self.assertIsNone(TOKEN.search(content))
            code, said = self.verify(files)
            self.assertEqual(code, 0, said)

    def test_for_the_person(self):
        request = self.consent.request_ids
        self.assertTrue(request.message_id.body)
        self.env.cr.execute(
            "UPDATE mail_message SET body = body || %s, email_from = %s, author_id = %s"
            " WHERE id = %s",
            [
                "<p>Yours, Mitchell Staffer, M. S.</p>",
                '"Mitchell Staffer" <manager@example.com>',
                self.manager.partner_id.id,
                request.message_id.id,
            ],
        )
        self.env.invalidate_all()
        whole = b"".join(self.files(self.consent._proof_pack()).values())
        self.assertIn(b"Mitchell Staffer", whole)
        files = self.files(self.consent._proof_pack(for_person=True))
        for name, content in files.items():
            with self.subTest(name):
                self.assertNotIn(b"Mitchell", content)
                self.assertNotIn(b"manager@example.com", content)
                self.assertNotIn(b"M. S.", content)
        self.assertFalse([name for name in files if name.startswith("files/")])
        self.assertEqual(self.events(files)[-1]["without"], {"person": "withheld"})
        self.assertIn("Ann", str(self.events(files)[1]["parts"]))
        code, said = self.verify(files)
        self.assertEqual(code, 0, said)
        self.assertIn("1 × withheld", said)

    def test_page(self):
        self.env.invalidate_all()
        files = self.files(self.consent.with_context(lang="fr_FR")._proof_pack())
        page = html.fromstring(files["index.html"])
        self.assertEqual(page.get("lang"), "fr-FR")
        self.assertEqual(len(page.xpath("//tbody/tr")), 3)
        self.assertFalse(page.xpath("//script"))
        for link in page.xpath("//a/@href"):
            self.assertIn(link, files)
        scans = [files[name] for name in files if name.startswith("files/")]
        self.assertEqual(scans, [b"%PDF-1.7 recorded", b"%PDF signed"])
        self.assertNotIn("raw", self.scan._cache, "memory does not grow with files")
        for name, content in files.items():
            if name.startswith("texts/") and name.endswith(".html"):
                self.assertIn(b"One mail a month.", content)

    def test_record_is_that_of_the_answer(self):
        before = self.files(self.consent._proof_pack())["record.jsonld"]
        self.activity.write(
            {"name": "Other", "description": "<p>Sold.</p>", "processor_ids": []}
        )
        self.activity.controller_id.name = "Others"
        self.activity.privacy_officer = "Nobody"
        after = self.files(self.consent._proof_pack())["record.jsonld"]
        self.assertEqual(before, after)
        self.assertIn(b"Newsletter", after)

    def test_erased(self):
        uuid = self.consent.uuid
        self.consent._erase("They wished so")
        self.seal()
        pack = self.activity_pack()
        files = self.files(self.written(pack))
        mine = [
            line for line in self.events(files) if line["event"]["consent_uuid"] == uuid
        ]
        self.assertEqual(mine[-1]["event"]["kind"], "erased")
        self.assertEqual(mine[1]["without"], {"person": "erased", "origin": "erased"})
        self.assertNotIn(b"ann@example.com", b"".join(files.values()))
        code, said = self.verify(files)
        self.assertEqual(code, 0, said)

    # The dialog -----------------------------------------------------------------

    def activity_pack(self, user=None, **values):
        """:return: the dialog of an activity"""
        return (
            self.env["privacy.consent.pack"]
            .with_user(user or self.manager)
            .with_context(
                active_model="privacy.activity",
                active_id=self.activity.id,
                active_ids=self.activity.ids,
            )
            .create(values)
        )

    def contact_pack(self, contacts, user=None, **values):
        """:return: the dialog of contacts"""
        return (
            self.env["privacy.consent.pack"]
            .with_user(user or self.manager)
            .with_context(active_model="res.partner", active_ids=contacts.ids)
            .create(values)
        )

    def written(self, pack):
        """:return: the pack that a dialog makes"""
        pack.action_download()
        file = io.BytesIO()
        pack._write_pack(file)
        return file.getvalue()

    def test_activity_with_a_period(self):
        press(self.consent_of(self.luc), False)
        self.seal()
        kinds = {
            "both": {},
            "today": {"date_from": self.later().date(), "date_to": self.later().date()},
        }
        for name, period in kinds.items():
            with self.subTest(name):
                files = self.files(self.written(self.activity_pack(**period)))
                uuids = {line["event"]["consent_uuid"] for line in self.events(files)}
                self.assertLessEqual(
                    {self.consent.uuid, self.consent_of(self.luc).uuid}, uuids
                )
                self.assertEqual(self.verify(files)[0], 0)
        past = self.activity_pack(date_to=self.later(days=-1).date())
        self.assertEqual(self.events(self.files(self.written(past))), [])

    def test_days_are_those_of_the_reader(self):
        """A day begins at midnight where the officer is, also when clocks change."""
        self.manager.tz = "Europe/Berlin"
        pack = self.activity_pack(date_from="2026-03-29", date_to="2026-10-25")
        begin, end = (moment for name, _is, moment in pack._event_domain()[1:])
        self.assertEqual(begin, datetime(2026, 3, 28, 23))
        self.assertEqual(end, datetime(2026, 10, 25, 23))
        with self.at(datetime(2026, 12, 31, 23, 30)):
            press(self.consent, True)
        self.env.flush_all()
        for day, count in (("2026-12-31", 0), ("2027-01-01", 1)):
            pack = self.activity_pack(date_from=day, date_to=day)
            self.assertEqual(pack.consent_count, count)

    def test_words_of_others(self):
        """What people wrote is shown as they wrote it, and does nothing."""
        bad = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x01'
        self.activity.name = bad
        self.activity.description = f"<p>{'word ' * 100_000}</p>{bad}"
        self.ann.name = bad
        press(self.consent, True, agent=bad)
        file = self.env["ir.attachment"].create(
            {
                "name": f"../../{'é' * 300}<b>.html",
                "raw": b"<script>",
                "res_model": "privacy.consent",
                "res_id": self.consent.id,
            }
        )
        self.seal()
        files = self.files(self.consent._proof_pack())
        self.assertEqual(self.verify(files)[0], 0)
        (path,) = (name for name in files if name.startswith(f"files/{file.id}-"))
        self.assertLess(len(path.encode()), 255)
        self.assertTrue(path.endswith(".html"))
        shown = html.fromstring(files["index.html"])
        self.assertIn(bad.replace("\x01", ""), shown.text_content())
        for name, content in files.items():
            if name.endswith(".html") and not name.startswith("files/"):
                page = html.fromstring(content)
                self.assertFalse(page.xpath("//script | //@onerror"), name)
                # Nor is a picture from elsewhere loaded.
                (policy,) = page.xpath("//meta[@http-equiv]/@content")
                self.assertIn("default-src 'none'", policy)

    def test_text_from_right_to_left(self):
        self.env["res.lang"]._activate_lang("ar_001")
        self.activity.with_context(
            lang="ar_001"
        ).name = "\u0627\u062e\u0628\u0627\u0631"
        self.ann.lang = "ar_001"
        press(self.consent, True)
        files = self.files(self.consent._proof_pack())
        pages = {
            page.get("lang"): page.get("dir")
            for name, content in files.items()
            if name.startswith("texts/") and name.endswith(".html")
            for page in [html.fromstring(content)]
        }
        self.assertEqual(pages, {"en-US": "ltr", "ar-001": "rtl"})
        arabic = self.contact_pack(self.ann, audience="person")
        page = html.fromstring(self.files(self.written(arabic))["index.html"])
        self.assertEqual((page.get("lang"), page.get("dir")), ("ar-001", "rtl"))

    def test_batches(self):
        """Packs of many consents are written in batches: nothing is lost between."""
        whole = self.files(self.written(self.activity_pack()))
        self.patch(proof_pack, "_CONSENTS", 1)
        files = self.files(self.written(self.activity_pack()))
        self.assertEqual(self.verify(files)[0], 0)
        for name in ("events.jsonl", "record.jsonld"):
            self.assertEqual(files[name], whole[name])
        self.assertEqual(files["index.html"].count(b"<section>"), 2)
        records = json.loads(files["record.jsonld"])["@graph"]
        self.assertEqual(
            {one["dct:identifier"] for one in records},
            {self.consent.uuid, self.consent_of(self.luc).uuid},
        )

    def test_progress(self):
        """Whoever waits for many consents sees how many are written."""
        self.patch(proof_pack, "_CONSENTS", 1)
        notes = []
        pack = self.activity_pack()
        note = type(pack)._note_progress

        def spy(pack, *counts):
            notes.append(counts)
            note(pack, *counts)

        self.patch(type(pack), "_note_progress", spy)
        with self.enter_registry_test_mode():
            self.written(pack)
        self.assertEqual(notes, [(0, 2), (1, 2), (2, 2)])
        pack.invalidate_recordset()
        self.assertEqual((pack.written_count, pack.total_count), (2, 2))

    def test_time_of_a_request(self):
        """Whoever asks for too much is told in time."""
        pack = self.activity_pack()
        with self.enter_registry_test_mode():
            for limits in (
                {"limit_time_real": 1e-9},
                {"limit_time_real": 0, "limit_time_cpu": 1e-9, "workers": 2},
            ):
                with (
                    patch.dict(config.options, limits),
                    self.assertRaisesRegex(UserError, "after 0 of 2 consents"),
                ):
                    self.written(pack)
            with patch.dict(config.options, {"limit_time_cpu": 1e-9}):
                self.assertTrue(self.written(pack), "it holds for workers alone")

    def test_contact(self):
        files = self.files(self.written(self.contact_pack(self.ann)))
        self.assertEqual(len(self.events(files)), 3)
        with self.assertRaises(UserError):
            self.contact_pack(self.ann + self.luc, audience="person").action_download()
        with self.assertRaises(UserError):
            self.contact_pack(self.mute).action_download()
        with self.assertRaises(UserError):
            self.activity_pack(audience="person").action_download()
        french = self.contact_pack(self.luc, audience="person")
        page = self.files(self.written(french))["index.html"]
        self.assertIn(b'lang="fr-FR"', page)

    def test_what_is_missing_is_named_before(self):
        for pack in (self.contact_pack(self.ann), self.activity_pack()):
            self.assertIn("the categories of personal data", pack.missing)
            self.assertTrue(pack.missing.startswith("the recipients"))
        self.assertIn("the purposes", self.contact_pack(self.mute).missing)

    def test_another_company(self):
        other = self.env["res.company"].create({"name": "Other company"})
        officer = new_test_user(
            self.env,
            "officer",
            groups="privacy.group_data_protection_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.ann.company_id = self.env.company
        self.assertFalse(self.contact_pack(self.ann, officer).consent_ids)
        pack = self.contact_pack(self.ann)
        with self.assertRaises(AccessError):
            pack.with_user(officer).action_download()
        sneaky = self.env["privacy.consent.pack"].with_user(officer).create({})
        sneaky.sudo().consent_ids = self.consent
        with self.assertRaises(AccessError):
            sneaky.action_download()
        with self.assertRaises(AccessError):
            sneaky._write_pack(io.BytesIO())
        with self.assertRaises(AccessError):
            self.consent.with_user(officer)._proof_pack()


@tagged("post_install", "-at_install")
class TestDownload(PackCase, HttpCase):
    def test_download(self):
        pack = (
            self.env["privacy.consent.pack"]
            .with_user(self.manager)
            .create({"consent_ids": [(6, 0, self.consent.ids)]})
        )
        url = pack.action_download()["url"]
        self.authenticate("manager", "manager")
        response = self.url_open(url)
        self.assertEqual(response.headers["Content-Type"], "application/zip")
        self.assertIn("proof-pack.zip", response.headers["Content-Disposition"])
        self.assertEqual(self.verify(self.files(response.content))[0], 0)
        self.authenticate("reader", "reader")
        self.assertEqual(self.url_open(url).status_code, 404)
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open(url).url)
