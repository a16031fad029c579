# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the numbers of an activity mean, and that each opens what it counts."""

import re
from html import unescape

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import new_test_user
from odoo.tools.safe_eval import safe_eval

from odoo.addons.privacy_consent.models.privacy_activity_batch import BATCH_SIZE

from .answers import press
from .common import ConsentCase


class ProgressCase(ConsentCase):
    """Three subjects who were generated, and the lists that numbers open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.eve = cls._create_subject("Eve", "eve@example.com", lang="en_US")
        cls.generate()

    def bounce(self, partner, activity=None):
        request = self.consent_of(partner, activity).request_ids[0]
        request._bounced(True, "No such user", fields.Datetime.now())
        self.env.flush_all()
        self.env["privacy.consent.request"].search(
            [("effects_due", "=", True)]
        )._follow()

    def listed(self, xmlid, *filters):
        """:return: the consents in the list that a number opens, with these filters"""
        action = self.env.ref(xmlid)
        values = {"active_id": self.activity.id}
        domain = safe_eval(action.domain, {**values, "context": values})
        search = self.env.ref("privacy_consent.consent_search").arch
        alternatives = []
        for name in filters:
            found = re.search(rf'name="{name}"[^>]*?domain="([^"]*)"', search, re.S)
            alternatives.append(Domain(safe_eval(unescape(found[1]))))
        if alternatives:
            domain = Domain(domain) & Domain.OR(alternatives)
        return self.env["privacy.consent"].with_user(self.reader).search(domain)


class TestProgress(ProgressCase):
    def progress(self, user=None):
        self.env.flush_all()
        return self.activity.with_user(user or self.reader).consent_progress()

    def assert_numbers(self, **numbers):
        progress = self.progress()
        self.assertEqual({name: progress[name] for name in numbers}, numbers)

    def assert_lists(self, **partners):
        """Check each number, and the people in its list."""
        progress = self.progress()
        for name, expected in partners.items():
            with self.subTest(name):
                xmlid, *filters = {
                    "generated": ("activity_consent_action",),
                    "refused": ("activity_consent_action", "refused", "withdrawn"),
                    "failed": ("consent_unreached_action",),
                }.get(name, ("activity_consent_action", name))
                listed = self.listed(f"privacy_consent.{xmlid}", *filters)
                self.assertEqual(listed.partner_id, expected)
                self.assertEqual(progress[name], len(expected))

    def test_each_number_and_its_list(self):
        nobody = self.env["res.partner"]
        everybody = self.ann + self.luc + self.eve
        self.assert_lists(
            generated=everybody,
            sent=nobody,
            answered=nobody,
            given=nobody,
            refused=nobody,
            failed=nobody,
        )
        self.run_queue()
        press(self.consent_of(self.ann), True)
        press(self.consent_of(self.luc), False)
        self.bounce(self.eve)
        self.assert_lists(
            generated=everybody,
            sent=everybody,
            answered=self.ann + self.luc,
            given=self.ann,
            refused=self.luc,
            failed=self.eve,
        )
        self.assert_numbers(eligible=3, unanswered=0)

    def test_who_answered_after_a_bounce_was_reached(self):
        self.run_queue()
        self.bounce(self.eve)
        self.assert_numbers(failed=1)
        with self.at(self.later(minutes=5)):
            press(self.consent_of(self.eve), True)
        self.assert_numbers(failed=0, given=1)

    def test_answers_without_a_mail_are_not_sent(self):
        self.activity.action_stop_asking()
        self.consent_of(self.ann).action_answer(True)
        self.env["privacy.consent"].create(
            {
                "partner_id": self.mute.id,
                "activity_id": self.activity.id,
                "state": "answered",
                "accepted": False,
            }
        )
        self.assert_numbers(generated=4, sent=0, answered=2, given=1, refused=1)
        action = self.activity.action_stop_asking()
        self.assertIn("moment: 0.", action["params"]["message"])

    def test_who_answered_on_paper_and_was_asked_then_is_sent(self):
        consent = self.consent_of(self.ann)
        consent.action_answer(True)
        with self.at(self.later(minutes=5)):
            consent.action_auto_ask()
            self.run_queue()
        self.assertEqual(consent.request_state, "delivered")
        self.assertEqual(consent.state, "answered")
        self.assertTrue(consent.sent_date)
        self.assert_numbers(sent=3, unanswered=2, answered=1)

    def test_who_was_reached_later_did_not_fail(self):
        self.run_queue()
        self.bounce(self.ann)
        self.assert_numbers(sent=3, unanswered=2, failed=1)
        self.consent_of(self.ann).action_auto_ask()
        self.assert_numbers(failed=0, unanswered=3)

    def test_other_activities_do_not_count(self):
        other = self.activity.copy({"name": "Profiles"})
        self.generate(other)
        self.consent_of(self.ann, other)._open_requests()._cancel("mail")
        self.consent_of(self.ann, other)._note_not_made("No server knows it.")
        self.assert_numbers(generated=3, failed=0)

    def test_archived_consents_do_not_count(self):
        self.run_queue()
        self.bounce(self.ann)
        self.consent_of(self.ann).action_archive()
        self.assert_numbers(eligible=2, generated=2, sent=2, failed=0)

    def test_subjects(self):
        action = self.activity.with_user(self.reader).action_show_subjects()
        found = self.env["res.partner"].search(action["domain"])
        self.assertEqual(found, self.ann + self.luc + self.eve)
        self.assert_numbers(eligible=len(found))

    def test_subjects_while_consents_are_generated(self):
        self.env["ir.config_parameter"].set_param(BATCH_SIZE, "1")
        more = self._create_subject("Kim", "kim@example.com", lang="en_US")
        more += self._create_subject("Ada", "ada@example.com", lang="en_US")
        self.generate()
        self.assertEqual(self.activity.asking_state, "running")
        action = self.activity.with_user(self.reader).action_show_subjects()
        found = self.env["res.partner"].search(action["domain"])
        self.assertEqual(found, self.ann + self.luc + self.eve + more)
        self.assert_numbers(eligible=len(found), generated=4)

    def test_subjects_need_the_right_to_consents(self):
        employee = new_test_user(self.env, "employee", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.activity.with_user(employee).action_show_subjects()
