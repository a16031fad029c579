# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an insider or a server action cannot make look like a person's own word."""

from contextlib import nullcontext
from datetime import timedelta
from unittest.mock import Mock, patch

from odoo import modules
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .. import links
from ..links.proof import NotProven
from ..models import privacy_consent_proof
from ..models.guard import erasing
from ..models.privacy_consent import PrivacyConsent
from .answers import press
from .common import nonces
from .searches import tables_that_name
from .test_review_events import ReviewCase


class ForgedCase(ReviewCase):
    def account(self, partner=None, **values):
        """:return: an account of an employee who may edit contacts"""
        if partner:
            values |= {"partner_id": partner.id, "email": partner.email}
        groups = "base.group_user,base.group_partner_manager"
        return new_test_user(self.env, "insider", groups=groups, **values)

    def say(self, user, email):
        """Write the address of an account, as its owner."""
        self.env["res.users"].with_user(user).browse(user.id).write({"email": email})
        self.env.flush_all()


class TestAccountsAddress(ForgedCase):
    def test_owner_of_a_merged_account_changes_the_address(self):
        user = self.account(email="thief@example.com", name="Thief")
        self.say(user, self.luc.email)
        self.merge(user.partner_id, self.luc)
        self.assertEqual(user.partner_id, self.luc)
        self.assertTrue(self.luc.address_changed_by_others)
        self.say(user, "Luc@Example.com")
        self.assertTrue(self.luc.address_changed_by_others)
        self.assertFalse(self.other._may_give_in_account())

    def test_somebody_merged_into_the_account(self):
        user = self.account(email=self.luc.email, name="Thief")
        self.merge(self.luc, user.partner_id)
        self.assertTrue(user.partner_id.address_changed_by_others)

    def test_account_that_is_made_after_a_merge(self):
        """Two people may share an address."""
        self.assertTrue(self.other._may_give_in_account())
        ann = self._create_subject("Ann", self.luc.email)
        self.merge(self.luc, ann)
        self.account(ann)
        self.assertEqual(self.other.partner_id, ann)
        self.assertFalse(ann.address_changed_by_others)
        self.assertFalse(self.other._may_give_in_account())

    def test_account_without_an_address(self):
        owner = self.account(email=False).partner_id
        owner.email = "thief@example.com"
        self.assertTrue(owner.address_changed_by_others)

    def test_session_of_somebody_else(self):
        user = self.account(self.luc)
        button = links.nonce.button("account", "reject", self.other.ids)
        proof = links.proof.signed_in(user.id, button, "", links.proof.Origin())
        for uid in (None, self.manager.id, user.id):
            session = Mock(session=Mock(uid=uid))
            expected = nullcontext() if uid == user.id else self.assertRaises(NotProven)
            with patch.object(privacy_consent_proof, "request", session), expected:
                self.other.sudo()._record_answer(False, proof)

    def test_account_after_the_address_was_changed(self):
        address = self.luc.email
        self.luc.with_user(self.manager).email = "thief@example.com"
        user = self.account(self.luc)
        self.say(user, address)
        self.assertEqual(self.luc.email, address)
        self.assertTrue(self.luc.address_changed_by_others)
        self.assertFalse(self.other._may_give_in_account())

    def test_same_address_in_other_letters(self):
        self.luc.with_user(self.manager).email = "Luc <LUC@example.com>"
        self.assertFalse(self.luc.address_changed_by_others)
        self.mute.with_user(self.manager).email = "mute@example.com"
        self.assertFalse(self.mute.address_changed_by_others, "there was none")
        self.account(self.luc)
        self.assertTrue(self.other._may_give_in_account())


