# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several activities in one request: one mail, one page, and an event for each."""

import re
from datetime import datetime, timedelta

from odoo.exceptions import ValidationError
from odoo.tests import HttpCase, tagged

from .. import links
from ..links.proof import NotProven
from .answers import FIREFOX, deliver, press
from .common import ConsentCase, local

ASKED = datetime(2026, 3, 2, 9)
INPUT = re.compile(r'<input type="(hidden|radio)"([^>]*)>')
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


class TogetherCase(ConsentCase):
    """Greetings are asked together with the newsletter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.greetings = cls.activity.copy(
            {
                "name": "Greetings",
                "description": "<p>A card on your birthday.</p>",
                "ask_with_id": cls.activity.id,
                "server_action_id": False,
            }
        )
        cls.env.flush_all()

    def both(self, partner=None):
        """:return: the consents of one subject, that to the newsletter first"""
        partner = partner or self.ann
        return [
            self.consent_of(partner, one) for one in (self.activity, self.greetings)
        ]

    def sent(self):
        """:return: the mails that leave, by the address of the person"""
        mails = [one for one in self.run_queue() if one.links()]
        by_address = {mail.to[0]: mail for mail in mails}
        self.assertEqual(len(by_address), len(mails), "one mail for each")
        return by_address

    def ask(self, activity=None):
        self.generate(activity)
        return self.sent()

    def kinds(self, consent):
        return [
            (one.kind, one.state, one.cause) for one in consent.request_ids.sorted("id")
        ]

    def events(self, consent):
        return consent.event_ids.sorted("id").mapped("kind")


@tagged("post_install", "-at_install")
class TestTogether(TogetherCase):
    def test_one_mail_and_a_request_for_each(self):
        mails = self.ask()
        self.assertEqual({*mails}, {"ann@example.com", "luc@example.com"})
        mail, (letter, card) = mails["ann@example.com"], self.both()
        self.assertIn(f"/{letter.id}/", mail.links()["accept"])
        self.assertNotIn(f"/{card.id}/", mail.html)
        self.assertIn("One mail a month.", mail.text)
        self.assertIn("A card on your birthday.", mail.text)
        self.assertEqual(mail.subject, "Do you consent to “Newsletter”? (and 1 more)")
        requests = letter.request_ids + card.request_ids
        self.assertEqual(requests.mapped("state"), ["delivered"] * 2)
        self.assertEqual(len(requests.mail_id), 1)
        self.assertEqual(requests.text_id.mapped("name"), ["Newsletter", "Greetings"])
        for consent, request in ((letter, requests[0]), (card, requests[1])):
            self.assertEqual(consent.state, "sent")
            event = consent.event_ids
            self.assertEqual(event.kind, "requested")
            self.assertEqual(event.request_uuid, request.uuid)
            self.assertEqual(event.text_id, request.text_id)
        self.assertFalse(self.ask(), "nobody is asked twice")
        self.assertFalse(self.ask(self.greetings))

    def test_from_the_other_activity(self):
        self.assertEqual(len(self.ask(self.greetings)), 2)
        letter, card = self.both()
        self.assertEqual(letter.request_ids.mail_id, card.request_ids.mail_id)
        self.assertEqual(letter.request_ids.mail_id.res_id, letter.id)
        run = self.greetings.sudo().generation_ids
        self.assertFalse(run.pending)
        self.assertEqual(self.activity.sudo().generation_ids.generated_count, 2)

    def test_daily_run(self):
        self.env["privacy.activity"]._cron_new_consents()
        self.assertEqual({*self.sent()}, {"ann@example.com", "luc@example.com"})

    def test_whoever_is_due_for_one_alone(self):
        self.greetings.subject_domain = f"[('id', '=', {self.luc.id})]"
        mails = self.ask()
        self.assertNotIn("A card on your birthday.", mails["ann@example.com"].text)
        self.assertIn("A card on your birthday.", mails["luc@example.com"].text)
        self.assertFalse(self.consent_of(self.ann, self.greetings))

    def test_in_the_language_of_the_person(self):
        self.env["ir.ui.view"].search(
            [("key", "=", "privacy_consent.mail_along_after")]
        ).update_field_translations(
            "arch_db",
            {
                "fr_FR": {
                    "We ask for your decision on this, too, with the same links:": (
                        "Aussi :"
                    )
                }
            },
        )
        self.greetings.with_context(lang="fr_FR").name = "Vœux"
        mail = self.ask()["luc@example.com"]
        self.assertIn("Aussi :", mail.text)
        self.assertIn("Vœux", mail.text)
        _letter, card = self.both(self.luc)
        self.assertEqual(card.request_ids.text_id.language, "fr_FR")

    def test_what_fails_at_the_other_stops_nobody(self):
        self.env.cr.execute(
            "UPDATE privacy_activity SET subject_domain = '[(''nothing'', ''='', 1)]'"
            " WHERE id = %s",
            [self.greetings.id],
        )
        self.greetings.invalidate_recordset()
        mails = self.ask()
        self.assertNotIn("A card on your birthday.", mails["ann@example.com"].text)

    def test_none_for_what_asks_nobody(self):
        for name, values in {
            "by hand": {"consent_required": "manual"},
            "archived": {"active": False},
            "stopped": {"asking_stopped": True},
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.greetings.write(values)
                self.ask()
                self.assertFalse(self.consent_of(self.ann, self.greetings))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_chosen_in_a_list(self):
        self.greetings.consent_required = self.activity.consent_required = "manual"
        self.generate(), self.generate(self.greetings)
        letter, card = self.both()
        self.ask_selected(letter + card)
        self.assertEqual({*self.sent()}, {"ann@example.com"})
        self.assertEqual(letter.request_ids.mail_id, card.request_ids.mail_id)

    def preview(self, activity):
        return self.dialog(activity.with_user(self.manager).action_preview_request())

    def test_preview_and_test_mail_hold_all(self):
        title = "Do you consent to “Newsletter”? (and 1 more)"
        texts = ("Its links open", "One mail a month.", "A card on your birthday.")
        # The template is that of the leading one.
        self.greetings.consent_template_id = self.template.copy({"subject": "Cards"})
        for activity in (self.activity, self.greetings):
            with self.subTest(activity.name):
                preview = self.preview(activity)
                self.assertEqual(
                    (preview.partner_id, preview.subject), (self.ann, title)
                )
                preview.action_send_test()
                (mail,) = self.run_queue()
                self.assertEqual(mail.subject, f"[Test] {title}")
                for text in texts:
                    self.assertIn(text, preview.body_html)
                    self.assertIn(text, mail.text)
                self.assertEqual(mail.text.count("/privacy/consent/test?db="), 3)
        self.assertFalse(self.activity.consent_ids + self.greetings.consent_ids)

    def test_preview_of_what_is_due_alone(self):
        self.greetings.subject_domain = f"[('id', '=', {self.luc.id})]"
        preview = self.preview(self.activity)
        self.assertEqual(preview.partner_id, self.ann)
        self.assertNotIn("A card on your birthday.", preview.body_html)
        preview.partner_id = self.luc
        self.assertIn("A card on your birthday.", preview.body_html)
        # Nobody is to be asked any more: it shows what everybody got.
        self.ask()
        self.assertIn("A card on your birthday.", self.preview(self.activity).body_html)

    def test_preview_where_the_filter_of_the_other_fails(self):
        self.greetings.flush_recordset()
        self.env.cr.execute(
            "UPDATE privacy_activity SET subject_domain = '[(''nothing'', ''='', 1)]'"
            " WHERE id = %s",
            [self.greetings.id],
        )
        self.greetings.invalidate_recordset()
        preview = self.preview(self.activity)
        self.assertFalse(preview.error)
        self.assertNotIn("A card on your birthday.", preview.body_html)

    def test_dialog_counts_a_shared_mail_once(self):
        self.greetings.consent_required = self.activity.consent_required = "manual"
        self.generate(), self.generate(self.greetings)
        action = (self.both()[0] + self.both()[1]).with_user(self.manager)
        dialog = self.dialog(action.action_manual_ask())
        self.assertEqual(dialog.asked_count, 1)
        self.assertEqual(
            {*dialog.activities.splitlines()}, {"Newsletter: 1", "Greetings: 1"}
        )

    def test_retried_after_one_was_asked_alone(self):
        """The old mail would ask about both."""
        self.generate()
        letter, card = self.both()
        mail = letter.request_ids.mail_id
        mail.write({"state": "exception", "failure_reason": "450 Later"})
        letter.action_auto_ask()
        self.sent()
        with self.assert_wakes("privacy_consent.cron_effects"):
            mail.mark_outgoing()
        self.assertEqual(mail.state, "cancel")
        self.env["privacy.consent"]._cron_effects()
        again = self.sent()["ann@example.com"]
        self.assertIn("A card on your birthday.", again.text)
        self.assertNotIn("One mail a month.", again.text)
        self.assertEqual(
            [self.kinds(one)[0] for one in (letter, card)],
            [("first", "cancelled", "replaced")] * 2,
        )
        for consent in (letter, card):
            self.assertEqual(self.kinds(consent)[1][1], "delivered")
            self.assertEqual(len(consent.request_ids), 2)

    def test_a_bounce_is_of_both(self):
        self.ask()
        letter, card = self.both()
        for request in letter.request_ids + card.request_ids:
            request.sudo()._bounced(True, "550 gone", self.later())
        self.ann.email = "new@example.com"
        self.env["privacy.consent"]._cron_effects()
        self.assertEqual({*self.sent()}, {"new@example.com"})
        self.assertEqual(self.events(card), ["requested", "bounced", "requested"])

    def test_what_cannot_be_made_is_said_on_both(self):
        self.template.email_from = "{{ object.nothing }}"
        with self.assertLogs("odoo.addons.privacy_consent.models", "WARNING"):
            self.generate()
        for consent in self.both():
            self.assertEqual(consent.request_state, "failed")
            self.assertIn("cannot be made", consent.failure_reason)

    def test_erased(self):
        for number in range(2):
            with self.subTest(number), self.env.cr.savepoint() as savepoint:
                self.ask()
                consents = self.both()
                rest = consents[1 - number]
                consents[number]._erase("wish")
                self.env.flush_all()
                self.assertEqual(self.kinds(rest), [("first", "delivered", False)])
                savepoint.rollback()
                self.env.invalidate_all()

    def test_only_of_one_controller_and_one_deep(self):
        third = self.activity.copy({"name": "Third"})
        for activity, values, reason in (
            (self.greetings, {"controller_id": self.ann.id}, "same controller"),
            (self.activity, {"controller_id": self.ann.id}, "same controller"),
            (third, {"ask_with_id": self.greetings.id}, "choose the same"),
            (self.activity, {"ask_with_id": third.id}, "choose the same"),
            (third, {"ask_with_id": third.id}, "choose the same"),
        ):
            with self.subTest(values), self.assertRaises(ValidationError) as refused:
                activity.write(values)
            self.assertIn(reason, str(refused.exception))


@tagged("post_install", "-at_install")
class TestStopOfOne(TogetherCase):
    """What is stopped leaves no more, and the rest is asked with a mail of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()

    def setUp(self):
        super().setUp()
        self.letter, self.card = self.both()
        self.mail = self.letter.request_ids.mail_id

    def assert_alone(self, rest, other, text):
        """Check that a person is asked for the rest alone, and once."""
        self.env.flush_all()
        self.env["privacy.consent"]._cron_effects()
        mail = self.sent()["ann@example.com"]
        self.assertNotIn(text, mail.text)
        self.assertNotIn("Your links open", mail.text)
        self.assertEqual(
            self.kinds(rest),
            [("first", "cancelled", "replaced"), ("first", "delivered", False)],
        )
        self.assertNotIn("delivered", other.request_ids.mapped("state"))
        self.assertEqual(self.mail.state, "cancel")
        self.env["privacy.consent"]._cron_effects()
        self.assertFalse(self.sent())

    def test_stop_of_the_other(self):
        self.greetings.action_stop_asking()
        self.assert_alone(self.letter, self.card, "A card on your birthday.")

    def test_stop_of_the_leading(self):
        self.activity.action_stop_asking()
        self.assert_alone(self.card, self.letter, "One mail a month.")

    def test_switched_off_when_it_would_leave(self):
        self.greetings._write({"active": False})
        self.env.invalidate_all()
        self.assertFalse(self.sent())
        self.assertEqual(self.card.request_ids.cause, "off")
        self.assert_alone(self.letter, self.card, "A card on your birthday.")

    def test_answered_meanwhile(self):
        press(self.letter, True)
        self.assert_alone(self.card, self.letter, "One mail a month.")
        self.assertEqual(self.letter.status, "given")

    def test_both_stopped(self):
        self.greetings.action_stop_asking()
        self.activity.action_stop_asking()
        self.env["privacy.consent"]._cron_effects()
        self.assertFalse(self.sent())

    def test_answered_both_meanwhile(self):
        with self.at(self.later(minutes=1)):
            press(self.letter, True)
            press(self.card, False)
        with self.at(self.later(minutes=2)):
            self.env["privacy.consent"]._cron_effects()
            self.assertNotIn("ann@example.com", self.sent())

    def test_another_text_meanwhile(self):
        self.greetings.description = "<p>A card at New Year.</p>"
        self.env["privacy.activity"]._cron_follow_texts()
        self.env["privacy.consent"]._cron_effects()
        mail = self.sent()["ann@example.com"]
        self.assertIn("A card at New Year.", mail.text)
        self.assertIn("One mail a month.", mail.text)
        self.assertEqual(self.letter.request_ids.mail_id, self.card.request_ids.mail_id)

    def test_mail_cancelled_by_hand(self):
        self.mail.cancel()
        for consent in (self.letter, self.card):
            self.assertEqual(self.kinds(consent), [("first", "cancelled", "mail")])


