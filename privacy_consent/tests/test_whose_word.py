# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nobody but the subject speaks as the subject, whatever way they come in."""

from datetime import datetime
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .. import links
from ..models.privacy_consent_answers import PrivacyConsent
from .answers import press
from .common import ConsentCase

NO = "2026-03-05 10:00:00"
# As Odoo's import has it unless somebody ticks "Track history during import".
IMPORT = {"import_file": True, "tracking_disable": True}


class WordCase(ConsentCase):
    """Ann refused on March 5. Somebody else now says that she accepts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.generate()
        with cls.at("2026-03-01 10:00:00"):
            cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)
        with cls.at(NO):
            press(cls.consent, False)
        cls.as_manager = cls.consent.with_user(cls.manager)

    def words(self, consent=None):
        """:return: kind, speaker and name of each answer's recorder, newest first"""
        consent = self.consent if consent is None else consent
        self.env.flush_all()
        self.env.invalidate_all()
        return [
            (event.kind, event.by, event.staff or None)
            for event in consent.sudo()._answers()
        ]

    def assert_word(self, by, user, channel=None, consent=None, before=1):
        """Check that the last answer is a yes of somebody else's, and stands as such.

        :param str by: whose word it is
        :param user: whose name is in the event
        :param int before: number of answers before it, the subject's
        """
        consent = self.consent if consent is None else consent
        words = self.words(consent)
        self.assertEqual(words[0], ("given", by, user.display_name))
        self.assertEqual(words[1:], [("refused", "subject", None)] * before)
        self.assertTrue(consent.accepted)
        self.assertEqual(consent.answered_by, by)
        self.assertEqual(consent.status, "given")
        if channel:
            self.assertEqual(consent._answers()[0].channel, channel)
        shown = consent.sudo()._preference()
        self.assertFalse(shown["by_subject"])
        self.assertFalse(shown["accepted"], "not theirs to withdraw")
        self.assertEqual(len(shown["history"]), before + 1)
        self.assertFalse(shown["history"][0]["by_subject"])
        message = consent.message_ids[0]
        self.assertNotEqual(message.author_id, consent.partner_id)
        self.assertEqual(
            message.subtype_id,
            self.env.ref("privacy_consent.mt_consent_state_changed"),
        )

    def code(self, code, **values):
        """:return: a server action with this code"""
        return self.env["ir.actions.server"].create(
            {
                "name": "Code",
                "model_id": self.env["ir.model"]._get("privacy.consent").id,
                "state": "code",
                "code": code,
                **values,
            }
        )

    def run_code(self, code, user, **values):
        action = self.code(code, **values).with_user(user)
        action.with_context(
            active_model="privacy.consent",
            active_id=self.consent.id,
            active_ids=self.consent.ids,
        ).run()


