# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whoever opens a door of the queue needs rights, and brings nothing along."""

import re
from unittest.mock import Mock, patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from odoo.addons.mail.models.mail_mail import MailMail as OdooMail

from .common import QueueCase

DOORS = ("send", "send_after_commit", "mark_outgoing", "action_retry", "cancel")


class TestDoors(QueueCase):
    def test_rights_come_first(self):
        """Also where there is no mail, with any context."""
        mail_id = self.mail(email_to="a@example.com")
        with self.connection() as env:
            portal = new_test_user(env, "door", groups="base.group_portal")
            for name in (*DOORS, "process_email_queue"):
                for ids in ([], [mail_id]):
                    with self.subTest(name=name, ids=ids):
                        mails = env["mail.mail"].with_user(portal).browse(ids)
                        mails = mails.with_context(domain_bounce_address="x@y.example")
                        with self.assertRaises(AccessError):
                            getattr(mails, name)()
        self.assertEqual(self.stored(mail_id, "state"), "outgoing")

    def test_context_of_the_caller(self):
        """Neither the sender of the envelope nor anything else is the caller's."""
        senders = []
        self.post.reply = lambda stage, said: senders.append(said) and None
        for name, values in (
            ("send_after_commit", {}),
            ("send", {"auto_commit": True}),
            ("send", {}),
            ("process_email_queue", {}),
        ):
            with self.subTest(name=name, values=values):
                self.post.messages.clear()
                mail_id = self.mail(email_to="a@example.com")
                with self.committed() as env:
                    mails = env["mail.mail"].with_context(
                        domain_bounce_address="forged@example.com",
                        domain_notifications_email="forged@example.com",
                        send_smtp_skip_to=["a@example.com"],
                        send_validated_to=["b@example.com"],
                    )
                    getattr(mails.browse(mail_id), name)(**values)
                self.assertEqual(self.post.delivered(), ["a@example.com"])
                self.assertNotIn("forged@example.com", senders)

    def test_callback(self):
        """Whoever sends is told of each mail with which the queue is done."""
        mail_ids = [self.mail(email_to="a@example.com") for _number in range(2)]
        told = []
        with self.committed() as env:
            env["mail.mail"].browse(mail_ids).send(
                auto_commit=True, post_send_callback=told.extend
            )
        self.assertEqual(told, mail_ids)

    def test_addon_that_builds_a_message_while_one_is_prepared(self):
        """The second recipient gets the mail all the same."""
        mail_id = self.mail_to(self.contact("Ann"), self.contact("Bob"))
        prepare = OdooMail._prepare_outgoing_list

        def building(mail, *args, **kwargs):
            result = prepare(mail, *args, **kwargs)
            mail.env["ir.mail_server"]._build_email__(
                "me@example.com",
                ["you@example.com"],
                "Another one",
                "Text",
                message_id=result[0]["message_id"],
            )
            return result

        with patch.object(OdooMail, "_prepare_outgoing_list", building):
            self.run_queue()
        self.assertEqual(len(self.post.messages), 2)
        self.assertEqual(self.stored(mail_id, "state"), "sent")

    def test_addon_that_sends_another_way(self):
        """What no SMTP session saw is stored once it has left."""
        mail_id = self.mail_to(self.contact("Ann"), self.contact("Bob"))
        left = []

        def by_interface(servers, message, *args, **kwargs):
            left.append(message["To"])
            return f"<{len(left)}@interface.example.com>"

        servers = type(self.env["ir.mail_server"])
        with patch.object(servers, "send_email", by_interface):
            self.run_queue()
        self.assertEqual(len(left), 2)
        state, accepted = self.stored(mail_id, "state", "queue_accepted")
        self.assertEqual((state, len(accepted)), ("sent", 2))
        self.assertEqual(
            self.stored(mail_id, "message_id"), "<2@interface.example.com>"
        )

    def test_addon_that_changes_the_message_id(self):
        """Replies and bounces name the one that left, as in Odoo's own queue."""
        mail_id = self.mail(email_to="a@example.com")
        servers = type(self.env["ir.mail_server"])
        prepare = servers._prepare_email_message__

        def renaming(records, message, smtp):
            message.replace_header("Message-Id", "<1@addon.example.com>")
            return prepare(records, message, smtp)

        with patch.object(servers, "_prepare_email_message__", renaming):
            self.run_queue()
        self.assertEqual(self.stored(mail_id, "message_id"), "<1@addon.example.com>")

    def test_addon_that_cancels_between_two_messages(self):
        """Where the document wants to know who got the first one, it may object."""
        for documents, delivered in ((None, 2), ("res.partner", 1)):
            with self.subTest(documents):
                self.post.messages.clear()
                ann, bob = self.contact("Ann"), self.contact("Bob")
                mail_id = self.mail_to(ann, bob)
                with self.committed() as env:
                    env["mail.mail"].browse(mail_id).write(
                        {"model": documents, "res_id": ann}
                    )
                prepare = OdooMail._prepare_outgoing_list

                def objecting(mail, *args, **kwargs):
                    if self.post.messages:
                        mail.state = "cancel"
                        return []
                    return prepare(mail, *args, **kwargs)  # noqa: B023

                contacts = type(self.env["res.partner"])
                with (
                    patch.object(OdooMail, "_prepare_outgoing_list", objecting),
                    patch.object(contacts, "_mail_delivered", Mock(), create=True),
                ):
                    self.run_queue()
                self.assertEqual(len(self.post.messages), delivered)
                state = "cancel" if documents else "sent"
                self.assertEqual(self.stored(mail_id, "state"), state)

    def test_claimed_by_its_dates(self):
        """What is scheduled, or waits for its next attempt, is not claimed."""
        later = self.mail(email_to="a@example.com", scheduled_date="2099-01-01")
        waiting = self.mail(email_to="b@example.com")
        with self.committed() as env:
            env["mail.mail"].browse(waiting).queue_next_attempt = "2099-01-01"
        with self.connection() as env:
            mail, _unchanged = env["mail.mail"]._queue_claim([later, waiting])
            self.assertFalse(mail)
            env["mail.mail"].browse([later, waiting]).send(auto_commit=True)
        self.assertFalse(self.post.messages)

    def personal_server(self):
        """:return: the id of a server of the user, whose address is the sender"""
        address = self.env.user.email
        return self.make(
            "ir.mail_server",
            name="Mine",
            smtp_host="x",
            smtp_user=address,
            from_filter=address,
            owner_user_id=self.env.uid,
        )

    def test_made_and_sent_in_one_transaction(self):
        """Nobody else sees such a mail: nothing is locked. Deleted ones are gone."""
        values = {"email_to": "a@example.com", "body_html": "<p>Hello</p>"}
        with self.connection() as env:
            mails = env["mail.mail"].create([values, values])
            locks = []
            execute = env.cr.execute

            def executing(query, *args, **kwargs):
                locks.extend(re.findall("SKIP LOCKED", getattr(query, "code", query)))
                return execute(query, *args, **kwargs)

            with patch.object(env.cr, "execute", executing):
                mails[0].unlink()
                mails.exists().send()
            self.assertEqual(locks, [])
            self.assertEqual(mails._queue_lock(), mails[1])
        self.assertEqual(self.post.delivered(), ["a@example.com"])

    def test_copy_that_a_personal_server_splits_off(self):
        """It knows who has got the mail already."""
        self.make(
            "ir.config_parameter", key="mail.server.personal.limit.minutes", value="2"
        )
        ann, *others = [self.contact(name) for name in ("Ann", "Bob", "Cid")]
        mail_id = self.mail_to(
            *[ann, *others],
            email_from=self.env.user.email,
            mail_server_id=self.personal_server(),
        )
        with self.committed() as env:
            env["mail.mail"].browse(mail_id).queue_accepted = [[self.email(ann), ann]]
        self.run_queue()
        self.assertEqual(self.post.delivered(), [self.email(others[0])])

    def test_lock_of_a_personal_server_is_given_back(self):
        mail_id = self.mail(
            email_to="a@example.com",
            email_from=self.env.user.email,
            mail_server_id=self.personal_server(),
        )
        with self.connection() as env:
            env["mail.mail"].process_email_queue()
            env.cr.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                " AND pid = pg_backend_pid()"
            )
            self.assertEqual(env.cr.fetchone(), (0,))
        self.assertEqual(self.stored(mail_id, "state"), "sent")

    def test_notifications_while_a_mail_leaves(self):
        """None says *exception*, as Odoo's own queue has it until a mail has left.

        A consumer that is killed would leave it like that.
        """
        contacts = [self.contact(name) for name in ("Ann", "Bob")]
        mail_id = self.mail_to(*contacts, is_notification=True)
        with self.committed() as env:
            mail = env["mail.mail"].browse(mail_id)
            env["mail.notification"].create(
                [
                    {
                        "mail_message_id": mail.mail_message_id.id,
                        "mail_mail_id": mail_id,
                        "res_partner_id": contact.id,
                        "notification_type": "email",
                        "notification_status": "ready",
                    }
                    for contact in mail.recipient_ids
                ]
            )
        statuses = (
            "SELECT DISTINCT notification_status FROM mail_notification"
            " WHERE mail_mail_id = %s"
        )
        seen = []

        def look(stage, said):
            if stage == "data":
                seen.extend(self.execute(statuses, mail_id))

        self.post.reply = look
        self.run_queue()
        self.assertEqual(seen, [("ready",)] * 2)
        self.assertEqual(self.execute(statuses, mail_id), [("sent",)])

    def test_limit_of_a_server(self):
        """What is over it waits, and says why; no window holds more."""
        server = self.make(
            "ir.mail_server", name="Slow", smtp_host="x", queue_per_minute=3
        )
        mail_ids = [
            self.mail(email_to=f"reader{number}@example.com", mail_server_id=server)
            for number in range(8)
        ]
        self.run_queue()
        self.run_queue()
        self.assertEqual(len(self.post.messages), 3)
        late = [
            self.stored(mail_id, "state", "queue_next_attempt", "failure_reason")
            for mail_id in mail_ids[3:]
        ]
        self.assertEqual({state for state, _at, _reason in late}, {"outgoing"})
        self.assertEqual(
            {reason for _state, _at, reason in late},
            {"The limit of the mail server is reached."},
        )
        times = [at for _state, at, _reason in late]
        self.assertEqual(times, sorted(times))
        self.assertEqual((times[3] - times[0]).total_seconds(), 60)
        self.execute(
            "UPDATE mail_queue_departure SET departs_before ="
            " departs_before - interval '61 seconds'"
        )
        self.let_time_pass()
        self.run_queue()
        self.assertEqual(len(self.post.messages), 6)

    def test_limit_that_is_raised(self):
        """What waits for days because of the old one leaves at once, and no other."""
        server = self.make(
            "ir.mail_server", name="Slow", smtp_host="x", queue_per_day=2
        )
        for number in range(8):
            self.mail(email_to=f"reader{number}@example.com", mail_server_id=server)
        self.run_queue()
        self.assertEqual(len(self.post.messages), 2)
        failed = self.mail(email_to="busy@example.com", mail_server_id=server)
        with self.committed() as env:
            env["mail.mail"].browse(failed).write(
                {"queue_attempts": 1, "queue_next_attempt": "2099-01-01"}
            )
            env["ir.mail_server"].browse(server).queue_per_day = 7
        self.run_queue()
        self.assertEqual(len(self.post.messages), 7)
        self.assertEqual(self.stored(failed, "queue_next_attempt").year, 2099)

    def test_limit_within_a_mail_to_several(self):
        server = self.make(
            "ir.mail_server", name="Slow", smtp_host="x", queue_per_minute=2
        )
        contacts = [self.contact(name) for name in ("Ann", "Bob", "Cid")]
        mail_id = self.mail_to(*contacts, mail_server_id=server)
        self.run_queue()
        self.assertEqual(len(self.post.messages), 2)
        self.assertEqual(self.stored(mail_id, "state"), "outgoing")
        self.execute("DELETE FROM mail_queue_departure")
        self.let_time_pass()
        self.run_queue()
        self.assertEqual(
            sorted(self.post.delivered()), sorted(map(self.email, contacts))
        )
        self.assertEqual(self.stored(mail_id, "state"), "sent")

    def test_connections_of_a_server(self):
        server = self.make(
            "ir.mail_server", name="One", smtp_host="x", queue_connections=1
        )
        mail_id = self.mail(email_to="a@example.com", mail_server_id=server)
        with self.connection() as env:
            with env["ir.mail_server"].browse(server)._queue_connection() as granted:
                self.assertTrue(granted)
                self.run_queue()
        self.assertFalse(self.post.messages)
        self.assertFalse(self.post.sessions)
        self.run_queue()
        self.assertEqual(self.stored(mail_id, "state"), "sent")
