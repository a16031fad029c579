# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""After a server's reply, nothing comes before the word to PostgreSQL."""

from unittest.mock import patch

from odoo.sql_db import BaseCursor
from odoo.tests import TransactionCase

from ..models.mail_mail_lock import quick_commit
from .common import QueueCase

_TRANSACTION = "SELECT pg_current_xact_id()::text"


class TestCommitOfTheQueue(QueueCase):
    def test_committed_before_odoo_looks_for_more(self):
        """A message whose sender is killed in that moment would be repeated."""
        mail_id = self.mail(email_to="a@example.com")
        flush, found = BaseCursor.flush, []

        def look(cr):
            if self.post.messages and not found:
                found.append(None)
                found[:] = [self.stored(mail_id, "state")]
            flush(cr)

        with patch.object(BaseCursor, "flush", look):
            self.run_queue()
        self.assertEqual(found, ["sent"])

    def test_what_odoo_does_after_a_commit(self):
        with self.connection() as env:
            done = []
            contact = env["res.partner"].create({"name": "Ann"})
            env.cr.flush()
            env.cr.postcommit.add(lambda: done.append("after"))
            # whatever somebody adds too late
            env.cr.precommit.add(lambda: contact.write({"name": "Bob"}))
            quick_commit(env.cr)()
            self._made.append(("res.partner", contact.id))
            self.assertEqual(done, ["after"])
            self.assertFalse(env.transaction.field_data, "nothing is kept")
        ((name,),) = self.execute(
            "SELECT name FROM res_partner WHERE id = %s", contact.id
        )
        self.assertEqual(name, "Bob")


class TestCommitInTests(TransactionCase):
    """What Odoo's tests do is undone in the end, also where they seem to commit."""

    def test_cursor_of_a_test(self):
        with self.assertRaisesRegex(AssertionError, "Cannot commit"):
            quick_commit(self.env.cr)()

    def test_cursor_of_a_request_in_a_test(self):
        self.env.cr.execute(_TRANSACTION)
        before = self.env.cr.fetchone()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            cr.execute("UPDATE res_company SET write_date = write_date")
            quick_commit(cr)()
        self.env.cr.execute(_TRANSACTION)
        self.assertEqual(self.env.cr.fetchone(), before)
