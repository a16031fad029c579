# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What comes back by mail for a request, through Odoo's mail gateway."""

import base64
from urllib.parse import quote

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user

from .. import links
from . import reports
from .answers import press, set_fact
from .common import ConsentCase

OWN = "bounce@example.com"


class GatewayCase(ConsentCase):
    """Ann and Luc were asked, and a colleague follows Ann's consent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fellow = new_test_user(
            cls.env,
            "fellow",
            groups="privacy.group_data_protection_user",
            email="fellow@example.com",
        )
        cls.generate()
        cls.consent = cls.consent_of(cls.ann)
        subtypes = cls.env["mail.message.subtype"].search([])
        cls.consent.message_subscribe(cls.fellow.partner_id.ids, subtypes.ids)
        cls.sent = {mail.to[0]: mail for mail in cls.run_queue()}
        cls.mail = cls.sent["ann@example.com"]
        cls.link = cls.mail.links()["accept"]
        cls.token = cls.consent._token()
        cls.request = cls.consent.request_ids
        cls.message_id = cls.request.message_id.message_id
        cls.run_queue()
        cls.messages = cls.env["mail.message"].search([])

    def receive(self, source, **options):
        """Let the gateway process a message."""
        if isinstance(source, str):
            source = source.encode()
        self.env["mail.thread"].message_process(False, source, **options)
        self.env.flush_all()
        self.env.invalidate_all()

    def reply(self, body, headers="", **options):
        """Let the gateway process a reply to Ann's request."""
        self.receive(
            f"From: Ann <ann@example.com>\nTo: us@example.com\n"
            f"Message-ID: <reply@example.com>\nIn-Reply-To: {self.message_id}\n"
            f"{headers}{body}",
            **options,
        )

    def new_messages(self):
        """:return: the messages that were stored since the request was sent"""
        return self.env["mail.message"].search([]) - self.messages

    def everything_stored(self):
        """:return: all texts that what came back may have got into"""
        self.env.flush_all()
        texts = []
        for table in (
            "mail_mail",
            "mail_message",
            "mail_notification",
            "privacy_consent",
            "privacy_consent_event_detail",
            "privacy_consent_request",
            "ir_attachment",
        ):
            self.env.cr.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            texts += [text for (text,) in self.env.cr.fetchall()]
        for file in self.env["ir.attachment"].search([]):
            texts.append((file.raw or b"").decode("latin-1"))
        return texts

    def assert_clean(self):
        """No personal link of Ann's is stored, in whatever form."""
        for text in self.everything_stored():
            if links.scrub.contains(text, [self.token]):
                self.fail(text[:3000])
            # no half of one either
            self.assertNotIn(self.token[:20], text)
            self.assertNotIn(self.token[-20:], text)

    def kinds(self):
        return self.consent.event_ids.sorted("id").mapped("kind")


