# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests that somebody writes for later, or to many people at once."""

from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError

from .planned import PlannedCase


class TestSendLater(PlannedCase):
    def test_same_request_from_the_plan_to_the_delivery(self):
        message = self.send_later(self.consent)
        request = self.request()
        self.assertEqual(request.state, "planned")
        self.assertEqual(request.planned_message_id, message)
        self.assertEqual(request.kind, "first")
        self.assertEqual(request.address, "ann@example.com")
        self.assertEqual(request.activity_id, self.activity)
        self.assertFalse(self.run_queue())
        (mail,) = self.tomorrow()
        self.assertEqual(set(mail.links()), {"accept", "reject"})
        self.assertEqual(self.request(), request)
        self.assertEqual(request.state, "delivered")
        self.assertTrue(request.mail_id)
        self.assertEqual(request.message_id, request.mail_id.mail_message_id)
        self.assertEqual(self.consent.state, "sent")
        self.assertFalse(message.exists())

    def test_waits_in_the_queue_once_it_is_posted(self):
        message = self.send_later(self.consent)
        with self.mock_smtplib_connection():
            message.post_message()
            self.assertFalse(self.emails)
        self.assertEqual(self.request().state, "waiting")
        self.assertEqual(len(self.consent.sudo().request_ids), 1)

    def test_message_that_does_not_ask(self):
        composer = self.composer(
            self.consent, body="<p>Soon</p>", scheduled_date=self.later(days=1)
        )
        message = composer._action_schedule_message()
        self.assertFalse(self.request())
        message.body = "<p>Very soon</p>"
        message.unlink()
        self.assertFalse(self.request())

    def test_message_to_somebody_else(self):
        self.send_later(self.consent).unlink()
        composer = self.composer(
            self.consent,
            partner_ids=self.reader.partner_id.ids,
            scheduled_date=self.later(days=1),
        )
        message = composer._action_schedule_message()
        self.assertEqual(self.state(), ("cancelled", "deleted"))
        message.partner_ids = self.ann
        self.assertEqual(self.state(), ("planned", False))
        self.assertEqual(len(self.tomorrow()), 1)

    def test_changed_text(self):
        message = self.send_later(self.consent)
        asking = message.body
        message.body = "<p>Never mind</p>"
        self.assertEqual(self.state(), ("cancelled", "deleted"))
        self.assertTrue(message.exists())
        message.body = asking
        self.assertEqual(self.state(), ("planned", False))
        message.body = asking + "Regards"
        self.assertEqual(len(self.consent.sudo().request_ids), 2)
        (mail,) = self.tomorrow()
        self.assertIn("Regards", mail.html)

    def test_changed_text_does_not_leave_as_a_request(self):
        self.send_later(self.consent).body = "<p>Never mind</p>"
        (mail,) = self.tomorrow()
        self.assertFalse(mail.links())
        self.assertEqual(self.consent.state, "draft")

    def test_deleted(self):
        self.send_later(self.consent).unlink()
        self.assertEqual(self.state(), ("cancelled", "deleted"))
        self.assertFalse(self.tomorrow())
        self.consent.action_auto_ask()
        self.assertEqual(self.state(), ("waiting", False), "and asked anew")

    def test_deleted_with_its_consent(self):
        message = self.send_later(self.consent)
        self.consent.unlink()
        self.assertFalse(message.exists())
        self.assertFalse(self.tomorrow())

    def test_failure_to_post(self):
        self.send_later(self.consent)
        groups = self.env.ref("privacy.group_data_protection_manager")
        self.manager.group_ids -= groups
        self.assertFalse(self.tomorrow())
        self.assertEqual(self.state(), ("cancelled", "deleted"))
        self.assertTrue(self._told_author())

    def test_stopped_while_another_is_posted(self):
        """Odoo commits in between, so that one may be gone that was there."""
        later = self.send_later(self.consent).sudo()
        messages = self.send_later(self.other).sudo() + later

        def stop(_posted, _message):
            self.env.flush_all()
            self.env.cr.execute(
                "DELETE FROM mail_scheduled_message WHERE id = %s", later.ids
            )
            self.env.invalidate_all()

        with patch.object(type(messages), "_message_created_hook", stop):
            messages._post_message(raise_exception=False)
        self.assertEqual([one.to for one in self.run_queue()], [["luc@example.com"]])
        self.assertEqual(len(self.consent.sudo().request_ids), 1)

    def test_reader_cannot_schedule(self):
        with self.assertRaises(AccessError):
            self.composer(
                self.consent, self.reader, scheduled_date=self.later(days=1)
            )._action_schedule_message()

    def test_stopped_activity(self):
        composer = self.composer(self.consent, scheduled_date=self.later(days=1))
        self.activity.action_stop_asking()
        with self.assertRaisesRegex(UserError, "Ann.*Continue"):
            composer._action_schedule_message()

    def test_hindered_only_when_it_is_posted(self):
        """Whatever the stop did not reach is found out then, and no mail says so."""
        message = self.send_later(self.consent)
        before = self.consent.message_ids
        self._stop_without_cancelling()
        self.assertFalse(self.tomorrow())
        self.assertFalse(message.exists())
        self.assertEqual(self.state(), ("cancelled", "stopped"))
        self.assertEqual(self.consent.message_ids, before)
        self.assertFalse(self._told_author())

    def _stop_without_cancelling(self):
        """Stop like one whose batches are not done yet."""
        self.env.flush_all()
        self.activity._write({"asking_stopped": True})
        self.env.invalidate_all()

    def _told_author(self):
        """:return: Odoo's messages that something could not be sent"""
        return self.env["mail.message"].search(
            [("subject", "=", "A scheduled message could not be sent")]
        )

    def test_pressed_though_it_is_hindered(self):
        message = self.send_later(self.consent)
        self._stop_without_cancelling()
        with self.assertRaisesRegex(UserError, "Ann.*Continue"):
            message.with_user(self.manager).post_message()

    def test_one_that_is_hindered_stops_no_other(self):
        archived = self.activity.copy({"name": "Archived"})
        self.send_later(self.consent)
        self.generate(archived)
        second = self.consent_of(self.luc, archived).with_user(self.manager)
        self.send_later(second)
        archived._write({"active": False})
        (mail,) = self.tomorrow()
        self.assertEqual(mail.to, ["ann@example.com"])
        self.assertEqual(self.state(second), ("cancelled", "off"))

    def test_planned_twice(self):
        first = self.send_later(self.consent)
        second = self.send_later(self.consent)
        self.assertFalse(first.exists())
        self.assertEqual(self.request().planned_message_id, second)
        self.assertEqual(
            self.consent.sudo().request_ids.sorted("id").mapped("cause"),
            ["replaced", False],
        )
        self.assertEqual(len(self.tomorrow()), 1)

    def test_planned_and_asked_by_hand(self):
        self.send_later(self.consent)
        self.composer(self.consent).action_send_mail()
        self.assertEqual(len(self.run_queue()), 1)
        self.assertFalse(self.tomorrow())

    def test_planned_and_asked_by_the_program(self):
        """Who has a planned request is left out."""
        self.send_later(self.consent)
        self.assertEqual(self.consents.action_auto_ask(), self.other)
        self.activity.consent_required = "auto"
        self.generate()
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["luc@example.com"])
        self.assertEqual(len(self.tomorrow()), 1)

    def test_planned_while_one_waits(self):
        composer = self.composer(self.consent, scheduled_date=self.later(days=1))
        self.consent.action_auto_ask()
        with self.assertRaisesRegex(UserError, "Ann is being asked already"):
            composer._action_schedule_message()

    def test_message_about_something_else(self):
        message = self.env["mail.scheduled.message"].create(
            {
                "model": "res.partner",
                "res_id": self.ann.id,
                "author_id": self.manager.partner_id.id,
                "partner_ids": self.ann.ids,
                "body": self.template.body_html,
                "scheduled_date": self.later(days=1),
            }
        )
        message.body += "Hello"
        self.tomorrow()
        self.assertFalse(message.exists())
        self.assertFalse(self.env["privacy.consent.request"].search([]))


