# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of the account: one's own consents, all of them, and nobody else's."""

from lxml import html

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.privacy_consent import links
from odoo.addons.privacy_consent.tests.answers import asked_at, press
from odoo.addons.privacy_consent.tests.common import ConsentCase


@tagged("post_install", "-at_install")
class TestPortal(ConsentCase, HttpCase):
    """Ann, who has an account, and Luc were asked about two activities."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = new_test_user(
            cls.env, "account", groups="base.group_portal", email="ann@work.example"
        )
        cls.ann = cls.account.partner_id
        cls.ann.write({"name": "Ann", "category_id": cls.marker.ids})
        cls.profiles = cls.activity.copy({"name": "Profiles"})
        cls.generate()
        cls.generate(cls.profiles)
        cls.run_queue()
        cls.newsletter = cls.consent_of(cls.ann)
        cls.profile = cls.consent_of(cls.ann, cls.profiles)
        cls.env.cr.flush()

    def setUp(self):
        super().setUp()
        self.authenticate("account", "account")

    def open(self, path="/my/privacy", **kwargs):
        """:return: the page, parsed"""
        response = self.url_open(path, **kwargs)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return html.fromstring(response.text)

    def sections(self, page):
        """:return: the part of the page about each activity, by its name"""
        return {
            section.findtext("h2").strip(): section
            for section in page.xpath("//div[@id='wrap']//section")
        }

    def buttons(self, element):
        """:return: what each button of an element sends, by its words"""
        return {
            " ".join(form.find("button").text_content().split()): dict(form.fields)
            for form in element.xpath(".//form[@method='post']")
        }

    def reject_all(self):
        """:return: what the button sends that rejects all, once it was asked for"""
        fields = self.buttons(self.open())["Reject and withdraw all"]
        return self.buttons(self.open(data=fields))["Yes, reject and withdraw all"]

    def count(self):
        """:return: the number on the card of the account's first page"""
        response = self.url_open(
            "/my/counters", json={"params": {"counters": ["privacy_consent_count"]}}
        )
        return response.json()["result"]["privacy_consent_count"]

    def test_card_with_the_number(self):
        page = self.open("/my")
        (counter,) = page.xpath("//*[@data-placeholder_count='privacy_consent_count']")
        (link,) = counter.xpath("ancestor::a")
        self.assertEqual(link.get("href"), "/my/privacy")
        self.assertEqual(self.count(), 2)
        self.newsletter.active = False
        self.assertEqual(self.count(), 1)

    def test_only_for_who_is_logged_in(self):
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open("/my/privacy").url)

    def test_shows_what_was_asked(self):
        self.profile.with_user(self.manager).action_answer(True)
        self.env.cr.flush()
        sections = self.sections(self.open())
        self.assertEqual(list(sections), ["Newsletter", "Profiles"])
        self.assertIn("not answered yet", sections["Newsletter"].text_content())
        self.assertIn("Recorded for you by", sections["Profiles"].text_content())
        self.assertEqual(
            list(self.buttons(sections["Newsletter"])), ["I accept", "I reject"]
        )

    def test_text_that_was_accepted_earlier(self):
        with self.at("2026-03-01 10:00:00"):
            press(self.newsletter, True)
            press(self.profile, True)
        self.activity.with_user(self.manager).description = "<p>A mail a day.</p>"
        self.env.flush_all()
        sections = self.sections(self.open())
        self.assertFalse(sections["Profiles"].find_class("earlier"))
        section = sections["Newsletter"]
        line = "You accepted an earlier version of this text on March 1, 2026"
        self.assertIn(line, " ".join(section.text_content().split()))
        (earlier,) = section.find_class("earlier")
        self.assertEqual(earlier.getparent().tag, "details")
        self.assertIn("One mail a month.", earlier.text_content())
        (present,) = section.find_class("description")
        self.assertIn("A mail a day.", present.text_content())

    def test_nobody_elses(self):
        company = self._create_subject("Works", "works@example.com", is_company=True)
        self._create_subject("Twin", self.ann.email)
        self.ann.parent_id = company
        survey = self.activity.copy({"name": "Survey"})
        self.ann.category_id = False
        self.generate(survey)
        self.run_queue()
        self.env.cr.flush()
        self.assertEqual(len(survey.consent_ids), 4)
        page = self.open()
        self.assertEqual(list(self.sections(page)), ["Newsletter", "Profiles"])
        fields = self.reject_all()
        foreign = " ".join(map(str, survey.consent_ids.ids))
        self.open(data={**fields, "consents": foreign})
        self.assertEqual(set(survey.consent_ids.mapped("state")), {"sent"})

    def test_answer_and_change_ones_mind(self):
        fields = self.buttons(self.sections(self.open())["Profiles"])["I accept"]
        page = self.open(data=fields, headers={"User-Agent": "Pigeon/1.0"})
        self.assertEqual(self.profile.state, "answered")
        self.assertTrue(self.profile.accepted)
        self.assertEqual(self.profile.answered_by, "subject")
        self.assertIn("User agent: Pigeon/1.0", self.profile.last_metadata)
        self.assertEqual(self.newsletter.state, "sent")
        message = self.profile.message_ids[0]
        self.assertEqual(message.author_id, self.ann)
        (status,) = page.find_class("notice")
        self.assertIn("accepted", status.text_content())
        section = self.sections(page)["Profiles"]
        self.assertEqual(list(self.buttons(section)), ["Withdraw my consent"])
        self.assertIn("accepted", section.find(".//li").text_content())

        page = self.open(data=self.buttons(section)["Withdraw my consent"])
        self.assertFalse(self.profile.accepted)
        section = self.sections(page)["Profiles"]
        self.assertEqual(list(self.buttons(section)), ["I accept"])
        self.assertEqual(len(section.findall(".//li")), 2)

    def test_the_same_answer_again_changes_nothing(self):
        fields = self.buttons(self.sections(self.open())["Profiles"])["I accept"]
        self.open(data=fields)
        messages = self.profile.message_ids
        self.open(data=fields)
        self.assertEqual(self.profile.message_ids, messages)

    def test_answer_that_maybe_a_robot_gave(self):
        """Whoever is logged in can say that it is theirs."""
        press(self.profile, True, agent="curl/8.0")
        self.assertTrue(self.profile.suspected_automated)
        fields = self.buttons(self.sections(self.open())["Profiles"])["I accept"]
        page = self.open(data=fields)
        self.assertTrue(self.profile.accepted)
        self.assertFalse(self.profile.suspected_automated)
        self.assertNotIn("I accept", self.buttons(self.sections(page)["Profiles"]))

    def assert_only_refusals(self, consent, name="Newsletter"):
        """Check that the page offers to refuse, and takes nothing else."""
        fields = self.buttons(self.sections(self.open())[name])
        self.assertNotIn("I accept", fields)
        forged = {**fields["I reject"], "action": "accept"}
        # even with a nonce that somebody got for it
        name = links.nonce.button(f"account {self.account.id}", "accept", consent.ids)
        for nonce in (forged["nonce"], consent._button_nonce(name, "en_US")):
            self.open(data={**forged, "nonce": nonce})
            self.assertFalse(consent.accepted)
            self.assertFalse(consent._answers())
        self.open(data=fields["I reject"])
        self.assertEqual(consent.status, "refused")
        self.assertEqual(consent.answered_by, "subject")

    def merge(self, sources, destination):
        """An employee, who may edit contacts, merges some."""
        contacts = sources + destination
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(
            new_test_user(
                self.env,
                "employee",
                groups="base.group_user,base.group_partner_manager",
                email="employee@example.com",
            )
        )
        wizard.create(
            {"partner_ids": contacts.ids, "dst_partner_id": destination.id}
        ).action_merge()
        self.env.flush_all()
        self.env.invalidate_all()

    def test_somebody_merged_into_the_account(self):
        """Whoever may edit contacts does not speak for somebody else."""
        self.luc.email = self.ann.email
        survey = self.activity.copy({"name": "Survey"})
        self.ann.category_id = False
        self.generate(survey)
        self.run_queue()
        victim = self.consent_of(self.luc, survey)
        self.merge(self.luc, self.ann)
        self.assertEqual(victim.partner_id, self.ann)
        self.assert_only_refusals(victim, "Survey")

    def test_account_merged_into_somebody(self):
        self.luc.email = self.ann.email
        victim = self.consent_of(self.luc)
        self.newsletter.active = False
        asked_at(victim, self.ann.email)
        self.merge(self.ann, self.luc)
        self.assertEqual(self.account.partner_id, self.luc)
        self.assertEqual(victim._surviving(), victim)
        self.assert_only_refusals(victim)

    def test_address_that_others_changed(self):
        self.ann.with_user(self.manager).email = "ann@new.example"
        self.env.flush_all()
        asked_at(self.newsletter, "ann@new.example")
        self.env.flush_all()
        self.assert_only_refusals(self.newsletter)

    def test_address_that_was_not_asked(self):
        self.ann.with_user(self.account).sudo().email = "ann@new.example"
        self.env.flush_all()
        self.assertFalse(self.ann.address_changed_by_others)
        self.assert_only_refusals(self.newsletter)

    def test_refusal_on_a_page_that_is_out_of_date(self):
        """It is taken, whatever happened since the page was opened."""
        double = self._create_subject("Double", self.ann.email)
        self.generate()
        self.run_queue()
        survivor = self.consent_of(double)
        consent = self.newsletter
        for name, happen in {
            "three days": lambda: self.enterContext(self.at(self.later(days=3))),
            "another text": lambda: self.activity.write({"description": "<p>x</p>"}),
            "another answer": lambda: press(consent, True),
            "staff said yes": lambda: consent.with_user(self.manager).action_answer(
                True
            ),
            "links invalidated": consent.action_invalidate_links,
            "another address": lambda: self.ann.write({"email": "ann@new.example"}),
            "archived": lambda: consent.write({"active": False}),
            "merged": lambda: self._merge_into(survivor),
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                fields = self.reject_all()
                happen()
                was = (consent._surviving() + self.profile).mapped("status")
                self.env.flush_all()
                self.open(data=fields)
                for one, before in zip(
                    consent._surviving() + self.profile, was, strict=True
                ):
                    expected = "withdrawn" if before == "given" else "refused"
                    self.assertEqual(one.status, expected)
                    self.assertEqual(one.answered_by, "subject")
                    self.assertTrue(one._answers()[0].text_hash)
                savepoint.rollback()
            self.env.invalidate_all()

    def _merge_into(self, survivor):
        press(survivor, True)
        self.merge(survivor.partner_id, self.ann)
        self.assertEqual(self.newsletter._surviving(), survivor)

    def test_new_mail_instead(self):
        self.ann.with_user(self.manager).email = "ann@new.example"
        self.env.flush_all()
        with self.at(self.later(days=2)):
            fields = self.buttons(self.sections(self.open())["Newsletter"])
            send = "Send the request to a•••@new.example"
            self.assertEqual(list(fields), [send, "I reject"])
            page = self.open(data=fields[send])
            (mail,) = self.run_queue()
        (notice,) = page.find_class("notice")
        self.assertIn("was sent to a•••@new.example.", notice.text_content())
        self.assertEqual(mail.to, ["ann@new.example"])

    def test_reject_all(self):
        page = self.open(data=self.buttons(self.open())["Reject and withdraw all"])
        self.env.invalidate_all()
        states = (self.newsletter + self.profile).mapped("state")
        self.assertEqual(set(states), {"sent"}, "it asks once more")
        self.assertFalse(self.sections(page))
        self.assertFalse(page.find_class("notice"))
        self.assertEqual(
            len(page.xpath("//main//*[contains(@class, 'btn-primary')]")), 1
        )
        (back,) = page.find_class("quiet")
        self.assertEqual(back.get("href"), "/my/privacy")
        page = self.open(data=self.buttons(page)["Yes, reject and withdraw all"])
        for consent in self.newsletter + self.profile:
            self.assertEqual(consent.state, "answered")
            self.assertFalse(consent.accepted)
        self.assertEqual(self.consent_of(self.luc).state, "sent")
        self.assertNotIn("Reject and withdraw all", self.buttons(page))

    def test_press_that_is_not_of_this_page(self):
        fields = self.buttons(self.sections(self.open())["Newsletter"])["I reject"]
        file = {"consents": ("file", b"")}
        del fields["consents"]
        self.open(data=fields, files=file)
        del fields["csrf_token"]
        with mute_logger("odoo.http"):
            response = self.url_open("/my/privacy", data=fields)
        self.assertEqual(response.status_code, 400)
        self.url_open(f"/my/privacy?action=reject&consents={self.newsletter.id}")
        self.env.invalidate_all()
        self.assertEqual(self.newsletter.state, "sent")

    def test_nothing_asked(self):
        self.authenticate("reader", "reader")
        page = self.open()
        self.assertIn("You have not been asked", page.text_content())
        self.assertFalse(self.sections(page))
        self.assertEqual(self.count(), 0)

    def test_from_right_to_left(self):
        self.env["res.lang"]._activate_lang("ar_001")
        self.env.cr.flush()
        for path, direction in (("/my/privacy", "ltr"), ("/ar/my/privacy", "rtl")):
            self.assertEqual(self.open(path).get("dir"), direction)

    def test_history_is_not_in_the_language_of_the_account(self):
        self.account.lang = "fr_FR"
        self.env.cr.flush()
        section = self.sections(self.open())["Profiles"]
        (fields, *_others) = self.buttons(section).values()
        self.open(data=fields)
        self.assertIn("Given", self.profile.message_ids[0].body)
