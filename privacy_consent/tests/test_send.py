# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the mail queue delivers, to whom, and what the consent says afterwards."""

import smtplib
from unittest.mock import patch

from markupsafe import Markup

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .answers import deliver
from .common import ConsentCase

EVERYWHERE = """\
<p><a href="/privacy/consent/accept">No slash</a>
<a href="/privacy/consent/reject/?utm_source=mail">Query</a>
or copy /privacy/consent/accept/.</p>
<!-- ask the boss -->
<map name="m"><area href="/privacy/consent/accept/" alt="Yes"/></map>
<v:oval href="/privacy/consent/reject/">No</v:oval>
<!--[if mso]><v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" \
href="/privacy/consent/accept/" arcsize="9%">Outlook</v:roundrect><![endif]-->
<p t-if="object.state != 'answered'">Please</p>
"""


class TestSend(ConsentCase):
    def test_delivered_request(self):
        self.generate()
        with self.at("2026-03-01 10:00:00") as now:
            mails = {mail.to[0]: mail for mail in self.run_queue()}
        mail = mails["ann@example.com"]
        consent = self.consent_of(self.ann)
        self.assertEqual(
            mail.links(), {"accept": consent._url(True), "reject": consent._url(False)}
        )
        preferences = consent._link("preferences", consent._token())
        self.assertIn(f'href="{preferences}"', mail.html)
        urls = [*mail.links().values(), preferences]
        for number, url in enumerate(urls, 1):
            self.assertIn(f"[{number}] {url}", mail.text.splitlines())
        self.assertIn("One mail a month.", mail.html)
        self.assertEqual(mail.message["Auto-Submitted"], "auto-generated")
        self.assertEqual(consent.state, "sent")
        self.assertEqual(consent.sent_date, now)

    def test_regression_token_without_context(self):
        """The queue runs later, without any context of the generating user."""
        self.generate()
        self.env.flush_all()
        self.env.invalidate_all()
        queue = self.env(user=1, context={})["mail.mail"]
        with self.mock_smtplib_connection():
            queue.process_email_queue()
        self.assertEqual(len(self.emails), 2)
        for email in self.emails:
            self.assertNotIn('/privacy/consent/accept/"', email["message"])

    def test_regression_no_placeholder_in_the_delivered_body(self):
        self.template.use_default_to = False
        self.template.email_cc = "boss@example.com"
        self.generate()
        mails = self.run_queue()
        self.assertEqual(len(mails), 4)
        for mail in mails:
            for body in (mail.html, mail.text):
                self.assertNotRegex(body, r"/privacy/consent/(\w+)/(\D|$)")

    def test_every_placeholder_becomes_personal(self):
        self.template.email_cc = "boss@example.com"
        self.template.body_html = Markup(EVERYWHERE)
        self.generate()
        mails = self.run_queue()
        consent = self.consent_of(self.ann)
        (mail,) = [mail for mail in mails if mail.to == ["ann@example.com"]]
        accept, reject = consent._url(True), consent._url(False)
        for expected in (
            f'<area href="{accept}"',
            f'<v:oval href="{reject}"',
            f'<v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" href="{accept}"',
            f"or copy {accept}.",
            f'<a href="{reject}&amp;utm_source=mail">',
            f'<a href="{accept}">No slash</a>',
        ):
            self.assertIn(expected, mail.html)
        self.assertNotIn("ask the boss", mail.html)
        self.assertNotRegex(mail.html, r"/privacy/consent/\w+/?(?![\w/])")
        self.assertIn(f"or copy {accept}.", mail.text)
        self.assertIn(f"] {reject}&utm_source=mail", mail.text)
        self.assertNotIn("Outlook", mail.text)
        self.assertNotRegex(mail.text, r"/privacy/consent/(\w+)/(\D|$)")
        copies = [mail for mail in mails if mail.to == ["boss@example.com"]]
        self.assertTrue(copies)
        for copy in copies:
            self.assertNotIn("privacy/consent", copy.html + copy.text)
            self.assertIn("No slash", copy.html)
            self.assertNotIn(consent._token(), copy.message.as_string())
        for body in (
            consent.request_ids.mail_id.body_html,
            consent.request_ids.message_id.body,
        ):
            self.assertNotIn(consent._token(), body)

    def test_copies_carry_no_personal_link(self):
        self.template.email_cc = "boss@example.com"
        self.generate()
        mails = self.run_queue()
        copies = [mail for mail in mails if "boss@example.com" in mail.to]
        self.assertEqual(len(copies), 2)
        for copy in copies:
            self.assertEqual(copy.to, ["boss@example.com"])
            self.assertNotIn("/privacy/consent/", copy.html + copy.text)
            self.assertIn("Accept", copy.html)

    def test_subject_addressed_by_email_is_separated_from_others(self):
        self.template.write(
            {
                "partner_to": False,
                "email_to": "{{ object.partner_id.email_formatted }}, x@example.com",
                "email_cc": "boss@example.com",
            }
        )
        self.generate()
        mails = self.run_queue()
        own = [mail for mail in mails if mail.to == ["ann@example.com"]]
        self.assertEqual(len(own), 1)
        self.assertEqual(own[0].links()["accept"], self.consent_of(self.ann)._url(True))
        self.assertEqual(self.consent_of(self.ann).state, "sent")
        others = [mail for mail in mails if "x@example.com" in mail.to]
        self.assertEqual(len(others), 2)
        for mail in others:
            self.assertEqual(mail.to, ["x@example.com", "boss@example.com"])
            self.assertFalse(mail.links())

    def test_reply_that_quotes_the_request(self):
        """Neither the thread nor its followers get the links from a quotation."""
        self.generate()
        mails = {mail.to[0]: mail for mail in self.run_queue()}
        request = mails["ann@example.com"]
        consent = self.consent_of(self.ann)
        consent.message_subscribe(
            self.reader.partner_id.ids, self.env.ref("mail.mt_comment").ids
        )
        self.env["mail.thread"].message_process(
            "privacy.consent",
            f"From: Ann <ann@example.com>\nTo: info@example.com\n"
            f"Message-ID: <reply@example.com>\n"
            f"In-Reply-To: {request.message['Message-ID']}\n"
            f"Subject: Re: {request.subject}\n"
            f"Content-Type: text/html; charset=utf-8\n\n"
            f"<p>What is this?</p><blockquote>{request.html}</blockquote>"
            f"<pre>{request.text}</pre>",
            thread_id=consent.id,
        )
        message = consent.message_ids[0]
        self.assertIn("What is this?", message.body)
        self.assertNotIn(consent._token(), message.body)
        copies = [mail for mail in self.run_queue() if "reader" in mail.to[0]]
        self.assertEqual(len(copies), 1)
        self.assertNotIn(consent._token(), copies[0].html + copies[0].text)

    def test_token_is_stored_nowhere(self):
        self.template.auto_delete = True
        self.generate()
        self.run_queue()
        consent = self.consent_of(self.ann)
        token = consent._token()
        stored = self.env["mail.mail"].search([("model", "=", "privacy.consent")])
        self.assertTrue(stored, "the request stays: it proves what was shown")
        for mail in stored:
            self.assertNotIn(token, f"{mail.body_html}{mail.body}{mail.headers}")
        for message in consent.message_ids:
            self.assertNotIn(token, message.body)

    def test_regression_not_sent_when_smtp_fails(self):
        self.generate()
        with (
            patch.object(
                IrMail_Server,
                "send_email",
                side_effect=smtplib.SMTPRecipientsRefused(
                    {"ann@example.com": (550, b"no such user")}
                ),
            ),
            self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"),
        ):
            self.run_queue()
        consent = self.consent_of(self.ann)
        self.assertEqual(consent.state, "draft")
        self.assertFalse(consent.sent_date)
        self.assertIn("no such user", consent.failure_reason)

    def test_server_that_cannot_be_reached(self):
        self.generate()
        with patch.object(
            IrMail_Server, "_connect__", side_effect=ConnectionRefusedError("refused")
        ):
            self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
        self.assertEqual(set(self.activity.consent_ids.mapped("state")), {"draft"})
        self.assertIn("refused", self.consent_of(self.ann).failure_reason)

    def test_malformed_address(self):
        broken = self._create_subject("Broken", "broken at example")
        self.generate()
        self.run_queue()
        consent = self.consent_of(broken)
        self.assertEqual(consent.state, "draft")
        self.assertTrue(consent.failure_reason)
        self.assertEqual(self.consent_of(self.ann).state, "sent")

    def test_reason_says_what_is_wrong_with_the_address(self):
        for address, problem in (
            ("bob 17@example.com", "contains a space"),
            ("an\u200bn@example.com", "a character that nobody sees"),
        ):
            with self.subTest(address), self.env.cr.savepoint() as savepoint:
                self.ann.email = address
                self.generate()
                sent = [mail.to for mail in self.run_queue()]
                self.assertEqual(sent, [["luc@example.com"]])
                self.assertIn(problem, self.consent_of(self.ann).failure_reason)
                self.assertIn(address, self.consent_of(self.ann).failure_reason)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_headers_of_other_addons_add_nobody(self):
        self.generate()
        mail = self.env["mail.mail"].search([("recipient_ids", "=", self.ann.id)])
        names = ("X-Msg-To-Add", "X-Msg-To-Consolidate", "X-Forge-To", "Bcc", "Cc")
        kept = {"X-Kept": "yes"}
        mail.headers = repr(dict.fromkeys(names, "boss@example.com") | kept)
        sent = {one.to[0]: one for one in self.run_queue()}
        message = sent["ann@example.com"].message
        self.assertEqual(sent["ann@example.com"].to, ["ann@example.com"])
        self.assertNotIn("boss@", "".join(map(str, message.values())))
        self.assertEqual(message["X-Kept"], "yes")

    def test_refused_copy_keeps_nothing_from_the_subject(self):
        """Neither does it have the subject get anything twice."""
        self.template.email_cc = "boss@example.com"
        self.generate()
        original = IrMail_Server.send_email
        sent = []

        def send_email(server, message, *args, **kwargs):
            sent.append(f"{message['To']} {message['Cc']}")
            if "boss" in sent[-1]:
                raise smtplib.SMTPRecipientsRefused({"boss": (550, b"full")})
            return original(server, message, *args, **kwargs)

        mails = self.env["mail.mail"].search([("recipient_ids", "=", self.ann.id)])
        for _time in range(2):
            with (
                patch.object(IrMail_Server, "send_email", send_email),
                self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"),
            ):
                self.run_queue()
            self.assertEqual(self.consent_of(self.ann).state, "sent")
            self.assertEqual(self.consent_of(self.ann).request_state, "delivered")
            self.assertEqual(mails.state, "exception")
            mails.mark_outgoing()
            if "queue_accepted" in mails._fields:
                mails.queue_accepted = False  # Odoo's own queue has no such memory.
        self.assertEqual(sum("ann@" in to for to in sent), 1)
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["boss@example.com"])
        self.assertFalse(mail.links())

    def test_delivery_to_others_only_is_no_delivery(self):
        broken = self._create_subject("Broken", "broken at example")
        self.template.email_cc = "boss@example.com"
        self.generate()
        self.run_queue()
        self.assertEqual(self.consent_of(broken).state, "draft")
        self.assertTrue(self.consent_of(broken).failure_reason)

    def test_later_success_clears_the_reason(self):
        broken = self._create_subject("Broken", "broken at example")
        self.generate()
        self.run_queue()
        broken.email = "mended@example.com"
        self.consent_of(broken).with_user(self.manager).action_auto_ask()
        self.run_queue()
        self.assertEqual(self.consent_of(broken).state, "sent")
        self.assertFalse(self.consent_of(broken).failure_reason)

    def test_failed_copy_is_not_the_subjects_failure(self):
        self.activity.consent_required = "manual"
        consent = self.generate().filtered(lambda one: one.partner_id == self.ann)
        consent.message_subscribe(self.reader.partner_id.ids)
        body = self.template._render_field("body_html", consent.ids)[consent.id]
        consent.message_post(
            body=body, partner_ids=self.ann.ids, subtype_xmlid="mail.mt_comment"
        )
        original = IrMail_Server.send_email

        def send_email(server, message, *args, **kwargs):
            if "reader" in message["To"]:
                raise smtplib.SMTPRecipientsRefused({"reader": (550, b"full")})
            return original(server, message, *args, **kwargs)

        with (
            patch.object(IrMail_Server, "send_email", send_email),
            self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"),
        ):
            mails = self.run_queue()
        self.assertIn(["ann@example.com"], [mail.to for mail in mails])
        self.assertEqual(consent.state, "sent")
        self.assertFalse(consent.failure_reason)

    def test_delivered_copy_does_not_hide_the_subjects_failure(self):
        self.activity.consent_required = "manual"
        self.ann.email = "broken at example"
        consent = self.generate().filtered(lambda one: one.partner_id == self.ann)
        consent.message_subscribe(self.reader.partner_id.ids)
        body = self.template._render_field("body_html", consent.ids)[consent.id]
        consent.message_post(
            body=body, partner_ids=self.ann.ids, subtype_xmlid="mail.mt_comment"
        )
        mails = self.run_queue()
        self.assertIn(["reader@example.com"], [mail.to for mail in mails])
        self.assertEqual(consent.state, "draft")
        self.assertTrue(consent.failure_reason)

    def test_mail_to_the_current_address(self):
        self.generate()
        self.ann.email = "ann@new.example.com"
        self.assertIn(["ann@new.example.com"], [mail.to for mail in self.run_queue()])

    def test_delivered_twice_changes_nothing(self):
        self.generate()
        mail = self.env["mail.mail"].search([("recipient_ids", "=", self.ann.id)])
        consent = self.consent_of(self.ann)
        with self.at("2026-03-01 10:00:00"):
            deliver(consent, mail)
        with self.at("2026-03-02 10:00:00"):
            deliver(consent, mail)
            consent._cron_effects()
        self.assertEqual(str(consent.sent_date), "2026-03-01 10:00:00")
        messages, events = consent.message_ids, consent.event_ids
        self.assertEqual(events.mapped("kind"), ["requested"])
        with self.at("2026-03-03 10:00:00"):
            deliver(consent, mail)
            consent._cron_effects()
        self.assertEqual(str(consent.sent_date), "2026-03-01 10:00:00")
        self.assertEqual(consent.message_ids, messages)
        self.assertEqual(consent.event_ids, events)

    def test_other_message_in_the_thread_is_no_request(self):
        self.activity.consent_required = "manual"
        consent = self.generate().filtered(lambda one: one.partner_id == self.ann)
        consent.message_post(
            body="We will ask you soon",
            partner_ids=self.ann.ids,
            subtype_xmlid="mail.mt_comment",
        )
        mails = self.run_queue()
        self.assertIn(["ann@example.com"], [mail.to for mail in mails])
        self.assertEqual(consent.state, "draft")

    def test_sent_is_logged_as_state_change(self):
        self.generate()
        self.run_queue()
        self.env.cr.flush()
        self.assertIn(
            self.env.ref("privacy_consent.mt_consent_state_changed"),
            self.consent_of(self.ann).message_ids.subtype_id,
        )

    def test_deleting_a_draft_takes_its_mail_along(self):
        self.generate()
        self.consent_of(self.ann).with_user(self.manager).unlink()
        self.assertEqual([mail.to for mail in self.run_queue()], [["luc@example.com"]])
