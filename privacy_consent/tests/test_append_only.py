# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What happened stays as it happened, whatever Odoo and people do to the tables."""

from psycopg2.errors import RestrictViolation

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .. import append_only
from ..models.privacy_consent_event import Event, append
from .answers import press, set_fact
from .common import AskedCase

TABLES = {
    "privacy_consent_event": "kind = 'given'",
    "privacy_consent_event_detail": "note = 'changed'",
    "privacy_consent_text": "content = '{}'",
}

# What the code of a server action may try, so that an answer is the subject's word.
_PROOF = "record._word_of_user().proof"
_EVENT = "dict(format=1, kind='given', by='subject')"
FORGERIES = [
    f"env['privacy.consent.event'].sudo().create({_EVENT})",
    "env['privacy.consent.event'].sudo().search([]).write(dict(by='subject'))",
    f"record.sudo().write(dict(event_ids=[Command.create({_EVENT})]))",
    "env['privacy.consent'].create(dict(partner_id={partner}, activity_id={activity},"
    " state='answered', accepted=True, answered_by='subject'))",
    "record.action_answer(True)",
    "record.sudo().with_context(subject_answering=True, by='subject')"
    ".action_answer(True, 'Remote IP: 192.0.2.7')",
    "record.with_user({user}).sudo().action_answer(True)",
    "record._record_answer(True, None)",
    "record._record_answer(True, 'subject')",
    "record._record_answer(True, dict(by='subject', channel='mail_link'))",
    f"record._record_answer(True, {_PROOF})",
    f"record._record_answer(True, record._new_word(True, {_PROOF}, None, False))",
    f"record._record_answer(True, record._check_press(True, {_PROOF}))",
    f"record._record_answer(True, record._check_opened_link(True, {_PROOF}))",
    f"record._record_answer(True, record._check_signed_in(True, {_PROOF}))",
    "record._store_written_answer(dict(accepted=True, answer_channel='mail_link'))",
    "record._store_written_answer(dict(accepted=True, answered_by='subject'))",
    "record.write(dict(accepted=True, answer_channel='phone', answered_by='subject'))",
    "record.write(dict(state='answered', accepted=True))",
    "record.sudo().write(dict(answered_by='subject'))",
    f"{_PROOF}.by = 'subject'",
    "record._confirm_answer('They said so.')",
    "record._erase('Asked for')",
]


class AppendOnlyCase(AskedCase):
    def stored(self, *left_out):
        """:return: all rows of the three tables"""
        self.env.flush_all()
        rows = {}
        for table in TABLES:
            self.env.cr.execute(
                f"SELECT to_jsonb(t) - %s::text[] FROM {table} t ORDER BY id",
                [list(left_out)],
            )
            rows[table] = self.env.cr.fetchall()
        return rows

    def words(self):
        """:return: whose word each answer of the consent is, oldest first"""
        self.env.invalidate_all()
        return self.consent.event_ids.sorted("id").mapped("by")


