# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""PostgreSQL uses each index of mails for what the queue and its list ask."""

from odoo.tests import TransactionCase
from odoo.tools import SQL


class TestIndexes(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # PostgreSQL reads a table of a few rows as a whole, whatever indexes it has.
        cls.env.cr.execute(
            """
            WITH message AS (
                INSERT INTO mail_message (message_type)
                SELECT 'email_outgoing' FROM generate_series(1, 2000) RETURNING id
            )
            INSERT INTO mail_mail (mail_message_id, state)
            SELECT id, 'sent' FROM message
            """
        )
        cls.env.cr.execute("ANALYZE mail_mail")

    def assert_used(self, index, question):
        self.env.cr.execute(SQL("EXPLAIN (FORMAT JSON) %s", question))
        self.assertIn(f"'Index Name': '{index}'", str(self.env.cr.fetchone()))

    def test_lists(self):
        for state, index in (
            ("outgoing", "mail_mail_queue_outgoing_idx"),
            ("exception", "mail_mail_queue_failed_idx"),
        ):
            with self.subTest(state):
                query = self.env["mail.mail"]._search([("state", "=", state)], limit=80)
                self.assert_used(index, query.select())

    def test_effects(self):
        claim = (
            "SELECT id FROM mail_mail WHERE queue_effects_due AND id > 0 ORDER BY id"
        )
        self.assert_used("mail_mail_queue_effects_due_idx", SQL(claim))
