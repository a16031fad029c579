# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the account offers: accepted at once by whom an address belongs for certain."""

from lxml import html

from odoo.tests import new_test_user, tagged

from odoo.addons.privacy_consent.tests.answers import press

from .common import KIM, WebsiteCase


@tagged("post_install", "-at_install")
class TestAccount(WebsiteCase):
    """Kim has an account. The survey is offered there, the newsletter is not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = new_test_user(
            cls.env, "account", groups="base.group_portal", email=KIM, name="Kim"
        )
        cls.kim = cls.account.partner_id
        cls.kim.address_changed_by_others = False
        cls.survey = cls.activity.copy(
            {"name": "Survey", "website_offered": True, "website_account": True}
        )

    def setUp(self):
        super().setUp()
        self.authenticate("account", "account")

    def prove_address(self, answer=True):
        """Have Kim answer a request about something else, by mail."""
        self.kim.category_id = self.marker
        self.generate()
        with self.at("2026-03-01 10:00:00"):
            self.run_queue()
        press(self.consent_of(self.kim), answer)

    def offers(self):
        """:return: what the button of each offer sends, by its words"""
        page = html.fromstring(self.url_open("/my/privacy").text)
        return {
            " ".join(form.find(".//button").text_content().split()): dict(form.fields)
            for form in page.xpath("//form[@action='/my/privacy/offer']")
        }

    def take(self, fields):
        """:return: the page after a button was pressed"""
        response = self.url_open("/my/privacy/offer", data=fields)
        self.env.invalidate_all()
        return html.fromstring(response.text)

    def status(self):
        return self.consent_of(self.kim, self.survey).status

    def test_at_once(self):
        self.prove_address()
        page = self.take(self.offers()["I accept"])
        self.assertIn("accepted", page.xpath("//*[@role='status']")[0].text_content())
        self.assertEqual(self.status(), "given")
        consent = self.consent_of(self.kim, self.survey)
        (event,) = consent.event_ids
        self.assertEqual((event.by, event.channel), ("subject", "account"))
        self.assertEqual(event.text_id.name, "Survey")
        self.assertFalse(consent.request_ids)
        self.assertFalse(self.offers(), "it is among the answers now")

    def test_way_to_the_offers(self):
        """The account shows no card without a number."""
        counters = {"params": {"counters": ["privacy_consent_count"]}}

        def count():
            response = self.url_open("/my/counters", json=counters)
            return response.json()["result"]["privacy_consent_count"]

        self.assertEqual(count(), 1)
        (fields,) = self.offers().values()
        self.take(fields)
        self.run_queue()
        self.assertEqual(count(), 1, "as a consent")

    def test_address_that_nobody_proved(self):
        """Whoever makes an account may type the address of somebody else."""
        (words,) = self.offers()
        self.assertEqual(words, "Send a request to k•••@example.com")
        fields = self.offers()[words]
        page = self.take({**fields, "action": "accept"})
        self.assertIn("Nothing was changed", page.text_content())
        self.assertFalse(self.consent_of(self.kim, self.survey))
        self.take(fields)
        self.assertEqual(len(self.requests()), 1)
        self.assertEqual(self.status(), "unknown")
        self.run_queue()
        self.assertEqual(self.status(), "requested")
        self.assertFalse(self.offers())

    def test_address_that_others_changed(self):
        self.prove_address()
        fields = self.offers()["I accept"]
        self.kim.address_changed_by_others = True
        self.take(fields)
        self.assertFalse(self.consent_of(self.kim, self.survey))

    def test_text_that_changed_since(self):
        self.prove_address()
        fields = self.offers()["I accept"]
        self.survey.name = "Another survey"
        page = self.take(fields)
        self.assertIn("Nothing was changed", page.text_content())
        self.assertFalse(self.consent_of(self.kim, self.survey))

    def test_forged_buttons(self):
        self.prove_address()
        fields = self.offers()["I accept"]
        hidden = self.activity.copy({"name": "Hidden", "website_offered": True})
        for what, forged in {
            "of no page": {"nonce": "1.2.3.4"},
            "nothing": {"nonce": ""},
            "of another activity": {"activity": str(hidden.id)},
            "of no activity": {"activity": "x"},
        }.items():
            with self.subTest(what):
                page = self.take({**fields, **forged})
                self.assertIn("Nothing was changed", page.text_content())
        self.assertEqual(self.status(), False)

    def test_what_was_asked_is_no_offer(self):
        self.prove_address()
        fields = self.offers()["I accept"]
        self.generate(self.survey)
        self.run_queue()
        self.assertFalse(self.offers())
        self.take(fields)
        self.assertEqual(self.status(), "requested")

    def test_archived_consent_is_no_offer(self):
        """Nobody could be asked with it."""
        self.prove_address()
        consent = self.env["privacy.consent"].create(
            {"activity_id": self.survey.id, "partner_id": self.kim.id}
        )
        consent.active = False
        self.env.flush_all()
        self.assertFalse(self.offers())

    def test_what_is_not_offered(self):
        for values in (
            {"website_account": False},
            {"website_account": True, "website_offered": False},
            {"website_offered": True, "active": False},
        ):
            with self.subTest(values):
                self.survey.write(values)
                self.env.flush_all()
                self.assertFalse(self.offers())
