# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A website whose contact form has a box for consent."""

from lxml import html

from odoo.tests import HttpCase
from odoo.tools.misc import hmac

from odoo.addons.privacy_consent.tests.common import ConsentCase

KIM = "kim@example.com"
PAGE = """
<t t-call="website.layout">
    <div id="wrap"><form action="/website/form/" method="post">
        <div class="s_privacy_consent form-field" data-consent-activity="{}">
            <input type="checkbox" name="old" /> What was saved
        </div>
    </form></div>
</t>
"""


class WebsiteCase(ConsentCase, HttpCase):
    """Visitors, whose address nobody knows or somebody has."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity.website_offered = True
        cls.box = f"privacy_consent_{cls.activity.id}"

    def submit(self, email=KIM, boxes=None, json=True, **values):
        """Send the contact form as a visitor who ticked boxes.

        :param bool json: whether the website takes it, or says what is missing
        :return: what the website responds
        """
        office = "office@example.com"
        boxes = [self.box] if boxes is None else boxes
        response = self.url_open(
            "/website/form/mail.mail",
            data={
                "email_to": office,
                "website_form_signature": hmac(
                    self.env(su=True), "website_form_signature", office
                ),
                "email_from": email,
                "subject": "A question",
                **dict.fromkeys(boxes, "yes"),
                **values,
            },
        )
        self.ask_waiting()
        return response.json() if json else response

    def ask_waiting(self):
        """Have asked what visitors sent, as it happens a moment later."""
        self.env.invalidate_all()
        for one in self.env["privacy.consent.form.pending"].search([], order="id"):
            one._ask()
        self.env.flush_all()

    def send_past_captcha(self, email=KIM, path="/website/form", **values):
        """Send the box to a page that has no captcha, as a program would."""
        page = html.fromstring(self.url_open("/web/login").text)
        (token,) = page.xpath("//form//input[@name='csrf_token']/@value")
        data = {"csrf_token": token, "email": email, self.box: "yes", **values}
        response = self.url_open(path, data=data)
        self.assertEqual(response.status_code, 200)
        self.ask_waiting()

    def contacts(self, email=KIM):
        return self.env["res.partner"].search([("email_normalized", "=", email)])

    def requests(self, email=KIM):
        """:return: the mails that ask somebody for consent"""
        return self.contacts(email).privacy_consent_ids.request_ids.mail_id

    def page(self):
        """:return: the address of a page with the box"""
        view = self.env["ir.ui.view"].create(
            {
                "name": "Contact",
                "type": "qweb",
                "key": "privacy_consent_website.test_page",
                "arch": PAGE.format(self.activity.id),
            }
        )
        self.env["website.page"].create(
            {"url": "/consent-test", "view_id": view.id, "is_published": True}
        )
        self.env.flush_all()
        return "/consent-test"