class TestAppendOnly(AppendOnlyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        press(cls.consent, False)

    def setUp(self):
        super().setUp()
        self.before = self.stored()
        self.assertTrue(all(self.before.values()))

    # By SQL -----------------------------------------------------------------------

    def refused(self, statement, *parameters):
        with (
            self.subTest(statement),
            self.assertRaisesRegex(RestrictViolation, "cannot be changed"),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(statement, parameters)
        self.assertEqual(self.stored(), self.before)

    def test_sql(self):
        for table, change in TABLES.items():
            self.refused(f"UPDATE {table} SET {change}")
            self.refused(f"UPDATE {table} SET id = id")
            self.refused(f"DELETE FROM {table}")
            self.refused(f"TRUNCATE {table} CASCADE")

    def test_link_to_the_consent_only_becomes_empty_and_alone(self):
        other = self.consent_of(self.luc)
        table = "UPDATE privacy_consent_event SET"
        self.refused(f"{table} consent_id = %s", other.id)
        self.refused(f"{table} consent_id = NULL, kind = 'given'")
        self.refused(f"{table} consent_id = NULL, by = 'staff'")
        self.refused(f"{table} consent_id = NULL, consent_uuid = NULL")
        self.refused(f"{table} consent_id = NULL, text_id = NULL")
        self.refused(f"{table} consent_id = NULL")
        self.consent._erase("Asked for")
        events = self.env["privacy.consent.event"].search([])
        lost = events.filtered(lambda event: not event.consent_id)
        self.assertIn("refused", lost.mapped("kind"))
        self.before = self.stored()
        self.refused(f"{table} consent_id = %s", other.id)

    def test_an_erasure_deletes_personal_parts_only(self):
        with append_only.erasing_details(self.env.cr):
            self.refused("DELETE FROM privacy_consent_event")
            self.refused("DELETE FROM privacy_consent_text")
            self.refused("UPDATE privacy_consent_event_detail SET name = 'Somebody'")
            self.refused("TRUNCATE privacy_consent_event_detail")
            self.env.cr.execute("DELETE FROM privacy_consent_event_detail")
        events = "privacy_consent_event"
        self.assertEqual(self.stored()[events], self.before[events])

    def test_after_an_erasure_personal_parts_stay(self):
        with append_only.erasing_details(self.env.cr):
            pass
        self.refused("DELETE FROM privacy_consent_event_detail")

    # By the ORM -------------------------------------------------------------------

    def test_orm(self):
        values = {
            "privacy.consent.event": {"by": "subject", "kind": "given"},
            "privacy.consent.event.detail": {"name": "Somebody", "part": "person"},
            "privacy.consent.text": {"content": "{}", "hash": "0"},
        }
        admin = self.env.ref("base.user_admin")
        for name, vals in values.items():
            for env in (
                self.env(user=self.manager),
                self.env(user=admin),
                self.env(user=self.manager, su=True),
                self.env,
            ):
                model = env[name]
                record = model.sudo().search([], limit=1).sudo(env.su)
                for change in (
                    lambda model=model, vals=vals: model.create(vals),
                    lambda record=record, vals=vals: record.write(vals),
                    record.unlink,
                    lambda record=record: record.copy(),
                ):
                    with (
                        self.subTest(name, user=env.user, su=env.su),
                        self.assertRaises(AccessError),
                    ):
                        change()
        self.assertEqual(self.stored(), self.before)

    def test_commands_on_the_consent(self):
        event = self.consent.event_ids[:1]
        for command in (
            Command.create({"kind": "given", "by": "subject"}),
            Command.update(event.id, {"by": "subject"}),
            Command.delete(event.id),
            Command.unlink(event.id),
            Command.clear(),
        ):
            with self.subTest(command), self.assertRaises(Exception):  # noqa: B017
                self.consent.with_user(self.manager).sudo().write(
                    {"event_ids": [command]}
                )
                self.env.flush_all()
        self.assertEqual(self.stored(), self.before)

    # In ordinary life ---------------------------------------------------------------

    def test_user_who_answered_for_somebody_is_deleted(self):
        self.consent.with_user(self.manager).action_answer(True)
        before = self.stored()
        partner, name = self.manager.partner_id, self.manager.name
        self.manager.unlink()
        partner.unlink()
        self.assertEqual(self.stored(), before)
        self.assertEqual(self.consent.event_ids[0].staff, name)

    def test_contacts_are_merged(self):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.ann + self.luc).ids, self.luc
        )
        after = self.stored()
        for table, rows in self.before.items():
            self.assertEqual(after[table][: len(rows)], rows)
        events = after["privacy_consent_event"]
        added = events[len(self.before["privacy_consent_event"]) :]
        self.assertEqual({row["kind"] for (row,) in added}, {"merged"})

    def test_draft_is_deleted(self):
        draft = self.env["privacy.consent"].create(
            {"partner_id": self.mute.id, "activity_id": self.activity.id}
        )
        self.mute.email = "mute@example.com"
        draft.action_auto_ask()
        self.assertTrue(draft.request_ids)
        self.before = self.stored()
        request = draft.request_ids
        draft.with_user(self.manager).unlink()
        self.assertFalse(draft.exists())
        self.assertFalse(request.exists())
        self.assertEqual(self.stored(), self.before)

    def test_event_of_a_consent_that_goes_keeps_everything_else(self):
        before = self.stored("consent_id")
        self.env.cr.execute(
            "DELETE FROM privacy_consent_request WHERE consent_id = %s",
            [self.consent.id],
        )
        self.env.cr.execute(
            "DELETE FROM privacy_consent WHERE id = %s", [self.consent.id]
        )
        self.assertEqual(self.stored("consent_id"), before)

    def test_upgrade_with_a_new_column_twice(self):
        for table in TABLES:
            self.env.cr.execute(f"ALTER TABLE {table} ADD COLUMN later varchar")
        for _upgrade in range(2):
            for table in TABLES:
                self.env[table.replace("_", ".")].init()
        self.assertEqual(self.stored("later"), self.before)
        self.before = self.stored()
        self.refused("UPDATE privacy_consent_event SET later = 'x'")
        self.refused("UPDATE privacy_consent_event SET consent_id = NULL, later = 'x'")
        self.refused("DELETE FROM privacy_consent_event_detail")
        self.env.cr.execute(
            """
            SELECT tgrelid::regclass::text, count(*) FROM pg_trigger
            WHERE tgfoid = 'privacy_consent_append_only'::regproc
                AND tgrelid::regclass::text IN %s GROUP BY 1
            """,
            [tuple(TABLES)],
        )
        self.assertEqual(dict(self.env.cr.fetchall()), dict.fromkeys(TABLES, 2))

    def test_same_delivery_is_stored_once(self):
        request = self.consent.request_ids
        append(
            self.env,
            [
                Event(
                    kind="requested",
                    by="system",
                    activity=self.activity,
                    consent=self.consent,
                    request_uuid=request.uuid,
                    person={"name": "Twice"},
                )
            ],
        )
        self.assertEqual(self.stored(), self.before)