class TestNotifyLater(PlannedCase):
    def test_same_request_from_the_plan_to_the_delivery(self):
        message = self.notify_later(self.consent)
        request = self.request()
        self.assertEqual(request.state, "planned")
        self.assertEqual(request.message_id, message)
        self.assertFalse(self.run_queue())
        (mail,) = self.tomorrow()
        self.assertEqual(set(mail.links()), {"accept", "reject"})
        self.assertEqual(self.request(), request)
        self.assertEqual(request.state, "delivered")
        self.assertEqual(self.consent.state, "sent")

    def test_author_who_may_not_ask_any_more(self):
        self.notify_later(self.consent)
        groups = self.env.ref("privacy.group_data_protection_manager")
        self.manager.group_ids -= groups
        self.assertFalse(self.tomorrow())
        self.assertEqual(self.state(), ("cancelled", "mail"))
        self.assertFalse(self.env["mail.message.schedule"].search([]))

    def test_date_of_the_template(self):
        self.template.scheduled_date = str(self.later(days=1))
        self.composer(self.consent).action_send_mail()
        self.assertEqual(self.request().state, "planned")
        self.assertEqual(len(self.tomorrow()), 1)

    def test_deleted(self):
        message = self.notify_later(self.consent)
        schedules = self.env["mail.message.schedule"]
        schedules.search([("mail_message_id", "=", message.id)]).unlink()
        self.assertEqual(self.state(), ("cancelled", "deleted"))

    def test_hindered_only_when_it_leaves(self):
        self.notify_later(self.consent)
        self.notify_later(self.other)
        self.ann._write({"active": False})
        (mail,) = self.tomorrow()
        self.assertEqual(mail.to, ["luc@example.com"])
        self.assertEqual(self.state(), ("cancelled", "contact"))
        self.assertFalse(self.env["mail.message.schedule"].search([]))

    def test_stopped_activity(self):
        composer = self.composer(self.consent, scheduled_date=str(self.later(days=1)))
        self.activity.action_stop_asking()
        with self.assertRaisesRegex(UserError, "Ann.*Continue"):
            composer.action_send_mail()

    def test_planned_twice(self):
        self.send_later(self.consent)
        self.notify_later(self.consent)
        self.notify_later(self.consent)
        self.assertEqual(
            self.consent.sudo().request_ids.sorted("id").mapped("cause"),
            ["replaced", "replaced", False],
        )
        self.assertEqual(len(self.tomorrow()), 1)

    def _post_for_later(self, consent):
        """Post a message as another program does, without a subject."""
        return consent.sudo().message_post(
            body=self.template._render_field("body_html", consent.ids)[consent.id],
            partner_ids=self.ann.ids,
            scheduled_date=str(self.later(days=1)),
        )

    def test_message_without_subject(self):
        """Odoo gives one to it before it leaves."""
        message = self._post_for_later(self.consent)
        (mail,) = self.tomorrow()
        self.assertEqual(set(mail.links()), {"accept", "reject"})
        self.assertEqual(self.state(), ("delivered", False))
        with self.assertRaises(UserError):
            message.subject = "Another one"

    def test_message_of_who_may_not_ask(self):
        """The scheduled action may everything, but did not write it."""
        message = self._post_for_later(self.consent.with_user(self.reader))
        self.assertEqual(message.create_uid, self.reader)
        self.assertFalse(self.request())
        (mail,) = self.tomorrow()
        self.assertFalse(mail.links())
        self.assertFalse(self.request())


