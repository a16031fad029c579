# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whoever owns the tables changes something, and it is found and named."""

import base64
import json
import uuid
from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.privacy_consent import canonical_json
from odoo.addons.privacy_consent.append_only import moment
from odoo.addons.privacy_consent.models.privacy_consent_event import HASHED, PARTS
from odoo.addons.privacy_consent.tests.answers import press

from ..models.privacy_consent_seal import _store
from .thousand import (
    COUNT,
    DETAIL,
    EVENT,
    LEAF,
    OTHER_VALUES,
    SEAL,
    TEXT,
    VerifyCase,
)


@tagged("post_install", "-at_install")
class TestVerify(VerifyCase):
    def test_all_holds(self):
        self.holds()
        self.holds(self.seals.search([]).mapped("checkpoint"))

    # Events -------------------------------------------------------------------------

    def test_odd_letters(self):
        """The database writes JSON as Python does, whatever people are called."""
        odd = "".join(map(chr, range(1, 0x20))) + '"\\/\x7f\x80\u2028\ufeff\U0001f600é'
        self.seal(1, person={"name": odd, "note": ""}, origin={"user_agent": odd})
        self.seal(1, language=odd, surroundings=odd, signs=odd)
        self.holds()

    def test_every_hashed_column(self):
        for number, (name, value) in enumerate(OTHER_VALUES):
            with self.subTest(name, value=value), self.as_owner():
                self.update(EVENT, self.event(number), **{name: value})
                if name == "uuid":
                    found = self.found()
                    self.assertIn("put in past Odoo", found["x"][0])
                    self.assertIn("deleted", found[self.uuids[number]][0])
                else:
                    problems = self.named(number)
                    self.assertTrue(
                        any("changed since it was sealed" in one for one in problems),
                        problems,
                    )
        self.holds()

    def test_first_and_last_event(self):
        for number in (0, 400, COUNT - 1):
            with self.subTest(number), self.as_owner():
                self.update(EVENT, self.event(number), by="subject")
                self.named(number)

    def test_one_microsecond(self):
        with self.as_owner():
            self.execute(
                SQL(
                    "UPDATE privacy_consent_event"
                    " SET at = at + interval '1 microsecond' WHERE %s",
                    self.event(7),
                )
            )
            self.named(7)

    def test_link_to_another_text(self):
        with self.as_owner():
            self.update(EVENT, self.event(7), text_id=self.other_text.id)
            self.assertIn("another text", self.named(7)[0])

    def test_deleted(self):
        for number in (0, 7, COUNT - 1):
            with self.subTest(number), self.as_owner():
                self.execute(
                    SQL(
                        "DELETE FROM privacy_consent_event_detail WHERE %s OR %s",
                        self.detail(number, "person"),
                        self.detail(number, "origin"),
                    )
                )
                self.execute(
                    SQL(
                        "DELETE FROM privacy_consent_event WHERE %s", self.event(number)
                    )
                )
                self.assertEqual(
                    self.named(number), ["The event was deleted since it was sealed."]
                )

    def insert_copy(self, **values):
        """Put a copy of an event in.

        :return: its UUID
        """
        values = {"uuid": str(uuid.uuid4()), "request_uuid": None, **values}
        names = self.first(
            "SELECT column_name::text FROM information_schema.columns"
            " WHERE table_name = 'privacy_consent_event' AND column_name <> 'id'"
        )
        self.execute(
            SQL(
                "INSERT INTO privacy_consent_event (%s) SELECT %s"
                " FROM privacy_consent_event WHERE %s",
                SQL(", ").join(map(SQL.identifier, names)),
                SQL(", ").join(
                    SQL("%s", values[name]) if name in values else SQL.identifier(name)
                    for name in names
                ),
                self.event(7),
            )
        )
        return values["uuid"]

    def test_inserted(self):
        with self.as_owner():
            forged = self.insert_copy(detail_digest=None, origin_digest=None)
            found = self.found()
            self.assertEqual(set(found), {forged})
            self.assertIn("put in past Odoo", found[forged][0])
            # Neither an upgrade nor a seal takes it for a new one.
            self.env["privacy.consent.leaf"].init()
            self.seal(1)
            self.assertEqual(set(self.found()), {forged})

    def test_back_dated(self):
        """Where the owner leaves the triggers on, it is sealed as something new."""
        self.env.cr.execute(
            "ALTER TABLE privacy_consent_seal DISABLE TRIGGER USER;"
            "UPDATE privacy_consent_seal SET at = at - interval '10 minutes'"
        )
        forged = self.insert_copy(
            at=moment() - timedelta(days=90), detail_digest=None, origin_digest=None
        )
        for _sealed in range(2):
            found = self.found()
            self.assertEqual(set(found), {forged})
            self.assertIn("back-dated", found[forged][0])
            self.seal(1)

    def test_long_transaction_is_not_back_dated(self):
        self.happen(1, at=moment() - timedelta(minutes=50))
        self.holds()

    def test_swapped(self):
        with self.as_owner():
            names = [name for name in HASHED if name != "uuid"]
            self.swap(EVENT, self.event(7), self.event(8), *names, "text_id")
            # Their personal parts are still their own.
            self.named(7, 8)

    def test_deleted_before_it_is_sealed(self):
        self.happen(1)
        (event_id,) = self.first("SELECT max(id) FROM privacy_consent_event")
        self.holds()
        with self.as_owner():
            self.execute("DELETE FROM privacy_consent_event WHERE id = %s", event_id)
            self.assertIn(str(event_id), self.found()[None][0])
            self.seal(1)
            self.assertIn(str(event_id), self.found()[None][0])

    # Texts --------------------------------------------------------------------------

    def test_texts(self):
        where = SQL("id = %s", self.text.id)
        other = SQL("id = %s", self.other_text.id)
        content = self.text.content.replace("Newsletter", "Payroll")
        digest = canonical_json.digest(json.loads(content))
        with self.as_owner():
            self.update(TEXT, where, content=content)
            self.assertIn(f"{self.text.hash} was changed", self.found()[None][0])
        with self.as_owner():
            self.update(TEXT, where, hash="0" * 64)
            found = self.found()
            self.assertIn("was changed", found[None][0])
            self.assertIn("is missing", found[self.uuids[0]][0])
        with self.as_owner():
            self.update(TEXT, where, content=content, hash=digest)
            self.assertIn("is missing", self.found()[self.uuids[0]][0])
        with self.as_owner():
            self.swap(TEXT, where, other, "content")
            problems = self.found()[None]
            self.assertEqual(len(problems), 2)
        with self.as_owner():
            self.execute("UPDATE privacy_consent_event SET text_id = NULL")
            self.execute(SQL("DELETE FROM privacy_consent_text WHERE %s", where))
            self.assertIn("is missing", self.found()[self.uuids[0]][0])

    # Personal parts -----------------------------------------------------------------

    def test_every_column_of_personal_parts(self):
        number = 0
        for part, names in PARTS.items():
            others = {*sum(PARTS.values(), ())} - {*names}
            for name in ("salt", "part", *names, *others):
                for value in ("x", None) if name in names else ("x",):
                    number += 1
                    with self.subTest(part, name=name, value=value), self.as_owner():
                        self.update(DETAIL, self.detail(number, part), **{name: value})
                        self.named(number)

    def test_personal_part_deleted_inserted_moved(self):
        with self.as_owner():
            self.execute(
                SQL(
                    "DELETE FROM privacy_consent_event_detail WHERE %s",
                    self.detail(7, "person"),
                )
            )
            self.assertIn("was not erased", self.named(7)[0])
        with self.as_owner():
            self.execute(
                SQL(
                    "INSERT INTO privacy_consent_event_detail"
                    " (event_id, part, salt, name, email, staff, note, scan) SELECT"
                    " event_id, part, salt, name, email, staff, note, scan"
                    " FROM privacy_consent_event_detail WHERE %s",
                    self.detail(7, "person"),
                )
            )
            self.assertIn("put in past", self.named(7)[0])
        with self.as_owner():
            self.update(
                DETAIL,
                self.detail(7, "person"),
                event_id=self.first(
                    SQL("SELECT id FROM privacy_consent_event WHERE %s", self.event(8))
                )[0],
            )
            self.named(7, 8)
        with self.as_owner():
            self.swap(
                DETAIL, self.detail(7, "person"), self.detail(8, "person"), "salt"
            )
            self.named(7, 8)

    def test_personal_part_of_an_event_without_one(self):
        self.seal(1)
        (event_id,) = self.first("SELECT max(id) FROM privacy_consent_event")
        with self.as_owner():
            self.execute(
                "INSERT INTO privacy_consent_event_detail (event_id, part, salt, name)"
                " VALUES (%s, 'person', 'x', 'Somebody')",
                event_id,
            )
            (problems,) = self.found().values()
            self.assertIn("put in past", problems[0])

    # The log ------------------------------------------------------------------------

    def test_leaf_changed_alone(self):
        leaf = SQL("event_uuid = %s", self.uuids[7])
        with self.as_owner():
            self.execute(
                SQL(
                    "UPDATE privacy_consent_leaf SET hashes ="
                    " overlay(hashes placing '\\x00'::bytea from 1) WHERE %s",
                    leaf,
                )
            )
            self.assertIn(
                "Its place in the log was changed, not the event.", self.named(7)
            )
        with self.as_owner():
            self.execute(
                SQL(
                    "UPDATE privacy_consent_leaf SET hashes ="
                    " overlay(hashes placing '\\x00'::bytea from 40) WHERE %s",
                    leaf,
                )
            )
            self.assertEqual(self.named(7), ["Its place in the log was changed."])
        with self.as_owner():
            self.execute(SQL("DELETE FROM privacy_consent_leaf WHERE %s", leaf))
            found = self.found()
            self.assertIn("put in past", found[self.uuids[7]][0])
            self.assertIn("8 to 8 are missing", found[self.uuids[8]][0])
        with self.as_owner():
            self.update(LEAF, leaf, event_uuid="x")
            self.assertEqual(set(self.found()), {"x", self.uuids[7]})
        with self.as_owner():
            self.execute("UPDATE privacy_consent_leaf SET position = -1 - position")
            self.assertTrue(self.found())

    def test_event_and_leaf_changed(self):
        """The seal knows better, and from the next one on all is as before."""
        with self.as_owner():
            self.update(EVENT, self.event(400), by="subject")
            self.rewrite(400)
            found = self.found()
            self.assertEqual(set(found), {None})
            self.assertIn("events from 401 to 401 were rewritten", found[None][0])

    def test_suffix_rewritten_with_fresh_seals(self):
        """Only a seal that left the house shows it."""
        outside = self.seals.search([]).mapped("checkpoint")
        first = self.seals.search([])[-1]
        with self.as_owner():
            self.update(EVENT, self.event(700), by="subject")
            self.execute("DELETE FROM privacy_consent_seal WHERE size > 400")
            tree = self.rewrite(400)
            self.seals.invalidate_model()
            _store(self.env, first, tree)
            self.holds()
            self.holds([first.checkpoint])
            problems = self.found(outside)[None]
            self.assertEqual(len(problems), 1)
            self.assertIn("seal of 1000 events from outside", problems[0])
            self.assertIn("402 to 1000 were rewritten", problems[0])

    def test_restored_backup(self):
        """The seals that left say which events are missing."""
        outside = self.seals.search([]).mapped("checkpoint")
        with self.as_owner():
            for table, where in (
                (
                    DETAIL,
                    "event_id IN (SELECT id FROM privacy_consent_event WHERE uuid"
                    " NOT IN (SELECT event_uuid FROM privacy_consent_leaf"
                    " WHERE position < 400))",
                ),
                (
                    EVENT,
                    "uuid NOT IN (SELECT event_uuid FROM privacy_consent_leaf"
                    " WHERE position < 400)",
                ),
                (LEAF, "position >= 400"),
                (SEAL, "size > 400"),
            ):
                self.execute(f"DELETE FROM {table} WHERE {where}")
            self.holds()
            problems = self.found(outside)[None]
            self.assertIn("from 401 to 401", problems[0])
            self.assertIn("from 401 to 1000", problems[1])

    def test_seals(self):
        last = SQL("id = %s", self.last.id)
        forged = self.last.checkpoint.replace("\n1000\n", "\n1001\n")
        for values in (
            {"root": "x"},
            {"size": 999},
            {"origin": "x"},
            {"checkpoint": "x"},
            {"checkpoint": forged},
            {"verifier": "x"},
            {"stamp": b"x"},
            {"database_uuid": "x"},
        ):
            with self.subTest(values), self.as_owner():
                self.update(SEAL, last, **values)
                found = self.found()
                if values == {"database_uuid": "x"}:
                    self.assertFalse(found, "it is in the origin")
                else:
                    self.assertEqual(set(found), {None})
        with self.as_owner():
            self.execute(SQL("DELETE FROM privacy_consent_seal WHERE %s", last))
            self.assertIn("later seals were deleted", self.found()[None][0])

    def test_signature(self):
        self.use_key()
        self.seal(1)
        self.holds()
        signed = self.seals.search([], limit=1)
        unsigned = signed.checkpoint.partition("\n\n")[0] + "\n"
        name, _dash, signature = signed.checkpoint.rpartition(" ")
        where = SQL("id = %s", signed.id)
        for text in (unsigned, f"{name} {signature[:-8]}AAA=\n"):
            with self.subTest(text), self.as_owner():
                self.update(SEAL, where, checkpoint=text)
                self.assertIn("signature", self.found()[None][0])

    # Erasure ------------------------------------------------------------------------

    def answered(self):
        """:return: a consent that was answered, and its events"""
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        press(consent, True)
        self.seal()
        return consent, consent.event_ids

    def test_erased_is_not_missing(self):
        consent, events = self.answered()
        uuids = events.mapped("uuid")
        self.holds()
        consent._erase("They wished so")
        self.env.flush_all()
        self.holds()
        self.seal()
        self.holds()
        erased = self.env["privacy.consent.event"].search([("kind", "=", "erased")])
        erased_uuid = erased.uuid
        with self.as_owner():
            # The note of the erasure itself stays.
            self.execute(
                "DELETE FROM privacy_consent_event_detail WHERE event_id = %s",
                erased.id,
            )
            self.assertEqual(set(self.found()), {erased_uuid})
        with self.as_owner():
            self.execute(
                "DELETE FROM privacy_consent_event_detail WHERE event_id = %s",
                erased.id,
            )
            self.execute("DELETE FROM privacy_consent_event WHERE id = %s", erased.id)
            self.assertEqual(set(self.found()), {erased_uuid, *uuids})

    def test_forgotten_origins_are_not_missing(self):
        consent, _events = self.answered()
        with self.at(self.later(days=365 * 3)):
            with self.enter_registry_test_mode():
                self.env.ref(
                    "privacy_consent.cron_forget_origins"
                ).method_direct_trigger()
            self.env.invalidate_all()
            self.holds()
        found = self.found()
        self.assertIn("“origin” is missing", found[self.uuids[0]][0])

    # Whom it tells ------------------------------------------------------------------

    @mute_logger(
        "odoo.addons.privacy_consent_evidence.models.privacy_consent_seal_verify"
    )
    def test_alarm(self):
        self.env["mail.mail"].search([]).unlink()
        todos = self.env["mail.activity"].search(
            [("activity_type_id.name", "=", "Find out who changed the proof")]
        )
        self.assertFalse(todos)
        self.run_cron("cron_verify")
        self.assertFalse(
            todos.search(
                [("activity_type_id.name", "=", "Find out who changed the proof")]
            )
        )
        self.disarm()
        self.update(EVENT, self.event(7), by="subject")
        for _week in range(2):
            self.run_cron("cron_verify")
            todos = self.env["mail.activity"].search(
                [("activity_type_id.name", "=", "Find out who changed the proof")]
            )
            self.assertIn(self.manager, todos.user_id)
            self.assertNotIn(self.reader, todos.user_id)
            self.assertEqual(len(todos), len(todos.user_id))
            self.assertIn(self.uuids[7], todos[0].note)
        mails = [one for one in self.run_queue() if one.to == ["manager@example.com"]]
        self.assertEqual(len(mails), 2)
        self.assertIn(self.uuids[7], mails[0].html)

    def test_very_many_findings(self):
        self.disarm()
        self.execute("UPDATE privacy_consent_event SET by = 'subject', kind = 'given'")
        self.execute("UPDATE privacy_consent_event_detail SET name = 'x'")
        findings = self.seals._verify()
        self.assertEqual(len(findings), 1001)
        self.assertIn("more", findings[-1]["problem"])

    def test_upgrade_changes_no_hash(self):
        before = self.first("SELECT to_jsonb(l)::text FROM privacy_consent_leaf AS l")
        for table in (EVENT, DETAIL, TEXT, LEAF, SEAL):
            self.env.cr.execute(f"ALTER TABLE {table} ADD COLUMN later varchar")
            self.env[table.replace("_", ".")].init()
        self.assertEqual(len(before), COUNT)
        self.holds()
        self.assertEqual(
            self.first(
                "SELECT (to_jsonb(l) - 'later')::text FROM privacy_consent_leaf AS l"
            ),
            before,
        )

    # The dialog ---------------------------------------------------------------------

    def test_dialog(self):
        dialogs = self.env["privacy.consent.verify"].with_user(self.manager)
        dialog = dialogs.create({})
        dialog.action_verify()
        self.assertEqual(dialog.state, "holds")
        seal = base64.b64encode(self.last.checkpoint.encode())
        dialog.outside = seal
        dialog.action_verify()
        self.assertEqual(dialog.state, "holds")
        self.disarm()
        self.update(EVENT, self.event(7), by="subject")
        dialog.action_verify()
        self.assertEqual(dialog.state, "broken")
        self.assertIn(f"Event {self.uuids[7]}: ", dialog.findings)
        for bad in (b"x", b"\xff", b"PK", b"PK\x03\x04" + bytes(50)):
            dialog.outside = base64.b64encode(bad)
            with self.subTest(bad), self.assertRaises(UserError):
                dialog.action_verify()
