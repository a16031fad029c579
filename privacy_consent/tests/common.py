# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests of asking and answering share; other addons may use it too."""

import re
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_string
from email.header import decode_header, make_header
from unittest.mock import patch
from urllib.parse import urlsplit

from freezegun import freeze_time

from odoo import fields
from odoo.tests import RecordCapturer, TransactionCase, new_test_user

from odoo.addons.base.tests.common import MockSmtplibCase

LINK = re.compile(
    r"https?://[^\s\"'<>]+/privacy/consent/(accept|reject)/\d+/[a-z2-7]{52}\?db=[\w%-]+"
)
FORM = re.compile(
    r'action="[^"]*/privacy/consent/(\w+)/[^"]*">\s*'
    r'<input type="hidden" name="nonce" value="([^"]*)"'
)


def local(url):
    """Write an address without its server: forms post to where their page was."""
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


def nonces(html):
    """:return: the nonces of a public page's forms, by the word in their address"""
    return dict(FORM.findall(html))


class ConsentCase(TransactionCase, MockSmtplibCase):
    """An activity, its subjects in two languages, and a manager who follows it.

    :cvar activity: automatic, with the shipped template
    :cvar ann: English-speaking subject
    :cvar luc: French-speaking subject
    :cvar mute: contact without e-mail, matched by the filter
    :cvar manager: data protection manager and follower of the activity
    :cvar reader: data protection user, who may only read
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.manager = new_test_user(
            cls.env,
            "manager",
            groups="privacy.group_data_protection_manager,base.group_partner_manager",
            email="manager@example.com",
        )
        cls.reader = new_test_user(
            cls.env,
            "reader",
            groups="privacy.group_data_protection_user",
            email="reader@example.com",
        )
        cls.marker = cls.env["res.partner.category"].create({"name": "Subjects"})
        cls.ann = cls._create_subject("Ann", "ann@example.com", lang="en_US")
        cls.luc = cls._create_subject("Luc", "luc@example.com", lang="fr_FR")
        cls.mute = cls._create_subject("Mute", False, lang="en_US")
        cls.template = cls.env.ref("privacy_consent.template_consent")
        french = cls.template.with_context(lang="fr_FR")
        french.subject = "Votre avis sur {{ object.activity_id.name }}"
        cls.env.company.email = "company@example.com"
        cls.activity = cls.env["privacy.activity"].create(
            {
                "name": "Newsletter",
                "description": "<p>One mail a month.</p>",
                "consent_required": "auto",
                "subject_find": True,
                "subject_domain": f"[('category_id', '=', {cls.marker.id})]",
            }
        )
        cls.activity.message_subscribe(cls.manager.partner_id.ids)
        cls.env["mail.mail"].search([("state", "=", "outgoing")]).unlink()
        cls.env.flush_all()

    @classmethod
    def _create_subject(cls, name, email, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "email": email,
                "category_id": [(6, 0, cls.marker.ids)],
                **values,
            }
        )

    @classmethod
    def generate(cls, activity=None, user=None):
        """Press the button as a user, by default the manager.

        :return: the consents just made
        """
        activity = (activity or cls.activity).with_user(user or cls.manager)
        action = activity.action_new_consents()
        cls.env.flush_all()
        return cls.env["privacy.consent"].search(action["domain"])

    @classmethod
    def consent_of(cls, partner, activity=None):
        """:return: the consent of one subject, archived or not"""
        return (
            cls.env["privacy.consent"]
            .with_context(active_test=False)
            .search(
                [
                    ("partner_id", "=", partner.id),
                    ("activity_id", "=", (activity or cls.activity).id),
                ]
            )
        )

    @classmethod
    def dialog(cls, action, user=None):
        """:return: the record of the dialog that an action opens, for a user"""
        dialogs = cls.env[action["res_model"]].with_user(user or cls.manager)
        return dialogs.browse(action["res_id"])

    @classmethod
    def ask_selected(cls, consents, user=None):
        """Choose the list action for several consents, and press in its dialog.

        :return: the action that follows
        """
        consents = consents.with_user(user or cls.manager)
        action = cls.dialog(consents.action_manual_ask(), user).action_ask()
        cls.env.flush_all()
        return action

    @classmethod
    def run_queue(cls):
        """Let the mail queue send what is due.

        :return: the messages handed to SMTP
        :rtype: list[Delivered]
        """
        cls.env.cr.flush()
        cls.env.invalidate_all()
        with cls.mock_smtplib_connection(cls):
            cls.env["mail.mail"].process_email_queue()
            cls.env.cr.flush()
            return [Delivered(email) for email in cls.emails]

    @classmethod
    @contextmanager
    def at(cls, moment):
        """Move the time of Python and of the transaction."""
        moment = fields.Datetime.to_datetime(moment)
        with freeze_time(moment), patch.object(cls.env.cr, "now", lambda: moment):
            yield moment

    @contextmanager
    def assert_wakes(self, name):
        """Check that a scheduled action runs right after this, not in an hour.

        :param str name: its XML id
        """
        triggers = RecordCapturer(
            self.env["ir.cron.trigger"], [("cron_id", "=", self.env.ref(name).id)]
        )
        with triggers:
            yield
        self.assertTrue(triggers.records)

    @classmethod
    def later(cls, **delta):
        """:return: a moment after now, without microseconds"""
        return fields.Datetime.now() + timedelta(**delta)


class AskedCase(ConsentCase):
    """Ann and Luc were asked, and their mails have left.

    :cvar consent: that of Ann
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)


class Delivered:
    """One message as the SMTP server got it.

    :ivar sender: the address to which the envelope bounces
    :ivar to: the addresses of the envelope
    :ivar message: the parsed MIME message
    :ivar html: its HTML part
    :ivar text: its plain-text part
    """

    def __init__(self, email):
        self.sender = email["smtp_from"]
        self.to = email["smtp_to_list"]
        self.message = message_from_string(email["message"])
        self.subject = str(make_header(decode_header(self.message["Subject"])))
        self.html = self._part("text/html")
        self.text = self._part("text/plain")

    def _part(self, content_type):
        for part in self.message.walk():
            if part.get_content_type() == content_type:
                return part.get_payload(decode=True).decode()
        return ""

    def links(self):
        """:return: the personal links in the HTML part, by choice"""
        return {match[1]: match[0] for match in LINK.finditer(self.html)}