class TestMailLater(PlannedCase):
    def test_waits_in_the_queue(self):
        self.mail_later(self.consents)
        self.assertEqual(self.state(), ("waiting", False))
        self.assertFalse(self.run_queue())
        self.assertEqual(len(self.tomorrow()), 2)
        self.assertEqual(set(self.consents.mapped("state")), {"sent"})

    def test_author_who_may_not_ask_any_more(self):
        self.mail_later(self.consent)
        self.mail_later(self.other.with_user(SUPERUSER_ID))
        groups = self.env.ref("privacy.group_data_protection_manager")
        self.manager.group_ids -= groups
        (mail,) = self.tomorrow()
        self.assertEqual(mail.to, ["luc@example.com"])
        self.assertEqual(self.state(), ("cancelled", "mail"))
        self.assertEqual(self.consent.sudo().state, "draft")


class TestMassComposer(PlannedCase):
    def test_asks_through_the_queue(self):
        with self.mock_smtplib_connection():
            self.mass_composer(self.consents).action_send_mail()
            self.assertFalse(self.emails)
        self.assertEqual(self.state(), ("waiting", False))
        self.assertEqual(len(self.run_queue()), 2)
        self.assertEqual(set(self.consents.mapped("state")), {"sent"})

    def test_later(self):
        self.template.scheduled_date = str(self.later(days=1))
        self.mass_composer(self.consents).action_send_mail()
        self.assertEqual(self.state(), ("waiting", False))
        self.assertFalse(self.run_queue())
        self.assertEqual(len(self.tomorrow()), 2)

    def test_found_by_a_filter(self):
        composer = self.mass_composer(
            self.consents,
            res_ids=False,
            res_domain=str([("activity_id", "=", self.activity.id)]),
        )
        composer.action_send_mail()
        self.assertEqual(len(self.run_queue()), 2)

    def test_people_whom_odoo_leaves_out(self):
        self.env["mail.blacklist"]._add("ann@example.com")
        self.mass_composer(self.consents).action_send_mail()
        self.assertEqual(self.state(), ("cancelled", "mail"))
        self.assertTrue(self.request().ended_date)
        self.assertEqual(self.state(self.other), ("waiting", False))
        self.assertEqual([mail.to for mail in self.run_queue()], [["luc@example.com"]])

    def test_people_with_the_same_address(self):
        self.template.body_html = (
            '<a href="/privacy/consent/accept/">Yes</a>'
            '<a href="/privacy/consent/reject/">No</a>'
        )
        self.template.with_context(lang="fr_FR").subject = "Your opinion"
        self.template.subject = "Your opinion"
        self.luc.write({"email": self.ann.email, "lang": "en_US"})
        self.mass_composer(self.consents).action_send_mail()
        states = [self.state(consent) for consent in self.consents]
        self.assertCountEqual(states, [("waiting", False), ("cancelled", "mail")])
        self.assertEqual(len(self.run_queue()), 1)

    def test_people_without_an_address(self):
        self.ann.email = False
        self.mass_composer(self.consents).action_send_mail()
        self.assertEqual(self.request().state, "failed")
        self.assertTrue(self.request().ended_date)
        self.assertEqual(len(self.run_queue()), 1)

    def test_one_who_may_not_be_asked(self):
        self.env["ir.config_parameter"].set_param("mail.batch_size", "1")
        self.other.action_archive()
        composer = self.mass_composer(self.consents)
        with self.mock_smtplib_connection():
            with self.assertRaisesRegex(UserError, "Luc.*unarchive it first"):
                composer.action_send_mail()
            self.assertFalse(self.emails, "nothing left for anybody else")

    def test_one_who_is_being_asked(self):
        self.other.action_auto_ask()
        with self.assertRaisesRegex(UserError, "Luc is being asked already"):
            self.mass_composer(self.consents).action_send_mail()

    def test_one_who_has_a_planned_request(self):
        self.send_later(self.consent)
        self.mass_composer(self.consents).action_send_mail()
        self.assertEqual(len(self.run_queue()), 2)
        self.assertFalse(self.tomorrow())

    def test_by_who_may_only_read(self):
        with self.assertRaises(AccessError):
            self.mass_composer(self.consents, self.reader).action_send_mail()
        self.assertFalse(self.run_queue())
        self.assertFalse(self.request())
        self.assertEqual(set(self.consents.mapped("state")), {"draft"})


