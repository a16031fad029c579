# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Generating: who is asked, what is stored, who is told."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import RecordCapturer
from odoo.tools import mute_logger

from .common import ConsentCase


class TestGenerate(ConsentCase):
    def _queue(self):
        return self.env["mail.mail"].search(
            [("model", "=", "privacy.consent"), ("state", "=", "outgoing")]
        )

    def _triggers(self):
        queue = self.env.ref("mail.ir_cron_mail_scheduler_action")
        return RecordCapturer(self.env["ir.cron.trigger"], [("cron_id", "=", queue.id)])

    def test_one_draft_for_each_subject_with_email(self):
        consents = self.generate()
        self.assertEqual(consents.partner_id, self.ann + self.luc)
        self.assertEqual(set(consents.mapped("state")), {"draft"})
        self.assertFalse(any(consents.mapped("accepted")))
        self.assertEqual(self.activity.consent_count, 2)

    def test_requests_are_rows_of_the_same_transaction(self):
        with self.mock_smtplib_connection(), self._triggers() as triggers:
            consents = self.generate()
            self.assertFalse(self.emails, "nothing is sent while generating")
        self.assertEqual(set(self._queue().mapped("res_id")), set(consents.ids))
        self.assertTrue(triggers.records, "the queue runs soon, not in an hour")

    def test_rolled_back_means_never_enqueued(self):
        with self.assertRaises(ZeroDivisionError), self.cr.savepoint():
            self.generate()
            raise ZeroDivisionError
        self.assertFalse(self._queue())
        self.assertFalse(self.run_queue())

    def test_each_subject_is_asked_in_their_language(self):
        self.generate()
        subjects = {mail.recipient_ids: mail.subject for mail in self._queue()}
        self.assertEqual(subjects[self.ann], "Do you consent to “Newsletter”?")
        self.assertEqual(subjects[self.luc], "Votre avis sur Newsletter")

    def test_language_of_a_template_that_sets_none(self):
        self.template.lang = False
        self.test_each_subject_is_asked_in_their_language()

    def test_second_run_asks_only_who_is_new(self):
        self.generate()
        self.assertFalse(self.generate())
        new = self._create_subject("Zoe", "zoe@example.com")
        self.mute.email = "mute@example.com"
        self.assertEqual(self.generate().partner_id, new + self.mute)

    def test_archived_consent_counts_as_asked(self):
        self.generate().action_archive()
        self.assertFalse(self.generate())

    def test_archived_subject_is_not_asked(self):
        self.ann.active = False
        self.assertEqual(self.generate().partner_id, self.luc)

    def test_activity_without_consent_required_is_skipped(self):
        self.activity.consent_required = False
        self.assertFalse(self.generate())

    def test_manual_activity_sends_nothing(self):
        self.activity.consent_required = "manual"
        consents = self.generate()
        self.assertEqual(consents.partner_id, self.ann + self.luc)
        self.assertFalse(self._queue())

    def test_accepted_by_default(self):
        self.activity.default_consent = True
        self.assertTrue(all(self.generate().mapped("accepted")))

    def test_button_shows_the_new_consents(self):
        action = self.activity.action_new_consents()
        self.assertEqual(action["res_model"], "privacy.consent")
        consents = self.env["privacy.consent"].search(action["domain"])
        self.assertEqual(consents, self.activity.consent_ids)

    def test_one_creation_message_each(self):
        self.activity.consent_required = "manual"
        new = self.env.ref("privacy_consent.mt_consent_consent_new")
        for consent in self.generate():
            self.assertEqual(consent.message_ids.subtype_id, new)
            self.assertEqual(len(consent.message_ids), 1)
            self.assertEqual(consent.message_ids.author_id, self.manager.partner_id)

    def test_followers_are_told_once_per_run(self):
        self.activity.message_subscribe(self.reader.partner_id.ids)
        consents = self.generate()
        self.assertEqual(
            consents.message_partner_ids,
            self.manager.partner_id + self.reader.partner_id,
        )
        message = self.activity.message_ids[0]
        self.assertIn("2 people asked", message.body)
        self.assertEqual(
            message.subtype_id, self.env.ref("privacy_consent.mt_activity_consent_new")
        )
        to_reader = [mail for mail in self.run_queue() if "reader" in mail.to[0]]
        self.assertEqual(len(to_reader), 1)
        self.assertIn("2 people asked", to_reader[0].html)

    def test_follower_generates_for_two_languages_with_a_copy(self):
        self.template.email_cc = "copy@example.com"
        self.activity.message_subscribe(self.reader.partner_id.ids)
        self.assertIn(self.manager.partner_id, self.activity.message_partner_ids)
        self.generate()
        mails = self.run_queue()
        self.assertEqual(
            sorted((mail.to[0], mail.subject) for mail in mails),
            [
                ("ann@example.com", "Do you consent to “Newsletter”?"),
                ("copy@example.com", "Do you consent to “Newsletter”?"),
                ("copy@example.com", "Votre avis sur Newsletter"),
                ("luc@example.com", "Votre avis sur Newsletter"),
                ("reader@example.com", "Newsletter"),
            ],
        )

    def test_run_without_new_people_tells_nobody(self):
        self.generate()
        messages = self.activity.message_ids
        self.generate()
        self.assertEqual(self.activity.message_ids, messages)

    def test_only_managers_generate(self):
        with self.assertRaises(AccessError):
            self.generate(user=self.reader)

    def test_cron_asks_for_automatic_activities_only(self):
        manual = self.activity.copy({"consent_required": "manual"})
        self.env["privacy.activity"]._cron_new_consents()
        self.assertEqual(self.activity.consent_count, 2)
        self.assertFalse(manual.consent_count)
        asked = self._queue().filtered(
            lambda mail: mail.res_id in self.activity.consent_ids.ids
        )
        self.assertEqual(len(asked), 2)

    def test_cron_survives_an_activity_that_fails(self):
        broken = self.activity.copy({"name": "A broken one comes first"})
        self._break_domain(broken)
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            self.env["privacy.activity"]._cron_new_consents()
        self.assertEqual(self.activity.consent_count, 2)
        self.assertIn("could not be generated", broken.message_ids[0].body)

    def test_filter_on_tags_finds_who_has_them_and_was_not_asked(self):
        self.generate()
        child = self.marker.create({"name": "Readers", "parent_id": self.marker.id})
        other = self.marker.create({"name": "Others"})
        self._create_subject("Zoe", "zoe@example.com")
        for number, tags in enumerate((child, other, child + other, child.browse())):
            new = self._create_subject(f"New {number}", f"new{number}@example.com")
            new.category_id = tags
        tagged = ("category_id", "in", self.marker.ids)
        for domain in (
            [tagged],
            ["!", tagged],
            ["|", tagged, ("category_id", "=", other.id)],
            ["&", ("category_id", "=", child.id), ("category_id", "=", other.id)],
            ["|", ("name", "=", "New 1"), tagged],
            ["!", "|", tagged, ("category_id", "in", (child + other).ids)],
            [("category_id", "not in", other.ids)],
            [("category_id", "=", False)],
            [("category_id", "in", [False, other.id])],
            [("category_id", "!=", False)],
            [("category_id", "=", "Others")],
            [("category_id", "child_of", self.marker.ids)],
            [("category_id.name", "=", "Others")],
            [("parent_id.category_id", "in", other.ids)],
        ):
            with self.subTest(domain):
                self.activity.subject_domain = str(domain)
                found = self.env["res.partner"].search(domain).filtered("email")
                missing = (found - self.activity.consent_ids.partner_id).sorted("id")
                self.assertEqual(self.activity._subjects_missing(), missing)
                first = missing[:1].id or 0
                self.assertEqual(self.activity._subjects_missing(first), missing[1:])
                self.assertEqual(self.activity._count_subjects_missing(), len(missing))

    def test_filter_on_tags_that_the_user_may_not_read(self):
        field = self.env["res.partner"]._fields["category_id"]
        self.patch(field, "groups", "base.group_system")
        with self.assertRaisesRegex(UserError, "cannot be evaluated"):
            self.activity.with_user(self.manager)._count_subjects_missing()

    def test_broken_filter_is_explained(self):
        for domain in ("[(", "[('gone', '=', 1)]", "[('create_date', '<', 'soon')]"):
            self._break_domain(self.activity, domain)
            with (
                self.subTest(domain=domain),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(UserError, "(?s)Subjects filter.*Newsletter"),
            ):
                self.generate()

    def _break_domain(self, activity, domain="[("):
        """Store a filter that the form would never have let anybody save."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE privacy_activity SET subject_domain = %s WHERE id = %s",
            [domain, activity.id],
        )
        activity.invalidate_recordset()

    def test_subject_whose_request_cannot_be_rendered(self):
        english = self.template.with_context(lang="en_US")
        english.subject = "{{ 1 / (object.partner_id.name != 'Ann') }}"
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            consents = self.generate()
        self.assertEqual(len(consents), 2)
        self.assertEqual(self._queue().recipient_ids, self.luc)
        failed = self.consent_of(self.ann)
        self.assertIn("cannot be made from the template", failed.failure_reason)
        self.assertFalse(self.consent_of(self.luc).failure_reason)
        ours = [("activity_id", "=", self.activity.id)]
        search = self.env["privacy.consent"].search
        self.assertEqual(search([*ours, ("failure_reason", "!=", False)]), failed)
        self.assertEqual(
            search([*ours, ("failure_reason", "=", False)]), consents - failed
        )

    def test_request_that_would_not_reach_the_subject(self):
        self.template.write({"partner_to": False, "email_to": "other@example.com"})
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            consents = self.generate()
        self.assertFalse(self._queue())
        for consent in consents:
            self.assertIn("not addressed to the subject", consent.failure_reason)

    def test_request_whose_links_are_hidden(self):
        self.template.body_html = (
            "<p t-if=\"object.partner_id.name != 'Ann'\">"
            '<a href="/privacy/consent/accept/">Yes</a></p>'
            '<a href="/privacy/consent/reject/">No</a>'
        )
        with self.assertLogs("odoo.addons.privacy_consent", "WARNING"):
            self.generate()
        self.assertEqual(self._queue().recipient_ids, self.luc)
        self.assertIn("lacks a link", self.consent_of(self.ann).failure_reason)

    def test_whoever_presses_does_not_follow(self):
        self.activity.message_unsubscribe(self.manager.partner_id.ids)
        self.assertFalse(self.generate().message_partner_ids)

    def test_one_person(self):
        self.luc.active = False
        self.generate()
        self.assertIn("One person asked", self.activity.message_ids[0].body)
