# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consents that ended are erased by themselves, and the proof stays."""

import base64
from unittest.mock import patch

from odoo.exceptions import AccessError

from odoo.addons.privacy_consent.tests.answers import press
from odoo.addons.privacy_consent.tests.searches import (
    files_that_name,
    tables_that_name,
)
from odoo.addons.privacy_consent.tests.test_erasure import (
    ADDRESS,
    NAME,
    NETWORK,
    PERSONAL,
    PROGRAM,
)

from .common import EvidenceCase


class TestRetention(EvidenceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.zoe = cls._create_subject(NAME, ADDRESS, lang="en_US")
        cls.activity.retention_months = 6
        cls.generate()
        cls.run_queue()
        cls.withdrawn, cls.refused, cls.given = map(
            cls.consent_of, (cls.zoe, cls.ann, cls.luc)
        )
        for consent in (cls.withdrawn, cls.given):
            press(consent, True, agent=PROGRAM, address=NETWORK)
        for consent in (cls.withdrawn, cls.refused):
            press(consent, False, agent=PROGRAM, address=NETWORK)

    def after(self, days):
        """Let the scheduled action run after so many days."""
        with self.at(self.later(days=days)):
            self.run_cron("cron_erase_ended")

    def record_scan(self):
        """Have staff record an answer of the withdrawn consent, with a file."""
        action = (
            self.env["privacy.consent.record"]
            .with_user(self.manager)
            .create(
                {
                    "activity_id": self.activity.id,
                    "partner_ids": [(6, 0, self.zoe.ids)],
                    "answer": "rejected",
                    "channel": "paper",
                    "scan": base64.b64encode(f"%PDF-1.4 {NAME}".encode()),
                    "scan_name": f"{NAME}.pdf",
                }
            )
        )
        return action.action_record()

    # When -----------------------------------------------------------------------

    def test_when_its_time_is_over(self):
        self.after(days=180)
        self.assertTrue(self.withdrawn.exists())
        self.after(days=185)
        self.assertFalse((self.withdrawn | self.refused).exists())
        self.assertTrue(self.given.exists())

    def test_expired(self):
        self.activity.validity_months = 1
        self.given._recompute_validity()
        with self.at(self.later(days=32)):
            self.given._expire()
        self.after(days=185)
        self.assertTrue(self.given.exists())
        self.after(days=32 + 185)
        self.assertFalse(self.given.exists())

    def test_switched_off(self):
        self.activity.retention_months = 0
        self.after(days=3650)
        self.assertTrue(self.withdrawn.exists())

    def test_said_yes_again(self):
        with self.at(self.later(days=170)):
            press(self.withdrawn, True)
        self.after(days=3650)
        self.assertTrue(self.withdrawn.exists())

    def test_said_no_again(self):
        """It counts from the last time."""
        with self.at(self.later(days=170)):
            press(self.withdrawn, True)
            press(self.withdrawn, False)
        self.after(days=185)
        self.assertTrue(self.withdrawn.exists())
        self.after(days=355)
        self.assertFalse(self.withdrawn.exists())

    def test_asked_again(self):
        """A link that was sent yesterday is not dead today."""
        with self.at(self.later(days=170)):
            self.withdrawn._ask("fresh")
        self.after(days=185)
        self.assertTrue(self.withdrawn.exists(), "the request waits")
        with self.at(self.later(days=186)):
            self.run_queue()
        self.after(days=350)
        self.assertTrue(self.withdrawn.exists())
        self.after(days=375)
        self.assertFalse(self.withdrawn.exists())

    def test_locked_has_its_own_day(self):
        self.withdrawn._lock_proof(self.later(days=300).date(), "A claim")
        self.after(days=185)
        self.assertTrue(self.withdrawn.exists())

    def test_merged_goes_along(self):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.zoe | self.ann).ids, self.zoe)
        both = self.withdrawn | self.refused
        self.assertEqual(len(both.exists()), 2)
        self.after(days=185)
        self.assertFalse(both.exists())

    def test_what_fails_stops_no_other(self):
        real = type(self.withdrawn)._erase_rows

        def fail(consents, mails, reason):
            if self.refused in consents:
                raise ValueError("No\0way")
            return real(consents, mails, reason)

        with (
            patch.object(type(self.withdrawn), "_erase_rows", fail),
            self.assertLogs("odoo.addons.privacy_consent_evidence", "WARNING") as logs,
        ):
            self.after(days=185)
        self.assertFalse(self.withdrawn.exists())
        self.assertEqual(self.refused.erasure_error, "No\ufffdway")
        self.assertNotIn("way", "".join(logs.output))
        self.after(days=186)
        self.assertFalse(self.refused.exists())

    # What is left ---------------------------------------------------------------

    def test_nothing_names_the_person(self):
        self.record_scan()
        note = self.env["ir.attachment"].create(
            {
                "name": "note",
                "raw": f"{NAME} called.".encode(),
                "res_model": "privacy.consent",
                "res_id": self.withdrawn.id,
            }
        )
        self.assertTrue(files_that_name(self.env, NAME))
        self.seal()
        self.assertIn(
            "privacy_consent_event_detail", tables_that_name(self.env, *PERSONAL)
        )
        self.after(days=185)
        self.assertFalse(note.exists())
        # It is somebody else's answer, from the same place.
        self.given._erase("Asked for")
        self.zoe.unlink()
        self.env["ir.attachment"]._gc_file_store_unsafe()
        # Odoo deletes notifications of the web client after a day.
        self.assertEqual(tables_that_name(self.env, *PERSONAL) - {"bus_bus"}, set())
        self.assertEqual(files_that_name(self.env, *PERSONAL), set())
        self.seal()
        self.holds()

    def test_why(self):
        identity = self.withdrawn.uuid
        self.after(days=185)
        erased = self.env["privacy.consent.event"].search(
            [("consent_uuid", "=", identity), ("kind", "=", "erased")]
        )
        self.assertEqual(erased.by, "system")
        self.assertEqual(erased.note, "The time of retention is over.")

    # The dialog -----------------------------------------------------------------

    def retention(self, user=None, **values):
        """:return: the dialog, with other values than are set"""
        activity = self.activity.with_user(user or self.manager)
        dialog = self.dialog(activity.action_set_retention(), user)
        dialog.write(values)
        return dialog

    def test_says_what_it_will_do(self):
        with self.at(self.later(days=160)):
            dialog = self.retention()
            self.assertEqual((dialog.now_count, dialog.soon_count), (0, 2))
            dialog.retention_months = 5
            self.assertEqual((dialog.now_count, dialog.soon_count), (2, 2))
            dialog.retention_months = 12
            self.assertEqual((dialog.now_count, dialog.soon_count), (0, 0))
            dialog.retention_months = 0
            self.assertEqual((dialog.now_count, dialog.soon_count), (0, 0))
        self.assertTrue(dialog.asks_again)
        self.assertEqual(self.activity.retention_months, 6)

    def test_holds_once_applied(self):
        self.retention(retention_months=2).action_apply()
        self.assertEqual(self.activity.retention_months, 2)
        with self.assertRaises(AccessError):
            self.retention(user=self.reader)
