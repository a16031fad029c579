# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mailings leave out who does not consent, and say so."""

from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from odoo.addons.privacy_consent.tests.answers import press
from odoo.addons.privacy_consent.tests.common import ConsentCase

from ..models import mailing_mailing


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
        cls.generate()
        with cls.at("2026-03-01 10:00:00"):
            cls.run_queue()
        press(cls.consent_of(cls.ann), True)
        press(cls.consent_of(cls.luc), False)

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

    def test_contacts_with_several_addresses(self):
        """Mails go to those addresses alone that consent."""
        (self.ann + self.luc + self.eve + self.mute).email = False
        with self.at("2026-03-01 11:00:00"):
            self.ann.email = "ann@example.com, luc@example.com"
            self.luc.email = "luc@example.com"
            self.mute.email = "eve@example.com; luc@example.com"
        mailing = self.new_mailing()
        self.assertEqual(
            mailing.consent_preview.splitlines(),
            [
                "1 of 4 may be mailed.",
                "Refused, withdrew, or their consent does not count: 2",
                "No address: 1",
            ],
        )
        self.assertEqual(self.send(mailing), ["ann@example.com"])
        self.assertEqual(
            [one["smtp_to_list"] for one in self.emails], [["ann@example.com"]]
        )
        self.assertNotIn("luc@example.com", self.emails[0]["message"])
        self.assertEqual(self.left_out(mailing), ["eve@example.com", "luc@example.com"])

    def test_the_first_address_refused(self):
        self.ann.email = "luc@example.com, ann@example.com"
        twin = self._create_subject("Twin", "ann@example.com")
        self.generate()
        press(self.consent_of(twin), True)
        mailing = self.new_mailing(
            mailing_domain=repr([("id", "=", self.ann.id)]),
            body_html="<p>News <a href='/unsubscribe_from_list'>x</a></p>",
        )
        self.assertEqual(mailing.consent_preview, "1 of 1 may be mailed.")
        self.assertEqual(self.send(mailing), ["ann@example.com"])
        self.assertNotIn("luc%40", self.emails[0]["message"])

    def test_lists_with_several_addresses(self):
        news = self.new_list("ann@example.com, nobody@example.com")
        mailing = self.new_mailing("mailing.list", contact_list_ids=[(6, 0, news.ids)])
        self.assertEqual(self.send(mailing), ["ann@example.com"])
        self.assertNotIn("nobody", self.emails[0]["message"])

    def test_test_mails(self):
        """Whoever writes a mailing may look at it first."""
        mailing = self.new_mailing()
        dialog = self.env["mailing.mailing.test"].with_user(self.marketing)
        dialog = dialog.create(
            {"mass_mailing_id": mailing.id, "email_to": "boss@example.com"}
        )
        with self.mock_smtplib_connection():
            dialog.send_mail_test()
            self.assertEqual(
                [one["smtp_to_list"] for one in self.emails], [["boss@example.com"]]
            )

    def test_text_messages(self):
        """Addresses consent, and not numbers."""
        mailing = self.new_mailing()
        field = mailing._fields["mailing_type"]
        with patch.object(field, "_selection", {"mail": "Email", "sms": "SMS"}):
            with self.assertRaisesRegex(ValidationError, "Only who consented to"):
                mailing.mailing_type = "sms"
            mailing.write({"mailing_type": "sms", "consent_activity_id": False})

    def test_many_contacts(self):
        with patch.object(mailing_mailing, "COUNTED", 3):
            self.assertEqual(
                self.new_mailing().consent_preview.splitlines()[:2],
                ["Of the first 3 recipients:", "1 of 3 may be mailed."],
            )

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
            lambda _mail: (
                # Whoever says so does not make it a test.
                mails[2].with_context(mailing_test_mail=True).send(),
                self.env["mail.mail"].process_email_queue(),
            ),
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
        self.assertEqual(
            mailing.consent_preview, "The activity is archived: nobody is mailed."
        )
        self.assertEqual(self.send(mailing), [])

    def test_activity_of_another_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.activity.controller_id = company.partner_id
        with self.assertRaises(AccessError):
            self.new_mailing()