class TestBounced(GatewayCase):
    def assert_untouched(self):
        self.assertEqual(self.request.state, "delivered")
        self.assertFalse(self.request.bounce_type)
        self.assertEqual(self.kinds(), ["requested"])
        self.assertFalse(self.new_messages())

    def test_hard(self):
        with self.assert_wakes("privacy_consent.cron_effects"):
            self.receive(
                reports.postfix(
                    "ann@example.com",
                    self.message_id,
                    said=f"Bad link {self.link}",
                    quoted=self.mail.html,
                )
            )
        self.assertEqual(self.request.state, "bounced")
        self.assertEqual(self.request.bounce_type, "hard")
        self.assertIn("550 5.1.1 <ann@example.com>: Bad link ***", self.request.reason)
        self.assertEqual(self.kinds(), ["requested", "bounced"])
        event = self.consent.event_ids.filtered(lambda one: one.kind == "bounced")
        self.assertEqual(event.request_uuid, self.request.uuid)
        self.assertEqual(event.by, "system")
        self.assertEqual(event.email, "ann@example.com")
        self.assertIn("Bad link ***", event.note)
        self.assertEqual(self.consent.state, "sent")
        self.assertIn("Bad link ***", self.consent.failure_reason)
        failed = self.env["privacy.consent"].search([("failure_reason", "!=", False)])
        self.assertEqual(failed, self.consent)
        self.assertFalse(self.new_messages(), "the report itself is not stored")
        self.assertFalse(self.run_queue(), "nobody is mailed")
        self.assert_clean()
        other = self.consent_of(self.luc).request_ids
        self.assertEqual(other.state, "delivered")

    def test_qmail(self):
        self.receive(
            reports.qmail(
                "ann@example.com",
                self.message_id,
                words=f"Sorry, {self.link}",
                quoted=self.mail.text,
            )
        )
        self.assertEqual(self.request.bounce_type, "hard")
        self.assertIn("Sorry, ***", self.request.reason)
        self.assert_clean()

    def test_notification(self):
        """The message in the thread shows it, also where Odoo finds no address."""
        for make in (reports.qmail, reports.postfix):
            notification = self.ask_by_hand()
            source = make("ann@example.com", self.message_id, quoted=self.mail.text)
            self.receive(source.replace(b"<report@", b"<%s@" % make.__name__.encode()))
            self.assertEqual(notification.notification_status, "bounce")
            self.assertIn("5.1.1", notification.failure_reason)
            self.assertNotIn("Your consent", notification.failure_reason)
            self.assert_clean()

    def test_notification_of_unknown_address(self):
        """Odoo would guess that it is Ann's."""
        notification = self.ask_by_hand()
        self.receive(reports.postfix("nobody@example.com", self.message_id))
        self.assertEqual(notification.notification_status, "sent")
        block = {"Final-Recipient": "rfc822;ann@example.com", "Action": "delayed"}
        self.receive(reports.report([{**block, "Status": "4.4.1"}], self.message_id))
        self.assertEqual(notification.notification_status, "sent")

    def ask_by_hand(self):
        """Ask again, as the manager does.

        :return: the notification of the subject
        """
        action = self.consent.with_user(self.manager).action_manual_ask()
        composer = self.env["mail.compose.message"].with_user(self.manager)
        Form(composer.with_context(**action["context"])).save().action_send_mail()
        self.run_queue()
        self.env.invalidate_all()
        self.request = self.consent.request_ids[0]
        self.message_id = self.request.message_id.message_id
        return self.request.message_id.notification_ids.filtered(
            lambda one: one.res_partner_id == self.ann
        )

    def test_twice(self):
        for _time in range(2):
            self.receive(reports.postfix("ann@example.com", self.message_id))
        self.assertEqual(self.kinds(), ["requested", "bounced"])

    def test_soft_and_then_hard(self):
        self.receive(
            reports.postfix("ann@example.com", self.message_id, status="5.2.2")
        )
        self.assertEqual(self.request.state, "bounced")
        self.assertEqual(self.request.bounce_type, "soft")
        self.assertIn("5.2.2", self.request.reason)
        self.assertEqual(self.kinds(), ["requested", "bounced"])
        failed = self.env["privacy.consent"].search([("failure_reason", "!=", False)])
        self.assertEqual(failed, self.consent)
        self.assertEqual(self.activity.consent_progress()["failed"], 1)
        ended = self.request.ended_date
        self.receive(reports.postfix("ann@example.com", self.message_id))
        self.assertEqual(self.request.bounce_type, "hard")
        self.assertIn("5.1.1", self.request.reason)
        self.assertEqual(self.request.ended_date, ended)
        self.assertEqual(self.kinds(), ["requested", "bounced"])
        self.receive(
            reports.postfix("ann@example.com", self.message_id, status="5.2.2")
        )
        self.assertEqual(self.request.bounce_type, "hard")
        self.assertIn("5.1.1", self.request.reason)

    def test_delayed(self):
        block = {"Final-Recipient": "rfc822;ann@example.com", "Action": "delayed"}
        self.receive(reports.report([{**block, "Status": "4.4.1"}], self.message_id))
        self.assert_untouched()
        notifications = self.request.message_id.notification_ids
        self.assertNotIn("bounce", notifications.mapped("notification_status"))

    def test_other_recipient(self):
        """A follower's copy bounced."""
        self.receive(reports.postfix("fellow@example.com", self.message_id))
        self.assert_untouched()

    def test_unknown_address(self):
        self.receive(reports.postfix("nobody@example.com", self.message_id))
        self.assert_untouched()
        notifications = self.request.message_id.notification_ids
        self.assertNotIn("bounce", notifications.mapped("notification_status"))

    def test_unknown_message(self):
        self.receive(reports.postfix("ann@example.com", "<unknown@example.com>"))
        self.assert_untouched()

    def test_several_recipients(self):
        """Ann is not the first one, and the first one's copy did arrive."""
        blocks = [
            {
                "Final-Recipient": "rfc822; fellow@example.com",
                "Action": "relayed",
                "Status": "2.0.0",
            },
            {
                # forwarded, and in other letters
                "Original-Recipient": "rfc822; Ann@Example.com",
                "Final-Recipient": "rfc822; ann@example.org",
                "Action": "failed",
                "Status": "5.1.1",
            },
        ]
        self.receive(reports.report(blocks, self.message_id))
        self.assertEqual(self.request.state, "bounced")

    def test_bounce_alias(self):
        """Odoo's own address for bounces, from a server with another name."""
        domain = self.env["mail.alias.domain"].search([], limit=1) or self.env[
            "mail.alias.domain"
        ].create({"name": "example.com"})
        source = reports.qmail(
            "ann@example.com", self.message_id, to=domain.bounce_email
        ).replace(b"MAILER-DAEMON", b"postmaster")
        self.receive(source)
        self.assertEqual(self.request.state, "bounced")

    def test_after_an_answer(self):
        """Anybody can write a report: it never changes an answer."""
        with self.at(self.later(minutes=1)):
            press(self.consent, True)
            self.receive(reports.postfix("ann@example.com", self.message_id))
        self.assertEqual(self.request.state, "bounced")
        self.assertEqual(self.consent.state, "answered")
        self.assertEqual(self.consent.status, "given")
        self.assertTrue(self.consent.accepted)
        self.assertFalse(self.consent.failure_reason)

    def test_locked_proof(self):
        """Nothing about the person is added to what is kept for claims alone."""
        self.consent.active = False
        set_fact(self.consent, locked_until="2030-01-01")
        self.receive(reports.postfix("ann@example.com", self.message_id))
        self.assertFalse(self.request.bounce_type)
        self.assertEqual(self.kinds(), ["requested"])

    def test_long_reason(self):
        """Cutting it must not be what keeps a part of a token."""
        said = f"{'x' * 940} {self.link}"
        self.receive(reports.postfix("ann@example.com", self.message_id, said=said))
        self.assertLessEqual(len(self.request.reason), 1000)
        self.assertNotIn(self.token[:20], self.request.reason)


