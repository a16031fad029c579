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

LOG = "odoo.addons.privacy_consent_website.models.privacy_consent_form_pending"


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
        self.activity.unlink()
        self.env.flush_all()
        self.assertNotIn(self.box, self.url_open(path).text)
        self.assertIn("id", self.submit())

    def test_forms_into_which_nobody_drags(self):
        """The website says what their box is about."""
        website = self.env["website"].get_current_website()
        website.consent_event_id = self.activity
        for number, (form, boxes) in enumerate(
            [
                ('id="attendee_registration"', 1),
                ('action="/shop/address/submit"', 0),
            ]
        ):
            view = self.env["ir.ui.view"].create(
                {
                    "name": "Odoo's form",
                    "type": "qweb",
                    "key": f"privacy_consent_website.test_place_{number}",
                    "arch": f"""<t t-call="website.layout"><form {form}>
                        <div class="modal-footer">Buttons</div></form></t>""",
                }
            )
            url = f"/place-{number}"
            self.env["website.page"].create(
                {"url": url, "view_id": view.id, "is_published": True}
            )
            self.env.flush_all()
            page = html.fromstring(self.url_open(url).text)
            found = page.xpath(f"//form[@{form}]//input[@name='{self.box}']")
            self.assertEqual(len(found), boxes)
            before = page.xpath("//div[@class='modal-footer']/preceding-sibling::div")
            self.assertEqual(len(before), boxes, "above the buttons")

    def test_box_in_a_text(self):
        """A form may be in the text of a blog or a product, which is no template."""
        text = (
            f'<form><div data-consent-activity="{self.activity.id}"'
            ' data-consent-required="1">Old</div><p>After &amp; so on</p></form>'
        )
        field = self.env["ir.qweb.field.html"]
        shown = field.value_to_html(text, {})
        (tick,) = html.fromstring(shown).xpath("//form//input[@required]")
        self.assertEqual(tick.get("name"), self.box)
        self.assertNotIn("Old", shown)
        self.assertIn("After &amp; so on", shown)
        self.activity.website_offered = False
        shown = field.value_to_html(text, {})
        self.assertNotIn(self.box, shown)
        self.assertIn("After &amp; so on", shown)

    def test_two_forms_of_one_page(self):
        """The words beside a box belong to it, and not to that of the other form."""
        path = self.page()
        view = self.env["ir.ui.view"].search([("key", "like", "website.test_page")])
        form = f'<form><p data-consent-activity="{self.activity.id}" /></form>'
        view.arch = view.arch.replace("</form>", f"</form>{form}")
        self.env.flush_all()
        page = html.fromstring(self.url_open(path).text)
        ticks = page.xpath(f"//label/input[@name='{self.box}']")
        self.assertEqual(len(ticks), 2)
        self.assertEqual([one.get("id") for one in ticks], [None, None])

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

    def test_text_that_changed_before_the_form_was_sent(self):
        """What counts is what the mail and its page say, and not the box."""
        path = self.page()
        self.assertIn(self.activity.name, self.url_open(path).text)
        self.activity.description = "<p>Two mails a week.</p>"
        self.submit()
        sent = [mail for mail in self.run_queue() if mail.to == [KIM]]
        self.assertIn("Two mails a week.", sent[0].text)
        consent = self.consent_of(self.contacts())
        press(consent, True)
        self.assertIn("Two mails a week.", consent.answer_text_id.content)
        self.assertNotIn("One mail a month.", consent.answer_text_id.content)

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

    def test_contacts_that_share_an_address(self):
        """Whose refusal counts for the address can take it back."""
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.luc)
        press(consent, False)
        self.luc.email = self.ann.email
        older, younger = self.ann | self.luc, self.luc
        self.assertEqual(older.sorted("id")[:1], self.ann)
        self.consent_of(self.ann)._erase("Asked for")
        self.submit(self.ann.email)
        self.run_queue()
        consent = self.consent_of(younger)
        self.assertEqual(consent.request_ids[0].kind, "fresh")
        self.assertFalse(self.ann.privacy_consent_ids)
        with freeze_time("2100-01-01"):
            press(consent, True)
        may = self.activity._consents_by_address({self.ann.email})
        self.assertEqual(may, {self.ann.email: True})

    def test_merged_contact_is_asked(self):
        """It has two consents for one activity, of which one counts."""
        zoe = self._create_subject("Zoe", "zoe@example.com", lang="en_US")
        self.generate()
        self.run_queue()
        for contact in (self.ann, zoe):
            press(self.consent_of(contact), False)
        merge = self.env["base.partner.merge.automatic.wizard"]._merge
        merge((zoe | self.ann).ids, self.ann)
        self.submit(self.ann.email)
        consent = self.consent_of(self.ann)
        self.assertEqual(consent.request_ids[0].kind, "fresh")
        self.assertEqual(consent.request_ids[0].state, "waiting")

    def test_whoever_consented_is_not_asked(self):
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        press(consent, True)
        self.submit(self.ann.email)
        self.assertEqual(len(consent.request_ids), 1)

    def test_visitors_are_told_the_same(self):
        """Whoever tries an address does not learn whether it is known."""
        self.generate()
        self.run_queue()
        press(self.consent_of(self.ann), True)
        said, statements = set(), []
        for email in (KIM, KIM, "lou@example.com", self.ann.email):
            before = self.env.cr.sql_log_count
            with patch.object(type(self), "ask_waiting"):
                said.add(str(set(self.submit(email))))
            statements.append(self.env.cr.sql_log_count - before)
        self.assertEqual(len(said), 1)
        # The first one fills caches.
        self.assertEqual(len(set(statements[1:])), 1, "nor with a clock")

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

    def test_a_day_does_not_end_at_midnight(self):
        for moment, asked in [
            ("2026-03-01 23:58:00", 1),
            ("2026-03-02 00:02:00", 1),
            ("2026-03-02 23:59:00", 2),
        ]:
            with self.subTest(moment), freeze_time(moment):
                self.submit()
                forms = self.env["privacy.consent.form"].search([])
                self.assertEqual(len(forms), asked)

    def test_one_mailbox_is_not_flooded(self):
        """Whatever is written between "+" and "@"."""
        for number in range(5):
            self.submit(f"kim+{number}@example.com")
        self.assertEqual(len(self.env["privacy.consent.form"].search([])), 3)

    def test_ways_to_write_one_address(self):
        for email in ("KIM@Example.COM", " kim@example.com ", "Kim <kim@example.com>"):
            self.assertIn("id", self.submit(email))
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
        with patch.object(privacy_consent_form, "PER_NETWORK", 2):
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
        for method, token in {
            "_verify_recaptcha_token": "recaptcha_token_response",
            "_verify_turnstile_token": "turnstile_captcha",
        }.items():
            email = f"{token.partition('_')[0]}@example.com"
            if not hasattr(self.env["ir.http"], method):
                continue  # Odoo's addon with this captcha is not there.
            verify = patch.object(
                type(self.env["ir.http"]),
                method,
                lambda _self, _address, token, _action: token or "is_bot",
            )
            with self.subTest(method), verify, mute_logger("odoo.http"):
                self.submit(email, json=False)
                self.send_past_captcha(email)
                self.assertFalse(self.contacts(email))
                self.submit(email, **{token: "is_human"})
                self.assertEqual(len(self.requests(email)), 1)

    def test_captcha_on_a_page_that_only_reads(self):
        """Odoo repeats the form, and its captcha is good for one check."""
        tokens = ["is_human"]
        verify = patch.object(
            type(self.env["ir.http"]),
            "_verify_recaptcha_token",
            lambda _self, _address, token, _action: tokens.pop() if tokens else "used",
        )
        data = {"recaptcha_token_response": "once"}
        with verify, mute_logger("odoo.http"):
            self.send_past_captcha(path="/website/info", **data)
        self.assertEqual(len(self.requests()), 1)

    def test_any_form_asks_where_there_is_no_captcha(self):
        # Odoo would log that it repeats a form.
        with self.assertNoLogs("odoo.http", "WARNING"):
            self.send_past_captcha()
        self.assertEqual(len(self.requests()), 1)

    # Other forms --------------------------------------------------------------------

    def test_sign_up(self):
        self.env["website"].get_current_website().auth_signup_uninvited = "b2c"
        page = html.fromstring(self.url_open("/web/signup").text)
        self.assertFalse(page.xpath(f"//input[@name='{self.box}']"))
        self.activity.website_signup = True
        company = self.env["res.company"].create({"name": "Other"})
        letter = self.activity.copy({"website_offered": True, "website_signup": True})
        letter.company_id = company
        self.env.flush_all()
        page = html.fromstring(self.url_open("/web/signup").text)
        (form,) = page.xpath(f"//form[.//input[@name='{self.box}']]")
        self.assertEqual(len(form.xpath(".//input[@type='checkbox']")), 1)
        fields = {
            **dict(form.fields),
            "login": KIM,
            "name": "Kim",
            "password": "correct horse 17",
            "confirm_password": "another horse",
            self.box: "yes",
        }
        self.url_open("/web/signup", data=fields, allow_redirects=False)
        self.ask_waiting()
        self.assertFalse(self.contacts(), "the passwords differ")
        fields["confirm_password"] = fields["password"]
        self.url_open("/web/signup", data=fields, allow_redirects=False)
        self.ask_waiting()
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
