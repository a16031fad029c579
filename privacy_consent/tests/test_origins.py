# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Network address and program of visitors are forgotten after some months."""

from unittest.mock import patch

from odoo.exceptions import UserError

from ..models import privacy_consent_origins
from .answers import FIREFOX, press, set_fact
from .common import ConsentCase

PARAMETER = "privacy_consent.origin_months"


class TestOrigins(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.at("2026-01-10 10:00:00"):
            cls.generate()
            cls.run_queue()
        with cls.at("2026-01-11 10:00:00"):
            press(cls.consent_of(cls.ann), True)
        with cls.at("2026-03-01 10:00:00"):
            press(cls.consent_of(cls.luc), False)
        cls.old, cls.new = cls.consent_of(cls.ann), cls.consent_of(cls.luc)

    def run_action(self, moment):
        action = self.env.ref("privacy_consent.cron_forget_origins")
        with self.at(moment), self.enter_registry_test_mode():
            action.method_direct_trigger()
        self.env.invalidate_all()

    def answer(self, consent):
        return consent.event_ids.filtered(lambda event: event.kind != "requested")

    def test_forgotten_after_24_months(self):
        self.run_action("2028-01-11 09:00:00")
        self.assertEqual(self.answer(self.old).network_address, "192.0.2.7")
        self.assertIn(FIREFOX, self.old.last_metadata)
        self.run_action("2028-01-11 11:00:00")
        event = self.answer(self.old)
        self.assertFalse(event.network_address)
        self.assertFalse(event.user_agent)
        self.assertFalse(self.old.last_metadata)
        self.assertEqual(event.person, "Ann", "who answered stays")
        self.assertTrue(event.origin_digest)
        self.assertTrue(self.old.accepted)
        self.assertEqual(self.answer(self.new).network_address, "192.0.2.7")
        self.assertIn(FIREFOX, self.new.last_metadata)

    def test_parameter(self):
        self.env["ir.config_parameter"].set_param(PARAMETER, "1")
        self.run_action("2026-03-02 10:00:00")
        self.assertFalse(self.answer(self.old).user_agent)
        self.assertFalse(self.old.last_metadata)
        self.assertTrue(self.answer(self.new).user_agent)

    def test_zero_keeps_all(self):
        self.env["ir.config_parameter"].set_param(PARAMETER, "0")
        self.run_action("2099-01-01 10:00:00")
        self.assertTrue(self.answer(self.old).user_agent)
        self.assertTrue(self.old.last_metadata)

    def test_parameter_that_cannot_be_used(self):
        for value in ("two", "-1", "1.5", "1201", "99999999999999"):
            self.env["ir.config_parameter"].set_param(PARAMETER, value)
            with self.subTest(value), self.assertRaisesRegex(UserError, value):
                self.env["privacy.consent"]._cron_forget_origins()
        self.assertTrue(self.answer(self.old).user_agent)

    def test_answer_of_unknown_time(self):
        """It was given before an upgrade."""
        set_fact(self.old, answer_date=False)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE privacy_consent SET create_date = '2020-01-01' WHERE id = %s",
            [self.old.id],
        )
        self.run_action("2026-04-01 10:00:00")
        self.assertFalse(self.old.last_metadata)
        self.assertTrue(self.new.last_metadata)

    def test_many_go_in_batches(self):
        for day in range(1, 6):
            with self.at(f"2026-04-0{day} 10:00:00"):
                press(self.old, bool(day % 2))
        commits = []
        progress = type(self.env["ir.cron"])._commit_progress

        def count(cron, processed=0, **kwargs):
            commits.append(processed)
            return progress(cron, processed, **kwargs)

        with (
            patch.object(privacy_consent_origins, "_BATCH", 2),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", count),
        ):
            self.run_action("2029-01-01 10:00:00")
        self.assertEqual(commits, [2, 2, 2, 1, 2, 0])
        details = self.env["privacy.consent.event.detail"]
        self.assertFalse(details.search([("part", "=", "origin")]))

    def test_rest_follows_when_the_time_is_over(self):
        for day in range(1, 6):
            with self.at(f"2026-04-0{day} 10:00:00"):
                press(self.old, bool(day % 2))
        progress = type(self.env["ir.cron"])._commit_progress

        def no_time(cron, processed=0, **kwargs):
            progress(cron, processed, **kwargs)
            return 0

        with (
            patch.object(privacy_consent_origins, "_BATCH", 2),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", no_time),
        ):
            self.run_action("2029-01-01 10:00:00")
        details = self.env["privacy.consent.event.detail"]
        self.assertFalse(
            details.search([("part", "=", "origin")]), "Odoo runs it until it is done"
        )
