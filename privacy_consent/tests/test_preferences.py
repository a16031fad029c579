# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a subject is shown of all that they were asked, and what they may do there."""

from functools import partial

from lxml import html

from odoo.tests import HttpCase, tagged

from .answers import FIREFOX, press
from .common import ConsentCase

NAMES = ["Newsletter", "Profiles"]
MASKED = "a•••@example.com"
SEND = f"Send the request to {MASKED}"
ALL = "Reject and withdraw all"


class PreferencesCase(ConsentCase):
    """Ann and Luc were asked about two activities."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profiles = cls.activity.copy({"name": "Profiles"})
        cls.generate()
        cls.generate(cls.profiles)
        cls.run_queue()
        cls.newsletter = cls.consent_of(cls.ann)
        cls.profile = cls.consent_of(cls.ann, cls.profiles)

    def history(self, consent):
        """:return: the answers of a consent, newest first, in few words"""
        history = consent.sudo()._preference()["history"]
        return [
            (str(event.answered_at)[:10], entry["accepted"], entry["by_subject"])
            for event, entry in zip(consent.sudo()._answers(), history, strict=True)
        ]


class TestPreferences(PreferencesCase):
    def shown(self):
        return self.env["privacy.consent"].sudo()._preferences_of(self.ann)

    def test_all_of_this_contact(self):
        self.assertEqual(self.shown(), self.newsletter + self.profile)

    def test_nothing_of_another_contact_with_the_same_address(self):
        twin = self._create_subject("Twin", self.ann.email)
        self.generate()
        self.run_queue()
        self.assertEqual(self.consent_of(twin).state, "sent")
        self.assertEqual(self.shown(), self.newsletter + self.profile)

    def test_nothing_of_the_company(self):
        company = self._create_subject("Works", "works@example.com", is_company=True)
        self.ann.parent_id = company
        self.generate()
        self.run_queue()
        self.assertEqual(self.consent_of(company).state, "sent")
        self.assertEqual(self.shown(), self.newsletter + self.profile)

    def test_neither_archived_nor_drafts(self):
        self.newsletter.active = False
        draft = self.activity.copy({"name": "Draft", "consent_required": "manual"})
        self.generate(draft)
        self.assertEqual(self.consent_of(self.ann, draft).state, "draft")
        self.assertEqual(self.shown(), self.profile)

    def test_answer_and_whose_it_is(self):
        self.assertEqual(self.newsletter._preference()["answer"], "none")
        self.newsletter.with_user(self.manager).accepted = True
        self.assertEqual(self.newsletter._preference()["answer"], "none")
        self.activity.default_consent = True
        self.assertEqual(self.newsletter._preference()["answer"], "assumed")
        self.newsletter.with_user(self.manager).action_answer(True)
        preference = self.newsletter._preference()
        self.assertEqual(preference["answer"], "accepted")
        self.assertFalse(preference["by_subject"])
        self.assertFalse(preference["accepted"], "not theirs to withdraw")
        self.newsletter.action_answer(False)
        preference = self.newsletter._preference()
        self.assertFalse(preference["by_subject"], "a program's")
        self.assertFalse(preference["history"][0]["by_subject"])
        press(self.newsletter, False)
        preference = self.newsletter._preference()
        self.assertEqual(preference["answer"], "rejected")
        self.assertTrue(preference["by_subject"])

    def test_accepted_by_default_is_assumed(self):
        self.activity.default_consent = True
        eve = self._create_subject("Eve", "eve@example.com")
        self.generate()
        self.run_queue()
        preference = self.consent_of(eve)._preference()
        self.assertEqual(preference["answer"], "assumed")
        self.assertFalse(preference["history"])

    def test_date_is_readable_and_in_the_subjects_time(self):
        self.ann.tz = "Asia/Tokyo"
        with self.at("2026-03-01 20:00:00"):
            press(self.newsletter, True)
        date = self.newsletter.with_context(lang="en_US")._preference()["date"]
        self.assertRegex(date, r"March 2, 2026.* 5:00:00.AM")

    def test_history(self):
        staffs = self.newsletter.with_user(self.manager)
        for moment, record, answer in [
            ("2026-03-01", partial(press, self.newsletter), True),
            ("2026-03-02", partial(press, self.newsletter), True),
            ("2026-03-03", staffs.action_answer, False),
            ("2026-03-04", staffs.action_answer, True),
            ("2026-03-05", partial(press, self.newsletter), False),
        ]:
            with self.at(f"{moment} 10:00:00"):
                record(answer)
                self.newsletter.message_post(body="A note of staff's")
        self.assertEqual(
            self.history(self.newsletter),
            [
                ("2026-03-05", False, True),
                ("2026-03-04", True, False),
                ("2026-03-03", False, False),
                ("2026-03-02", True, True),
                ("2026-03-01", True, True),
            ],
        )
        self.assertFalse(self.history(self.profile))

    def test_history_of_merged_contacts(self):
        double = self._create_subject("Double", "double@example.com")
        self.generate()
        self.run_queue()
        with self.at("2026-03-01 10:00:00"):
            press(self.consent_of(double), True)
        with self.at("2026-03-02 10:00:00"):
            press(self.newsletter, False)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.ann + double).ids, self.ann
        )
        self.assertEqual(self.shown(), self.newsletter + self.profile)
        self.assertEqual(
            self.history(self.newsletter),
            [("2026-03-02", False, True), ("2026-03-01", True, True)],
        )

    def requests(self):
        """:return: how many requests to Ann wait in the mail queue"""
        return len(self.newsletter._open_requests())

    def test_new_request_once_a_day(self):
        consent = self.newsletter.sudo()
        consent._ask_again()
        self.assertEqual(self.requests(), 0, "one was delivered today")
        with self.at(self.later(days=2)):
            consent._ask_again()
            self.assertEqual(self.requests(), 1)
        with self.at(self.later(days=4)):
            consent._ask_again()
            self.assertEqual(self.requests(), 1, "one still waits")
            self.assertEqual(self.run_queue()[0].to, ["ann@example.com"])
            consent._ask_again()
            self.assertEqual(self.requests(), 0)

    def test_no_new_request_where_there_is_nothing_to_send(self):
        consent = self.newsletter.sudo()
        self.activity.write({"consent_required": False, "consent_template_id": False})
        with self.at(self.later(days=2)):
            self.assertFalse(consent._can_ask_again())
            consent._ask_again()
        self.assertEqual(self.requests(), 0)


@tagged("post_install", "-at_install")
class TestPreferencesPage(PreferencesCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.env.cr.flush()
        self.path = self.path_of(self.newsletter)
        # Nobody answers within seconds of the mail.
        self.enterContext(self.at(self.later(hours=1)))

    def path_of(self, consent):
        url = consent.sudo()._url(True).removeprefix(consent.get_base_url())
        return url.replace("/accept/", "/preferences/")

    def open(self, path=None, **kwargs):
        """:return: the page, parsed"""
        response = self.url_open(path or self.path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return html.fromstring(response.text)

    def sections(self, page):
        """:return: the part of the page about each activity, by its name"""
        return {
            section.findtext("h2").strip(): section
            for section in page.findall(".//section")
        }

    def buttons(self, element):
        """:return: what each button of an element sends, by its words"""
        return {
            " ".join(form.find("button").text_content().split()): dict(form.fields)
            for form in element.iter("form")
        }

    def press(self, fields, path=None):
        """Press a button, two minutes after the page was opened.

        :return: the page that follows
        """
        with self.at(self.later(minutes=2)):
            return self.open(path, data=fields, headers={"User-Agent": FIREFOX})

    def facts(self):
        self.env.invalidate_all()
        consents = (self.activity + self.profiles).consent_ids
        return consents.read(["state", "accepted", "answer_date", "message_ids"])

    def test_shows_what_was_asked(self):
        page = self.open()
        self.assertEqual(list(self.sections(page)), NAMES)
        for section in self.sections(page).values():
            text = section.text_content()
            self.assertIn("One mail a month.", text)
            self.assertIn(self.activity.controller_id.name, text)
            self.assertIn("You have not answered yet", text)

    def test_own_activity_comes_first(self):
        page = self.open(self.path_of(self.profile))
        self.assertEqual(list(self.sections(page)), ["Profiles", "Newsletter"])

    def test_way_to_accept_is_no_answer(self):
        self.activity.one_click_answers = True
        self.env.cr.flush()
        (link,) = self.open().find_class("button")
        page = self.open(link.get("href"))
        self.assertIn("You have not answered yet", page.text_content())
        self.assertEqual(self.newsletter.state, "sent")

    def test_logo_of_the_controller(self):
        controller = self.activity.controller_id
        path = self.path.replace("/preferences/", "/accept/")
        for page in (self.open(), self.open(path)):
            self.assertFalse(page.find_class("logo"))
        # the smallest GIF
        pixel = "R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="
        with self.at(self.later(hours=1)):
            controller.image_1920 = pixel
        for page in (self.open(), self.open(path)):
            (logo,) = page.find_class("logo")
            self.assertEqual(logo.get("src").partition(";")[0], "data:image/gif")

    def test_way_from_the_consent_page(self):
        page = self.open(self.path.replace("/preferences/", "/accept/"))
        (link,) = page.xpath("//p[@class='more']/a")
        self.assertEqual(list(self.sections(self.open(link.get("href")))), NAMES)

    def test_safe_methods_change_nothing(self):
        facts = self.facts()
        for method in ("GET", "HEAD", "OPTIONS"):
            self.assertEqual(self.url_open(self.path, method=method).status_code, 200)
            self.assertEqual(self.facts(), facts)

    def test_headers_and_nothing_loaded(self):
        response = self.url_open(self.path)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
        self.assertNotIn("Set-Cookie", response.headers)
        text = response.text.replace('<link rel="icon" href="data:,"/>', "")
        self.assertNotEqual(text, response.text, "browsers would look for a file")
        for loaded in ("<script", "<link", "@import", "url("):
            self.assertNotIn(loaded, text)

    def test_a_forwarded_mail_gives_no_more_than_its_own(self):
        """The page has no link and no button to accept another activity."""
        page = self.open()
        sections = self.sections(page)
        self.assertEqual(list(self.buttons(sections["Newsletter"])), ["I reject"])
        (link,) = sections["Newsletter"].findall(".//a")
        self.assertIn(f"/accept/{self.newsletter.id}/", link.get("href"))
        self.assertEqual(list(self.buttons(sections["Profiles"])), ["I reject", SEND])
        self.assertFalse(sections["Profiles"].findall(".//a"))
        self.assertNotIn(self.profile.sudo()._token(), html.tostring(page).decode())
        fields = self.buttons(sections["Profiles"])["I reject"]
        for forged in ("accept", "answer", "ask"):
            facts = self.facts()
            self.press({**fields, "action": forged})
            self.assertEqual(self.facts(), facts)

    def test_withdraw_one(self):
        press(self.profile, True)
        section = self.sections(self.open())["Profiles"]
        self.assertIn("Your answer: accepted", " ".join(section.text_content().split()))
        fields = self.buttons(section)["Withdraw my consent"]
        page = self.press(fields)
        self.assertEqual(self.profile.state, "answered")
        self.assertFalse(self.profile.accepted)
        self.assertEqual(self.profile.answered_by, "subject")
        self.assertIn(f"User agent: {FIREFOX}", self.profile.last_metadata)
        self.assertFalse(self.profile.suspected_automated)
        self.assertEqual(self.newsletter.state, "sent")
        (status,) = page.find_class("notice")
        self.assertIn("rejected", status.text_content())
        self.assertIn("Profiles", status.text_content())
        history = self.sections(page)["Profiles"].findall(".//li")
        self.assertEqual(len(history), 2, "the answer just given is in it")
        self.assertIn("rejected", history[0].text_content())
        self.assertIn("accepted", history[1].text_content())

    def test_reject_all(self):
        press(self.profile, True)
        facts = self.facts()
        page = self.press(self.buttons(self.open())[ALL])
        self.assertEqual(self.facts(), facts, "it asks once more")
        self.assertFalse(page.find_class("notice"))
        self.assertFalse(self.sections(page))
        self.assertIn("Nothing is recorded yet.", page.text_content())
        self.assertEqual(
            [item.text_content() for item in page.findall(".//main//li")], NAMES
        )
        (back,) = page.find_class("quiet")
        self.assertEqual(set(self.sections(self.open(back.get("href")))), {*NAMES})
        self.assertEqual(list(self.buttons(page)), [f"Yes, {ALL.lower()}"])
        page = self.press(self.buttons(page)[f"Yes, {ALL.lower()}"])
        for consent in self.newsletter + self.profile:
            self.assertEqual(consent.state, "answered")
            self.assertFalse(consent.accepted)
            self.assertEqual(consent.answered_by, "subject")
        self.assertEqual(self.consent_of(self.luc).state, "sent")
        self.assertNotIn(ALL, self.buttons(page))

    def test_asked_once_more_with_nothing_left_to_reject(self):
        fields = self.buttons(self.open())[ALL]
        press(self.profile, False)
        page = self.press(fields)
        self.assertIn("I reject", self.buttons(page))
        self.assertEqual(self.newsletter.state, "sent")

    def test_one_loud_button_for_each_choice(self):
        """To reject is one choice, and to have a way to accept is the other one."""
        page = self.open()
        for section in self.sections(page).values():
            self.assertEqual(
                len(section.findall(".//button") + section.findall(".//a")), 2
            )
            self.assertFalse(section.find_class("quiet"))
        (quiet,) = page.find_class("quiet")
        self.assertEqual(quiet.text_content().strip(), ALL)

    def test_robot_that_presses_at_once_is_marked(self):
        fields = self.buttons(self.sections(self.open())["Newsletter"])["I reject"]
        self.open(data=fields, headers={"User-Agent": "scanner"})
        self.assertEqual(self.newsletter.state, "answered")
        self.assertTrue(self.newsletter.suspected_automated)

    def test_press_that_is_not_of_this_page(self):
        page = self.open()
        own = self.buttons(self.sections(page)["Newsletter"])["I reject"]
        other = self.buttons(self.sections(page)["Profiles"])["I reject"]
        luc = self.path_of(self.consent_of(self.luc)) + "&lang=en_US"
        foreign = self.buttons(self.sections(self.open(luc))["Newsletter"])["I reject"]
        facts = self.facts()
        for fields in (
            {"action": "reject"},
            {**own, "nonce": ""},
            {**own, "nonce": other["nonce"]},
            {**own, "nonce": foreign["nonce"]},
            foreign,
            {**own, "consents": foreign["consents"]},
            {**own, "consents": f"{own['consents']} {other['consents']}"},
            {**own, "consents": "9" * 99},
            {**own, "consents": "é 1.5 -1"},
        ):
            with self.subTest(fields=fields):
                page = self.press(fields)
                self.assertEqual(self.facts(), facts)
                (status,) = page.find_class("notice")
                self.assertIn("Nothing was changed", status.text_content())

    def test_button_that_was_pressed_before(self):
        fields = self.buttons(self.sections(self.open())["Newsletter"])["I reject"]
        self.press(fields)
        facts = self.facts()
        page = self.press(fields)
        self.assertEqual(self.facts(), facts, "pressed twice")
        (status,) = page.find_class("notice")
        self.assertIn("recorded", status.text_content())
        with self.at(self.later(minutes=3)):
            press(self.newsletter, True)
            page = self.press(fields)
        self.assertFalse(self.newsletter.accepted, "a refusal is always taken")

    def test_new_mail_to_the_current_address(self):
        self.enterContext(self.at(self.later(days=2)))
        fields = self.buttons(self.open())[SEND]
        page = self.press(fields)
        (first,) = page.find_class("notice")
        self.assertIn(f"was sent to {MASKED}.", first.text_content())
        (message,) = self.run_queue()
        self.assertEqual(message.to, ["ann@example.com"])
        self.assertIn("Profiles", message.html)
        page = self.press(fields)
        (second,) = page.find_class("notice")
        self.assertFalse(self.run_queue())
        self.assertIn(
            f"went to {MASKED} within", " ".join(second.text_content().split())
        )
        for one in (page, self.open()):
            self.assertNotIn("ann@example.com", html.tostring(one).decode())

    def test_nothing_to_send_any_more(self):
        fields = self.buttons(self.open())[SEND]
        self.activity.controller_id.email = False
        page = self.press(fields)
        (notice,) = page.find_class("notice")
        self.assertIn("Nothing was changed", notice.text_content())
        self.assertNotIn(SEND, self.buttons(page))

    def test_link_to_a_former_address(self):
        """It shows nothing of the subject, and no other activity."""
        press(self.profile, True)
        self.ann.write({"name": "Ann Newname", "email": "new@example.com"})
        self.env.cr.flush()
        page = self.open()
        self.assertFalse(self.sections(page))
        self.assertFalse(page.find_class("more"), "no way to the page")
        for text in ("Profiles", "Newname", "new@example.com"):
            self.assertNotIn(text, html.tostring(page).decode())

    def test_archived_consent_of_the_link(self):
        self.newsletter.active = False
        self.profile.active = False
        page = self.open()
        self.assertEqual(list(self.sections(page)), ["Newsletter"])

    def test_merged_contact(self):
        double = self._create_subject("Double", "double@example.com")
        self.generate()
        self.run_queue()
        consent = self.consent_of(double)
        path = self.path_of(consent)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.ann + double).ids, self.ann
        )
        self.env.cr.flush()
        self.env.invalidate_all()
        page = self.open(self.path_of(consent))
        self.assertEqual(list(self.sections(page)), NAMES)
        self.assertFalse(self.sections(self.open(path)), "its mailbox only refuses")

    def test_wrong_links(self):
        token = self.newsletter.sudo()._token()
        foreign = self.consent_of(self.luc).sudo()._token()
        for path in (
            self.path.replace(token, foreign),
            self.path.replace(token, "é"),
            self.path.replace(f"/{self.newsletter.id}/", f"/{self.profile.id}/"),
            self.path.replace(f"/{self.newsletter.id}/", "/999999999/"),
        ):
            for method in ("GET", "POST"):
                response = self.url_open(path, method=method)
                self.assertEqual(response.status_code, 404, path)

    def test_language_of_the_subject(self):
        self.activity.with_context(lang="fr_FR").name = "La lettre"
        page = self.open(self.path_of(self.consent_of(self.luc)))
        self.assertEqual(page.get("lang"), "fr-FR")
        self.assertIn("La lettre", self.sections(page))
