# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail confirms an answer to whoever gave it, if the activity wishes."""

from unittest.mock import patch

from .. import links
from .answers import press
from .common import ConsentCase


class TestConfirmation(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity.confirmation_mail = True
        cls.activity.with_context(lang="fr_FR").description = "<p>Un par mois.</p>"
        cls.generate()
        cls.run_queue()
        cls.consent, cls.french = map(cls.consent_of, (cls.ann, cls.luc))

    def press(self, consent, answer, minutes=5, **values):
        """Press a button, long enough after the request came."""
        with self.at(self.later(minutes=minutes)):
            press(consent, answer, **values)

    def test_says_what_is_recorded(self):
        self.press(self.consent, True)
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["ann@example.com"])
        self.assertEqual(mail.subject, "Your answer: Newsletter")
        self.assertIn("company@example.com", mail.message["From"])
        self.assertEqual(mail.message["Auto-Submitted"], "auto-generated")
        self.assertIn("<strong>accepted</strong>", mail.html)
        self.assertIn("One mail a month.", mail.html)
        self.assertEqual(self.run_queue(), [])

    def test_has_no_personal_link(self):
        self.press(self.consent, True)
        (mail,) = self.run_queue()
        self.assertNotIn("privacy/consent", str(mail.message) + mail.html + mail.text)

    def test_in_their_language(self):
        self.press(self.french, False)
        (mail,) = self.run_queue()
        self.assertIn("Un par mois.", mail.html)
        self.assertEqual(mail.to, ["luc@example.com"])

    def test_once_per_answer(self):
        self.press(self.consent, True)
        self.press(self.consent, True)
        self.assertEqual(len(self.run_queue()), 1)
        self.press(self.consent, False, minutes=10)
        (mail,) = self.run_queue()
        self.assertIn("<strong>rejected</strong>", mail.html)
        self.env["privacy.consent"]._cron_effects()
        self.assertEqual(self.run_queue(), [])

    def test_not_for_the_word_of_others(self):
        self.consent.with_user(self.manager).action_answer(True)
        self.french.with_user(self.manager)._record_answer(
            True, links.proof.by_hand(self.manager, "phone")
        )
        self.assertEqual(self.run_queue(), [])

    def test_not_without_a_wish(self):
        self.activity.confirmation_mail = False
        self.press(self.consent, True)
        self.assertEqual(self.run_queue(), [])

    def test_not_for_what_looks_automated(self):
        self.press(self.consent, True, agent="")
        self.assertTrue(self.consent.suspected_automated)
        self.assertEqual(self.run_queue(), [])
        self.press(self.consent, True)
        self.assertEqual(len(self.run_queue()), 1)

    def test_goes_to_the_present_address(self):
        self.ann.email = "ann@new.example"
        self.press(self.consent, False)
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["ann@new.example"])

    def test_nobody_to_tell(self):
        self.ann.email = False
        self.press(self.consent, False)
        self.assertEqual(self.consent.status, "refused")
        self.assertFalse(self.consent.confirmation_due)
        self.assertEqual(self.run_queue(), [])

    def test_failure_delays_it_and_keeps_the_answer(self):
        fails = patch.object(
            type(self.consent), "_confirmation_files", side_effect=ValueError("No way")
        )
        with (
            fails,
            self.assertLogs("odoo.addons.privacy_consent", "WARNING") as logs,
        ):
            self.press(self.consent, True)
        self.assertNotIn("No way", "".join(logs.output))
        self.assertEqual(self.consent.status, "given")
        self.assertTrue(self.consent.confirmation_due)
        self.assertIn("No way", self.consent.action_error)
        self.assertEqual(self.run_queue(), [])
        self.env["privacy.consent"]._cron_effects()
        self.assertFalse(self.consent.confirmation_due)
        self.assertFalse(self.consent.action_error)
        self.assertEqual(len(self.run_queue()), 1)

    def test_nothing_is_left_of_it(self):
        """Who is erased meanwhile gets none, and once it left no mail remains."""
        self.press(self.consent, True)
        self.press(self.french, True)
        self.consent._erase("Asked for")
        (mail,) = self.run_queue()
        self.assertEqual(mail.to, ["luc@example.com"])
        self.assertFalse(
            self.env["mail.mail"].search([("subject", "=", "Your answer: Newsletter")])
        )
