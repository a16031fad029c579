# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Staff records what people answered on paper, by phone or in person."""

import base64
from datetime import timedelta

from lxml import html

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .. import scans
from .answers import press
from .common import ConsentCase

PDF = b"%PDF-1.7 a signed form"
SIGNED = fields.Datetime.to_datetime("2026-03-05 10:00:00")


class RecordCase(ConsentCase):
    """A recorder, who has no other rights than every employee."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.recorder = new_test_user(
            cls.env, "recorder", groups="privacy_consent.group_recorder"
        )

    def record(self, records, user=None, press=True, scan_name=None, **values):
        """Open the dialog for contacts or consents, fill it in, and press *Record*."""
        dialog = Form(
            self.env["privacy.consent.record"]
            .with_user(user or self.recorder)
            .with_context(
                active_model=records._name,
                active_id=records[:1].id,
                active_ids=records.ids,
            )
        )
        values = {
            "answer": "accepted",
            "answered_at": SIGNED,
            "channel": "paper",
            **values,
        }
        if not dialog.activity_id:
            values.setdefault("activity_id", self.activity)
        for name, value in values.items():
            setattr(dialog, name, value)
        dialog = dialog.save()
        dialog.scan_name = scan_name
        if press:
            dialog.action_record()
            self.env.flush_all()
            self.env.invalidate_all()
        return dialog

    def answers(self, partner):
        return self.consent_of(partner).event_ids.filtered("answered_at")


@tagged("post_install", "-at_install")
class TestRecord(RecordCase):
    def test_recorder_records_for_a_contact(self):
        self.record(self.ann, note=" Booth 7 ", scan=base64.b64encode(PDF))
        consent = self.consent_of(self.ann)
        self.assertEqual((consent.status, consent.state), ("given", "answered"))
        self.assertTrue(consent.accepted)
        self.assertEqual(consent.answer_date, SIGNED)
        self.assertEqual(consent.answered_by, "staff")
        answer = self.answers(self.ann)
        self.assertEqual(
            (answer.kind, answer.by, answer.channel, answer.staff, answer.note),
            ("given", "staff", "paper", self.recorder.name, "Booth 7"),
        )
        self.assertEqual(answer.scan_ids.raw, PDF)
        self.assertEqual(answer.scan_ids.name, "Scan.pdf")
        self.assertEqual(answer.detail_ids.scan, scans.digest(PDF))
        self.assertFalse(self.env["mail.mail"].search([("state", "=", "outgoing")]))

    def test_recorder_reaches_nothing_else(self):
        self.record(self.ann, scan=base64.b64encode(PDF))
        scan = self.answers(self.ann).scan_ids.with_user(self.recorder)
        consent = self.consent_of(self.ann).with_user(self.recorder)
        activity = self.activity.with_user(self.recorder)
        note = self.activity.message_post(body="For officers")
        self.activity.message_unsubscribe(self.recorder.partner_id.ids)
        file = self.env["ir.attachment"].create(
            {
                "name": "terms",
                "raw": b"secret",
                "res_model": self.activity._name,
                "res_id": self.activity.id,
            }
        )
        self.env.invalidate_all()
        self.assertEqual(activity.display_name, "Newsletter")
        for what, act in {
            "consent": lambda: consent.read(["status"]),
            "search": lambda: consent.search([]),
            "write": lambda: consent.write({"accepted": False}),
            "answer": lambda: consent.action_answer(False),
            "scan": lambda: scan.read(["raw"]),
            "activity": lambda: activity.read(["description"]),
            "search by a field": lambda: activity.search([("description", "!=", "")]),
            "change": lambda: activity.write({"name": "Mine"}),
            "messages": lambda: note.with_user(self.recorder).read(["body"]),
            "files": lambda: file.with_user(self.recorder).read(["raw"]),
            "events": lambda: self.env["privacy.consent.event"]
            .with_user(self.recorder)
            .search([]),
            "contact's consents": lambda: self.ann.with_user(self.recorder).read(
                ["privacy_consent_ids"]
            ),
        }.items():
            with (
                self.subTest(what),
                mute_logger(
                    "odoo.addons.base.models.ir_model",
                    "odoo.addons.base.models.ir_rule",
                ),
                self.assertRaises(AccessError),
            ):
                act()
        reader = note.with_user(self.reader)
        self.assertTrue(reader.read(["body"]), "officers do read it")
        self.assertTrue(file.with_user(self.reader).raw)

    def test_others_cannot_record(self):
        employee = new_test_user(self.env, "employee", groups="base.group_user")
        for user in employee + self.reader:
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.record(self.ann, user)

    def test_a_dialog_is_its_users(self):
        dialog = self.record(self.ann, press=False)
        other = new_test_user(
            self.env, "other", groups="privacy_consent.group_recorder"
        )
        with mute_logger("odoo.addons.base.models.ir_rule"):
            with self.assertRaises(AccessError):
                dialog.with_user(other).action_record()

    def test_a_selection_of_consents(self):
        consents = self.generate()
        self.record(consents, self.manager, answer="rejected", channel="phone")
        self.assertEqual(consents.mapped("status"), ["refused"] * 2)
        self.assertEqual(set(consents.mapped("answered_by")), {"staff"})
        self.assertEqual(
            set(consents.request_ids.mapped("state")),
            {"cancelled"},
            "not asked any more",
        )

    def test_consents_about_several_activities(self):
        other = self.activity.copy({"name": "Other"})
        consents = self.generate() + self.generate(other)
        with self.assertRaisesRegex(UserError, "about one activity"):
            self.record(consents, self.manager)

    def test_a_selection_of_contacts(self):
        self.generate()
        self.record(self.ann + self.luc + self.mute)
        statuses = [
            self.consent_of(one).status for one in self.ann + self.luc + self.mute
        ]
        self.assertEqual(statuses, ["given"] * 3)

    def test_pressed_twice(self):
        dialog = self.record(self.ann)
        dialog.action_record()
        self.assertEqual(len(self.answers(self.ann)), 1)

    def test_a_later_answer_of_the_subject_stays(self):
        self.generate()
        consent = self.consent_of(self.ann)
        press(consent, False)
        self.record(self.ann)
        self.assertEqual(consent.status, "refused")
        self.assertEqual(
            self.answers(self.ann).mapped("kind"), ["given", "refused"], "both are kept"
        )

    def test_future(self):
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        with self.assertRaisesRegex(UserError, "in the future"):
            self.record(self.ann, answered_at=tomorrow)
        self.assertFalse(self.consent_of(self.ann).filtered("answer_date"))

    def test_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.ann.company_id = other
        with mute_logger("odoo.addons.base.models.ir_rule"):
            with self.assertRaises(AccessError):
                self.record(self.ann)
            dialog = self.record(self.luc, press=False)
            dialog.sudo().partner_ids = self.ann
            with self.assertRaises(AccessError):
                dialog.action_record()
            self.ann.company_id = False
            self.activity.controller_id = other.partner_id
            dialog.sudo().partner_ids = self.ann
            with self.assertRaises(AccessError):
                dialog.action_record()
            # The community's own register has no such rule.
            self.env.ref("privacy.privacy_activity_company_rule").active = False
            with self.assertRaisesRegex(AccessError, "another company"):
                dialog.action_record()
        self.assertFalse(self.answers(self.ann))

    def test_archived_and_locked(self):
        consent = self.generate().filtered(lambda one: one.partner_id == self.ann)
        consent.active = False
        self.record(self.ann, answer="rejected")
        self.assertFalse(consent.active)
        self.record(self.ann, answered_at=SIGNED + timedelta(days=1))
        self.assertTrue(consent.active, "whoever consents can be reached again")
        consent.active = False
        self.record(self.ann, answered_at=SIGNED - timedelta(days=1))
        self.assertFalse(consent.active, "what they said before counts no more")
        consent._lock_proof(fields.Date.today() + timedelta(days=9), "A claim")
        later = SIGNED + timedelta(days=2)
        with self.assertRaisesRegex(UserError, "locked until"):
            self.record(self.ann, answered_at=later)
        self.record(self.ann, answered_at=later, answer="rejected")
        self.assertEqual(consent.status, "withdrawn")
        for said in (
            lambda one: one.action_answer(True),
            lambda one: one.write({"accepted": True}),
        ):
            with self.assertRaisesRegex(UserError, "locked until"):
                said(consent.with_user(self.manager))
        self.assertEqual(consent.status, "withdrawn")

    def test_scans(self):
        for what, content, message in [
            ("type", b"<html>%PDF-</html>", "no PDF, JPEG or PNG"),
            ("size", b"%PDF-" + b"x" * scans.MAX_SIZE, "too large"),
        ]:
            with self.subTest(what), self.assertRaisesRegex(UserError, message):
                self.record(
                    self.ann, scan=base64.b64encode(content), scan_name="form.pdf"
                )
        self.record(
            self.ann, scan=base64.b64encode(b"\xff\xd8\xff x"), scan_name="x.html"
        )
        self.assertEqual(self.answers(self.ann).scan_ids.name, "x.html.jpg")

    def test_scans_stay(self):
        self.record(self.ann + self.luc, scan=base64.b64encode(PDF))
        answer = self.answers(self.ann)
        scan = answer.scan_ids
        for what, act in {
            "content": lambda: scan.write({"raw": b"%PDF- other"}),
            "place": lambda: scan.write({"res_id": self.answers(self.luc).id}),
            "deletion": lambda: scan.with_user(self.manager).sudo().unlink(),
            "another": lambda: scan.create(
                {
                    "name": "other",
                    "raw": b"%PDF- other",
                    "res_model": answer._name,
                    "res_id": answer.id,
                }
            ),
        }.items():
            with self.subTest(what), self.assertRaises(UserError):
                act()
        with mute_logger("odoo.addons.base.models.ir_model"):
            with self.assertRaises(AccessError):
                scan.with_user(self.manager).unlink()
        self.assertTrue(scan.with_user(self.reader).raw)

    def test_scans_go_with_an_erasure(self):
        self.record(self.ann + self.luc, scan=base64.b64encode(PDF))
        gone, kept = self.answers(self.ann).scan_ids, self.answers(self.luc).scan_ids
        self.consent_of(self.ann)._erase("They wished so")
        self.assertFalse(gone.exists())
        self.assertTrue(kept.exists())


@tagged("post_install", "-at_install")
class TestRecordShown(RecordCase, HttpCase):
    def test_person_sees_who_recorded_it_and_may_object(self):
        self.activity.controller_id.email = "dpo@example.com"
        self.record(self.ann)
        consent = self.consent_of(self.ann)
        self.env.cr.flush()
        base = consent._url(False)
        for word in ("reject", "preferences"):
            with self.subTest(word):
                page = self.url_open(base.replace("/reject/", f"/{word}/"))
                text = " ".join(html.fromstring(page.content).text_content().split())
                name = self.activity.controller_id.complete_name
                self.assertIn(f"Recorded for you by {name}: accepted", text)
                self.assertIn("March 5, 2026", text)
                self.assertIn("Is this wrong?", text)
                self.assertIn("dpo@example.com", text)
                self.assertNotIn("recorder", text)
        for useless in ("n/a", "dpo@example.com, boss@example.com"):
            self.activity.controller_id.email = useless
            self.env.cr.flush()
            text = self.url_open(base).text
            self.assertIn("Is this wrong?", text)
            self.assertNotIn("Or write to", text)
        press(consent, False)
        self.env.cr.flush()
        text = self.url_open(base).text
        self.assertNotIn("Recorded for you", text)
        self.assertNotIn("Is this wrong?", text)
