# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whom a request did not reach is asked again: never forgotten, and never for nothing.

What counts is the last request, and which clean addresses the contact has.
"""

import smtplib
from unittest.mock import patch

from odoo import fields

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .answers import deliver, press
from .common import ConsentCase

REFUSED = "ann@example.com: 550 5.1.1 User unknown"
LATER = "ann@example.com: 450 4.2.0 Greylisted, see http://550.example.com"
BOTH = "Ann <Ann@example.com>, second@example.com"


class AnewCase(ConsentCase):
    """Ann has a request that waits.

    :ivar consent: Ann's
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generate()
        cls.consent = cls.consent_of(cls.ann)
        cls.consent_of(cls.luc).action_archive()
        cls.as_manager = cls.activity.with_user(cls.manager)

    def last(self):
        """:return: Ann's last request"""
        self.env.flush_all()
        self.env.invalidate_all()
        return self.consent.last_request_id

    def refuse(self, reason=REFUSED):
        """Let the last request fail, and do what follows."""
        self.last().mail_id.write({"state": "exception", "failure_reason": reason})
        self.last()._follow()

    def reach(self):
        """Let the last request be delivered, and do what follows."""
        deliver(self.consent, self.last().mail_id)
        self.last()._follow()

    def bounce(self, request=None, hard=True):
        """Let a delivered request come back, and do what follows."""
        request = request or self.last()
        request._bounced(hard, "550", fields.Datetime.now())
        request._follow()

    def assert_asked(self, address):
        """Whoever asks who is to be asked asks Ann at an address, and once.

        :param address: None if nobody asks her
        """
        self.env.flush_all()
        self.env.invalidate_all()
        to_ask = self.as_manager._consents_to_ask()
        self.assertEqual(to_ask.ids, self.consent.ids if address else [])
        self.assertEqual(self.as_manager._count_consents_to_ask(), len(to_ask))
        if address:
            self.assertEqual(self.consent._address_to_ask(), address)


class TestLastRequest(AnewCase):
    def test_cancelled_after_a_failure(self):
        self.refuse()
        self.consent.action_auto_ask()
        self.as_manager.action_stop_asking()
        self.assertEqual(self.last().cause, "stopped")
        self.assert_asked("ann@example.com")
        for name, ask in {
            "button": self.as_manager.action_new_consents,
            "continue": self.as_manager.action_continue_asking,
            "daily run": self.env["privacy.activity"]._cron_new_consents,
        }.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.activity.asking_stopped = name == "continue"
                for _time in range(2):
                    ask()
                    self.assertEqual(self.last().state, "waiting")
                    self.assertEqual(len(self.consent.request_ids), 3)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_deleted_mail_after_a_failure(self):
        self.refuse()
        self.consent.action_auto_ask()
        mail = self.last().mail_id
        self.env.cr.execute("DELETE FROM mail_mail WHERE id = %s", mail.ids)
        self.env.invalidate_all()
        self.env["privacy.consent"]._cron_effects()
        self.assert_asked("ann@example.com")

    def test_cancelled_at_a_corrected_address_after_a_bounce(self):
        self.reach()
        self.bounce()
        self.ann.email = "right@example.com"
        self.consent.action_auto_ask()
        self.as_manager.action_stop_asking()
        self.activity.asking_stopped = False
        self.assertEqual((self.consent.state, self.last().state), ("sent", "cancelled"))
        self.assert_asked("right@example.com")

    def test_cancelled_after_a_delivery(self):
        """Who got a request is not asked again by itself."""
        self.reach()
        self.consent.action_auto_ask()
        self.last().mail_id.cancel()
        self.assert_asked(None)

    def test_reached_at_a_corrected_address(self):
        self.refuse()
        self.ann.email = "right@example.com"
        self.assert_asked("right@example.com")
        self.consent.action_auto_ask()
        self.reach()
        for address in ("Ann B. <Right@example.com>", "third@example.com"):
            self.ann.email = address
            self.assert_asked(None)

    def test_the_same_address_in_other_letters(self):
        self.refuse()
        self.ann.email = "Ann B. <Ann@EXAMPLE.com>"
        self.assert_asked(None)
        self.ann.email = "ann 17@example.com"
        self.assert_asked(None)
        self.ann.email = False
        self.assert_asked(None)

    def test_other_company(self):
        """Button and scheduled action ask the same people."""
        self.activity.controller_id = self.env.company.partner_id
        self.last().mail_id.cancel()
        self.assert_asked("ann@example.com")
        self.ann.company_id = self.env["res.company"].create({"name": "Other"})
        self.assert_asked(None)

    def test_erased_elsewhere(self):
        self.last().mail_id.cancel()
        entry = self.env["mail.blacklist"]._add("ann@example.com")
        self.assert_asked("ann@example.com")
        entry.consent_erased = True
        self.assert_asked(None)


