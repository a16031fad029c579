# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who subscribes confirms it by mail; who unsubscribes withdraws."""

from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.privacy_consent.tests.answers import press, set_fact
from odoo.addons.privacy_consent_website.tests.common import KIM, WebsiteCase


@tagged("post_install", "-at_install")
class TestNewsletter(WebsiteCase):
    """Kim is a visitor. One list asks for consent, another one does not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lists = cls.env["mailing.list"]
        cls.news, cls.offers, cls.plain = lists.create(
            [{"name": name, "is_public": True} for name in ("News", "Offers", "Plain")]
        )
        (cls.news + cls.offers).consent_activity_id = cls.activity

    def call(self, path, **params):
        response = self.url_open(path, json={"params": params}).json()
        self.ask_waiting()
        return response["result"]

    def subscribe(self, email=KIM, to=None, **params):
        """:return: what the newsletter block says"""
        return self.call(
            "/website_mass_mailing/subscribe",
            list_id=(to or self.news).id,
            value=email,
            subscription_type="email",
            **params,
        )

    def shows_subscribed(self, to=None):
        """:return: whether the newsletter block shows that the visitor subscribed"""
        return self.call(
            "/website_mass_mailing/is_subscriber",
            list_id=(to or self.news).id,
            subscription_type="email",
        )["is_subscriber"]

    def subscribed(self, email=KIM):
        """:return: the lists to which an address is subscribed at this moment"""
        subscriptions = self.env["mailing.subscription"].search(
            [("contact_id.email_normalized", "=", email), ("opt_out", "=", False)]
        )
        return subscriptions.list_id

    def deliver(self):
        """Have requests delivered a while before anybody answers them."""
        with self.at("2026-03-01 10:00:00"):
            self.run_queue()

    def confirm(self, answer=True, email=KIM):
        """Have the person answer the request that they got."""
        self.deliver()
        consent = self.consent_of(self.contacts(email))
        press(consent, answer)
        self.env.invalidate_all()
        return consent

    def add(self, email, to=None):
        """Have staff subscribe somebody."""
        contact = self.env["mailing.contact"].create({"name": "Kim", "email": email})
        return self.env["mailing.subscription"].create(
            {"contact_id": contact.id, "list_id": (to or self.news).id}
        )

    def mailing(self, to=None):
        """:return: a mailing to a list, Kim's contact, and the link to unsubscribe"""
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "News",
                "body_html": "<p>News</p>",
                "mailing_model_id": self.env["ir.model"]._get_id("mailing.list"),
                "contact_list_ids": [(6, 0, (to or self.news).ids)],
            }
        )
        contact = self.env["mailing.contact"].search([("email", "=", KIM)])
        self.env.flush_all()
        url = mailing._get_unsubscribe_oneclick_url(KIM, contact.id)
        return mailing, contact, url.removeprefix(mailing.get_base_url())

    # Subscribing ------------------------------------------------------------------

    def test_block(self):
        said = self.subscribe()
        self.assertEqual(said["toast_type"], "success")
        self.assertIn("we sent you a message", said["toast_content"])
        self.assertFalse(self.subscribed())
        self.assertFalse(self.env["mailing.contact"].search([("email", "=", KIM)]))
        consent = self.confirm()
        self.assertEqual(consent.status, "given")
        self.assertEqual(self.subscribed(), self.news, "and to no other list")

    def test_refusal(self):
        self.subscribe()
        self.confirm(False)
        self.assertFalse(self.subscribed())

    def test_press_of_a_program(self):
        self.subscribe()
        self.run_queue()
        press(self.consent_of(self.contacts()), True, agent="LinkScanner/1.0")
        self.assertFalse(self.subscribed())

    def test_two_lists_with_one_activity(self):
        self.subscribe()
        self.subscribe(to=self.offers)
        self.assertEqual(len(self.requests()), 1)
        self.confirm()
        self.assertEqual(self.subscribed(), self.news + self.offers)

    def test_second_list_is_confirmed_too(self):
        """Nobody subscribes others, not even who consented to the activity."""
        self.subscribe()
        consent = self.confirm()
        self.subscribe(to=self.offers)
        self.assertEqual(self.subscribed(), self.news)
        self.assertEqual(len(self.requests()), 2)
        set_fact(consent, answer_date="2020-01-01")
        self.confirm()
        self.assertEqual(self.subscribed(), self.news + self.offers)

    def test_subscriber_is_asked_once(self):
        self.subscribe()
        self.confirm()
        self.subscribe()
        self.assertEqual(len(self.requests()), 1)

    def test_subscriber_of_before_stays_until_they_refuse(self):
        self.add(KIM)
        self.subscribe()
        self.assertEqual(self.subscribed(), self.news)
        self.confirm(False)
        self.assertFalse(self.subscribed())

    def test_visitors_are_told_the_same(self):
        self.add(KIM)
        self.add("eve@example.com", self.plain)
        self.subscribe("eve@example.com", self.plain)
        said = []
        for email in (KIM, "eve@example.com", "new@example.com"):
            self.opener.cookies.clear()
            said.append((self.subscribe(email), self.shows_subscribed()))
        self.assertEqual(said[0], said[1])
        self.assertEqual(said[0], said[2])
        self.opener.cookies.clear()
        self.subscribe(KIM, self.plain)
        self.assertFalse(self.shows_subscribed(), "the address is not looked up")

    def test_account_with_an_address_of_somebody_else(self):
        """It is told no more than any visitor, until it has proved the address."""
        self.add(KIM)
        account = new_test_user(
            self.env, "account", groups="base.group_portal", email=KIM, name="Kim"
        )
        self.authenticate("account", "account")
        self.assertFalse(self.shows_subscribed())
        account.partner_id.address_changed_by_others = False
        self.subscribe()
        self.confirm()
        self.opener.cookies.clear()
        self.authenticate("account", "account")
        self.assertTrue(self.shows_subscribed())

    def test_list_without_consent_is_odoos(self):
        said = self.subscribe(to=self.plain)
        self.assertEqual(said["toast_content"], "Thanks for subscribing!")
        self.assertEqual(self.subscribed(), self.plain)
        self.assertTrue(self.shows_subscribed(self.plain))
        self.assertFalse(self.contacts())

    def test_form(self):
        response = self.url_open(
            "/website/form/mailing.contact",
            data={
                "name": "Kim Lee",
                "email": KIM,
                "list_ids": f"{self.news.id},{self.plain.id}",
            },
        )
        self.ask_waiting()
        self.assertTrue(response.json()["id"])
        self.assertEqual(self.subscribed(), self.plain)
        self.assertEqual(self.contacts().name, "Kim Lee")
        self.confirm()
        self.assertEqual(self.subscribed(), self.plain + self.news)

    def test_form_for_what_asks_only(self):
        data = {"name": "Kim Lee", "email": KIM, "list_ids": str(self.news.id)}
        response = self.url_open("/website/form/mailing.contact", data=data)
        self.ask_waiting()
        self.assertTrue(response.json()["id"])
        self.assertFalse(self.env["mailing.contact"].search([("email", "=", KIM)]))
        self.assertEqual(len(self.requests()), 1)
        self.news.is_public = False
        self.env.flush_all()
        response = self.url_open("/website/form/mailing.contact", data=data)
        self.assertIn("cannot subscribe", response.json()["error"])

    def test_form_that_writes_numbers_otherwise(self):
        """Odoo reads all of them, so nobody subscribes others with any."""
        for ids in (" {1}", "{0}, {1}", "+{1}", "0_{1}"):
            with self.subTest(ids):
                data = {
                    "name": "Kim Lee",
                    "email": KIM,
                    "list_ids": ids.format(self.plain.id, self.news.id),
                }
                self.url_open("/website/form/mailing.contact", data=data)
                self.ask_waiting()
                self.assertNotIn(self.news, self.subscribed())
        self.assertEqual(len(self.requests()), 1)

    def test_form_of_another_addon(self):
        """It creates a contact that names its lists, past all controllers of ours."""
        values = {
            "name": "Kim",
            "email": KIM,
            "list_ids": [(6, 0, (self.news + self.plain).ids)],
        }
        with patch(
            "odoo.addons.privacy_consent_newsletter.controllers.newsletter._list_ids",
            return_value=[],
        ):
            self.url_open(
                "/website/form/mailing.contact",
                data={**values, "list_ids": f"{self.news.id},{self.plain.id}"},
            )
        self.ask_waiting()
        self.assertEqual(self.subscribed(), self.plain)
        self.assertEqual(len(self.requests()), 1)
        staff = self.env["mailing.contact"].create({**values, "email": "e@example.com"})
        self.assertEqual(self.subscribed(staff.email), self.news + self.plain)

    def test_any_other_page(self):
        """Odoo's checkout subscribes past the controller of the block."""
        data = {"name": "Kim", "email": KIM, "list_ids": str(self.plain.id)}

        def checkout(controller, model_name, **kwargs):
            self.add(kwargs["email"])
            return '{"id": 1}'

        with patch(
            "odoo.addons.website.controllers.form.WebsiteForm._handle_website_form",
            checkout,
        ):
            self.url_open("/website/form/mailing.contact", data=data)
        self.ask_waiting()
        self.assertFalse(self.subscribed())
        self.confirm()
        self.assertEqual(self.subscribed(), self.news)

    def test_bad_input(self):
        for value in ("", "kim", f"{KIM}, eve@example.com", f"{KIM}\nBcc: e@b.example"):
            with self.subTest(value):
                said = self.subscribe(value)
                self.assertEqual(said["toast_type"], "danger")
                self.assertIn("one e-mail address", said["toast_content"])
        self.activity.active = False
        said = self.subscribe()
        self.assertIn("no subscriptions at the moment", said["toast_content"])
        self.assertFalse(self.contacts())
        self.assertFalse(self.subscribed())

    def test_captcha(self):
        verify = patch.object(
            type(self.env["ir.http"]),
            "_verify_recaptcha_token",
            lambda _self, _address, token, _action: token or "is_bot",
        )
        with verify:
            self.assertEqual(self.subscribe()["toast_type"], "danger")
            self.assertFalse(self.contacts())
            self.subscribe(recaptcha_token_response="is_human")
        self.assertEqual(len(self.requests()), 1)

    def test_what_nobody_confirms_is_erased(self):
        self.subscribe()
        self.env.cr.execute(
            "UPDATE privacy_consent_form SET create_date = '2020-01-01'"
        )
        self.env.invalidate_all()
        self.env["privacy.consent.form"]._gc_unconfirmed()
        self.assertFalse(self.contacts())

    # Ending -----------------------------------------------------------------------

    def test_unsubscribing_withdraws(self):
        self.subscribe()
        consent = self.confirm()
        _mailing, _contact, link = self.mailing()
        self.url_open(link, method="POST")
        self.env.invalidate_all()
        self.assertFalse(self.subscribed())
        self.assertEqual(consent.status, "withdrawn")
        event = consent.event_ids.filtered(lambda one: one.kind == "withdrawn")
        self.assertEqual((event.by, event.channel), ("subject", "mailing"))

    def test_page_of_newsletters(self):
        self.subscribe()
        consent = self.confirm()
        # Any mailing leads to the page of them all.
        mailing, contact, _link = self.mailing(self.plain)
        token = mailing._generate_mailing_recipient_token(contact.id, KIM)
        page = {"mailing_id": mailing.id, "document_id": contact.id, "email": KIM}
        path = "/mailing/list/update"
        self.call(path, **page, hash_token="0" * 64, lists_optin_ids=[])
        self.assertEqual(consent.status, "given")
        page["hash_token"] = token
        self.call(path, **page, lists_optin_ids=[self.plain.id])
        self.assertEqual(consent.status, "withdrawn")
        self.assertEqual(consent.answered_by, "subject")
        self.assertEqual(self.subscribed(), self.plain)
        self.call(path, **page, lists_optin_ids=[self.plain.id, self.news.id])
        self.assertEqual(self.subscribed(), self.plain, "it is asked for")
        self.assertEqual(consent.status, "withdrawn")

    def test_withdrawal_unsubscribes(self):
        self.add(KIM, self.plain)
        self.subscribe()
        self.subscribe(to=self.offers)
        consent = self.confirm()
        press(consent, False)
        self.assertEqual(self.subscribed(), self.plain)
        set_fact(consent, answer_date="2020-01-01")
        press(consent, True)
        self.assertEqual(self.subscribed(), self.plain + self.news + self.offers)

    def test_staff_unsubscribes(self):
        self.subscribe()
        consent = self.confirm()
        marketing = new_test_user(
            self.env, "marketing", groups="mass_mailing.group_mass_mailing_user"
        )
        subscription = self.env["mailing.subscription"].search(
            [("list_id", "=", self.news.id)]
        )
        subscription.with_user(marketing).opt_out = True
        self.assertEqual(consent.status, "withdrawn")
        event = consent.event_ids.filtered(lambda one: one.kind == "withdrawn")
        self.assertEqual(event.by, "staff")
        self.assertIn("Unsubscribed", consent.last_metadata)

    def test_erasure_unsubscribes(self):
        self.subscribe()
        consent = self.confirm()
        consent._erase("Asked for")
        self.assertFalse(self.subscribed())
        self.assertFalse(
            self.env["privacy.consent.event"].search([("kind", "=", "withdrawn")]),
            "nobody withdrew it",
        )

    def test_answer_counts_where_the_subscription_fails(self):
        self.subscribe()
        self.deliver()
        consent = self.consent_of(self.contacts())
        contacts = type(self.env["mailing.contact"])
        with (
            patch.object(contacts, "create", side_effect=ValueError("Full")),
            mute_logger("odoo.addons.privacy_consent.models.privacy_consent_effects"),
        ):
            press(consent, True)
        self.assertEqual(consent.status, "given")
        self.assertIn("Full", consent.action_error)
        self.env["privacy.consent"]._cron_effects()
        self.assertEqual(self.subscribed(), self.news)
        self.assertFalse(consent.action_error)

    # Settings ---------------------------------------------------------------------

    def test_only_what_the_website_offers(self):
        hidden = self.activity.copy({"website_offered": False})
        with self.assertRaises(ValidationError):
            self.plain.consent_activity_id = hidden