class TestWhoseWord(WordCase):
    def test_staffs_ways(self):
        self.manager.group_ids |= self.env.ref("base.group_system")
        for name, say_yes in {
            "write": lambda: self.as_manager.write({"accepted": True}),
            "write, as superuser": lambda: self.as_manager.sudo().write(
                {"accepted": True}
            ),
            "made-up context": lambda: self.as_manager.with_context(
                subject_answering=True, privacy_consent_fact=True
            ).write({"accepted": True, "state": "answered"}),
            "web_save": lambda: self.as_manager.web_save({"accepted": True}, {}),
            "date": lambda: self.as_manager.write(
                {"accepted": True, "answer_date": "2026-04-01 10:00:00"}
            ),
            "channel": lambda: self.as_manager.write(
                {"accepted": True, "answer_channel": "paper"}
            ),
            "method": lambda: self.as_manager.action_answer(True, "by phone"),
            "from the activity": lambda: self.activity.with_user(self.manager).write(
                {"consent_ids": [Command.update(self.consent.id, {"accepted": True})]}
            ),
            "from the contact": lambda: self.ann.with_user(self.manager).write(
                {
                    "privacy_consent_ids": [
                        Command.update(self.consent.id, {"accepted": True})
                    ]
                }
            ),
            "server action": lambda: self.run_code(
                "record.action_answer(True, 'Remote IP: 192.0.2.1')", self.manager
            ),
            "server action with superuser rights": lambda: self.run_code(
                "record.sudo().write({'accepted': True})", self.manager
            ),
            "server action that updates": lambda: self.run_code(
                False,
                self.manager,
                state="object_write",
                update_path="accepted",
                update_boolean_value="true",
            ),
            "server action that makes the context up": lambda: self.run_code(
                "record.with_context(subject_answering=True).action_answer(True)",
                self.manager,
            ),
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                say_yes()
                self.assert_word("staff", self.manager)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_private_methods_in_a_server_action(self):
        """Its code reaches private methods, and makes no proof."""
        for code in (
            "record._record_answer(True, record._word_of_user().proof)",
            "record._store_written_answer({'accepted': True})",
        ):
            with self.subTest(code), self.env.cr.savepoint() as savepoint:
                self.run_code(code, self.admin)
                self.assert_word("staff", self.admin)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_what_is_no_proof_in_a_server_action(self):
        for code in (
            "record._record_answer(True, record.event_ids[:1])",
            "record._record_answer(True, {'by': 'subject', 'channel': 'mail_link'})",
            "record._word_of_user(channel='mail_link')",
            "store(record, {'accepted': True})",
            "record.event_ids = [Command.create({'by': 'subject', 'kind': 'given'})]",
            "record.event_ids = [Command.clear()]",
            "record.event_ids[:1].write({'kind': 'given'})",
            "record.event_ids.detail_ids.unlink()",
            "record._record_answer.__globals__['store'](record, {'accepted': True})",
            "record.write({'answered_by': 'subject'})",
            "record.write({'accepted': True, 'answered_by': 'subject'})",
            "record.write({'status': 'given'})",
        ):
            with self.subTest(code), self.assertRaises(Exception) as caught:
                with self.env.cr.savepoint(), mute_logger("odoo.addons.base"):
                    self.run_code(code, self.admin)
            self.assertNotIsInstance(caught.exception, self.failureException)
            self.assertEqual(self.words(), [("refused", "subject", None)])
            self.assertFalse(self.consent.accepted)
            self.assertEqual(self.consent.status, "refused")

    def test_action_of_the_activity(self):
        """It runs with superuser rights while the subject answers."""
        public = self.env.ref("base.public_user")
        for code in (
            "record.action_answer(True)",
            "record.write({'accepted': True})",
            "record.with_context(subject_answering=True).action_answer(True)",
            "record._record_answer(True, record._word_of_user().proof)",
        ):
            with self.subTest(code), self.env.cr.savepoint() as savepoint:
                self.activity.server_action_id = self.code(code)
                press(self.consent, False)
                self.assertFalse(self.consent.action_error)
                self.assert_word("system", public, before=2)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_programs(self):
        portal = new_test_user(self.env, "someone", groups="base.group_portal")
        odoobot = self.env["res.users"].browse(SUPERUSER_ID)
        scheduled = self.env["ir.cron"].create(
            {
                "name": "Answer",
                "model_id": self.env["ir.model"]._get("privacy.consent").id,
                "state": "code",
                "code": f"model.browse({self.consent.id}).action_answer(True)",
                "user_id": SUPERUSER_ID,
            }
        )
        for name, (say_yes, user) in {
            "scheduled action": (
                lambda: scheduled.ir_actions_server_id.with_user(odoobot).run(),
                odoobot,
            ),
            "portal user, with superuser rights": (
                lambda: self.consent.with_user(portal).sudo().action_answer(True),
                portal,
            ),
            "portal user who writes, with superuser rights": (
                lambda: self.consent.with_user(portal).sudo().write({"accepted": True}),
                portal,
            ),
            "another addon": (lambda: self.consent.write({"accepted": True}), odoobot),
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                say_yes()
                self.assert_word("system", user)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_who_may_not_answer(self):
        portal = new_test_user(self.env, "someone", groups="base.group_portal")
        employee = new_test_user(self.env, "employee", groups="base.group_user")
        for user in (portal, employee, self.reader):
            consent = self.consent.with_user(user)
            for attempt in (
                lambda consent=consent: consent.action_answer(True),
                lambda consent=consent: consent.write({"accepted": True}),
                lambda consent=consent: consent._record_answer(
                    True, links.proof.by_hand(consent.env.user, "paper")
                ),
            ):
                with self.assertRaises(AccessError):
                    attempt()
        self.assertEqual(self.words(), [("refused", "subject", None)])

    @mute_logger("odoo.addons.privacy_consent.models.privacy_consent_effects")
    def test_write_of_another_addon_while_an_answer_is_stored(self):
        """What it adds to facts that are being stored is no fact."""
        original = type(self.consent).write

        def write(records, vals):
            result = original(records, vals)
            if "action_error" in vals and "answered_by" not in vals:
                records.write({**vals, "answered_by": "subject", "accepted": True})
            return result

        self.activity.server_action_id = self.code("raise UserError('no')")
        with (
            patch.object(type(self.consent), "write", write),
            mute_logger("odoo.addons.privacy_consent.models.privacy_consent"),
            self.assertRaisesRegex(UserError, "says what happened"),
            self.env.cr.savepoint(),
        ):
            self.as_manager.action_answer(False)

    # Defaults --------------------------------------------------------------------

    def _created(self, **context):
        return (
            self.env["privacy.consent"]
            .with_user(self.manager)
            .with_context(**context)
            .create({"partner_id": self.mute.id, "activity_id": self.activity.id})
        )

    def test_defaults_are_no_answer(self):
        made_up = {
            "state": "answered",
            "accepted": True,
            "answer_date": "2026-01-01 10:00:00",
            "answer_channel": "mail_link",
            "answered_by": "subject",
            "last_metadata": "Remote IP: 192.0.2.1",
            "sent_date": "2026-01-01 10:00:00",
            "status": "given",
        }

        def assert_draft(consent):
            self.assertEqual(consent.state, "draft")
            self.assertEqual(consent.status, "unknown")
            for name in made_up.keys() - {"state", "accepted", "status"}:
                self.assertFalse(consent[name], name)
            self.assertTrue(consent.uuid)
            self.assertFalse(consent._answers())

        with self.subTest("of a context"):
            context = {f"default_{name}": value for name, value in made_up.items()}
            consent = self._created(**context)
            assert_draft(consent)
            consent.unlink()
        with self.subTest("of a user"):
            defaults = self.env["ir.default"].with_user(self.manager)
            for name, value in made_up.items():
                defaults.set("privacy.consent", name, value, user_id=True)
            assert_draft(self._created())

    def test_new_form(self):
        with Form(self.env["privacy.consent"].with_user(self.manager)) as form:
            form.partner_id = self.mute
            form.activity_id = self.activity
        self.assertEqual(form.record.state, "draft")
        self.assertFalse(form.record._answers())

    # Import ----------------------------------------------------------------------

    def load(self, fields, *rows):
        consents = self.env["privacy.consent"].with_user(self.manager)
        result = consents.with_context(**IMPORT).load(
            fields, [list(row) for row in rows]
        )
        self.env.flush_all()
        return result

    def test_import_of_answers(self):
        for _twice in range(2):
            result = self.load([".id", "accepted"], (str(self.consent.id), "True"))
            self.assertFalse(result["messages"])
            self.assert_word("staff", self.manager, "import")

    def test_import_of_an_earlier_answer(self):
        row = (str(self.consent.id), "True", "2026-02-01 10:00:00", "paper")
        for _twice in range(2):
            result = self.load(
                [".id", "accepted", "answer_date", "answer_channel"], row
            )
            self.assertFalse(result["messages"])
            self.assertEqual(
                self.words(),
                [
                    ("refused", "subject", None),
                    ("given", "staff", self.manager.display_name),
                ],
            )
            self.assertEqual(self.consent.answered_by, "subject")

    def test_import_of_new_consents(self):
        columns = ["id", "partner_id/.id", "activity_id/.id"]
        known = ("test.mute", str(self.mute.id), str(self.activity.id))
        for fields, values, channel in [
            (["accepted"], ("True",), "import"),
            (
                ["accepted", "answer_date", "answer_channel"],
                ("True", "2026-02-01 10:00:00", "paper"),
                "paper",
            ),
            (["state", "accepted"], ("answered", "True"), "import"),
        ]:
            with self.subTest(fields), self.env.cr.savepoint() as savepoint:
                for _twice in range(2):
                    result = self.load([*columns, *fields], known + values)
                    self.assertFalse(result["messages"])
                    consent = self.consent_of(self.mute)
                    self.assert_word(
                        "staff", self.manager, channel, consent=consent, before=0
                    )
                savepoint.rollback()
            self.env.invalidate_all()

    def test_import_without_answers(self):
        result = self.load(
            ["partner_id/.id", "activity_id/.id"],
            (str(self.mute.id), str(self.activity.id)),
        )
        self.assertFalse(result["messages"])
        self.assertEqual(self.consent_of(self.mute).state, "draft")
        self.assertFalse(self.words(self.consent_of(self.mute)))

    def test_import_that_is_refused(self):
        for name, value in [
            ("answer_date", "2999-01-01 10:00:00"),
            ("answer_channel", "telepathy"),
            ("answered_by", "subject"),
            ("status", "given"),
        ]:
            with self.subTest(name), mute_logger("odoo.sql_db"):
                result = self.load(
                    [".id", "accepted", name], (str(self.consent.id), "True", value)
                )
                self.assertTrue(result["messages"])
                self.assertFalse(result["ids"])
                self.assertEqual(self.words(), [("refused", "subject", None)])

    # What counts -----------------------------------------------------------------

    def test_latest_counts(self):
        for moment, answer, counts in [
            ("2026-03-04 10:00:00", True, False),
            ("2026-03-04 10:00:00", False, False),
            (NO, True, False),
            ("2026-03-05 10:00:01", True, True),
        ]:
            with self.subTest(moment, answer=answer):
                with self.env.cr.savepoint() as savepoint:
                    fields = ["accepted", "answer_date", "answered_by", "status"]
                    before = self.consent.read([*fields, "last_metadata"])
                    self.as_manager._record_answer(
                        answer,
                        links.proof.by_hand(
                            self.manager, "paper", datetime.fromisoformat(moment)
                        ),
                    )
                    self.assertEqual(len(self.words()), 2)
                    after = self.consent.read([*fields, "last_metadata"])
                    self.assertEqual(after != before, counts)
                    self.assertEqual(self.consent.accepted, counts)
                    history = self.consent._preference()["history"]
                    self.assertEqual(len(history), 2, "the person sees both")
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_refusal_counts_at_equal_time(self):
        for first, second in [(True, False), (False, True)]:
            with self.subTest(first=first), self.env.cr.savepoint() as savepoint:
                for answer in (first, second):
                    self.as_manager.write(
                        {
                            "accepted": answer,
                            "answer_date": "2026-05-01 10:00:00",
                            "answer_channel": "phone",
                        }
                    )
                self.assertFalse(self.consent.accepted)
                self.assertEqual(len(self.words()), 3)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_moments_and_channels_that_cannot_be(self):
        future = datetime(2999, 1, 1)
        for message, attempt in [
            ("future", lambda: self.as_manager.write({"answer_date": future})),
            ("future", lambda: self._door(by="paper", answered_at=future)),
            (
                "telepathy",
                lambda: self.as_manager.write({"answer_channel": "telepathy"}),
            ),
            ("telepathy", lambda: self._door(by="telepathy")),
            ("account", lambda: self.as_manager.write({"answer_channel": "account"})),
        ]:
            with self.subTest(message), self.assertRaisesRegex(UserError, message):
                attempt()
        self.assertEqual(self.words(), [("refused", "subject", None)])

    def _door(self, by, answered_at=None):
        proof = links.proof.by_hand(self.manager, by, answered_at)
        self.as_manager._record_answer(True, proof)

    # Mails -----------------------------------------------------------------------

    def test_composer(self):
        action = self.as_manager.action_manual_ask()
        composer = self.env["mail.compose.message"].with_user(self.manager)
        Form(composer.with_context(**action["context"])).save().action_send_mail()
        self.run_queue()
        self.assertEqual(self.words(), [("refused", "subject", None)])

    def test_reply_by_mail(self):
        message = self.consent.request_ids.message_id
        self.env["mail.thread"].message_process(
            "privacy.consent",
            "From: Ann <ann@example.com>\nTo: us@example.com\nSubject: Re: consent\n"
            "Message-Id: <reply@example.com>\n"
            f"In-Reply-To: {message.message_id}\n\nI accept\n",
        )
        self.env.invalidate_all()
        reply = self.consent.message_ids[0]
        self.assertEqual(reply.author_id, self.ann)
        self.assertIn("I accept", reply.body)
        self.assertEqual(self.words(), [("refused", "subject", None)])
        self.assertFalse(self.consent.accepted)


class TestOverride(WordCase):
    """Another addon extends ``action_answer()``."""

    def override(self, method):
        """Put a method in front of ours, as an addon does."""
        self.patch(PrivacyConsent, "action_answer", method)

    def setUp(self):
        super().setUp()
        self.seen = seen = []
        self.base = base = PrivacyConsent.action_answer

        def action_answer(records, answer, metadata=False):
            seen.append((records.ids, answer, metadata))
            return base(records, answer, metadata)

        self.override(action_answer)

    def test_sees_every_answer(self):
        press(self.consent, True)
        self.as_manager.action_answer(False)
        self.as_manager._record_answer(
            True, links.proof.by_hand(self.manager, "paper", note="signed")
        )
        self.assertEqual(
            [answer for _ids, answer, _origin in self.seen], [True, False, True]
        )
        self.assertIn("192.0.2.7", self.seen[0][2])
        self.assertEqual(self.seen[2], (self.consent.ids, True, "signed"))
        self.assertEqual(
            [by for _kind, by, _name in self.words()],
            ["staff", "staff", "subject", "subject"],
        )

    def test_second_call_is_not_the_subjects(self):
        base = self.base

        def twice(records, answer, metadata=False):
            base(records, answer, metadata)
            return base(records, not answer, metadata)

        self.override(twice)
        press(self.consent, False)
        self.assertEqual(
            [word[:2] for word in self.words()],
            [("given", "system"), ("refused", "subject"), ("refused", "subject")],
        )

    def test_opposite_answer_is_not_the_subjects(self):
        base = self.base

        def opposite(records, answer, metadata=False):
            return base(records, not answer, metadata)

        self.override(opposite)
        press(self.consent, False)
        self.assertEqual(self.words()[0][:2], ("given", "system"))

    def test_answer_of_others_first(self):
        """The proof is bound to the consent that it was checked for."""
        base, other = self.base, self.consent_of(self.luc)

        def others(records, answer, metadata=False):
            base(other, answer, metadata)
            base(other + records, answer, metadata)
            return base(records, answer, metadata)

        self.override(others)
        press(self.consent, True)
        for consent in (self.consent, other):
            self.assertEqual(self.words(consent)[0][:2], ("given", "system"))

    def test_proof_does_not_outlive_its_call(self):
        def swallow(records, answer, metadata=False):
            return None

        self.override(swallow)
        press(self.consent, True)
        self.override(self.base)
        self.consent.action_answer(True)
        self.assertEqual(self.words()[0][:2], ("given", "system"))


@tagged("post_install", "-at_install")
class TestRpc(WordCase, HttpCase):
    def call(self, *args, method="write", **kwargs):
        response = self.url_open(
            f"/web/dataset/call_kw/privacy.consent/{method}",
            json={
                "params": {
                    "model": "privacy.consent",
                    "method": method,
                    "args": [self.consent.ids, *args],
                    "kwargs": kwargs,
                }
            },
        )
        self.env.invalidate_all()
        return response.json()

    def test_manager(self):
        self.authenticate("manager", "manager")
        context = {"subject_answering": True, "uid": self.ann.id, **IMPORT}
        for method, args in [
            ("write", [{"accepted": True}]),
            ("action_answer", [True, "Remote IP: 192.0.2.1"]),
        ]:
            with self.env.cr.savepoint() as savepoint:
                self.assertNotIn(
                    "error", self.call(*args, method=method, context=context)
                )
                self.assert_word("staff", self.manager)
                savepoint.rollback()
            self.env.invalidate_all()

    @mute_logger("odoo.http")
    def test_facts(self):
        self.authenticate("manager", "manager")
        answer = self.call({"answered_by": "subject"})
        self.assertIn("says what happened", str(answer["error"]))
        for method in ("_record_answer", "_word_of_user"):
            self.assertIn("error", self.call(True, method=method))
        self.assertEqual(self.words(), [("refused", "subject", None)])