class TestAutomaticReply(GatewayCase):
    def test_note(self):
        self.reply(
            f"<p>I am away.</p><blockquote>{self.mail.html}</blockquote>",
            headers="Auto-Submitted: auto-replied\nSubject: Away\n"
            "Content-Type: text/html\n\n",
        )
        note = self.new_messages()
        self.assertEqual(len(note), 1)
        self.assertEqual(
            (note.model, note.res_id), (self.consent._name, self.consent.id)
        )
        self.assertEqual(note.subtype_id, self.env.ref("mail.mt_note"))
        self.assertEqual(note.author_id, self.ann)
        self.assertIn("Automatic reply: Away", note.body)
        self.assertIn("I am away.", note.body)
        self.assertFalse(note.notification_ids)
        self.assertFalse(note.partner_ids)
        self.assertFalse(self.run_queue(), "nobody is mailed")
        self.assertEqual(self.consent.state, "sent")
        self.assert_clean()

    def test_sent_to_the_bounce_address(self):
        """RFC 3834, section 4: to where the request came from, on the envelope."""
        domain = self.env["mail.alias.domain"].search([], limit=1) or self.env[
            "mail.alias.domain"
        ].create({"name": "example.com"})
        self.receive(
            f"From: Ann <ann@example.com>\nTo: {domain.bounce_email}\n"
            f"Message-ID: <reply@example.com>\nIn-Reply-To: {self.message_id}\n"
            f"Auto-Submitted: auto-replied\nSubject: Away\n\nI am away {self.link}\n"
        )
        self.assertIn("I am away", self.new_messages().body)
        self.assertEqual(self.request.state, "delivered")
        self.assert_clean()

    def test_person(self):
        """What a person writes is mailed to the followers."""
        self.reply("I am here.", headers="Auto-Submitted: no\nSubject: Here\n\n")
        self.assertEqual(
            self.new_messages().subtype_id, self.env.ref("mail.mt_comment")
        )
        self.assertIn(
            "fellow@example.com",
            [address for mail in self.run_queue() for address in mail.to],
        )

    def test_reply_to_something_else(self):
        partner = self.env["res.partner"].create({"name": "Other"})
        message = partner.message_post(body="Hello", subtype_xmlid="mail.mt_comment")
        self.message_id = message.message_id
        self.reply("Away", headers="Auto-Submitted: auto-replied\n\n")
        self.assertEqual(partner.message_ids[0].message_type, "email")

    def test_request_asks_for_none(self):
        header = self.mail.message["X-Auto-Response-Suppress"]
        self.assertEqual(header, "OOF, AutoReply")


