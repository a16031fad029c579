# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an event says, who may add one, and which answer counts."""

from datetime import datetime, timedelta

from lxml import html

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .. import links
from ..links.proof import NotProven
from ..models.privacy_consent_event import Event, append
from .answers import FIREFOX, deliver, press, set_fact
from .common import ConsentCase

# Rows of events that nobody may add: the subject gave consent.
FORGED = (
    "{'format': 1, 'uuid': 'forged', 'at': datetime.datetime.now(),"
    " 'kind': 'given', 'by': 'subject', 'channel': 'mail_link',"
    " 'consent_id': record.id, 'consent_uuid': record.uuid}"
)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class ReviewCase(ConsentCase):
    """Ann and Luc were asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.generate()
        cls.run_queue()
        cls.env.flush_all()
        cls.consent = cls.consent_of(cls.ann)
        cls.other = cls.consent_of(cls.luc)
        cls.as_manager = cls.consent.with_user(cls.manager)

    def rows(self, query, *parameters):
        self.env.flush_all()
        self.env.cr.execute(query, parameters)
        return self.env.cr.fetchall()

    def kinds(self, consent=None):
        """:return: kind and speaker of each event, newest first"""
        self.env.flush_all()
        self.env.invalidate_all()
        consent = self.consent if consent is None else consent
        events = consent.sudo().event_ids.sorted("id", reverse=True)
        return [(event.kind, event.by) for event in events]

    def action(self, code):
        """:return: a server action for consents with this code"""
        return self.env["ir.actions.server"].create(
            {
                "name": "Code",
                "model_id": self.env["ir.model"]._get("privacy.consent").id,
                "state": "code",
                "code": code,
            }
        )

    def attempt_code(self, code):
        """Run code as the administrator on the consent, which may fail."""
        action = self.action(code).with_user(self.admin)
        action = action.with_context(
            active_model="privacy.consent",
            active_id=self.consent.id,
            active_ids=self.consent.ids,
        )
        loggers = ("odoo.addons.base.models.ir_actions", "odoo.sql_db")
        with mute_logger(*loggers):
            try:
                with self.env.cr.savepoint():
                    action.run()
                    self.env.flush_all()
            except Exception:
                self.env.invalidate_all(flush=False)

    def compose(self, consent):
        """Ask by hand, as the manager, and let the request be delivered."""
        consent = consent.with_user(self.manager)
        composer = self.env["mail.compose.message"].with_user(self.manager)
        action = consent.action_manual_ask()
        Form(composer.with_context(**action["context"])).save().action_send_mail()
        self.run_queue()
        self.env.flush_all()

    def draft(self, name="Zoe"):
        """:return: the consent of a new contact whom nobody asked"""
        contact = self.env["res.partner"].create(
            {"name": name, "email": f"{name.lower()}@example.com"}
        )
        return self.env["privacy.consent"].create(
            {"partner_id": contact.id, "activity_id": self.activity.id}
        )

    def end(self):
        """End all consents, because the processing changed."""
        activity = self.activity.with_user(self.manager)
        activity.description = "<p>Two mails a month.</p>"
        activity.action_processing_changed()
        self.env["privacy.activity"]._cron_follow_texts()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.consent.status, "invalidated")

    def merge(self, source, destination):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (source + destination).ids, destination
        )
        self.env.flush_all()
        self.env.invalidate_all()

    def refused_before_upgrade(self, consent):
        """Give a consent a refusal of which the upgrade knew no time."""
        set_fact(
            consent,
            accepted=False,
            answer_channel="upgrade",
            answer_date=False,
            answered_by="unknown",
            state="answered",
            status="refused",
        )
        append(
            self.env,
            [
                Event(
                    kind="refused",
                    by="unknown",
                    channel="upgrade",
                    activity=consent.activity_id,
                    consent=consent,
                    at=datetime(2026, 3, 1, 10),
                )
            ],
        )


class TestEventColumns(ReviewCase):
    def texts(self):
        """:return: the columns of text of the table of events"""
        columns = self.rows(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'privacy_consent_event'"
            " AND data_type IN ('text', 'character varying')"
        )
        return {name for (name,) in columns}

    def import_yes(self):
        result = (
            self.env["privacy.consent"]
            .with_user(self.manager)
            .with_context(import_file=True, tracking_disable=True)
            .load([".id", "accepted"], [[str(self.consent.id), "True"]])
        )
        self.assertFalse(result["messages"])

    def unsubscribe(self):
        consent = self.draft("Yves")
        self.compose(consent)
        self.assertFalse(consent.request_ids.text_id)
        proof = links.proof.opened(
            "unsubscribe",
            consent.id,
            consent._token(),
            links.proof.Origin("192.0.2.7", FIREFOX),
        )
        public = self.env.ref("base.public_user")
        consent.with_user(public).sudo()._record_answer(False, proof)

    def test_what_is_unknown_is_never_stored_as_a_word(self):
        names = self.texts()
        self.assertIn("language", names)
        for name, happen in {
            "staff's answer": lambda: self.as_manager.action_answer(True, "phoned"),
            "write": lambda: self.as_manager.write(
                {"accepted": True, "state": "answered"}
            ),
            "import": self.import_yes,
            "composer": lambda: self.compose(self.draft()),
            "unsubscribe": self.unsubscribe,
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                before = self.rows("SELECT count(*) FROM privacy_consent_event")
                happen()
                rows = self.rows("SELECT to_jsonb(e) FROM privacy_consent_event e")
                self.assertGreater(len(rows), before[0][0])
                words = {
                    column
                    for (row,) in rows
                    for column in names
                    if row[column] is not None and row[column].lower() == "false"
                }
                self.assertEqual(words, set())
                savepoint.rollback()
            self.env.invalidate_all()


class TestEnded(ReviewCase):
    """Ann consented, and then the processing changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nobody answers within seconds of the mail.
        cls.now = cls.later(hours=1)
        with cls.at(cls.now):
            for consent in cls.consent + cls.other:
                press(consent, True)

    def setUp(self):
        super().setUp()
        pressed = self.consent + self.other
        self.assertFalse(pressed.filtered("suspected_automated"))
        with self.at(self.now + timedelta(seconds=10)):
            self.end()
        self.enterContext(self.at(self.now + timedelta(seconds=30)))

    def test_ended_consent_is_not_shown_as_rejected(self):
        self.assertEqual(self.consent._preference()["answer"], "ended")

    def test_reject_after_the_end_is_recorded_as_refused(self):
        press(self.consent, False)
        self.assertEqual(self.kinds()[0], ("refused", "subject"))
        self.assertEqual(self.consent.status, "refused")
        self.assertEqual(self.consent._preference()["answer"], "rejected")

    def test_accept_after_the_end_gives_again(self):
        press(self.consent, True)
        self.assertEqual(self.kinds()[0], ("given", "subject"))
        self.assertEqual(self.consent.status, "given")
        self.assertEqual(self.consent._preference()["answer"], "accepted")

    def test_staffs_refusal_after_the_end_is_an_event(self):
        self.as_manager.write({"accepted": False, "state": "answered"})
        self.assertEqual(self.kinds()[0], ("refused", "staff"))
        self.assertEqual(self.consent.status, "refused")

    def test_ended_consents_are_asked_again_from_the_list(self):
        self.ask_selected(self.consent + self.other)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.consent.request_state, "waiting")
        self.assertEqual(self.other.request_state, "waiting")


