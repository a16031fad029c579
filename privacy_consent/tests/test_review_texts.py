# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a change of a text means, and who may say so."""

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .answers import press
from .common import AskedCase

NEW = "<p>Two mails a month.</p>"


class TextCase(AskedCase):
    """Ann and Luc were asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.other = cls.consent_of(cls.luc)
        cls.as_manager = cls.activity.with_user(cls.manager)

    def refresh(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def change(self, description=NEW, lang="en_US"):
        self.as_manager.with_context(lang=lang).description = description
        self.refresh()

    def banner(self):
        self.refresh()
        return self.activity.earlier_text_count

    def say_yes(self, consent):
        """Have staff record a yes, without a text."""
        consent.with_user(self.manager).write({"accepted": True, "state": "answered"})
        self.refresh()
        self.assertEqual(consent.status, "given")
        self.assertFalse(consent.answer_text_id)


class TestYesWithoutText(TextCase):
    def test_counted_once_the_text_changed_after_it(self):
        with self.at(self.later(minutes=10)):
            self.say_yes(self.consent)
            self.assertFalse(self.banner(), "the text did not change")
        with self.at(self.later(minutes=20)):
            self.change()
            self.assertEqual(self.banner(), 1)
        with self.at(self.later(minutes=30)):
            self.say_yes(self.other)
            self.assertEqual(self.banner(), 1, "this one came after the change")

    def test_ended_if_the_processing_changed_after_it(self):
        with self.at(self.later(minutes=10)):
            self.say_yes(self.consent)
        with self.at(self.later(minutes=20)):
            self.change()
        with self.at(self.later(minutes=30)):
            self.say_yes(self.other)
        with self.at(self.later(minutes=40)):
            self.as_manager.action_processing_changed()
            self.env["privacy.activity"]._cron_follow_texts()
            self.assertFalse(self.banner())
        self.assertEqual(self.consent.status, "invalidated")
        self.assertFalse(self.consent.accepted)
        self.assertEqual(self.other.status, "given", "it came after the change")


class TestStaleForm(TextCase):
    """Somebody changed the text again while an officer looked at a form."""

    BUTTONS = ("action_only_wording_changed", "action_confirm_processing_changed")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        press(cls.consent, True)

    def setUp(self):
        super().setUp()
        self.change()
        self.digest = self.opened()

    def opened(self):
        """:return: the digest that the form sends, as the view has it"""
        view = self.as_manager.get_view(view_type="form")["arch"]
        for button in self.BUTTONS:
            (node,) = etree.fromstring(view).xpath(f"//button[@name='{button}']")
            self.assertEqual(node.get("context"), "{'texts_seen': texts_digest}")
        (values,) = self.as_manager.web_read({"texts_digest": {}})
        self.assertTrue(values["texts_digest"])
        return values["texts_digest"]

    def press_button(self, name, user=None):
        activity = self.activity.with_user(user or self.manager)
        action = getattr(activity.with_context(texts_seen=self.digest), name)()
        if name == self.BUTTONS[1]:
            self.dialog(action, user).action_end_only()
        self.refresh()

    def assert_refused(self, who):
        for name in self.BUTTONS:
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, f"changed again by {who} at .*2031"),
            ):
                self.press_button(name)
            self.refresh()
            self.assertEqual(self.banner(), 1)
            self.assertFalse(self.activity.invalid_answers_until)
            self.assertFalse(self.activity.settled_texts)

    def test_form_that_is_up_to_date(self):
        for name in self.BUTTONS:
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.press_button(name)
                self.assertTrue(self.activity.settled_texts)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_text_that_a_colleague_changed(self):
        colleague = new_test_user(
            self.env,
            "colleague",
            groups="privacy.group_data_protection_manager",
            name="Colleague",
        )
        with self.at("2031-03-01 10:00:00"):
            french = self.activity.with_user(colleague).with_context(lang="fr_FR")
            french.description = "<p>Tous les jours.</p>"
            self.refresh()
        # What others note about the activity is no change of its text.
        self.activity.requests_to_renew = False
        self.refresh()
        self.assert_refused("Colleague")
        self.digest = self.opened()
        self.press_button(self.BUTTONS[0])
        self.assertFalse(self.banner())

    def test_name_that_a_colleague_changed(self):
        seller = new_test_user(
            self.env, "seller", groups="base.group_partner_manager", name="Seller"
        )
        with self.at("2031-03-01 10:00:00"):
            self.activity.controller_id.with_user(seller).name = "Another house"
            self.refresh()
        self.assert_refused("Seller")

    def test_rights_come_first(self):
        self.change("<p>Three mails a month.</p>")
        for name in self.BUTTONS:
            with self.subTest(name), self.assertRaises(AccessError):
                self.press_button(name, self.reader)

    def test_an_edit_keeps_what_the_form_was_opened_with(self):
        form = Form(self.as_manager)
        self.assertEqual(form.texts_digest, self.digest)
        self.change("<p>Three mails a month.</p>")
        sent = {"name": "Mails", "texts_digest": self.digest}
        result = self.as_manager.onchange(sent, ["name"], dict.fromkeys(sent, {}))
        self.assertNotIn("texts_digest", result["value"])
        form.name = "Mails"
        form.save()
        self.assertEqual(form.texts_digest, self.opened())
        self.assertNotEqual(form.texts_digest, self.digest)


class TestFactsOfActivities(TextCase):
    def test_manager_writes_no_facts(self):
        facts = {
            "settled_texts": "x",
            "texts_changed_by_id": self.reader.id,
            "texts_changed_date": "2026-03-01 10:00:00",
            "invalid_answers_until": "2026-03-01 10:00:00",
            "requests_to_renew": True,
            "uuid": "00000000-0000-0000-0000-000000000000",
        }
        press(self.consent, True)
        self.change()
        before = self.activity.read(list(facts))
        for name, value in facts.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    self.as_manager.write({name: value})
                    self.env.flush_all()
                savepoint.rollback()
            self.env.invalidate_all()
            self.assertEqual(self.activity.read(list(facts)), before)

    def test_nobody_chooses_a_unique_id(self):
        activities = self.env["privacy.activity"].with_user(self.manager)
        uuid = "00000000-0000-0000-0000-000000000000"
        for change in (
            lambda: activities.create({"name": "Mine", "uuid": uuid}),
            lambda: activities.sudo().create({"name": "Mine", "uuid": uuid}),
            # as the code of a server action can
            lambda: self.activity.sudo().write({"uuid": uuid}),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
                self.env.flush_all()
            self.assertFalse(activities.search([("uuid", "=", uuid)]))

    def test_default_is_no_unique_id(self):
        activities = self.env["privacy.activity"].with_user(self.manager)
        uuid = "00000000-0000-0000-0000-000000000000"
        activity = activities.with_context(default_uuid=uuid).create({"name": "Mine"})
        self.assertNotEqual(activity.uuid, uuid)


class TestLanguagesOfTexts(TextCase):
    def deactivate(self, code):
        self.env["res.partner"].search([("lang", "=", code)]).lang = "en_US"
        self.env["res.lang"].search([("code", "=", code)]).active = False
        self.refresh()

    def test_language_that_goes_changes_no_text(self):
        self.change("<p>Eine Mail im Monat.</p>", lang="de_DE")
        press(self.consent, True, lang="de_DE")
        self.refresh()
        self.assertEqual(self.consent.answer_text_id.language, "de_DE")
        self.assertEqual(self.banner(), 0)
        self.deactivate("de_DE")
        self.assertEqual(self.banner(), 0)

    def settle(self):
        """Have somebody say that only the wording changed."""
        press(self.consent, True)
        self.change()
        self.assertEqual(self.banner(), 1)
        self.as_manager.action_only_wording_changed()
        self.assertEqual(self.banner(), 0)

    def assert_settled(self):
        self.assertEqual(self.banner(), 0)
        self.change("<p>Three mails a month.</p>")
        self.assertEqual(self.banner(), 1, "the next change is another question")

    def test_language_without_a_text_that_goes_keeps_what_was_settled(self):
        self.settle()
        self.deactivate("de_DE")
        self.assert_settled()

    def test_language_without_a_text_that_comes_keeps_what_was_settled(self):
        self.settle()
        self.env["res.lang"]._activate_lang("es_ES")
        self.assert_settled()

    def test_language_with_a_text_that_goes_keeps_what_was_settled(self):
        self.change("<p>Eine Mail im Monat.</p>", lang="de_DE")
        self.settle()
        self.deactivate("de_DE")
        self.assert_settled()

    def test_language_that_is_not_installed(self):
        """It was, when the contact was made."""
        zoe = self._create_subject("Zoe", "zoe@example.com")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET lang = 'es_ES' WHERE id = %s", [zoe.id]
        )
        self.env.invalidate_all()
        self.assertFalse(self.env["res.lang"]._get_data(code="es_ES"))
        consent = self.generate()
        self.assertEqual(consent.partner_id, zoe)
        self.assertFalse(consent.failure_reason)
        self.assertEqual(consent.request_ids.text_id.language, "en_US")
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["zoe@example.com"])
        self.assertIn("One mail a month.", mail.html)


class TestFollowingTexts(TextCase):
    def test_activity_without_a_template_keeps_nothing_busy(self):
        broken, other = self.activity, self.activity.copy({"name": "Survey"})
        self.generate(other)
        self._create_subject("Zoe", "zoe@example.com")
        self.generate(broken)
        self.generate(other)
        for activity in (broken, other):
            activity.with_user(self.manager).description = NEW
        self.assertTrue(broken.requests_to_renew)
        self.assertTrue(other.requests_to_renew)
        broken.write({"consent_required": "manual", "consent_template_id": False})
        self.refresh()
        messages = broken.message_ids
        cron = self.env.ref("privacy_consent.cron_follow_texts")
        logger = "odoo.addons.privacy_consent.models.privacy_activity_texts_followed"
        with mute_logger(logger), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        progress = self.env["ir.cron.progress"].search(
            [("cron_id", "=", cron.id)], order="id desc", limit=1
        )
        self.assertEqual(progress.remaining, 0)
        self.assertFalse(other.requests_to_renew)
        requests = other.consent_ids.request_ids
        renewed = requests.filtered(lambda one: one.state == "waiting")
        self.assertTrue(renewed)
        self.assertEqual(renewed.text_id.hash, other._text_hash("en_US"))
        said = "".join((broken.message_ids - messages).mapped("body"))
        self.assertIn("template", said)


class TestSearchingTexts(TextCase):
    def test_searching_by_a_name_does_not_crash(self):
        press(self.consent, True)
        self.refresh()
        consents = self.env["privacy.consent"].with_user(self.manager)
        texts = self.env["privacy.consent.text"].with_user(self.manager)
        events = self.env["privacy.consent.event"].with_user(self.manager)
        for name, look in {
            "consents": lambda: consents.search([("answer_text_id", "ilike", "News")]),
            "texts": lambda: texts.name_search("News"),
            "events": lambda: events.name_search("given"),
            "texts without a word": lambda: texts.name_search(""),
            "events without a word": lambda: events.name_search(""),
        }.items():
            with self.subTest(name), self.env.cr.savepoint():
                look()