class TestReply(GatewayCase):
    """A person's reply that quotes the request in one way or another."""

    def test_body_and_subject(self):
        self.reply(
            f"Hello\n> {self.link[:-50]}=\n> {self.link[-50:-30]}\n"
            f"> {self.link[-30:]}\n{quote(quote(self.link))}\nhttps://urldefense.proofpoint.com/v2/url?u="
            f"{self.link.replace('-', '-2D').replace('_', '-5F').replace('/', '_')}\n",
            headers=f"Subject: Re: {self.link}\n\n",
        )
        self.assertIn("Hello", self.new_messages().body)
        self.assertEqual(self.new_messages().subject, "Re: ***")
        self.assert_clean()

    def test_files(self):
        """Text is cleaned. What else has the link in it is left out, with a note."""
        encoded = base64.encodebytes(self.mail.html.encode()).decode()
        parts = {
            "note.txt": ("text/plain", f"My notes {self.link}\n"),
            "page.html": ("text/html", f"<p>Kept</p>{self.mail.html}"),
            "mail.eml": ("message/rfc822", f"Subject: x\n\nSee {self.link}\n"),
            "data.bin": ("application/octet-stream", f"\x01 {self.link}"),
            "other.txt": ("text/plain", "Nothing"),
        }
        body = 'Content-Type: multipart/mixed; boundary="b"\nSubject: Files\n\n'
        for name, (kind, content) in parts.items():
            body += (
                f'--b\nContent-Type: {kind}; name="{name}"\n'
                f'Content-Disposition: attachment; filename="{name}"\n\n{content}\n'
            )
        body += (
            "--b\nContent-Type: message/rfc822\n\nContent-Type: text/html\n"
            f"Content-Transfer-Encoding: base64\n\n{encoded}\n--b--\n"
        )
        self.reply(body)
        files = {
            one.name: one.raw.decode() for one in self.new_messages().attachment_ids
        }
        self.assertIn("My notes ***", files.pop("note.txt"))
        self.assertIn("<p>Kept</p>", files.pop("page.html"))
        self.assertIn("Nothing", files.pop("other.txt"))
        self.assertEqual(
            files.keys(), {"mail.eml.txt", "data.bin.txt", "attachment.txt"}
        )
        for text in files.values():
            self.assertIn("This file was left out", text)
        self.assert_clean()

    def test_original(self):
        """*Keep original* of the mail server."""
        self.reply(
            f"Hello {self.mail.html}",
            headers="Subject: Re\nContent-Type: text/html\n\n",
            save_original=True,
        )
        self.assertIn(
            "original_email.eml.txt", self.new_messages().attachment_ids.mapped("name")
        )
        self.assert_clean()

    def test_original_without_link(self):
        self.reply("Hello", headers="Subject: Re\n\n", save_original=True)
        (file,) = self.new_messages().attachment_ids
        self.assertEqual(file.name, "original_email.eml")
        self.assertIn(b"Hello", file.raw)

    def test_forwarded_to_another_document(self):
        """An alias leads to another thread than the consent's."""
        channel = self.env["discuss.channel"].create({"name": "General"})
        self.env["mail.alias"].create(
            {
                "alias_name": "general",
                "alias_model_id": self.env["ir.model"]._get_id("discuss.channel"),
                "alias_force_thread_id": channel.id,
                "alias_domain_id": (
                    self.env["mail.alias.domain"].search([], limit=1)
                    or self.env["mail.alias.domain"].create({"name": "example.com"})
                ).id,
            }
        )
        alias = self.env["mail.alias"].search([("alias_name", "=", "general")])
        encoded = base64.encodebytes(self.mail.html.encode()).decode()
        attached = (
            'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nLook\n'
            "--b\nContent-Type: message/rfc822\n\nContent-Type: text/html\n"
            f"Content-Transfer-Encoding: base64\n\n{encoded}\n--b--\n"
        )
        printable = (
            "Content-Transfer-Encoding: quoted-printable\n\nSee "
            + self.link.replace("privacy/", "privacy/=\n").replace("=t", "=3Dt")
        )
        # Mail programs that forward a mail may not say which one.
        for number, (about, content) in enumerate(
            (
                (f"In-Reply-To: {self.message_id}\n", f"\nSee {self.link}\n"),
                ("", f"\nSee {self.link}\n"),
                ("", f"\nSee {quote(quote(self.link, safe=''), safe='')}\n"),
                ("", printable),
                ("", attached),
            )
        ):
            self.receive(
                f"From: Ann <ann@example.com>\nTo: {alias.alias_full_name}\n"
                f"Message-ID: <reply{number}@example.com>\n{about}"
                f"Subject: Fwd\n{content}",
                save_original=True,
            )
            message = self.new_messages()[0]
            self.assertEqual(message.model, "discuss.channel")
            self.assertRegex(message.body, "See|Look")
            self.assertIn(
                "original_email.eml.txt", message.attachment_ids.mapped("name")
            )
            self.assert_clean()

    def test_former_links(self):
        """Links that were ended, and those to former addresses."""
        self.consent.action_invalidate_links()
        self.ann.email = "ann@example.org"
        self.reply(f"{self.token} {quote(self.link)}", headers="Subject: Re\n\n")
        self.assert_clean()