@tagged("post_install", "-at_install")
class TestLifeTogether(TogetherCase):
    """Who was asked with one mail is reminded with one, and asked again with one."""

    def setUp(self):
        super().setUp()
        life = {"reminder_count": 2, "validity_months": 2, "renewal_days": 10}
        (self.activity + self.greetings).write(life)
        with self.at(ASKED):
            self.ask()
        self.letter, self.card = self.both()

    def live(self, moment):
        with self.at(moment):
            self.env["privacy.activity"]._cron_life()
            self.env.flush_all()
            return self.sent()

    def test_reminders(self):
        for day, number in ((8, 1), (16, 2)):
            mail = self.live(ASKED + timedelta(days=day))["ann@example.com"]
            self.assertEqual(mail.text.count("This is a reminder"), 2)
            for consent in (self.letter, self.card):
                last = consent.last_request_id
                self.assertEqual((last.kind, last.number), ("reminder", number))
        self.assertFalse(self.live(ASKED + timedelta(days=30)))

    def test_reminder_of_what_is_still_open(self):
        with self.at(ASKED + timedelta(days=1)):
            press(self.letter, False)
        mails = self.live(ASKED + timedelta(days=8))
        self.assertNotIn("One mail a month.", mails["ann@example.com"].text)
        self.assertIn("One mail a month.", mails["luc@example.com"].text)
        self.assertEqual(self.kinds(self.letter), [("first", "delivered", False)])

    def test_reminders_at_other_times(self):
        self.greetings.reminder_days = 14
        mail = self.live(ASKED + timedelta(days=8))["ann@example.com"]
        self.assertNotIn("A card on your birthday.", mail.text)
        mail = self.live(ASKED + timedelta(days=14))["ann@example.com"]
        self.assertNotIn("One mail a month.", mail.text)

    def test_stop_of_one_while_the_reminder_waits(self):
        with self.at(ASKED + timedelta(days=8)):
            self.env["privacy.activity"]._cron_life()
            self.greetings.action_stop_asking()
            self.env["privacy.consent"]._cron_effects()
            mail = self.sent()["ann@example.com"]
        self.assertIn("This is a reminder", mail.text)
        self.assertNotIn("A card on your birthday.", mail.text)
        last = self.letter.last_request_id
        self.assertEqual((last.kind, last.number), ("reminder", 1))
        # The number of reminders is what it would have been.
        self.live(ASKED + timedelta(days=16))
        self.assertEqual(self.letter.last_request_id.number, 2)
        self.assertFalse(self.live(ASKED + timedelta(days=30)))

    def forecast(self, activity):
        """:return: in how many mails within 30 days, and what follows when"""
        activity = activity.with_user(self.manager)
        action = activity.action_show_forecast()
        rows = self.env[action["res_model"]].search(action["domain"])
        ann = rows.filtered(lambda one: one.consent_id.partner_id == self.ann)
        mails = self.dialog(activity.action_set_life()).mail_count
        return mails, [(one.kind, str(one.date), one.activity_id) for one in ann]

    def test_forecast_counts_a_shared_mail_once(self):
        with self.at(ASKED + timedelta(days=1)):
            reminder = ("reminder", "2026-03-09", self.activity)
            for activity, mails in ((self.activity, 4), (self.greetings, 0)):
                self.assertEqual(self.forecast(activity), (mails, [reminder]))
            self.greetings.reminder_days = 14
            late = ("reminder", "2026-03-16", self.greetings)
            self.assertEqual(self.forecast(self.activity), (4, [reminder, late]))
            # A second reminder on the day of a first one is a mail of its own.
            self.assertEqual(self.forecast(self.greetings)[0], 4)
            self.activity.asking_stopped = True
            self.assertEqual(self.forecast(self.activity), (0, [late]))
            self.assertEqual(self.forecast(self.greetings)[0], 4)

    def test_forecast_of_renewals(self):
        for consent, day in ((self.letter, 1), (self.card, 1)):
            with self.at(ASKED + timedelta(days=day)):
                press(consent, True)
        with self.at("2026-04-10 09:00:00"):
            (self.activity + self.greetings).reminder_count = 0
            mails, rows = self.forecast(self.greetings)
            self.assertEqual(mails, 0)
            self.assertEqual(self.forecast(self.activity), (1, rows))
            self.assertEqual(
                [(kind, activity) for kind, _day, activity in rows],
                [
                    ("renewal", self.activity),
                    ("expired", self.activity),
                    ("expired", self.greetings),
                ],
            )

    def test_processing_changed_asks_about_that_alone(self):
        with self.at(ASKED + timedelta(days=1)):
            press(self.letter, True)
            press(self.card, True)
        self.activity.description = "<p>A letter a day.</p>"
        self.activity.action_processing_changed("A letter a day.")
        self.env["privacy.activity"]._cron_follow_texts()
        mail = self.sent()["ann@example.com"]
        self.assertNotIn("A card on your birthday.", mail.text)
        self.assertEqual(
            (self.letter.status, self.card.status), ("invalidated", "given")
        )

    def test_renewals(self):
        with self.at(ASKED + timedelta(days=1)):
            press(self.letter, True)
            press(self.card, True)
        mail = self.live("2026-04-25 09:00:00")["ann@example.com"]
        self.assertEqual(mail.text.count("Your consent ends on"), 2)
        for consent in (self.letter, self.card):
            self.assertEqual(consent.last_request_id.kind, "renewal")