class TestSeveralAddresses(AnewCase):
    def setUp(self):
        super().setUp()
        self.last().mail_id.cancel()
        self.ann.email = f"bob 17@example.com; {BOTH}"
        self.consent.action_auto_ask()

    def test_first_valid_one(self):
        """The message is for it alone, the link is bound to it, and so is the proof."""
        self.template.email_cc = "boss@example.com"
        (mail,) = [mail for mail in self.run_queue() if mail.links()]
        self.assertEqual(mail.to, ["ann@example.com"])
        self.assertNotIn("second@", mail.message["To"])
        token = self.consent._token("ann@example.com")
        self.assertEqual(mail.links()["accept"], self.consent._link("accept", token))
        self.assertNotEqual(token, self.consent._token("second@example.com"))
        self.assertEqual(self.consent.event_ids[0].email, "ann@example.com")

    def test_next_one_after_a_refusal(self):
        self.refuse()
        self.assertEqual(
            (self.last().state, self.last().address), ("waiting", "second@example.com")
        )
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["second@example.com"])
        token = self.consent._token("second@example.com")
        self.assertEqual(mail.links()["accept"], self.consent._link("accept", token))
        self.assertEqual(self.consent.event_ids[0].email, "second@example.com")
        # What it becomes next is the contact's first address still.
        self.bounce(hard=False)
        self.assertEqual(self.consent._address_to_ask(), "second@example.com")
        self.assert_asked(None)

    def test_refused_by_all(self):
        self.refuse()
        self.refuse("550 No such user")
        self.assertEqual(len(self.consent.request_ids), 3)
        self.assert_asked(None)

    def test_next_one_after_a_bounce(self):
        for kind in ("auto", "manual"):
            with self.subTest(kind), self.env.cr.savepoint() as savepoint:
                self.activity.consent_required = kind
                self.reach()
                self.bounce()
                self.assertEqual(self.last().address, "second@example.com")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_not_the_next_one_for_the_time_being(self):
        for reason in (
            LATER,
            "Mail Delivery Failed\nSMTPRecipientsRefused: "
            "{'ann@example.com': (450, b'4.7.1 Try again')}",
            "Mail Delivery Failed\nConnectionRefusedError: [Errno 111]",
            "550 5.2.2 Mailbox full",
            f"boss@example.com: 550 5.1.1 No\n{LATER}",
            "535 5.7.8 Wrong password",
            False,
        ):
            with self.subTest(reason), self.env.cr.savepoint() as savepoint:
                self.refuse(reason)
                self.assertEqual(self.last().state, "failed")
                self.assertEqual(self.consent._address_to_ask(), "ann@example.com")
                self.assert_asked(None)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_own_queue_of_odoo(self):
        """A server that refuses for good, and one that says that it is too early."""
        original = IrMail_Server.send_email
        for code, asked in ((450, 1), (550, 2)):

            def send_email(server, message, *args, code=code, **kwargs):
                if "ann@" in message["To"]:
                    reply = (code, b"no")
                    raise smtplib.SMTPRecipientsRefused({"ann@example.com": reply})
                return original(server, message, *args, **kwargs)

            with (
                self.subTest(code),
                self.env.cr.savepoint() as savepoint,
                patch.object(IrMail_Server, "send_email", send_email),
                self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"),
            ):
                self.run_queue()
                made = self.consent.request_ids.filtered(lambda one: one.address)
                self.assertEqual(len(made), 1 + asked)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_stopped_in_between(self):
        """A refusal that comes while asking is stopped is made up for."""
        self.reach()
        self.as_manager.action_stop_asking()
        self.bounce()
        self.assertEqual(self.last().state, "bounced")
        self.activity.asking_stopped = False
        self.assert_asked("second@example.com")

    def test_next_round(self):
        """What was tried before the person was reached or answered was then."""
        self.refuse()
        self.reach()
        with self.at(self.later(minutes=5)):
            press(self.consent, True)
        with self.at(self.later(minutes=10)):
            self.consent.action_auto_ask()
            self.assertEqual(self.last().address, "second@example.com")
            self.refuse("550 5.1.1 No such user any more")
            self.assertEqual(self.last().address, "ann@example.com")
            self.refuse()
        self.assertEqual(self.last().state, "failed")


class TestByHand(AnewCase):
    def test_late_bounce_and_a_corrected_address(self):
        """Only automatic activities ask a corrected address by themselves."""
        self.reach()
        self.ann.email = "right@example.com"
        for kind, count in (("auto", 2), ("manual", 1)):
            with self.subTest(kind), self.env.cr.savepoint() as savepoint:
                self.activity.consent_required = kind
                self.bounce()
                self.assertEqual(len(self.consent.request_ids), count)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_late_bounce_of_an_earlier_request(self):
        self.reach()
        first = self.last()
        self.consent.action_auto_ask()
        self.reach()
        self.ann.email = "right@example.com"
        self.bounce(first)
        self.assertEqual(len(self.consent.request_ids), 2)