@tagged("post_install", "-at_install")
class TestAccountIsTrusted(ForgedCase, HttpCase):
    """Whoever gets the mails and is signed in has both."""

    def press_link(self, answer=True):
        word = "accept" if answer else "reject"
        path = self.other._link(word, self.other._token())
        path = path.removeprefix(self.other.get_base_url())
        self.env.flush_all()
        page = self.url_open(path)
        result = self.url_open(path, data={"nonce": nonces(page.text)[word]})
        self.assertEqual(result.status_code, 200)
        self.env.invalidate_all()

    def test_link_of_a_mail(self):
        self.account(self.luc, password="insider-password")
        self.luc.address_changed_by_others = True
        self.press_link(True)
        self.assertEqual(self.other.status, "given")
        self.assertTrue(self.luc.address_changed_by_others, "anybody's account")
        self.authenticate("manager", "manager")
        self.press_link(False)
        self.assertTrue(self.luc.address_changed_by_others, "another account")
        self.authenticate("insider", "insider-password")
        self.press_link(True)
        self.assertFalse(self.luc.address_changed_by_others)

    def test_link_to_a_former_address(self):
        self.account(self.luc, password="insider-password")
        path = self.other._link("reject", self.other._token())
        path = path.removeprefix(self.other.get_base_url())
        self.luc.email = "new@example.com"
        self.env.flush_all()
        self.authenticate("insider", "insider-password")
        page = self.url_open(path)
        self.url_open(path, data={"nonce": nonces(page.text)["reject"]})
        self.env.invalidate_all()
        self.assertEqual(self.other.status, "refused")
        self.assertTrue(self.luc.address_changed_by_others)


class TestCode(ForgedCase):
    """The code of a server action reaches all methods of all records."""

    def test_merge_without_a_merge(self):
        press(self.consent, True)
        wizard = "env['base.partner.merge.automatic.wizard']"
        partners = "record.partner_id, env['res.partner'].browse({})"
        partners = partners.format(self.luc.id)
        before = (self.kinds(), self.kinds(self.other))
        for code in (
            f"{wizard}._update_foreign_keys({partners})",
            f"{wizard}._update_foreign_keys_generic('res.partner', {partners})",
        ):
            with self.subTest(code):
                self.attempt_code(code)
                self.env.invalidate_all()
                self.assertEqual(self.consent.exists().partner_id, self.ann)
                after = (self.kinds(), self.kinds(self.other))
                self.assertEqual(after, before)

    @mute_logger("odoo.sql_db")
    def test_event_keeps_its_consent(self):
        press(self.consent, False)
        for code in (
            "record.event_ids._write({'consent_id': None})",
            "record.event_ids._write({'consent_id': False})",
        ):
            with self.subTest(code):
                before = self.kinds()
                self.attempt_code(code)
                self.assertEqual(self.kinds(), before)


class TestErasing(ForgedCase):
    def test_other_consents_while_one_is_erased(self):
        """Another addon does what an automation on deletion could do."""
        press(self.consent, True)
        others, case = self.consent, self
        unlink = PrivacyConsent.unlink
        tried = []

        def unlink_all(records):
            if records != others:
                for victims in (others, others.message_ids, others.request_ids):
                    with case.assertRaises(UserError), case.env.cr.savepoint():
                        tried.append(victims._name)
                        victims.with_user(case.admin).sudo().unlink()
            return unlink(records)

        self.patch(PrivacyConsent, "unlink", unlink_all)
        self.other._erase("Asked for")
        self.assertEqual(len(tried), 3)
        self.assertFalse(self.other.exists())
        self.assertTrue(others.exists() and others.message_ids and others.request_ids)

    def test_nothing_else_is_open(self):
        with erasing(self.other), self.assertRaisesRegex(UserError, "Archive it"):
            (self.consent + self.other).unlink()

    def test_deleted_draft_names_nobody(self):
        consent = self.draft("Xanthippe")
        contact = consent.partner_id
        consent.with_user(self.manager).action_invalidate_links()
        self.assertIn("privacy_consent_event_detail", self.naming())
        identity = consent.uuid
        consent.with_user(self.manager).unlink()
        events = self.env["privacy.consent.event"].search(
            [("consent_uuid", "=", identity)], order="id"
        )
        # Otherwise the parts would be missing in the log.
        self.assertEqual(events.mapped("kind"), ["links_ended", "erased"])
        self.assertEqual(events[1].staff, self.manager.display_name)
        contact.unlink()
        self.assertEqual(self.naming() & {"privacy_consent_event_detail"}, set())
        self.assertEqual(self.naming(), set())

    def naming(self):
        return tables_that_name(self.env, "xanthippe")


