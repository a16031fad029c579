# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every way to ask now or later, as the manager does it."""

from odoo.tests import Form

from .common import ConsentCase

WAYS = ("send_later", "notify_later", "mail_later", "ask_now")


class PlannedCase(ConsentCase):
    """Two consents, about which nobody was asked yet.

    :ivar consent: Ann's, as the manager
    :ivar other: Luc's, as the manager
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity.consent_required = "manual"
        cls.generate()
        cls.consent = cls.consent_of(cls.ann).with_user(cls.manager)
        cls.other = cls.consent_of(cls.luc).with_user(cls.manager)
        cls.consents = cls.consent + cls.other

    def composer(self, consent, user=None, **values):
        """:return: the composer that the button on a consent opens"""
        action = consent.action_manual_ask()
        composer = self.env["mail.compose.message"].with_user(user or self.manager)
        composer = Form(composer.with_context(**action["context"])).save()
        composer.write(values)
        return composer

    def mass_composer(self, consents, user=None, **values):
        """:return: the composer that the list of consents opens"""
        composer = self.env["mail.compose.message"].with_user(user or self.manager)
        return composer.create(
            {
                "composition_mode": "mass_mail",
                "model": "privacy.consent",
                "res_ids": str(consents.ids),
                "template_id": self.template.id,
                **values,
            }
        )

    def send_later(self, consent):
        """Let the composer post a message tomorrow.

        :return: the scheduled message
        """
        composer = self.composer(consent, scheduled_date=self.later(days=1))
        return composer._action_schedule_message()

    def notify_later(self, consent):
        """Ask with a template that has a date, by the composer.

        :return: the message, which is posted already
        """
        composer = self.composer(consent, scheduled_date=str(self.later(days=1)))
        return composer._action_send_mail()[1]

    def mail_later(self, consent):
        """Ask with a template that has a date, by the list action."""
        self.template.scheduled_date = str(self.later(days=1))
        consent.action_auto_ask()

    def ask_now(self, consent):
        """Ask by the list action."""
        consent.action_auto_ask()

    def ask_fresh(self, consent):
        """Ask as somebody wished on a page."""
        consent.sudo()._ask_at_present_address()

    def request(self, consent=None):
        """:return: the last request of a consent"""
        self.env.flush_all()
        self.env.invalidate_all()
        return (consent or self.consent).sudo().last_request_id

    def tomorrow(self):
        """Do what Odoo's scheduled actions do until the day after tomorrow.

        :return: the messages to subjects that were handed to SMTP
        """
        self.env.flush_all()
        self.env.invalidate_all()
        with self.at(self.later(days=2)):
            self.env["mail.scheduled.message"]._post_messages_cron()
            self.env["mail.message.schedule"]._send_notifications_cron()
            mails = self.run_queue()
        subjects = {"ann@example.com", "luc@example.com"}
        return [mail for mail in mails if not subjects.isdisjoint(mail.to)]

    def state(self, consent=None):
        """:return: state and cause of the last request of a consent"""
        request = self.request(consent)
        return request.state, request.cause
