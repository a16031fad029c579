# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mailings leave out who does not consent, and say so."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.privacy_consent.tests.answers import press
from odoo.addons.privacy_consent.tests.common import ConsentCase


class MailingCase(ConsentCase):
    """Ann consents, Luc refused, and nobody knows what Eve wants."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marketing = new_test_user(
            cls.env,
            "marketing",
            groups="mass_mailing.group_mass_mailing_user,base.group_partner_manager",
            email="marketing@example.com",
        )
        cls.eve = cls._create_subject("Eve", "eve@example.com", lang="en_US")

    def setUp(self):
        super().setUp()
        self.generate()
        with self.at("2026-03-01 10:00:00"):
            self.run_queue()
        press(self.consent_of(self.ann), True)
        press(self.consent_of(self.luc), False)

    def new_mailing(self, model="res.partner", **values):
        domain = [("email", "like", "@example.com")]
        if model == "res.partner":
            domain = [("category_id", "in", self.marker.ids)]
        return (
            self.env["mailing.mailing"]
            .with_user(self.marketing)
            .create(
                {
                    "subject": "News",
                    "body_html": "<p>News <a href='/unsubscribe_from_list'>x</a></p>",
                    "mailing_model_id": self.env["ir.model"]._get_id(model),
                    "mailing_domain": repr(domain),
                    "consent_activity_id": self.activity.id,
                    **values,
                }
            )
        )

    def new_list(self, *emails):
        contacts = self.env["mailing.contact"].create(
            [{"name": email, "email": email} for email in emails]
        )
        return self.env["mailing.list"].create(
            {"name": "All", "contact_ids": [(6, 0, contacts.ids)]}
        )

    def send(self, mailing):
        """:return: the addresses to which it went"""
        with self.mock_smtplib_connection():
            mailing.sudo()._action_send_mail()
            self.env["mail.mail"].process_email_queue()
            self.env.flush_all()
            return sorted(one["smtp_to_list"][0] for one in self.emails)

    def left_out(self, mailing):
        traces = mailing.sudo().mailing_trace_ids
        return sorted(
            traces.filtered(
                lambda one: one.trace_status == "cancel"
                and one.failure_type == "mail_no_consent"
            ).mapped("email")
        )


@tagged("post_install", "-at_install")
class TestMailing(MailingCase):
    def test_contacts(self):
        mailing = self.new_mailing()
        self.assertEqual(
            mailing.consent_preview.splitlines(),
            [
                "1 of 4 may be mailed.",
                "Refused, withdrew, or their consent does not count: 1",
                "Never consented: 1",
                "No address: 1",
            ],
        )
        self.assertEqual(self.send(mailing), ["ann@example.com"])
        self.assertEqual(self.left_out(mailing), ["eve@example.com", "luc@example.com"])
        self.assertEqual(mailing.canceled, 3)

    def test_mailing_list(self):
        everybody = self.new_list(
            "Ann <ANN@example.com>", "luc@example.com", "nobody@example.com"
        )
        mailing = self.new_mailing(
            "mailing.list", contact_list_ids=[(6, 0, everybody.ids)]
        )
        self.assertIn("1 of 3", mailing.consent_preview)
        self.assertEqual(self.send(mailing), ["ann@example.com"])
        self.assertEqual(
            self.left_out(mailing), ["luc@example.com", "nobody@example.com"]
        )

    def test_another_model(self):
        """Leads, users and all others are mailed to by Odoo in the same way."""
        users = self.marketing
        for name in ("ann", "luc"):
            users += new_test_user(self.env, f"{name}_2", email=f"{name}@example.com")
        mailing = self.new_mailing(
            "res.users"
            if self.env["ir.model"]._get("res.users").is_mailing_enabled
            else "mailing.contact",
            mailing_domain=repr([("email", "in", users.mapped("email"))]),
        )
        if mailing.mailing_model_real == "mailing.contact":
            self.new_list(*users.mapped("email"))
        self.assertEqual(self.send(mailing), ["ann@example.com"])

    def test_withdrawn_while_the_mail_waits(self):
        mailing = self.new_mailing()
        mails = self.env["mail.mail"].create(
            [
                {
                    "body_html": "<p>News</p>",
                    "email_to": f"{name}@example.com",
                    "mailing_id": mailing.id,
                    "mailing_trace_ids": [
                        (
                            0,
                            0,
                            {
                                "email": f"{name}@example.com",
                                "mass_mailing_id": mailing.id,
                                "model": "res.partner",
                                "res_id": self.ann.id,
                            },
                        )
                    ],
                }
                for name in ("ann", "ann", "luc")
            ]
        )
        for send in (
            lambda mail: mail.send(),
            lambda _mail: self.env["mail.mail"].process_email_queue(),
        ):
            with self.mock_smtplib_connection():
                send(mails[0])
                self.env.flush_all()
                sent = [one["smtp_to_list"][0] for one in self.emails]
                self.assertNotIn("luc@example.com", sent)
            press(self.consent_of(self.ann), False)
        self.assertEqual(mails.mapped("state"), ["sent", "cancel", "cancel"])
        self.assertEqual(self.left_out(mailing), ["ann@example.com", "luc@example.com"])
        self.assertEqual(mails[0].mailing_trace_ids.trace_status, "sent")

    def test_without_activity_everybody(self):
        mailing = self.new_mailing(consent_activity_id=False)
        self.assertFalse(mailing.consent_preview)
        self.assertEqual(
            self.send(mailing),
            ["ann@example.com", "eve@example.com", "luc@example.com"],
        )

    def test_archived_activity_nobody(self):
        mailing = self.new_mailing()
        self.activity.active = False
        self.assertEqual(self.send(mailing), [])

    def test_activity_of_another_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.activity.controller_id = company.partner_id
        with self.assertRaises(AccessError):
            self.new_mailing()
