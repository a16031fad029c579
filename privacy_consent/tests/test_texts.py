# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The texts of an activity, and what their change means for those who answered."""

from lxml import etree

from odoo.exceptions import AccessError

from .answers import press
from .common import AskedCase


class TestTexts(AskedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.other = cls.consent_of(cls.luc)

    def texts(self):
        return self.env["privacy.consent.text"].search(
            [("activity_uuid", "=", self.activity.uuid)]
        )

    def change(self, description="<p>Two mails a month.</p>", lang="en_US"):
        self.activity.with_user(self.manager).with_context(
            lang=lang
        ).description = description
        self.env.flush_all()

    def follow(self):
        self.env["privacy.activity"]._cron_follow_texts()
        self.env.flush_all()
        self.env.invalidate_all()

    def banner(self):
        self.env.invalidate_all()
        return self.activity.earlier_text_count

    def todos(self):
        return self.activity.activity_ids

    def test_saving_stores_each_language_once(self):
        self.assertEqual(self.texts().mapped("language"), ["en_US"])
        self.change("<p>Un e-mail par mois.</p>", lang="fr_FR")
        self.assertEqual(set(self.texts().mapped("language")), {"en_US", "fr_FR"})
        self.change("<p>Un e-mail par mois.</p>", lang="fr_FR")
        self.assertEqual(len(self.texts()), 2)

    def test_an_edit_changes_its_own_language_only(self):
        self.change("<p>Un e-mail par mois.</p>", lang="fr_FR")
        self.change("<p>Two mails a month.</p>")
        french = self.activity.with_context(lang="fr_FR")
        self.assertEqual(french.description, "<p>Un e-mail par mois.</p>")
        self.change("<p>Trois e-mails.</p>", lang="fr_FR")
        english = self.activity.with_context(lang="en_US")
        self.assertEqual(english.description, "<p>Two mails a month.</p>")
        german = self.activity.with_context(lang="de_DE")
        self.assertEqual(german.description, "<p>Two mails a month.</p>")

    def test_list_names_the_languages(self):
        self.change("<p>Un e-mail par mois.</p>", lang="fr_FR")
        self.env["res.partner"].search([("lang", "=", "fr_FR")]).lang = "en_US"
        self.env["res.lang"].search([("code", "=", "fr_FR")]).active = False
        names = {one.language: one.language_label for one in self.texts()}
        self.assertIn("French", names["fr_FR"])
        self.assertIn("English", names["en_US"])
        arch = etree.fromstring(
            self.activity.with_user(self.manager).get_view(view_type="form")["arch"]
        )
        self.assertTrue(arch.xpath("//list/field[@name='language_label']"))
        self.assertFalse(arch.xpath("//list/field[@name='language']"))

    def test_description_is_sanitized(self):
        self.change('<p onclick="x()">a<script>b</script><style>p{}</style></p>')
        self.assertEqual(self.activity.description, "<p>a</p>")

    def test_languages_without_a_text_are_named(self):
        self.change("<p>Un e-mail par mois.</p>", lang="fr_FR")
        self.assertIn("German", self.activity.languages_without_text)
        self.assertNotIn("French", self.activity.languages_without_text)

    def test_answers_are_counted_by_text(self):
        press(self.consent, True)
        press(self.other, False)
        self.change()
        press(self.other, False)
        counts = self.texts().sorted("id").mapped("answer_count")
        self.assertEqual(sum(counts), 2)

    def test_banner_and_to_do(self):
        self.assertFalse(self.banner())
        self.change()
        self.assertFalse(self.banner(), "nobody accepted the earlier text")
        self.assertFalse(self.todos())
        press(self.consent, True)
        press(self.other, False)
        self.change("<p>Three mails a month.</p>")
        self.assertEqual(self.banner(), 1)
        self.assertEqual(self.todos().user_id, self.manager)
        self.change("<p>Four mails a month.</p>")
        self.assertEqual(len(self.todos()), 1)

    def test_wording_only(self):
        press(self.consent, True)
        self.change()
        self.activity.with_user(self.manager).action_only_wording_changed()
        self.assertFalse(self.banner())
        self.assertFalse(self.todos())
        event = self.env["privacy.consent.event"].search(
            [("activity_uuid", "=", self.activity.uuid), ("kind", "=", "wording")]
        )
        self.assertEqual(event.text_id.hash, self.activity._text_hash("en_US"))
        self.assertEqual((event.by, event.staff), ("staff", self.manager.name))
        self.follow()
        self.assertEqual(self.consent.status, "given")
        self.change("<p>Three mails a month.</p>")
        self.assertEqual(self.banner(), 1, "the next change is another question")

    def test_processing_changed(self):
        press(self.consent, True)
        press(self.other, False)
        with self.at(self.later(minutes=1)):
            self.change()
            self.activity.with_user(self.manager).action_processing_changed()
        with self.at(self.later(minutes=2)):
            zoe = self._create_subject("Zoe", "zoe@example.com")
            self.generate()
            self.run_queue()
            press(self.consent_of(zoe), True)
            self.follow()
        self.assertEqual(self.consent.status, "invalidated")
        self.assertFalse(self.consent.accepted)
        self.assertEqual(self.consent.state, "answered")
        event = self.consent.event_ids[0]
        self.assertEqual(
            (event.kind, event.by, event.staff),
            ("invalidated", "staff", self.manager.name),
        )
        self.assertEqual(self.other.status, "refused", "a refusal stays")
        self.assertEqual(self.consent_of(zoe).status, "given", "to the present text")
        self.assertFalse(self.banner())
        count = len(self.consent.event_ids)
        self.follow()
        self.assertEqual(len(self.consent.event_ids), count, "once")
        with self.at(self.later(minutes=3)):
            press(self.consent, True)
        self.assertEqual(self.consent.status, "given", "they may give it again")

    def test_processing_changed_runs_the_server_action(self):
        press(self.consent, True)
        self.activity.server_action_id = self.env.ref("privacy_consent.sync_blacklist")
        self.change()
        self.activity.with_user(self.manager).action_processing_changed()
        with self.at(self.later(minutes=1)):
            self.follow()
        blacklist = self.env["mail.blacklist"].search([("email", "=", self.ann.email)])
        self.assertTrue(blacklist)

    def test_only_managers_say_what_a_change_means(self):
        press(self.consent, True)
        self.change()
        for name in ("action_only_wording_changed", "action_processing_changed"):
            with self.assertRaises(AccessError):
                getattr(self.activity.with_user(self.reader), name)()

    def test_waiting_requests_are_made_anew(self):
        zoe = self._create_subject("Zoe", "zoe@example.com")
        self.generate()
        self.change()
        self.follow()
        mails = [mail for mail in self.run_queue() if mail.links()]
        self.assertEqual([mail.to for mail in mails], [["zoe@example.com"]])
        self.assertIn("Two mails a month.", mails[0].html)
        requests = self.consent_of(zoe).request_ids
        self.assertEqual(requests.mapped("state"), ["delivered", "cancelled"])

    def test_continue_asks_with_the_present_text(self):
        self._create_subject("Zoe", "zoe@example.com")
        self.generate()
        manager = self.activity.with_user(self.manager)
        manager.action_stop_asking()
        self.change()
        manager.action_continue_asking()
        self.follow()
        mails = [mail for mail in self.run_queue() if mail.links()]
        self.assertEqual([mail.to for mail in mails], [["zoe@example.com"]])
        self.assertIn("Two mails a month.", mails[0].html)

    def test_nothing_is_asked_that_did_not_wait(self):
        self.change()
        self.follow()
        self.assertFalse([mail for mail in self.run_queue() if mail.links()])