class TestServerActionCode(ReviewCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        press(cls.consent, False)

    def test_code_adds_no_event(self):
        before = self.rows("SELECT to_jsonb(e) FROM privacy_consent_event e")
        events = "env['privacy.consent.event'].sudo()"
        for code in (
            f"{events}._create([{{'stored': {FORGED}, 'inherited': {{}},"
            " 'inversed': {}, 'protected': set()}])",
            f"env.registry['base'].create({events}, [{FORGED}])",
        ):
            with self.subTest(code), self.env.cr.savepoint() as savepoint:
                self.attempt_code(code)
                after = self.rows("SELECT to_jsonb(e) FROM privacy_consent_event e")
                self.assertEqual(after, before)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_action_during_an_erasure_deletes_no_other_consent(self):
        self._create_subject("Zoe", "zoe@example.com")
        consent = self.generate()
        consent.ensure_one()
        deliver(consent)
        self.assertTrue(consent.request_ids.effects_due)
        self.activity.server_action_id = self.action(
            "record.partner_id.write({'comment': 'it ran'})\n"
            f"env['privacy.consent'].browse({self.consent.id}).unlink()"
        )
        self.env.flush_all()
        contact = consent.partner_id
        before = self.kinds()
        with mute_logger("odoo.addons.privacy_consent.models.privacy_consent_effects"):
            consent._erase("Asked for")
        self.assertFalse(consent.exists())
        self.assertTrue(self.consent.exists())
        self.assertEqual(self.kinds(), before)
        self.assertFalse(contact.comment, "what failed is undone")


class TestWrittenAnswers(ReviewCase):
    def test_write_that_does_not_say_what_they_answered(self):
        for values in (
            {"state": "answered"},
            {"answer_date": "2026-03-01 10:00:00"},
            {"answer_channel": "paper"},
        ):
            with self.subTest(values):
                before = self.kinds()
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    self.as_manager.write(values)
                self.env.invalidate_all()
                self.assertEqual(self.consent.state, "sent")
                self.assertEqual(self.kinds(), before)
            for accepted in (True, False):
                with self.subTest(values, accepted=accepted):
                    with self.env.cr.savepoint() as savepoint:
                        self.as_manager.write({**values, "accepted": accepted})
                        kind = "given" if accepted else "refused"
                        self.assertEqual(self.kinds()[0], (kind, "staff"))
                        savepoint.rollback()
                    self.env.invalidate_all()

    def test_undated_refusal_beats_an_earlier_yes(self):
        self.refused_before_upgrade(self.consent)
        self.as_manager.write(
            {
                "accepted": True,
                "answer_channel": "paper",
                "answer_date": "2026-02-01 10:00:00",
            }
        )
        self.env.flush_all()
        self.assertFalse(self.consent.accepted)
        self.assertEqual(self.consent.status, "refused")
        self.as_manager.write(
            {
                "accepted": True,
                "answer_channel": "paper",
                "answer_date": "2026-04-01 10:00:00",
            }
        )
        self.assertTrue(self.consent.accepted, "this one came after the upgrade")

    def test_undated_refusal_beats_an_earlier_yes_in_a_merge(self):
        self.refused_before_upgrade(self.consent)
        self.other.with_user(self.manager).write(
            {
                "accepted": True,
                "answer_channel": "paper",
                "answer_date": "2026-02-01 10:00:00",
            }
        )
        self.env.flush_all()
        self.merge(self.luc, self.ann)
        self.assertEqual(self.other.merged_into_id, self.consent)
        self.assertFalse(self.consent.accepted)


class TestMerges(ReviewCase):
    def answer(self, consent, answer, moment):
        with self.at(moment):
            press(consent, answer)

    def merge_locked(self, locked):
        """Merge Luc, who accepted in February, into Ann, who refused in March."""
        self.answer(self.other, True, "2026-02-01 10:00:00")
        self.answer(self.consent, False, "2026-03-01 10:00:00")
        locked._lock_proof(fields.Date.to_date("2199-12-31"), "A claim.")
        self.merge(self.luc, self.ann)

    def erase_locked(self):
        cron = self.env.ref("privacy_consent.cron_erase_locked")
        with self.at("2200-01-01 10:00:00"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_locked_refusal_beats_an_earlier_yes(self):
        self.merge_locked(self.consent)
        self.assertEqual(self.other.merged_into_id, self.consent)
        self.assertTrue(self.consent.locked_until)
        self.assertFalse((self.consent + self.other).filtered("active"))
        self.assertFalse(self.ann._has_consent(self.activity))

    def test_live_refusal_beats_an_earlier_locked_yes(self):
        self.merge_locked(self.other)
        self.assertEqual(self.other.merged_into_id, self.consent)
        self.assertTrue(self.consent.active)
        self.erase_locked()
        self.assertFalse(self.other.exists())
        self.assertTrue(self.consent.active)

    def test_draft_beats_a_locked_consent_without_an_answer(self):
        self.other._lock_proof(fields.Date.to_date("2199-12-31"), "A claim.")
        self.env["privacy.consent"].flush_model()
        consent = self.draft()
        self.merge(self.luc, consent.partner_id)
        self.assertEqual(self.other.merged_into_id, consent)
        self.assertTrue(consent.active)
        self.assertTrue(self.other.locked_until)

    def test_survivor_is_active_if_one_of_them_was(self):
        self.answer(self.other, True, "2026-02-01 10:00:00")
        self.answer(self.consent, False, "2026-03-01 10:00:00")
        self.consent.action_archive()
        self.merge(self.luc, self.ann)
        self.assertEqual(self.other.merged_into_id, self.consent)
        self.assertTrue(self.consent.active)
        self.assertFalse(self.other.active)

    def test_survivor_stays_archived_if_all_were(self):
        (self.consent + self.other).action_archive()
        self.merge(self.luc, self.ann)
        self.assertFalse((self.consent + self.other).filtered("active"))

    def test_draft_of_which_no_event_proves_anything_is_deleted(self):
        def merged(consent):
            heir = self.env["res.partner"].create({"name": "Heir"})
            self.merge(consent.partner_id, heir)

        for name, (happen, kind) in {
            "merged": (merged, "merged"),
            "links ended": (
                lambda one: one.with_user(self.manager).action_invalidate_links(),
                "links_ended",
            ),
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                consent = self.draft()
                happen(consent)
                self.assertEqual([kind for kind, _by in self.kinds(consent)], [kind])
                self.assertEqual(consent.state, "draft")
                consent.with_user(self.manager).unlink()
                self.assertFalse(consent.exists())
                savepoint.rollback()
            self.env.invalidate_all()

    def test_draft_that_was_asked_is_not_deleted(self):
        consent = self.draft()
        append(
            self.env,
            [
                Event(
                    kind="requested",
                    by="system",
                    activity=consent.activity_id,
                    consent=consent,
                )
            ],
        )
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            consent.with_user(self.manager).unlink()
        self.assertTrue(consent.exists())


class TestProgramsAndAccounts(ReviewCase):
    def test_scheduled_action_of_an_administrator_is_a_program(self):
        cron = self.env["ir.cron"].create(
            {
                "name": "Answer",
                "model_id": self.env["ir.model"]._get("privacy.consent").id,
                "state": "code",
                "code": f"model.browse({self.consent.id}).action_answer(True)",
                "user_id": self.admin.id,
            }
        )
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(self.kinds()[0], ("given", "system"))
        self.assertEqual(self.consent.answered_by, "system")
        self.assertEqual(self.consent.event_ids[0].staff, self.admin.display_name)

    def test_staffs_proof_does_not_say_it_came_by_a_link(self):
        before = self.kinds()
        proof = links.proof.by_hand(self.manager, "mail_link")
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            self.as_manager._record_answer(True, proof)
        self.assertIsInstance(caught.exception, (UserError, NotProven))
        self.assertEqual(self.kinds(), before)

    def account(self, partner, **values):
        return new_test_user(
            self.env,
            "account",
            groups="base.group_portal",
            partner_id=partner.id,
            **values,
        )

    def may_give(self, partner, activity=None):
        """:return: whether this is known for a request that reached them now"""
        self.env.flush_all()
        self.env.invalidate_all()
        consent = self.consent_of(partner)
        consent.action_auto_ask()
        self.run_queue()
        self.assertIn(partner.email, consent._delivered_requests().mapped("address"))
        return consent._may_give_in_account()

    def test_address_of_an_account_changed_by_staff(self):
        company = self.env["res.company"].create({"name": "Other company"})
        for name, values in {
            "active": {},
            "archived": {"active": False},
            "other company": {
                "company_id": company.id,
                "company_ids": [(6, 0, company.ids)],
            },
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.assertTrue(self.may_give(self.ann))
                user = self.account(self.ann)
                user.write(values)
                self.env.flush_all()
                self.env.invalidate_all()
                self.ann.with_user(self.manager).email = "thief@example.com"
                user.active = True
                self.assertFalse(self.may_give(self.ann))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_account_of_another_contact(self):
        user = self.account(self.ann)
        self.assertTrue(self.may_give(self.luc))
        user.with_user(self.admin).partner_id = self.luc
        self.assertFalse(self.may_give(self.luc))

    def test_nobody_says_that_a_request_was_delivered(self):
        zoe = self.draft()
        zoe.with_user(self.manager).action_auto_ask()
        request = zoe.request_ids
        self.env.flush_all()
        values = {"delivered_date": "2026-03-01 10:00:00"}
        for name, attempt in {
            "write": lambda one: one.write(values),
            "create": lambda one: one.create({"consent_id": zoe.id, **values}),
        }.items():
            for user in (self.manager, self.admin, self.env.user):
                for one in (request.with_user(user), request.with_user(user).sudo()):
                    with (
                        self.subTest(name, user=user.login, su=one.env.su),
                        self.env.cr.savepoint() as savepoint,
                    ):
                        with self.assertRaises(UserError), self.env.cr.savepoint():
                            attempt(one)
                            self.env.flush_all()
                        savepoint.rollback()
                    self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestReviewPages(ReviewCase, HttpCase):
    def path(self, word, consent=None):
        consent = self.consent if consent is None else consent
        url = consent.sudo()._link(word, consent.sudo()._token())
        return url.removeprefix(consent.get_base_url())

    def open(self, path, **kwargs):
        """:return: the page, as text"""
        self.env.flush_all()
        response = self.url_open(path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return response.text

    def test_mail_program_refuses_after_the_end(self):
        with self.at(self.later(seconds=-20)):
            press(self.consent, True)
        with self.at(self.later(seconds=-10)):
            self.end()
        for _twice in range(2):
            self.open(self.path("unsubscribe"), data=ONE_CLICK)
            kinds = [kind for kind, _by in self.kinds()]
            self.assertEqual(kinds.count("refused"), 1)
            self.assertEqual(kinds[0], "refused")
        self.assertEqual(self.consent.status, "refused")

    def test_one_click_needs_a_text(self):
        self.activity.one_click_answers = True
        consent = self.draft()
        self.compose(consent)
        self.assertEqual(consent.state, "sent")
        self.assertFalse(consent.request_ids.text_id)
        before = self.kinds(consent)
        page = self.open(self.path("accept", consent))
        self.assertEqual(consent.state, "sent")
        self.assertEqual(self.kinds(consent), before)
        self.assertIn("I accept", page)
        self.assertNotIn("is recorded", page)

    def test_reject_all_on_a_page_made_before_an_erasure(self):
        others = self.env["privacy.activity"]
        for name in ("Profiles", "Survey"):
            others |= self.activity.copy({"name": name})
        for activity in others:
            self.generate(activity)
        self.run_queue()
        erased, kept = [self.consent_of(self.ann, activity) for activity in others]
        path = self.path("preferences")
        page = html.fromstring(self.open(path, data={"action": "confirm"}))
        (form,) = page.iter("form")
        data = dict(form.fields)
        erased._erase("Asked for")
        self.open(path, data=data, headers={"User-Agent": FIREFOX})
        for consent in self.consent + kept:
            self.assertEqual(self.kinds(consent)[0], ("refused", "subject"))
        self.assertEqual(self.other.state, "sent")

    def test_administrator_inside_somebody_elses_request_is_a_program(self):
        press(self.consent, False)
        self.activity.server_action_id = self.action(
            f"record.with_user({self.admin.id}).action_answer(True)"
        )
        self.authenticate("manager", "manager")
        self.env.flush_all()
        answer = self.url_open(
            "/web/dataset/call_kw/privacy.consent/action_answer",
            json={
                "params": {
                    "model": "privacy.consent",
                    "method": "action_answer",
                    "args": [self.consent.ids, False],
                    "kwargs": {},
                }
            },
        ).json()
        self.assertNotIn("error", answer)
        self.env.invalidate_all()
        self.assertFalse(self.consent.action_error)
        kinds = self.kinds()
        self.assertEqual(kinds[:2], [("given", "system"), ("refused", "staff")])
        newest = self.consent.event_ids.sorted("id")[-1:]
        self.assertEqual(newest.staff, self.admin.display_name)
