# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The queue as it runs in production: it commits, and hands over to an SMTP session."""

import smtplib
from contextlib import contextmanager
from email import message_from_bytes, policy
from itertools import count
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, modules
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.base.models.ir_mail_server import IrMail_Server

OK = (250, b"OK")
_numbers = count()


class Message:
    """A message that the server took.

    :ivar list[str] to: the recipients that the server took
    :ivar mime: the message
    :ivar int server: id of the ``ir.mail_server``, or None
    """

    def __init__(self, to, content, server):
        self.to = to
        self.mime = message_from_bytes(content, policy=policy.default)
        self.server = server

    def text(self):
        """:return: the HTML text"""
        return self.mime.get_body(("html",)).get_content()


class MailServer:
    """An SMTP server without a network.

    :ivar list messages: each :class:`Message` that it took
    :ivar dict refuse: the reply by recipient that it refuses
    :ivar reply: function of a stage and what the client said in it, which returns a
        reply or None for that of success
    :ivar int sessions: how many there were
    """

    def __init__(self):
        self.messages = []
        self.refuse = {}
        self.reply = lambda stage, said: None
        self.sessions = 0

    def delivered(self):
        """:return: the recipients of all messages"""
        return [address for message in self.messages for address in message.to]


class Session(smtplib.SMTP):
    """A session of a :class:`MailServer`."""

    def __init__(self, server, mail_server_id, smtp_from):
        super().__init__()
        server.sessions += 1
        self.server = server
        self.mail_server_id = mail_server_id
        self.from_filter = False
        self.smtp_from = smtp_from
        self.sock = object()
        self.to = []

    def has_extn(self, opt):
        return True

    def ehlo_or_helo_if_needed(self):
        pass

    def close(self):
        self.sock = None

    def quit(self):
        self.close()

    def rset(self):
        return OK

    def mail(self, sender, options=()):
        self.to = []
        return self.server.reply("mail", sender) or OK

    def rcpt(self, recip, options=()):
        reply = self.server.refuse.get(recip) or self.server.reply("rcpt", recip) or OK
        if reply[0] == 250:
            self.to.append(recip)
        return reply

    def data(self, msg):
        content = msg if isinstance(msg, bytes) else msg.encode()
        message = Message(self.to, content, self.mail_server_id)
        reply = self.server.reply("data", message) or OK
        if reply[0] != 250:
            raise smtplib.SMTPDataError(*reply)
        self.server.messages.append(message)
        return reply


class ConnectionCase(BaseCase):
    """Whoever works with the database has a connection each; all is committed."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())

    @contextmanager
    def connection(self):
        """:return: an environment with a connection of its own"""
        with self.registry.cursor() as cr:
            try:
                yield api.Environment(cr, SUPERUSER_ID, {})
            finally:
                cr.rollback()


# While a database is being loaded, Odoo sends nothing.
@tagged("-at_install", "post_install")
class QueueCase(ConnectionCase):
    """A queue of its own, whose commits are real: what a test makes is deleted.

    :ivar MailServer post: where the mails go
    :ivar env: for the test, with a connection of its own
    """

    def setUp(self):
        super().setUp()
        self.post = MailServer()
        self.connects = lambda: None
        post = self.post

        def connect(servers, *args, mail_server_id=None, smtp_from=None, **kwargs):
            self.connects()
            if mail_server_id:
                named = servers.browse(mail_server_id)
                named._check_forced_mail_server(named, False, smtp_from)
            return Session(post, mail_server_id, smtp_from)

        self.startPatcher(patch.object(IrMail_Server, "_connect__", connect))
        self.startPatcher(patch.object(modules.module, "current_test", None))
        self.env = self.enterContext(self.connection())
        self._made = []
        self.addCleanup(self._delete)
        # What else there is would disturb, and be sent.
        self.execute("UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing'")

    @contextmanager
    def committed(self):
        """:return: an environment of somebody else, who commits in the end"""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def execute(self, statement, *parameters):
        """Execute a statement, and commit.

        :return: its rows, if it has any
        """
        with self.registry.cursor() as cr:
            cr.execute(statement, parameters)
            return cr.fetchall() if cr.description else None

    def make(self, model, **values):
        """Create a record, committed, and deleted after the test.

        :return: its id
        """
        with self.committed() as env:
            record_id = env[model].create(values).id
        self._made.append((model, record_id))
        return record_id

    def contact(self, name="Ann", **values):
        """:return: the id of a contact"""
        email = f"{name.lower()}{next(_numbers)}@example.com"
        return self.make("res.partner", **{"name": name, "email": email, **values})

    def email(self, contact_id):
        """:return: the address of a contact"""
        return self.execute("SELECT email FROM res_partner WHERE id = %s", contact_id)[
            0
        ][0]

    def mail(self, **values):
        """:return: the id of a mail in the queue"""
        return self.make(
            "mail.mail",
            **{
                "subject": "News",
                "body_html": "<p>One mail a month</p>",
                "email_from": "sender@example.com",
                **values,
            },
        )

    def mail_to(self, *contact_ids, **values):
        """:return: the id of a mail to these contacts"""
        return self.mail(recipient_ids=[(6, 0, contact_ids)], **values)

    def stored(self, mail_id, *names):
        """:return: values of a mail as the database has them"""
        with self.connection() as env:
            mail = env["mail.mail"].browse(mail_id)
            values = [mail[name] for name in names]
        return values[0] if len(names) == 1 else tuple(values)

    def run_queue(self):
        """Run the queue, as a scheduled action does."""
        with self.connection() as env:
            env["mail.mail"].process_email_queue()

    def let_time_pass(self):
        """Let the time of all next attempts come."""
        self.execute("UPDATE mail_mail SET queue_next_attempt = NULL")
        self.execute("UPDATE mail_queue_outage SET next_attempt = '2000-01-01'")

    def _delete(self):
        self.env.cr.rollback()
        with self.committed() as env:
            env["mail.queue.outage"].search([]).unlink()
            for model, record_id in reversed(self._made):
                record = env[model].with_context(active_test=False).browse(record_id)
                if record.exists():
                    record.unlink()