class TestOtherWays(PlannedCase):
    def _asked_once(self):
        self.assertEqual(self.state(), ("waiting", False))
        mails = [mail for mail in self.run_queue() if mail.to == ["ann@example.com"]]
        self.assertEqual([set(mail.links()) for mail in mails], [{"accept", "reject"}])
        self.assertEqual(self.consent.state, "sent")

    def test_message_from_a_template(self):
        self.consent.message_post_with_source(
            self.template, message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self._asked_once()

    def test_mail_from_a_template(self):
        self.consent.message_mail_with_source(self.template)
        self._asked_once()

    def test_server_action(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Ask",
                "model_id": self.env["ir.model"]._get_id("privacy.consent"),
                "state": "mail_post",
                "mail_post_method": "comment",
                "template_id": self.template.id,
            }
        )
        action.with_context(
            active_model="privacy.consent", active_ids=self.consent.ids
        ).run()
        self._asked_once()

    def test_notification_without_a_thread(self):
        body = self.template._render_field("body_html", self.consent.ids)
        self.consent.message_notify(
            body=body[self.consent.id], partner_ids=self.ann.ids, subject="Ask"
        )
        self._asked_once()

    def test_stop_reaches_all_of_them(self):
        self.consent.message_post_with_source(
            self.template, message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.activity.action_stop_asking()
        self.assertEqual(self.state(), ("cancelled", "stopped"))
        self.assertNotIn(["ann@example.com"], [mail.to for mail in self.run_queue()])
