# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The delivered mail says who asks, and pages say the same."""

import base64
import io
import re

from PIL import Image

from odoo.exceptions import ValidationError
from odoo.tests import Form, HttpCase, tagged

from .. import mail_document
from .answers import press
from .common import ConsentCase

POLICY = "https://www.example.com/privacy?a=1&b=2"
SVG = base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
)
OFFICER = "Jane <Doe>, dpo@example.com"


def picture(kind, size=(300, 200)):
    """:return: a small image, in base64"""
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, kind)
    return base64.b64encode(content.getvalue())


class IdentityCase(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.write(
            {
                "logo": picture("PNG"),
                "street": "Main Street 1",
                "zip": "12345",
                "city": "Sometown",
                "country_id": cls.env.ref("base.de").id,
                "privacy_officer": OFFICER,
                "privacy_policy_url": POLICY,
            }
        )
        cls.env.flush_all()

    def mail_to(self, address, activity=None):
        """:return: the message that somebody gets about an activity"""
        self.generate(activity)
        mails = [mail for mail in self.run_queue() if mail.to == [address]]
        self.assertEqual(len(mails), 1)
        return mails[0]


class TestMailIdentity(IdentityCase):
    def parts(self, mail):
        return {part.get_content_type(): part for part in mail.message.walk()}

    def test_who_asks(self):
        mail = self.mail_to("ann@example.com")
        for word in (
            self.company.name,
            "Main Street 1",
            "12345",
            "Sometown",
            "Germany",
            "You get this message because you are among the contacts of",
        ):
            self.assertIn(word, mail.html)
            self.assertIn(word, mail.text)
        self.assertIn(f"{self.company.name}, Main Street 1", mail.text)
        self.assertIn("Jane &lt;Doe&gt;, dpo@example.com", mail.html)
        self.assertIn(OFFICER, mail.text)
        self.assertIn(f'href="{POLICY.replace("&", "&amp;")}"', mail.html)
        self.assertIn(POLICY, mail.text)

    def test_nothing_of_it_is_there_without_values(self):
        self.company.write({"privacy_officer": False, "privacy_policy_url": False})
        mail = self.mail_to("ann@example.com")
        for word in ("officer", "Privacy policy"):
            self.assertNotIn(word, mail.html)
            self.assertNotIn(word, mail.text)

    def test_the_activity_says_it_otherwise(self):
        self.activity.write(
            {
                "privacy_officer": "Somebody else",
                "privacy_policy_url": "https://other.example.com/p",
            }
        )
        mail = self.mail_to("ann@example.com")
        self.assertIn("Somebody else", mail.html)
        self.assertIn('href="https://other.example.com/p"', mail.html)
        self.assertNotIn("dpo@example.com", mail.html)
        self.assertNotIn(POLICY, mail.text)

    def test_the_logo_is_a_part_of_the_message(self):
        mail = self.mail_to("ann@example.com")
        self.assertIn(f'src="cid:{mail_document.LOGO}"', mail.html)
        self.assertNotRegex(mail.html, r"<img[^>]*src=.(http|/|data:)")
        parts = self.parts(mail)
        image = parts["image/png"]
        self.assertEqual(image["Content-ID"], f"<{mail_document.LOGO}>")
        self.assertEqual(image.get_content_disposition(), "inline")
        self.assertTrue(image.get_payload(decode=True).startswith(b"\x89PNG"))
        related = parts["multipart/related"]
        self.assertEqual(
            [part.get_content_type() for part in related.get_payload()],
            ["text/html", "image/png"],
        )
        self.assertEqual(mail.message.get_content_type(), "multipart/alternative")
        self.assertNotIn("cid:", mail.text)
        self.assertNotIn("Image", mail.text)

    def test_request_by_hand(self):
        """It looks as those of a batch do, with no layout of Odoo around."""
        consent = self.generate().filtered(lambda one: one.partner_id == self.ann)
        consent._cancel_requests("replaced")
        consent.message_subscribe(self.reader.partner_id.ids)
        Form(
            self.env["mail.compose.message"]
            .with_user(self.manager)
            .with_context(**consent.action_manual_ask()["context"])
        ).save().action_send_mail()
        mails = {mail.to[0]: mail for mail in self.run_queue()}
        mail = mails["ann@example.com"]
        self.assertEqual(mail.links()["accept"], consent._url(True))
        self.assertIn(f'src="cid:{mail_document.LOGO}"', mail.html)
        self.assertEqual(
            self.parts(mail)["image/png"]["Content-ID"], f"<{mail_document.LOGO}>"
        )
        self.assertIn("@media (prefers-color-scheme:dark)", mail.html)
        self.assertEqual(mail.html.count("<html"), 1)
        for one in mails.values():
            self.assertNotIn("logo.png?", one.html)
            self.assertNotRegex(one.html, r"<img[^>]*src=.(http|/|data:)")
        # Any other message is one of Odoo's.
        consent.with_user(self.manager).message_post(
            body="Any questions?",
            partner_ids=self.ann.ids,
            subtype_xmlid="mail.mt_note",
        )
        (other,) = (one for one in self.run_queue() if one.to == ["ann@example.com"])
        self.assertIn("Any questions?", other.html)
        self.assertIn("<html", other.html)

    def test_the_logo_is_small(self):
        for size, height in (((300, 200), 48), ((1000, 50), 12), ((20, 20), 20)):
            with self.subTest(size=size):
                self.company.logo = picture("PNG", size)
                self.env.registry.clear_cache()
                activity = self.activity.copy({"name": "Other"})
                mail = self.mail_to("ann@example.com", activity)
                self.assertIn(f'height="{height}"', mail.html)

    def test_without_a_logo_there_is_no_picture(self):
        for logo in (False, self.env["res.company"]._get_logo(), SVG):
            with self.subTest(logo=logo and logo[:8]):
                self.company.logo = logo
                # Within a transaction, all changes have one date.
                self.env.registry.clear_cache()
                activity = self.activity.copy({"name": "Other"})
                mail = self.mail_to("ann@example.com", activity)
                self.assertNotIn("<img", mail.html)
                self.assertNotIn("image/png", self.parts(mail))
                self.assertIn(self.company.name, mail.html)

    def test_the_logo_that_went_meanwhile(self):
        self.generate()
        self.company.logo = False
        # Within a transaction, all changes have one date.
        self.env.registry.clear_cache()
        for mail in self.run_queue():
            self.assertNotIn("<img", mail.html)
            self.assertNotIn("image/png", self.parts(mail))

    def test_the_logo_is_beside_the_files_of_a_template(self):
        self.template.attachment_ids = self.env["ir.attachment"].create(
            {"name": "terms.txt", "raw": b"terms", "mimetype": "text/plain"}
        )
        mail = self.mail_to("ann@example.com")
        names = [part.get_filename() for part in mail.message.get_payload()]
        self.assertEqual(names, [None, "terms.txt"])
        self.assertIn("image/png", self.parts(mail))

    def test_other_mails_get_no_logo(self):
        self.env["mail.mail"].create(
            {
                "body_html": '<p class="o_privacy">'
                f'<img src="cid:{mail_document.LOGO}"></p>',
                "email_to": "x@example.com",
            }
        )
        (mail,) = self.run_queue()
        self.assertNotIn("image/png", self.parts(mail))
        self.assertNotIn("color-scheme", mail.html)

    def test_nothing_that_surrounds_it_is_stored(self):
        self.generate()
        self.run_queue()
        request = self.consent_of(self.ann).request_ids
        for body in (request.mail_id.body_html, request.message_id.body):
            self.assertNotIn("prefers-color-scheme", body)
            self.assertNotIn("\n  ", body)

    def test_dark_and_narrow_screens(self):
        mail = self.mail_to("ann@example.com")
        self.assertTrue(mail.html.startswith("<!DOCTYPE html>"))
        self.assertIn('<meta name="color-scheme" content="light dark">', mail.html)
        self.assertIn('<meta name="viewport" content="width=device-width">', mail.html)
        self.assertIn("@media (prefers-color-scheme:dark)", mail.html)

    def test_another_template_keeps_its_own_colours(self):
        self.template.body_html = (
            '<p style="color: black"><a href="/privacy/consent/accept/">Yes</a>'
            '<a href="/privacy/consent/reject/">No</a></p>'
        )
        mail = self.mail_to("ann@example.com")
        self.assertNotIn("color-scheme", mail.html)

    def test_from_right_to_left(self):
        self.env["res.lang"]._activate_lang("ar_001")
        self.ann.lang = "ar_001"
        mail = self.mail_to("ann@example.com")
        self.assertRegex(mail.html, r'<table class="o_privacy"[^>]* dir="rtl"')
        self.assertIn("border-right: 4px", mail.html)
        self.assertNotIn("border-left", mail.html)

    def test_from_left_to_right(self):
        mail = self.mail_to("ann@example.com")
        self.assertRegex(mail.html, r'<table class="o_privacy"[^>]* dir="ltr"')
        self.assertIn("border-left: 4px", mail.html)

    def test_a_long_text_is_below_the_buttons(self):
        for times, below in ((2, False), (400, True)):
            with self.subTest(times=times):
                text = "One mail a month. " * times
                activity = self.activity.copy(
                    {"name": "Other", "description": f"<p>{text}</p>"}
                )
                mail = self.mail_to("ann@example.com", activity)
                button = mail.html.index("/privacy/consent/reject/")
                self.assertEqual(mail.html.count("One mail a month."), times)
                self.assertEqual(mail.html.index("One mail a month.") > button, below)
                self.assertEqual("below the buttons" in mail.html, below)

    def test_policy_that_is_no_page(self):
        for url in (
            "javascript:alert(1)",
            "javascript://example.com/%0Aalert(1)",
            "ftp://example.com",
            "data:text/html,x",
            "www.example.com",
            "https://",
            "https://example.com/ x",
            'https://example.com/"onclick=',
            "//example.com",
            "mailto:x@example.com",
        ):
            for record in (self.company, self.activity):
                with self.subTest(url=url, model=record._name):
                    with self.assertRaisesRegex(ValidationError, "web page"):
                        record.privacy_policy_url = url

    def test_settings(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.privacy_policy_url, POLICY)
        settings.privacy_officer = "New"
        settings.execute()
        self.assertEqual(self.activity.officer_contact, "New")


class TestIdentityIsPartOfTheText(ConsentCase):
    def test_without_values_the_text_is_as_before(self):
        self.assertEqual(
            self.activity._substance("en_US").keys(),
            {
                "format",
                "activity",
                "language",
                "name",
                "description",
                "controller",
                "processors",
            },
        )
        self.assertEqual(self.activity._substance("en_US")["format"], 1)

    def test_a_change_is_one_of_the_text(self):
        changes = [
            (self.env.company, {"privacy_officer": OFFICER}),
            (self.env.company, {"privacy_policy_url": POLICY}),
            (self.activity, {"privacy_officer": "Other"}),
            (self.activity, {"privacy_policy_url": "https://example.com/other"}),
        ]
        hashes = {self.activity._text_hash("en_US")}
        for record, values in changes:
            record.write(values)
            hashes.add(self.activity._text_hash("en_US"))
            stored = self.activity.consent_text_ids
            self.activity.invalidate_recordset()
            self.assertIn(
                self.activity._text_hash("en_US"),
                self.activity.consent_text_ids.mapped("hash"),
                stored,
            )
        self.assertEqual(len(hashes), 5)
        substance = self.activity._substance("en_US")
        self.assertEqual(substance["format"], 2)
        self.assertEqual(substance["officer"], "Other")
        self.assertEqual(substance["policy"], "https://example.com/other")
        text = self.activity.consent_text_ids[0]
        self.assertEqual(
            (text.officer, text.policy_url), ("Other", substance["policy"])
        )

    def test_who_accepted_before_is_counted(self):
        self.generate()
        self.run_queue()
        press(self.consent_of(self.ann), True)
        self.assertFalse(self.activity.earlier_text_count)
        self.env.company.privacy_policy_url = POLICY
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.activity.earlier_text_count, 1)

    def test_company_of_somebody_else(self):
        before = self.activity._text_hash("en_US")
        other = self.env["res.company"].create({"name": "Other"})
        other.privacy_policy_url = POLICY
        self.assertEqual(self.activity._text_hash("en_US"), before)


@tagged("post_install", "-at_install")
class TestPageIdentity(IdentityCase, HttpCase):
    def test_pages(self):
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        self.env.flush_all()
        for url in (
            consent._url(True),
            consent._link("preferences", consent._token()),
        ):
            page = self.url_open(url).text
            for word in (
                self.company.name,
                "<bdi>Main Street 1",
                "Germany",
                "Jane &lt;Doe&gt;, dpo@example.com",
                f'href="{POLICY.replace("&", "&amp;")}"',
            ):
                self.assertIn(word, page)
            self.assertRegex(re.sub(r"\s+", " ", page), "noreferrer")
