# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""PostgreSQL uses each partial index for what Odoo asks, in Odoo's words.

Without them everything is as right as before, and slow once there are many consents.
"""

from odoo import fields

from ..answer_guard import unguarded
from .common import ConsentCase
from .plans import steps, within

# PostgreSQL reads a table of a few rows as a whole, whatever indexes it has.
_ROWS = 1500
_TABLES = ("privacy_consent", "privacy_consent_request", "res_partner")


class TestIndexes(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("Another", "Yet another"):
            cls._make_many(cls.activity.copy({"name": name}))
        for table in _TABLES:
            cls.env.cr.execute(f"ANALYZE {table}")
        cls.generate()
        cls.consent = cls.consent_of(cls.ann).with_user(cls.manager)
        cls.consents = cls.consent.browse()
        cls.request = cls.consent.sudo().request_ids
        cls.as_manager = cls.activity.with_user(cls.manager)
        cls.activity.write(
            {"validity_months": 12, "renewal_days": 30, "reminder_count": 1}
        )

    @classmethod
    def _make_many(cls, activity):
        """Make so many requests: a third each was delivered, waits, or failed."""
        cls.env.flush_all()
        cls.env.cr.execute(
            """
            WITH subject AS (
                INSERT INTO res_partner
                    (name, complete_name, email, email_normalized, type, active)
                SELECT name, name, name, name, 'contact', TRUE
                  FROM generate_series(1, %(rows)s) AS number,
                       concat('many', number, '@example.com') AS name
                RETURNING id
            ), consent AS (
                INSERT INTO privacy_consent
                    (uuid, partner_id, activity_id, state, status, active, sent_date)
                SELECT gen_random_uuid(), id, %(activity)s, state, 'unknown', TRUE,
                       CASE state WHEN 'sent' THEN now() END
                  FROM subject,
                       LATERAL (SELECT CASE id %% 3 WHEN 0 THEN 'sent' ELSE 'draft' END
                       ) AS now_is(state)
                RETURNING id, partner_id
            ), event AS (
                INSERT INTO privacy_consent_event
                    (format, uuid, at, by, kind, consent_id)
                SELECT 1, gen_random_uuid(), now(), 'subject',
                       CASE id %% 5 WHEN 0 THEN 'given' ELSE 'requested' END, id
                  FROM consent
            )
            INSERT INTO privacy_consent_request
                (uuid, consent_id, activity_id, kind, state, address, delivered_date)
            SELECT gen_random_uuid(), id, %(activity)s, 'first',
                   ('{delivered,waiting,failed}'::varchar[])[partner_id %% 3 + 1],
                   concat('many', id, '@example.com'),
                   CASE partner_id %% 3 WHEN 0 THEN now() END
              FROM consent
            """,
            {"rows": _ROWS, "activity": activity.id},
        )

    def assert_used(self, index, ask):
        used = {step.get("Index Name") for step in steps(self.env, ask)}
        self.assertIn(index, used)

    def _questions(self):
        """:return: what has Odoo ask a question, by the index for it"""
        everything = self.consents.sudo().with_context(active_test=False)
        requests = self.request.browse()
        partners = self.ann.browse()
        runs = self.env["privacy.activity.generation"]
        now = fields.Datetime.now()
        return {
            "privacy_activity_generation_pending_idx": runs._take_turns,
            "privacy_consent__answer_text_id_index": lambda: everything.search(
                [("answer_text_id", "in", [1])]
            ),
            "privacy_consent__locked_until_index": lambda: everything.search(
                [("locked_until", "<", now)], order="id"
            ),
            "privacy_consent__merged_into_id_index": lambda: everything.search(
                [("merged_into_id", "in", self.consent.ids)]
            ),
            "privacy_consent__sent_date_index": lambda: (
                self.as_manager._forecast_last_mail({self.as_manager: 1})
            ),
            "privacy_consent_action_due_idx": everything._cron_effects,
            "privacy_consent_action_error_idx": lambda: self.consents.search(
                [("action_error", "!=", False)], limit=80
            ),
            "privacy_consent_activity_state_idx": self.as_manager.consent_progress,
            "privacy_consent_archived_idx": lambda: self.consents.search(
                [("active", "=", False)], limit=80
            ),
            "privacy_consent_draft_idx": self.as_manager._consents_to_ask,
            "privacy_consent_sent_idx": self.as_manager.consent_progress,
            "privacy_consent_suspected_idx": lambda: self.consents.search(
                [("suspected_automated", "=", True)], limit=80
            ),
            "privacy_consent_unique_subject_activity": (
                self.as_manager._count_subjects_missing
            ),
            "privacy_consent_event_consent_uuid_idx": lambda: (
                self.activity._decisions_sudo(now)
            ),
            "privacy_consent_event__text_id_index": lambda: (
                self.env["privacy.consent.event"].search([("text_id", "in", [1])])
            ),
            "privacy_consent_request__address_index": lambda: requests.search(
                [("address", "=", "a@example.com"), ("delivered_date", "!=", False)]
            ),
            "privacy_consent_request__mail_id_index": lambda: requests.search(
                [("mail_id", "in", [1])]
            ),
            "privacy_consent_request__message_id_index": lambda: requests.search(
                [("message_id", "in", [1])]
            ),
            "privacy_consent_request__planned_message_id_index": lambda: (
                requests.search([("planned_message_id", "in", [1])])
            ),
            "privacy_consent_request_effects_due_idx": everything._cron_effects,
            "privacy_consent_request_open_idx": self.as_manager._open_requests,
            "privacy_consent_request_remind_idx": self.activity._remind_due,
            "privacy_consent_request_unreached_idx": self.as_manager.consent_progress,
            "res_partner_email_normalized_idx": lambda: partners.search(
                [("email_normalized", "=", "a@example.com")]
            ),
            "res_partner_several_addresses_idx": lambda: partners._with_address(
                "a@example.com"
            ),
        }

    def test_each(self):
        for index, ask in self._questions().items():
            with self.subTest(index):
                self.assert_used(index, ask)

    def _answer_questions(self):
        """:return: the same, of all answers that were ever given"""
        events = self.env["privacy.consent.event"].with_user(self.manager)
        answers = [("kind", "in", ["given", "refused", "withdrawn"])]
        return {
            "privacy_consent_event_answers_idx": lambda: events.search(
                answers, limit=1
            ),
            "privacy_consent_event_report_idx": lambda: events.formatted_read_group(
                answers, ["channel_label"], ["__count"]
            ),
        }

    def test_all_answers(self):
        self.env.cr.execute("ANALYZE privacy_consent_event")
        for index, ask in self._answer_questions().items():
            with self.subTest(index):
                self.assert_used(index, ask)

    def _life_questions(self):
        """:return: the same, of consents that end"""
        consents = self.env["privacy.consent"].with_user(self.manager)
        return {
            "privacy_consent_report_idx": lambda: consents.formatted_read_group(
                [("state", "=", "answered")], ["answer_date:day", "status"], ["__count"]
            ),
            "privacy_consent_renewal_idx": self.activity._renew_due,
            "privacy_consent_valid_until_idx": self.activity._expire_due,
        }

    def test_consents_that_end(self):
        with unguarded(self.env.cr):
            self.env.cr.execute(
                """
                UPDATE privacy_consent SET status = 'given',
                       state = CASE id %% 20 WHEN 0 THEN 'answered' ELSE state END,
                       valid_until = now() + (60 + id %% 300) * interval '1 day'
                 WHERE activity_id = %s;
                ANALYZE privacy_consent
                """,
                [self.activity.id],
            )
        for index, ask in self._life_questions().items():
            with self.subTest(index):
                self.assert_used(index, ask)

    def test_who_is_missing_is_found_without_reading_contacts(self):
        comparing = [
            {part.get("Relation Name") for part in within(step)} - {None}
            for step in steps(self.env, self.as_manager._count_subjects_missing)
            if step.get("Join Type", "").endswith("Anti")
        ]
        tags = self.env["res.partner"]._fields["category_id"].relation
        self.assertIn({tags, "privacy_consent"}, comparing)

    def test_first_open_request_is_found_without_sorting_all(self):
        found = steps(self.env, lambda: self.as_manager._open_requests(limit=1))
        self.assertNotIn("Sort", {step["Node Type"] for step in found})

    def test_none_is_forgotten(self):
        """Every partial index of ours is asked for above, or forbids what it names."""
        self.env.cr.execute(
            """
            SELECT indexrelid::regclass::text FROM pg_index
             WHERE indpred IS NOT NULL
               AND indrelid::regclass::text ~ '^privacy_(consent|activity_generation)'
            """
        )
        ours = {name for (name,) in self.env.cr.fetchall()}
        forbidding = {
            "privacy_consent_event_unique_request_kind",
            "privacy_consent_request_unique_occasion",
            "privacy_consent_request_unique_open",
        }
        # What the database asks itself when Odoo deletes a mail.
        forbidding |= {"privacy_consent_seal__mail_id_index"} & ours
        asked = {
            *self._questions(),
            *self._answer_questions(),
            *self._life_questions(),
        }
        self.assertEqual(ours - asked, forbidding)