class TestWhoIsAtWork(ForgedCase):
    """Nothing that code can make up says that a person is at work."""

    def schedule(self, code):
        """Have code run as a scheduled action."""
        cron = self.env["ir.cron"].create(
            {
                "name": "Answer",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": f"record = model.browse({self.consent.id})\n{code}",
                "user_id": self.admin.id,
            }
        )
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()

    def test_scheduled_action_forgets_its_context(self):
        self.schedule(
            f"record.with_user({self.manager.id}).with_context({{}})"
            ".action_answer(True)"
        )
        self.assertEqual(self.kinds()[0], ("given", "system"))

    def test_scheduled_action_ends_consents(self):
        press(self.consent, True)
        with mute_logger("odoo.addons.base.models.ir_cron"):
            self.schedule("record._invalidate(env.ref('base.user_admin'))")
        self.assertEqual(self.consent.status, "given", "nobody else says so")
        self.schedule("record._invalidate()")
        self.assertEqual(self.kinds()[0], ("invalidated", "system"))

    def test_context_makes_nobody_a_program(self):
        as_manager = self.as_manager.with_context(ir_cron_progress_id=1)
        as_manager.action_answer(True)
        self.assertEqual(self.kinds()[0], ("given", "staff"))

    def test_no_request(self):
        """As in Odoo's shell, and in other threads."""
        with patch.object(modules.module, "current_test", None):
            self.as_manager.action_answer(True)
        self.assertEqual(self.kinds()[0], ("given", "system"))

    def test_channel_that_only_a_door_knows(self):
        before = self.kinds()
        for code in (
            "record._record_answer(True, record._word_of_user(channel='one_click')"
            ".proof)",
            "record._record_answer(True, record._word_of_user('', 'website').proof)",
        ):
            with self.subTest(code):
                self.attempt_code(code)
                self.assertEqual(self.kinds(), before)


class TestProcessingChanged(ForgedCase):
    def decide(self, user=None):
        activity = self.activity.with_user(user or self.manager)
        activity.description = "<p>Two mails a month.</p>"
        activity.action_processing_changed()
        self.env.flush_all()

    def follow(self):
        self.env["privacy.activity"]._cron_follow_texts()
        self.env.flush_all()
        self.env.invalidate_all()

    def test_text_that_changes_before_the_batches(self):
        now = self.later(minutes=10)
        with self.at(now):
            press(self.consent, True)
            self.activity.description = "<p>Two mails a month.</p>"
            self.env.flush_all()
            press(self.other, True)
        with self.at(now + timedelta(minutes=1, microseconds=123456)):
            self.decide()
        with self.at(now + timedelta(minutes=2)):
            self.activity.description = "<p>Three mails a month.</p>"
            self.env.flush_all()
            self.follow()
        self.assertEqual(self.consent.status, "invalidated")
        self.assertEqual(self.kinds()[0], ("invalidated", "staff"))
        last = self.consent.event_ids.sorted("id")[-1:]
        self.assertEqual(last.staff, self.manager.display_name)
        self.assertEqual(self.other.status, "given", "nothing was said of this text")
        self.assertEqual(self.activity.earlier_text_count, 1)

    def test_name_that_code_writes(self):
        press(self.consent, True)
        self.attempt_code(
            "activity = record.activity_id.sudo()\n"
            "activity.write({'description': '<p>Two mails a month.</p>'})\n"
            f"activity.with_user(1).action_processing_changed()\n"
            f"activity.write({{'texts_settled_by_id': {self.manager.id}}})"
        )
        self.attempt_code(
            "activity = record.activity_id.sudo()\n"
            "activity.write({'description': '<p>Two mails a month.</p>'})\n"
            "activity.with_user(1).action_processing_changed()"
        )
        self.env.flush_all()
        self.follow()
        self.assertEqual(self.kinds()[0], ("invalidated", "system"))