class TestOtherDoors(GatewayCase):
    def test_post(self):
        """By a program, or on the portal."""
        self.consent.with_user(self.manager).message_post(
            body=f"See {self.token}",
            subject=self.link,
            attachments=[("x.txt", self.link), (self.token, b"Nothing")],
        )
        self.assert_clean()

    def test_create(self):
        """By a client, without posting."""
        message = (
            self.env["mail.message"]
            .with_user(self.manager)
            .create(
                {
                    "model": self.consent._name,
                    "res_id": self.consent.id,
                    "body": f"See {self.link}",
                }
            )
        )
        self.assertIn("See ***", message.body)
        self.assert_clean()

    def test_edit(self):
        message = self.consent.with_user(self.manager).message_post(body="Hello")
        message.write({"body": f"<p>See {self.link}</p>", "subject": self.token})
        self.assertEqual(message.body, "<p>See ***</p>")
        self.assert_clean()

    def test_upload(self):
        files = self.env["ir.attachment"].with_user(self.manager)
        values = {"name": "mail.eml", "raw": self.link.encode()}
        with self.assertRaisesRegex(UserError, "personal link"):
            files.create(
                {**values, "res_model": self.consent._name, "res_id": self.consent.id}
            )
        # as the composer does it
        pending = files.create(
            {**values, "res_model": "mail.compose.message", "res_id": 0}
        )
        with self.assertRaisesRegex(UserError, "personal link"):
            self.consent.with_user(self.manager).message_post(
                body="Hello", attachment_ids=pending.ids
            )

    def test_failure(self):
        """What a mail server says is stored in several places."""
        mail = self.request.mail_id
        mail.write({"state": "exception", "failure_reason": f"554 {self.link}"})
        self.assertEqual(mail.failure_reason, "554 ***")
        mail._postprocess_sent_message([], [], f"554 {self.token}", "unknown")
        self.request.message_id.notification_ids.write(
            {"failure_reason": f"554 {quote(self.link, safe='')}"}
        )
        set_fact(self.consent, action_error=f"404 {self.link}")
        self.assertEqual(self.consent.action_error, "404 ***")
        self.assert_clean()