@tagged("post_install", "-at_install")
class TestTogetherPage(TogetherCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # No page of a browser's is opened, and no report is made.
        cls.env["ir.config_parameter"].set_param("web.base.url", cls.base_url())

    def setUp(self):
        super().setUp()
        with self.at(self.later(minutes=-5)):
            mail = self.ask()["ann@example.com"]
        self.letter, self.card = self.both()
        self.urls = {word: local(url) for word, url in mail.links().items()}

    def open(self, url, **form):
        self.env.flush_all()
        response = self.url_open(
            url, data=form or None, headers={"User-Agent": FIREFOX}
        )
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return response.text

    def inputs(self, html, kind):
        return [
            dict(ATTRIBUTE.findall(attributes))
            for found, attributes in INPUT.findall(html)
            if found == kind
        ]

    def press(self, html, **chosen):
        """Send the form as a browser would without scripts."""
        url = re.search(r'<form method="post" action="([^"]*)"', html)[1]
        hidden = {one["name"]: one["value"] for one in self.inputs(html, "hidden")}
        return self.open(url.replace("&amp;", "&"), **hidden, **chosen)

    def choice(self, consent, word):
        return {f"choice-{consent.id}": word}

    def test_nothing_is_chosen_in_advance(self):
        for word in ("accept", "reject"):
            html = self.open(self.urls[word])
            radios = self.inputs(html, "radio")
            self.assertEqual(
                [(one["name"], one["value"]) for one in radios],
                [
                    (f"choice-{consent.id}", value)
                    for consent in (self.letter, self.card)
                    for value in ("accept", "reject")
                ],
            )
            self.assertNotIn("checked", "".join(map(str, radios)))
            self.assertEqual(html.count("<fieldset"), 2)
            self.assertEqual(html.count("<legend"), 2)
            self.assertNotIn("<script", html)
            # Both look the same.
            loud = re.findall(r'<button[^>]*class="([^"]*)"[^>]*name="all"', html)
            self.assertEqual(loud, ["quiet", "quiet"])
        self.assertEqual(self.events(self.letter), ["requested"])

    def test_some_are_answered_and_others_left_open(self):
        html = self.press(
            self.open(self.urls["accept"]), **self.choice(self.card, "accept")
        )
        self.assertIn("Your answers are recorded", html)
        self.assertEqual(self.events(self.letter), ["requested"])
        self.assertEqual(self.events(self.card), ["requested", "given"])
        event = self.card.event_ids.sorted("id")[-1]
        self.assertEqual((event.by, event.channel), ("subject", "mail_link"))
        self.assertEqual(event.text_id, self.card.request_ids.text_id)
        # One already answered, the other chosen now.
        html = self.press(html, **self.choice(self.letter, "reject"))
        self.assertEqual(self.letter.status, "refused")
        self.assertEqual(self.card.status, "given")

    def test_each_its_own(self):
        html = self.open(self.urls["reject"])
        self.press(
            html,
            **self.choice(self.letter, "accept"),
            **self.choice(self.card, "reject"),
        )
        self.assertEqual((self.letter.status, self.card.status), ("given", "refused"))

    def test_all(self):
        for word, status in (("accept", "given"), ("reject", "withdrawn")):
            self.press(self.open(self.urls["accept"]), all=word)
            self.assertEqual({self.letter.status, self.card.status}, {status})

    def test_nothing_chosen(self):
        html = self.press(self.open(self.urls["accept"]))
        self.assertIn("you have chosen nothing", html)
        self.assertEqual(self.letter.state, "sent")

    def test_a_text_changed_meanwhile(self):
        html = self.open(self.urls["accept"])
        self.greetings.description = "<p>A card at New Year.</p>"
        html = self.press(html, all="accept")
        self.assertIn("Nothing was recorded for these", html)
        self.assertIn("A card at New Year.", html)
        self.assertEqual((self.letter.status, self.card.status), ("given", "requested"))

    def test_in_another_language(self):
        url = f"{self.urls['accept']}&lang=fr_FR"
        self.greetings.with_context(lang="fr_FR").name = "Vœux"
        html = self.open(url)
        self.assertIn('lang="fr-FR"', html)
        self.assertIn("Vœux", html)
        html = self.press(html, all="accept")
        self.assertIn("Vœux", html)
        self.assertEqual(self.card.answer_text_id.language, "fr_FR")

    def test_opened_link_is_no_answer(self):
        self.activity.one_click_answers = True
        self.open(self.urls["accept"])
        self.assertEqual(self.letter.state, "sent")

    def test_links_of_others_give_no_more_than_their_own(self):
        own = local(self.card._url(True))
        html = self.open(own)
        self.assertNotIn("<fieldset", html)
        self.assertNotIn("One mail a month.", html)
        # Not even with what the other page handed out.
        hidden = {
            one["name"]: one["value"]
            for one in self.inputs(self.open(self.urls["accept"]), "hidden")
        }
        choose = own.replace("/accept/", "/choose/")
        self.open(choose, **hidden, all="accept")
        self.assertEqual((self.letter.state, self.card.state), ("sent", "sent"))

    def test_another_consent_of_the_person(self):
        third = self.activity.copy({"name": "Third", "ask_with_id": False})
        self.ask(third)
        html = self.open(self.urls["accept"])
        self.assertEqual(html.count("<fieldset"), 2)
        with self.assertRaises(NotProven):
            self.press_through(self.letter, self.consent_of(self.ann, third))
        with self.assertRaises(NotProven):
            self.press_through(self.card, self.letter)
        self.press_through(self.letter, self.card)

    def press_through(self, link, consent):
        """Give consent with a nonce that only the server could make."""
        link, consent = link.sudo(), consent.sudo()
        button = links.nonce.button(link.id, "accept", consent.ids)
        proof = links.proof.pressed(
            "mail_link",
            link.id,
            link._token(),
            button,
            consent._button_nonce(button, "en_US"),
            links.proof.Origin("192.0.2.7", FIREFOX, "en_US", "page 1"),
        )
        consent._record_answer(True, proof)

    def test_former_address(self):
        html = self.open(self.urls["accept"])
        self.ann.email = "new@example.com"
        self.assertNotIn("<fieldset", self.open(self.urls["accept"]))
        self.assertNotIn("Greetings", self.open(self.urls["accept"]))
        self.press(html, all="accept")
        self.assertEqual((self.letter.state, self.card.state), ("sent", "sent"))
        self.press(html, all="reject")
        self.assertEqual({self.letter.status, self.card.status}, {"refused"})

    def test_unsubscribed_by_a_mail_program(self):
        url = self.urls["reject"].replace("/reject/", "/unsubscribe/")
        self.open(url, **{"List-Unsubscribe": "One-Click"})
        self.assertEqual({self.letter.status, self.card.status}, {"refused"})

    def test_unsubscribed_after_the_links_were_invalidated(self):
        url = self.urls["reject"].replace("/reject/", "/unsubscribe/")
        self.letter.with_user(self.manager).action_invalidate_links()
        self.env.flush_all()
        self.open(url, **{"List-Unsubscribe": "One-Click"})
        self.assertEqual({self.letter.status, self.card.status}, {"refused"})

    def test_unsubscribed_from_a_mail_about_one(self):
        press(self.card, True)
        self.letter._ask("again")
        deliver(self.letter, self.letter._open_requests().mail_id)
        url = self.urls["reject"].replace("/reject/", "/unsubscribe/")
        self.open(url, **{"List-Unsubscribe": "One-Click"})
        self.assertEqual((self.letter.status, self.card.status), ("refused", "given"))

    def test_contacts_merged_meanwhile(self):
        html = self.open(self.urls["accept"])
        zoe = self._create_subject("Zoe", "ann@example.com")
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            [self.ann.id, zoe.id], zoe
        )
        self.press(html, all="accept")
        self.assertEqual({self.letter.status, self.card.status}, {"given"})

    def test_after_the_group_is_gone(self):
        self.greetings.ask_with_id = False
        self.press(self.open(self.urls["accept"]), all="accept")
        self.assertEqual(self.card.status, "given")
