# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""No code of a server action, however low it reaches, makes up what a person said."""

from datetime import datetime

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.privacy_consent_event import Event, append
from .answers import press, set_fact
from .common import ConsentCase

# By which methods of Odoo a server action writes, below ours. {record} is replaced.
WAYS = {
    "_write": "{record}._write({vals})",
    "_write_multi": "{record}._write_multi([{vals}])",
    "_write_multi of the base": "env.registry['base']._write_multi({record}, [{vals}])",
    "write of the base": "env.registry['base'].write({record}, {vals})",
    "write of mail threads": "env.registry['mail.thread'].write({record}, {vals})",
    "field": "for name, value in {vals}.items():\n"
    "    {record}._fields[name].write({record}, value)",
    "cache": "for name, value in {vals}.items():\n"
    "    field = {record}._fields[name]\n"
    "    field._update_cache({record}, field.convert_to_cache(value, {record}),"
    " dirty=True)",
}
# What somebody may want to be stored of a consent that was refused, and of a draft.
OF_ANSWERED = [
    "{{'partner_id': {other}}}",
    "{{'activity_id': {activity}}}",
    "{{'uuid': 'mine'}}",
    "{{'state': 'sent'}}",
    "{{'state': 'draft', 'status': 'unknown', 'accepted': False}}",
    "{{'accepted': True}}",
    "{{'status': 'given'}}",
    "{{'status': 'given', 'accepted': True, 'answered_by': 'subject'}}",
    "{{'status': 'expired'}}",
    "{{'status': 'invalidated'}}",
    "{{'status': None}}",
    "{{'answered_by': 'staff'}}",
    "{{'answer_date': datetime.datetime(2026, 1, 1)}}",
    "{{'answer_channel': 'phone'}}",
    "{{'answer_text_id': None}}",
    "{{'valid_until': datetime.datetime(2199, 1, 1)}}",
    "{{'suspected_automated': True}}",
    "{{'merged_into_id': {survivor}}}",
    "{{'token_partner_id': {other}}}",
]
OF_DRAFT = [
    "{{'state': 'answered'}}",
    "{{'state': 'answered', 'status': 'given', 'accepted': True,"
    " 'answered_by': 'subject', 'answer_channel': 'mail_link',"
    " 'answer_date': datetime.datetime(2026, 1, 1)}}",
    "{{'status': 'given'}}",
    "{{'partner_id': {other}}}",
    "{{'activity_id': {activity}}}",
    "{{'uuid': 'mine'}}",
    "{{'answered_by': 'subject'}}",
    "{{'answer_date': datetime.datetime(2026, 1, 1)}}",
    "{{'answer_channel': 'mail_link'}}",
    "{{'valid_until': datetime.datetime(2199, 1, 1)}}",
    "{{'suspected_automated': True}}",
    "{{'merged_into_id': {survivor}}}",
    "{{'token_partner_id': {other}}}",
]
TEXT = "Only asking and answering change"


