# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A box in a form becomes a request, and counts once it is confirmed by mail."""

from unittest.mock import patch

from freezegun import freeze_time
from lxml import html

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.privacy_consent.tests.answers import press

from ..models import privacy_consent_form
from .common import KIM, WebsiteCase

LOG = "odoo.addons.privacy_consent_website.models.privacy_consent_form"


@tagged("post_install", "-at_install")
class TestForm(WebsiteCase):
    # The box ----------------------------------------------------------------------

    def test_box_says_what_the_activity_says_today(self):
        path = self.page()
        page = html.fromstring(self.url_open(path).text)
        (box,) = page.xpath("//div[@data-consent-activity]")
        self.assertIn("Newsletter", box.text_content())
        self.assertIn("One mail a month.", box.text_content())
        self.assertNotIn("What was saved", box.text_content())
        (tick,) = box.xpath(".//input")
        self.assertEqual((tick.get("name"), tick.get("type")), (self.box, "checkbox"))
        self.assertIsNone(tick.get("checked"), "never ticked before")
        self.assertIsNone(tick.get("required"))
        self.activity.name = "Monthly letter"
        self.activity.with_context(lang="fr_FR").name = "La lettre"
        self.env.flush_all()
        self.activity.privacy_policy_url = "https://example.com/privacy"
        self.env.flush_all()
        page = self.url_open(path).text
        self.assertIn("Monthly letter", page)
        self.assertIn('href="https://example.com/privacy"', page)
        website = self.env["website"].get_current_website()
        website.language_ids += self.env.ref("base.lang_fr")
        self.env.flush_all()
        self.assertIn("La lettre", self.url_open(f"/fr{path}").text)

    def test_box_of_an_activity_that_asks_nobody(self):
        path = self.page()
        for values in (
            {"website_offered": False},
            {"website_offered": True, "active": False},
        ):
            with self.subTest(values):
                self.activity.write(values)
                self.env.flush_all()
                self.assertNotIn(self.box, self.url_open(path).text)
                self.assertIn("id", self.submit(), "the form works as before")
                self.assertFalse(self.contacts())

    # Asking -----------------------------------------------------------------------

    def test_request_and_confirmation(self):
        self.assertIn("id", self.submit(name="Kim Lee"))
        contact = self.contacts()
        self.assertEqual(contact.name, "Kim Lee")
        consent = contact.privacy_consent_ids
        self.assertEqual((consent.state, consent.accepted), ("draft", False))
        self.assertFalse(consent.event_ids)
        self.run_queue()
        self.assertEqual(self.consent_of(contact).status, "requested")
        press(self.consent_of(contact), True)
        self.assertEqual(self.consent_of(contact).status, "given")
        self.assertIn(self.activity, contact.privacy_consent_ids.activity_id)

    def test_box_that_is_not_ticked(self):
        self.assertIn("id", self.submit(boxes=[]))
        self.assertFalse(self.contacts())

    def test_office_does_not_get_the_box(self):
        self.submit()
        mail = self.env["mail.mail"].search([("email_to", "=", "office@example.com")])
        self.assertNotIn(self.box, mail.body_html)

    def test_known_contact_stays_as_it_is(self):
        before = self.ann.read(["name", "lang", "write_date"])
        self.submit(self.ann.email, name="Somebody Else")
        self.assertEqual(self.contacts(self.ann.email), self.ann)
        self.assertEqual(self.ann.read(["name", "lang", "write_date"]), before)
        self.assertEqual(len(self.requests(self.ann.email)), 1)

    def test_same_name_is_no_same_contact(self):
        self.submit(name=self.ann.name)
        self.assertNotEqual(self.contacts(), self.ann)
        self.assertFalse(self.ann.privacy_consent_ids)

    def test_earlier_refusal_stays_until_the_press(self):
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        press(consent, False)
        self.submit(self.ann.email)
        self.assertEqual((consent.status, consent.accepted), ("refused", False))
        self.assertEqual(consent.request_ids[0].kind, "fresh")
        self.run_queue()
        with freeze_time("2100-01-01"):
            press(consent, True)
        self.assertEqual(consent.status, "given")

    def test_whoever_consented_is_not_asked(self):
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        press(consent, True)
        self.submit(self.ann.email)
        self.assertEqual(len(consent.request_ids), 1)

    def test_visitors_are_told_the_same(self):
        """Whoever tries an address does not learn whether it is known."""
        said = {str(set(self.submit(one))) for one in (KIM, self.ann.email)}
        self.assertEqual(len(said), 1)

    # Abuse and bad input ------------------------------------------------------------

    def test_address_that_is_none(self):
        for email in ("", "kim", f"{KIM}, eve@example.com", f"{KIM}\nBcc: e@b.example"):
            with self.subTest(email):
                self.assertIn("Type one e-mail address", self.submit(email)["error"])
        self.assertFalse(self.contacts())

    def test_once_a_day(self):
        self.submit()
        self.run_queue()
        self.submit()
        self.assertEqual(len(self.requests()), 1)

    def test_one_address_is_not_flooded(self):
        activities = self.activity
        for number in range(4):
            activities += self.activity.copy({"name": f"Letter {number}"})
        activities.website_offered = True
        boxes = [f"privacy_consent_{one.id}" for one in activities]
        self.assertIn("id", self.submit(boxes=boxes))
        self.assertEqual(len(self.requests()), 3)
        self.assertEqual(len(self.contacts().privacy_consent_ids), 3)

    def test_one_network_does_not_flood(self):
        with patch.object(privacy_consent_form, "_PER_NETWORK", 2):
            for number in range(4):
                self.assertIn("id", self.submit(f"kim{number}@example.com"))
        forms = self.env["privacy.consent.form"].search([])
        self.assertEqual(len(forms), 2)

    def test_no_address_is_kept_in_clear(self):
        self.submit()
        row = self.env["privacy.consent.form"].search([]).read()[0]
        self.assertNotIn("127.0.0.1", str(row))
        self.assertNotIn(KIM, str({**row, "consent_id": None}))

    def test_form_counts_where_asking_fails(self):
        self.template.subject = "{{ 1 / 0 }}"
        with mute_logger(
            "odoo.addons.mail.models.mail_render_mixin",
            "odoo.addons.privacy_consent.models.privacy_consent_asking",
        ):
            self.assertIn("id", self.submit())
        self.assertFalse(self.requests())
        consent = self.contacts().privacy_consent_ids
        self.assertIn("cannot be made", consent.failure_reason)

    def test_form_counts_where_no_contact_can_be_made(self):
        create = patch.object(
            type(self.env["res.partner"]), "create", side_effect=ValueError(KIM)
        )
        with create, self.assertLogs(LOG, "WARNING") as logs:
            self.assertIn("id", self.submit())
        self.assertNotIn(KIM, str(logs.output), "no address is logged")
        self.assertFalse(self.contacts())

    def test_captcha(self):
        """A program asks nobody, whatever form it sends the box with."""
        verify = patch.object(
            type(self.env["ir.http"]),
            "_verify_recaptcha_token",
            lambda _self, _address, token, _action: token or "is_bot",
        )
        with verify, mute_logger("odoo.http"):
            self.submit(json=False)
            self.assertFalse(self.contacts())
            self.send_past_captcha()
            self.assertFalse(self.contacts())
            self.submit(recaptcha_token_response="is_human")
            self.assertEqual(len(self.requests()), 1)

    def test_any_form_asks_where_there_is_no_captcha(self):
        self.send_past_captcha()
        self.assertEqual(len(self.requests()), 1)

    # Other forms --------------------------------------------------------------------

    def test_sign_up(self):
        self.env["website"].get_current_website().auth_signup_uninvited = "b2c"
        page = html.fromstring(self.url_open("/web/signup").text)
        self.assertFalse(page.xpath(f"//input[@name='{self.box}']"))
        self.activity.website_signup = True
        self.env.flush_all()
        page = html.fromstring(self.url_open("/web/signup").text)
        (form,) = page.xpath(f"//form[.//input[@name='{self.box}']]")
        fields = {
            **dict(form.fields),
            "login": KIM,
            "name": "Kim",
            "password": "correct horse 17",
            "confirm_password": "correct horse 17",
            self.box: "yes",
        }
        self.url_open("/web/signup", data=fields, allow_redirects=False)
        self.env.invalidate_all()
        user = self.env["res.users"].search([("login", "=", KIM)])
        self.assertEqual(user.partner_id, self.contacts())
        self.assertEqual(len(self.requests()), 1)

    # The builder's questions ------------------------------------------------------

    def test_only_editors_ask_what_is_offered(self):
        activities = self.env["privacy.activity"]
        editor = new_test_user(
            self.env, "editor", groups="website.group_website_restricted_editor"
        )
        offers = activities.with_user(editor).website_offers()
        self.assertEqual(offers, [{"id": self.activity.id, "name": "Newsletter"}])
        box = activities.with_user(editor).website_box(self.activity.id)
        self.assertIn(self.box, box)
        hidden = self.activity.copy({"website_offered": False, "name": "Hidden"})
        self.assertNotIn("Hidden", activities.with_user(editor).website_box(hidden.id))
        for call in (lambda one: one.website_offers(), lambda one: one.website_box(1)):
            with self.assertRaisesRegex(Exception, "Only editors"):
                call(activities.with_user(self.reader))
