# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail leaves as it is now, whatever changed after the queue had read it."""

from contextlib import contextmanager
from unittest.mock import patch

from ..models.mail_mail_read_ahead import MailMail
from .common import QueueCase


class TestReadAhead(QueueCase):
    @contextmanager
    def between(self, change, claims=1):
        """Let something change just before the queue claims its next mail.

        :param change: function of an environment that commits afterwards
        :param int claims: before the how many-th claim
        """
        claim = MailMail._queue_claim
        left = [claims]

        def changed_before(mails, *args, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                with self.committed() as env:
                    change(env)
            return claim(mails, *args, **kwargs)

        with patch.object(MailMail, "_queue_claim", changed_before):
            yield
        self.assertLessEqual(left[0], 0, "the change was made")

    def leave(self, change, **values):
        """Send a mail to a contact, which changes in between.

        :return: the messages that left
        """
        self.ann = self.contact("Ann")
        self.mail_id = self.mail_to(self.ann, **values)
        with self.between(change):
            self.run_queue()
        return self.post.messages

    def write_mail(self, **values):
        return lambda env: env["mail.mail"].browse(self.mail_id).write(values)

    def sql(self, statement):
        def change(env):
            env.cr.execute(statement, {"mail": self.mail_id, "ann": self.ann})

        return change

    # The contact ----------------------------------------------------------------

    def test_nothing(self):
        (message,) = self.leave(lambda env: None)
        self.assertEqual(message.to, [self.email(self.ann)])
        self.assertEqual(self.stored(self.mail_id, "state"), "sent")

    def test_address(self):
        (message,) = self.leave(
            lambda env: env["res.partner"]
            .browse(self.ann)
            .write({"email": "new@example.com"})
        )
        self.assertEqual(message.to, ["new@example.com"])

    def test_name(self):
        (message,) = self.leave(
            lambda env: env["res.partner"].browse(self.ann).write({"name": "Anna"})
        )
        self.assertIn("Anna", message.mime["To"])

    def test_contact_archived(self):
        """Odoo mails archived contacts; the queue is no judge of it."""
        (message,) = self.leave(
            lambda env: env["res.partner"].browse(self.ann).write({"active": False})
        )
        self.assertEqual(message.to, [self.email(self.ann)])

    def test_contact_deleted(self):
        messages = self.leave(lambda env: env["res.partner"].browse(self.ann).unlink())
        self.assertFalse(messages)
        self.assertEqual(self.stored(self.mail_id, "state"), "exception")

    def test_contacts_merged(self):
        bob = self.contact("Bob")

        def merge(env):
            env["base.partner.merge.automatic.wizard"].create({})._merge(
                [self.ann, bob], env["res.partner"].browse(bob)
            )

        (message,) = self.leave(merge)
        self.assertEqual(message.to, [self.email(bob)])

    # The mail -------------------------------------------------------------------

    def test_body(self):
        (message,) = self.leave(self.write_mail(body_html="<p>New text</p>"))
        self.assertIn("New text", message.text())

    def test_subject(self):
        (message,) = self.leave(self.write_mail(subject="New subject"))
        self.assertEqual(message.mime["Subject"], "New subject")

    def test_subject_by_sql(self):
        (message,) = self.leave(
            self.sql(
                "UPDATE mail_message SET subject = 'New subject' WHERE id ="
                " (SELECT mail_message_id FROM mail_mail WHERE id = %(mail)s)"
            )
        )
        self.assertEqual(message.mime["Subject"], "New subject")

    def test_reply_to(self):
        (message,) = self.leave(
            self.write_mail(reply_to="new@example.com"), reply_to="old@example.com"
        )
        self.assertEqual(message.mime["Reply-To"], "new@example.com")

    def test_sender(self):
        (message,) = self.leave(self.write_mail(email_from="new@example.com"))
        self.assertEqual(message.mime["From"], "new@example.com")

    def test_more_addresses(self):
        self.leave(self.write_mail(email_to="more@example.com"))
        self.assertEqual(
            sorted(self.post.delivered()),
            sorted([self.email(self.ann), "more@example.com"]),
        )

    def test_headers(self):
        (message,) = self.leave(self.write_mail(headers="{'X-New': 'yes'}"))
        self.assertEqual(message.mime["X-New"], "yes")

    def test_recipient_added(self):
        bob = self.contact("Bob")
        self.leave(self.write_mail(recipient_ids=[(4, bob)]))
        self.assertEqual(
            sorted(self.post.delivered()), sorted(map(self.email, (self.ann, bob)))
        )

    def test_recipient_added_by_sql(self):
        bob = self.contact("Bob")
        self.leave(
            self.sql(
                "INSERT INTO mail_mail_res_partner_rel (mail_mail_id, res_partner_id)"
                f" VALUES (%(mail)s, {bob})"
            )
        )
        self.assertEqual(
            sorted(self.post.delivered()), sorted(map(self.email, (self.ann, bob)))
        )

    def test_recipient_removed(self):
        bob = self.contact("Bob")
        (message,) = self.leave(self.write_mail(recipient_ids=[(6, 0, [bob])]))
        self.assertEqual(message.to, [self.email(bob)])

    def test_recipient_removed_by_sql(self):
        messages = self.leave(
            self.sql(
                "DELETE FROM mail_mail_res_partner_rel WHERE mail_mail_id=%(mail)s"
            )
        )
        self.assertFalse(messages)

    def test_cancelled(self):
        self.assertFalse(self.leave(lambda env: self.write_mail(state="cancel")(env)))
        self.assertEqual(self.stored(self.mail_id, "state"), "cancel")

    def test_deleted(self):
        self.assertFalse(
            self.leave(lambda env: env["mail.mail"].browse(self.mail_id).unlink())
        )

    def test_scheduled_later(self):
        self.assertFalse(self.leave(self.write_mail(scheduled_date="2099-01-01")))
        self.assertEqual(self.stored(self.mail_id, "state"), "outgoing")

    # Files ----------------------------------------------------------------------

    def _file(self, env, content):
        return env["ir.attachment"].create({"name": "file.txt", "raw": content})

    def _content(self, message):
        return [one.get_content() for one in message.mime.iter_attachments()]

    def test_attachment_added(self):
        (message,) = self.leave(
            lambda env: self.write_mail(
                attachment_ids=[(4, self._file(env, b"new").id)]
            )(env)
        )
        self.assertEqual(self._content(message), ["new"])

    def test_attachment_written(self):
        file = self.make("ir.attachment", name="file.txt", raw=b"old")
        (message,) = self.leave(
            lambda env: env["ir.attachment"].browse(file).write({"raw": b"new"}),
            attachment_ids=[(4, file)],
        )
        self.assertEqual(self._content(message), ["new"])

    def test_attachment_renamed(self):
        file = self.make("ir.attachment", name="file.txt", raw=b"old")
        (message,) = self.leave(
            lambda env: env["ir.attachment"].browse(file).write({"name": "new.txt"}),
            attachment_ids=[(4, file)],
        )
        (part,) = message.mime.iter_attachments()
        self.assertEqual(part.get_filename(), "new.txt")

    def test_attachment_removed_by_sql(self):
        file = self.make("ir.attachment", name="file.txt", raw=b"old")
        (message,) = self.leave(
            lambda env: env.cr.execute(
                "DELETE FROM message_attachment_rel WHERE attachment_id = %s", [file]
            ),
            attachment_ids=[(4, file)],
        )
        self.assertEqual(self._content(message), [])

    # What all mails share -------------------------------------------------------

    def test_server_made(self):
        """The mail leaves through the new one."""

        def change(env):
            server = env["ir.mail_server"].create(
                {"name": "New", "smtp_host": "x", "from_filter": "sender@example.com"}
            )
            self._made.append(("ir.mail_server", server.id))
            made.append(server.id)

        made = []
        (message,) = self.leave(change)
        self.assertEqual(message.server, made[0])

    def test_server_archived(self):
        server = self.make(
            "ir.mail_server",
            name="Old",
            smtp_host="x",
            from_filter="sender@example.com",
        )
        (message,) = self.leave(
            lambda env: env["ir.mail_server"].browse(server).write({"active": False})
        )
        self.assertNotEqual(message.server, server)

    def _domain(self, name):
        domain = self.make("mail.alias.domain", name=name, bounce_alias="bounce")
        company = self.env.company
        before = company.alias_domain_id.id
        self.addCleanup(
            self.execute,
            "UPDATE res_company SET alias_domain_id = %s WHERE id = %s",
            before or None,
            company.id,
        )
        return domain

    def test_alias_domain_set(self):
        domain = self._domain("set.example")
        (message,) = self.leave(
            lambda env: env.company.write({"alias_domain_id": domain})
        )
        self.assertEqual(message.mime["Return-Path"], "bounce@set.example")

    def test_alias_domain_written(self):
        domain = self._domain("written.example")
        with self.committed() as env:
            env.company.alias_domain_id = domain
        (message,) = self.leave(
            lambda env: env["mail.alias.domain"]
            .browse(domain)
            .write({"bounce_alias": "returned"})
        )
        self.assertEqual(message.mime["Return-Path"], "returned@written.example")

    # Between two messages of one mail -------------------------------------------

    def _two(self, change):
        """Send a mail to two contacts, which changes after the first one got it."""
        self.ann, self.bob = self.contact("Ann"), self.contact("Bob")
        self.mail_id = self.mail_to(self.ann, self.bob)
        with self.between(change, claims=2):
            self.run_queue()
        self.assertEqual(self.stored(self.mail_id, "state"), "sent")
        return self.post.messages

    def test_nothing_between_two_messages(self):
        first, second = self._two(lambda env: None)
        self.assertEqual(first.to, [self.email(self.ann)])
        self.assertEqual(second.to, [self.email(self.bob)])

    def test_body_between_two_messages(self):
        first, second = self._two(self.write_mail(body_html="<p>New text</p>"))
        self.assertEqual(first.to, [self.email(self.ann)])
        self.assertEqual(second.to, [self.email(self.bob)])
        self.assertIn("One mail", first.text())
        self.assertIn("New text", second.text())

    def test_address_between_two_messages(self):
        _first, second = self._two(
            lambda env: env["res.partner"]
            .browse(self.bob)
            .write({"email": "new@example.com"})
        )
        self.assertEqual(second.to, ["new@example.com"])

    def test_server_between_two_messages(self):
        def change(env):
            server = env["ir.mail_server"].create(
                {"name": "New", "smtp_host": "x", "from_filter": "sender@example.com"}
            )
            self._made.append(("ir.mail_server", server.id))

        first, second = self._two(change)
        self.assertFalse(first.server)
        self.assertTrue(second.server)

    # Speed ----------------------------------------------------------------------

    def test_rows_are_read_once(self):
        """What was read ahead is not read again: else a mail takes 13 statements."""
        for number in range(20):
            self.mail(email_to=f"reader{number}@example.com")
        with self.connection() as env:
            before = env.cr.sql_log_count
            env["mail.mail"].process_email_queue()
            statements = env.cr.sql_log_count - before
        self.assertEqual(len(self.post.messages), 20)
        self.assertLessEqual(statements, 20 * 3 + 60)

    def test_statement_that_a_pooler_forgot(self):
        """PgBouncer, for instance, may give another connection each time."""
        self.mail(email_to="one@example.com")
        self.mail(email_to="two@example.com")
        with self.connection() as env:
            env.cr.execute("DEALLOCATE ALL")
            with self.between(lambda other: env.cr.execute("DEALLOCATE ALL"), claims=2):
                env["mail.mail"].process_email_queue()
        self.assertEqual(self.post.delivered(), ["one@example.com", "two@example.com"])