class GuardCase(ConsentCase):
    """Ann refused, Luc did not answer, and nobody asked Zoe."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        with cls.at("2026-03-01 10:00:00"):
            cls.run_queue()
        cls.consent, cls.asked = cls.consent_of(cls.ann), cls.consent_of(cls.luc)
        with cls.at("2026-03-05 10:00:00"):
            press(cls.consent, False)
        cls.zoe = cls._create_subject("Zoe", "zoe@example.com")
        cls.draft = cls.env["privacy.consent"].create(
            {"partner_id": cls.zoe.id, "activity_id": cls.activity.id}
        )
        cls.env.flush_all()
        cls.other = cls.env["privacy.activity"].create({"name": "Other"})

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger("odoo.sql_db"))

    def rows(self):
        """:return: all that the table stores, but for who wrote last"""
        self.env.invalidate_all()
        self.env.cr.execute(
            "SELECT to_jsonb(t) - 'write_date' - 'write_uid' FROM privacy_consent t"
            " ORDER BY id"
        )
        return self.env.cr.fetchall()

    def run_code(self, code, record=None):
        record = self.consent if record is None else record
        action = self.env["ir.actions.server"].create(
            {
                "name": "Forge",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": code,
            }
        )
        action.with_user(self.env.ref("base.user_admin")).with_context(
            active_model="privacy.consent", active_id=record.id, active_ids=record.ids
        ).run()
        self.env.flush_all()

    def assert_refused(self, code, record=None):
        before = self.rows()
        with self.subTest(code):
            with self.assertRaisesRegex(Exception, TEXT), self.env.cr.savepoint():
                with mute_logger("odoo.addons.base.models.ir_actions"):
                    self.run_code(code, record)
            self.env.invalidate_all(flush=False)
        self.assertEqual(self.rows(), before)

    def values(self, vals):
        return vals.format(
            other=self.mute.id, activity=self.other.id, survivor=self.consent.id
        )


class TestAnswerGuard(GuardCase):
    def test_every_way(self):
        vals = "{'status': 'given', 'accepted': True, 'answered_by': 'subject'}"
        for way in WAYS.values():
            self.assert_refused(way.format(record="record", vals=vals))

    def test_every_value(self):
        for consent, forgeries in [
            (self.consent, OF_ANSWERED),
            (self.draft, OF_DRAFT),
            (self.asked, OF_DRAFT),
        ]:
            for vals in map(self.values, forgeries):
                self.assert_refused(f"record._write({vals})", consent)

    def test_steps_that_no_event_tells(self):
        moment = "datetime.datetime(2026, 1, 1)"
        for consent, vals in [
            (self.asked, "{'state': 'draft', 'status': 'unknown'}"),
            (self.asked, "{'state': 'draft'}"),
            (self.asked, f"{{'sent_date': {moment}}}"),
            (self.asked, "{'sent_date': None}"),
            (self.consent, f"{{'sent_date': {moment}}}"),
            (self.draft, "{'state': 'sent', 'status': 'requested'}"),
            (self.draft, "{'state': 'sent'}"),
            (self.draft, f"{{'sent_date': {moment}}}"),
        ]:
            self.assert_refused(f"record._write({vals})", consent)

    def test_new_row(self):
        values = {"partner_id": self.mute.id, "activity_id": self.activity.id}
        values |= {"uuid": "mine", "state": "draft", "active": True}
        for fact in OF_DRAFT:
            if not any(
                name in fact for name in ("'partner_id'", "activity_id", "uuid")
            ):
                stored = f"{{**{values}, **{self.values(fact)}}}"
                self.assert_refused(f"model._create([{{'stored': {stored}}}])")

    def test_answer_of_somebody_elses_word_in_between(self):
        """The code has an event of its own, which says staff."""
        self.assert_refused(
            "record.action_answer(True)\n"
            "record._write({'answered_by': 'subject', 'answer_channel': 'mail_link'})"
        )
        self.assert_refused(
            "record._confirm_answer('x') if record.suspected_automated else None\n"
            "record.action_invalidate_links()\n"
            "record._write({'accepted': True, 'status': 'given'})"
        )

    def assert_does_not_count(self, moment):
        """Have code record a yes of that moment, and store it as if it counted."""
        self.assert_refused(
            f"moment = datetime.datetime.fromisoformat('{moment}')\n"
            "record.write({'accepted': True, 'answer_date': moment,"
            " 'answer_channel': 'phone'})\n"
            "record._write({'accepted': True, 'answer_date': moment,"
            " 'answer_channel': 'phone', 'answered_by': 'staff', 'status': 'given',"
            " 'answer_text_id': None})"
        )

    def test_answer_that_does_not_count(self):
        """Its event is there, and the refusal is newer, or of the same moment."""
        self.assert_does_not_count("2020-01-01 10:00:00")
        values = {"answer_date": "2026-05-01 10:00:00", "answer_channel": "phone"}
        self.consent.with_user(self.manager).write(values)
        self.assert_does_not_count("2026-05-01 10:00:00")

    def test_undated_refusal_of_an_upgrade(self):
        """It counts as of the upgrade."""
        set_fact(self.consent, answer_date=False)
        event = Event(
            kind="refused",
            by="unknown",
            channel="upgrade",
            activity=self.activity,
            consent=self.consent,
            at=datetime(2026, 3, 1, 10),
        )
        append(self.env, [event])
        self.assert_does_not_count("2026-02-01 10:00:00")
        self.consent.with_user(self.manager).write(
            {
                "accepted": True,
                "answer_date": "2026-04-01 10:00:00",
                "answer_channel": "paper",
            }
        )
        self.assertEqual(self.consent.status, "given")

    def test_consent_that_ended_stays_ended(self):
        press(self.consent, True)
        with mute_logger("odoo.addons.base.models.ir_actions"):
            self.run_code("record._invalidate()")
        self.assertEqual(self.consent.status, "invalidated")
        self.assert_refused("record._write({'status': 'given', 'accepted': True})")

    def test_old_merge_moves_nobody_again(self):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.luc + self.zoe).ids, self.luc
        )
        moved = self.env["privacy.consent"].with_context(active_test=False)
        moved = moved.search([("merged_into_id", "!=", False)])
        self.assertEqual(moved.event_ids[:1].kind, "merged")
        # A test is one transaction: a savepoint stands for the next one.
        with self.env.cr.savepoint():
            self.assert_refused(f"record._write({{'partner_id': {self.mute.id}}})")
            self.assert_refused(
                f"record._write({{'partner_id': {self.mute.id}}})", moved
            )
            self.assert_refused(
                f"record._write({{'merged_into_id': {self.consent.id}}})", moved
            )

    def test_ended_links_stay_ended(self):
        self.consent.with_user(self.manager).action_invalidate_links()
        self.env.flush_all()
        for times in ("None", "0", "-1", "1000000"):
            self.assert_refused(f"record._write({{'link_revocations': {times}}})")
        # As the code may by the button, too.
        self.run_code("record._write({'link_revocations': 2})")
        self.env.invalidate_all()
        self.assertEqual(self.consent.link_revocations, 2)

    def test_confirmation_confirms_and_nothing_else(self):
        press(self.asked, True, agent="python-requests/2.32")
        self.assertTrue(self.asked.suspected_automated)
        self.assert_refused("record._write({'suspected_automated': False})", self.asked)
        self.asked.with_user(self.manager)._confirm_answer("They said so.")
        self.assertFalse(self.asked.suspected_automated)
        self.assert_refused("record._write({'accepted': False})", self.asked)
        self.assert_refused("record._write({'suspected_automated': True})", self.asked)

    def test_action_that_runs_while_the_subject_answers(self):
        self.activity.server_action_id = self.env["ir.actions.server"].create(
            {
                "name": "Forge",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": "record._write({'status': 'given', 'accepted': True})",
            }
        )
        with mute_logger("odoo.addons.privacy_consent.models.privacy_consent_effects"):
            press(self.asked, False)
        self.env.invalidate_all()
        self.assertEqual((self.asked.status, self.asked.accepted), ("refused", False))
        self.assertIn("Only asking and answering", self.asked.action_error)

    def test_what_anybody_may_write(self):
        self.run_code(
            "record._write({'active': False, 'last_metadata': False})", self.consent
        )
        self.run_code("record._write({'accepted': True})", self.draft)
        self.draft.with_user(self.manager).state = "sent"
        self.env.flush_all()
        self.assertEqual(self.draft.status, "requested")

    def test_upgrade_twice(self):
        for _upgrade in range(2):
            self.env["privacy.consent"].init()
        self.env.cr.execute(
            "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
            " AND tgrelid = 'privacy_consent'::regclass"
        )
        self.assertEqual(self.env.cr.fetchone(), (2,))
        self.assert_refused("record._write({'accepted': True})")

    def test_guard_is_back_after_an_upgrade(self):
        set_fact(self.consent, answered_by="unknown")
        self.assert_refused("record._write({'answered_by': 'staff'})")

    def test_statements(self):
        """The guard adds none."""
        press(self.asked, True)
        self.env.invalidate_all()
        with self.assertQueryCount(14):
            press(self.asked, False, after=120)


@tagged("post_install", "-at_install")
class TestPersonSees(GuardCase, HttpCase):
    def test_message(self):
        user = new_test_user(self.env, "boss", groups="base.group_system")
        action = self.env["ir.actions.server"].create(
            {
                "name": "Forge",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": "env.registry['base'].write(record, {'accepted': True})",
            }
        )
        user.group_ids |= self.manager.group_ids
        self.authenticate("boss", "boss")
        context = {
            "active_model": "privacy.consent",
            "active_id": self.consent.id,
            "active_ids": self.consent.ids,
        }
        params = {"action_id": action.id, "context": context}
        with mute_logger("odoo.http"):
            response = self.url_open("/web/action/run", json={"params": params})
        self.assertIn(
            f"cannot be completed: {TEXT}", response.json()["error"]["data"]["message"]
        )
        self.env.invalidate_all()
        self.assertFalse(self.consent.accepted)