@tagged("post_install", "-at_install")
class TestPortalAccount(AppendOnlyCase, HttpCase):
    def test_account_that_answered_is_deleted(self):
        user = new_test_user(
            self.env,
            "portal_ann",
            groups="base.group_portal",
            partner_id=self.ann.id,
        )
        press(self.consent, True)
        before = self.stored()
        user.unlink()
        self.assertEqual(self.stored(), before)
        self.assertEqual(self.words(), ["system", "subject"])


class TestForgedWord(AppendOnlyCase):
    """The code of a server action can call private methods, and sets no word."""

    def run_code(self, code):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Forge",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": code,
            }
        )
        admin = self.env.ref("base.user_admin")
        return (
            action.with_user(admin)
            .with_context(
                active_model="privacy.consent",
                active_id=self.consent.id,
                active_ids=self.consent.ids,
            )
            .run()
        )

    def test_server_action(self):
        portal = self._portal_user()
        codes = [
            code.format(activity=self.activity.id, partner=self.mute.id, user=portal.id)
            for code in FORGERIES
        ]
        known = set(self.env["privacy.consent.event"].search([]).ids)
        for code in codes:
            with self.subTest(code):
                savepoint = self.env.cr.savepoint()
                try:
                    with mute_logger("odoo.addons.base.models.ir_actions"):
                        self.run_code(code)
                except Exception as error:
                    self.assertNotIsInstance(error, (NameError, AssertionError))
                self.env.flush_all()
                self.env.cr.execute(
                    "SELECT id, by FROM privacy_consent_event WHERE id NOT IN %s",
                    [tuple(known)],
                )
                made = self.env.cr.fetchall()
                self.env.cr.execute(
                    "SELECT answered_by FROM privacy_consent"
                    " WHERE answered_by = 'subject'"
                )
                self.assertFalse(self.env.cr.fetchall())
                self.assertNotIn("subject", [by for _id, by in made])
                savepoint.rollback()
                self.env.invalidate_all(flush=False)
                savepoint.close(rollback=True)

    def _portal_user(self):
        return new_test_user(
            self.env,
            "portal_ann",
            groups="base.group_portal",
            partner_id=self.ann.id,
        )

    def test_server_action_that_works_is_a_programs_or_staffs_word(self):
        self.run_code("record.action_answer(True)")
        self.assertEqual(self.words(), ["system", "staff"])
        self.run_code("record._record_answer(False, record._word_of_user().proof)")
        self.assertEqual(self.words(), ["system", "staff", "staff"])

    def test_action_of_the_activity_speaks_for_itself(self):
        """It runs while the subject's own answer is stored."""
        self.activity.server_action_id = self.env["ir.actions.server"].create(
            {
                "name": "Take it back",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": "record.action_answer(False)",
            }
        )
        press(self.consent, True)
        self.assertEqual(self.words()[:2], ["system", "subject"])
        self.assertNotIn("subject", self.words()[2:])
        self.assertEqual(len(self.words()), 3)

    def test_erasure_by_a_server_action_is_in_its_users_name(self):
        set_fact(self.consent, state="sent")
        identity = self.consent.uuid
        self.run_code("record._erase('Asked for')")
        event = self.env["privacy.consent.event"].search(
            [("consent_uuid", "=", identity), ("kind", "=", "erased")]
        )
        self.assertEqual(event.by, "staff")
        self.assertEqual(event.staff, self.env.ref("base.user_admin").name)