class TestAnswersFromBefore(ForgedCase):
    """Ann consented in January, which ended in June. It is July."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.at("2027-01-10 10:00:00"):
            press(cls.consent, True)

    def setUp(self):
        super().setUp()
        self.enterContext(self.at("2027-07-10 10:00:00"))

    def record(self, answer, moment):
        self.as_manager.write(
            {"accepted": answer, "answer_date": moment, "answer_channel": "paper"}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        kind = "given" if answer else "withdrawn"
        newest = self.consent.event_ids.sorted("id")[-1:]
        self.assertEqual((newest.kind, newest.channel), (kind, "paper"))

    def check(self, status):
        self.assertEqual(self.consent.status, status)
        self.record(True, "2027-03-01 10:00:00")
        self.assertEqual(self.consent.status, status)
        self.assertFalse(self.consent.accepted)
        with (
            self.assertRaisesRegex(Exception, "Only asking and answering"),
            mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_actions"),
            self.env.cr.savepoint(),
        ):
            self.consent._write({"status": "given", "accepted": True})
        self.env.invalidate_all(flush=False)
        with self.env.cr.savepoint() as savepoint:
            self.record(False, "2027-04-01 10:00:00")
            self.assertEqual(self.consent.status, "withdrawn", "a refusal counts")
            savepoint.rollback()
        self.env.invalidate_all()
        self.record(True, "2027-06-20 10:00:00")
        self.assertEqual(self.consent.status, "given")

    def test_invalidated(self):
        with self.at("2027-06-10 10:00:00"):
            self.consent._invalidate()
        self.check("invalidated")

    def test_expired(self):
        self.activity.validity_months = 5
        with self.at("2027-06-11 10:00:00"):
            self.env["privacy.activity"]._cron_life()
            self.env.flush_all()
            self.env.invalidate_all()
        self.check("expired")


class TestNoAnswers(ForgedCase):
    """What somebody writes or imports says only what it says."""

    def load(self, fields, *rows):
        consents = self.env["privacy.consent"].with_user(self.manager)
        consents = consents.with_context(import_file=True, tracking_disable=True)
        result = consents.load(fields, [list(row) for row in rows])
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(result["messages"])

    def test_export_and_import(self):
        with self.at(self.later(minutes=10)):
            press(self.other, True)
        with self.at(self.later(minutes=20)):
            self.other._invalidate()
        self.activity.default_consent = True
        self._create_subject("Zoe", "zoe@example.com")
        consents = self.consent + self.other + self.generate()
        consents |= self.draft("Yves")
        before = [self.kinds(consent) for consent in consents]
        names = [".id", "state", "accepted", "answer_date", "answer_channel"]
        rows = consents.with_user(self.manager).export_data(names)["datas"]
        rows = [
            [
                str(one) if one or name == "accepted" else ""
                for name, one in zip(names, row, strict=True)
            ]
            for row in rows
        ]
        with self.at(self.later(minutes=30)):
            self.load(names, *rows)
            picked = [names.index(name) for name in (".id", "accepted")]
            self.load(
                [".id", "accepted"], *[[row[one] for one in picked] for row in rows]
            )
        self.assertEqual([self.kinds(consent) for consent in consents], before)

    def test_of_a_consent_that_ended(self):
        with self.at(self.later(minutes=10)):
            press(self.consent, True)
        with self.at(self.later(minutes=20)):
            self.consent._invalidate()
        before = self.kinds()
        with self.at(self.later(minutes=30)):
            self.as_manager.write({"state": "answered"})
            self.assertEqual(self.kinds(), before)
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.as_manager.write({"answer_channel": "phone"})
            self.env.invalidate_all()
            self.as_manager.write({"accepted": True})
        self.assertEqual(self.kinds()[0], ("given", "staff"))
        self.assertEqual(self.consent.status, "given")

    def test_state_that_somebody_writes(self):
        draft = self.draft()
        draft.with_user(self.manager).state = "sent"
        made = self.env["privacy.consent"].with_user(self.manager)
        made = made.create(
            {
                "partner_id": self.mute.id,
                "activity_id": self.activity.id,
                "state": "sent",
            }
        )
        for consent in draft + made.sudo():
            self.assertEqual(self.kinds(consent), [("requested", "staff")])
            self.assertEqual(consent.status, "requested")


@tagged("post_install", "-at_install")
class TestOpenedLinks(ForgedCase, HttpCase):
    def open(self, word, consent=None, **kwargs):
        consent = self.consent if consent is None else consent
        path = consent._link(word, consent._token())
        return self.open_path(path.removeprefix(consent.get_base_url()), **kwargs)

    def open_path(self, path, **kwargs):
        self.env.flush_all()
        response = self.url_open(path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return response.text

    def test_two_mails_with_different_texts(self):
        """Their links are alike, so that nobody knows which mail was opened."""
        self.activity.one_click_answers = True
        self.open("accept", self.other)
        self.assertEqual(self.other.status, "given")
        with self.at(self.later(hours=-1)):
            self.activity.description = "<p>Two mails a month.</p>"
            self.consent.action_auto_ask()
        self.run_queue()
        self.assertEqual(len(self.consent._delivered_requests().text_id), 2)
        page = self.open("accept")
        self.assertEqual(self.consent.status, "requested")
        self.assertIn("accept", nonces(page))


class TestTextsOfActivities(ForgedCase):
    def test_duplicate_that_is_saved(self):
        """The web client then writes one text into all languages."""
        french = self.activity.with_context(lang="fr_FR")
        french.description = "<p>Une lettre par mois.</p>"
        self.env.flush_all()
        duplicate = self.activity.copy().with_user(self.manager)
        for activity in (self.activity.with_user(self.manager), duplicate):
            activity.with_context(lang="fr_FR").web_override_translations(
                {"name": "Lettre", "description": "<p>Deux lettres.</p>"}
            )
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertIn("One mail a month", activity.description)
            self.assertIn("Une lettre", activity.with_context(lang="fr_FR").description)

    def test_activity_created_in_another_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        activities = self.env["privacy.activity"].with_user(self.manager)
        made = activities.with_context(lang="fr_FR").create(
            {"name": "Lettre", "description": "<p>Une lettre par mois.</p>"}
        )
        for activity in (made, made.with_context(lang="de_DE").copy()):
            self.env.invalidate_all()
            for lang, falls_back in (("fr_FR", False), ("de_DE", True)):
                with self.subTest(lang):
                    in_lang = activity.with_context(lang=lang)
                    self.assertEqual(in_lang.text_falls_back, falls_back)
            self.assertNotIn("French", activity.languages_without_text)
            self.assertIn("German", activity.languages_without_text)


class TestOthers(ForgedCase):
    def test_administrator_adds_no_tracking_value(self):
        field = self.env["ir.model.fields"]._get("privacy.consent", "accepted")
        values = self.env["mail.tracking.value"].with_user(self.admin)
        message = self.consent.message_ids[:1]
        vals = {"field_id": field.id, "old_value_integer": 0, "new_value_integer": 1}
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            values.create({**vals, "mail_message_id": message.id})
        other = self.ann.message_post(body="x")
        self.assertTrue(values.create({**vals, "mail_message_id": other.id}))

    def test_archived_consents_can_be_withdrawn(self):
        press(self.consent, True)
        self.consent.with_user(self.manager).active = False
        consents = self.env["privacy.consent"].sudo()
        self.assertEqual(consents._preferences_of(self.ann), self.consent)
        self.other.active = False
        self.assertFalse(consents._preferences_of(self.luc), "nothing to withdraw")
        self.consent.invalidate_recordset()
        self.assertFalse(self.consent._may_give_in_account(), "nobody asks any more")
