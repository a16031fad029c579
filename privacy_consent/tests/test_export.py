# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All answers as one file, which is sent while it is read."""

import csv
import io
import tracemalloc

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.privacy_consent.models import privacy_consent_export

from .answers import press
from .common import ConsentCase

URL = "/privacy/export/answers.csv"


@tagged("post_install", "-at_install")
class TestExport(ConsentCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann.name = "=cmd()"
        cls.generate()
        cls.other = cls.activity.copy({"name": "Profiles"})
        cls.generate(cls.other)
        cls.consent = cls.consent_of(cls.ann)
        press(cls.consent, True)
        press(cls.consent, False)
        cls.env.cr.flush()

    def download(self, user="manager", url=URL):
        self.authenticate(user, user)
        return self.url_open(url)

    def rows(self, **kwargs):
        response = self.download(**kwargs)
        self.assertEqual(response.status_code, 200)
        self.assertIn("answers.csv", response.headers["Content-Disposition"])
        return list(csv.DictReader(io.StringIO(response.content.decode())))

    def test_all_answers(self):
        rows = self.rows()
        self.assertEqual(len(rows), 5, "one for who did not answer")
        answers = [row for row in rows if row["What happened"]]
        self.assertEqual(
            [row["What happened"] for row in answers], ["Given", "Withdrawn"]
        )
        self.assertEqual({row["Status"] for row in answers}, {"Withdrawn"})
        self.assertEqual({row["Contact ID"] for row in answers}, {str(self.ann.id)})
        self.assertEqual({row["Subject"] for row in answers}, {"'=cmd()"})
        self.assertEqual({row["How"] for row in answers}, {"Link in the mail"})
        self.assertEqual(
            {row["Answered on (UTC)"] for row in answers},
            {str(one.answered_at)[:19] for one in self.consent.event_ids},
        )

    def test_each_column_has_a_title_of_its_own(self):
        titles = next(self.env["privacy.consent"]._rows_with_events([]))
        self.assertEqual(sorted(set(titles)), sorted(titles))

    def test_no_cell_is_a_formula(self):
        cell = privacy_consent_export._cell
        for sign in "=+-@\t\r\n＝＋－＠":
            for before in ("", " ", "\n"):
                text = f"{before}{sign}cmd()"
                self.ann.name = text
                self.assertEqual(cell(self.ann, "name"), f"'{text}")
        self.ann.name = "a=b"
        self.assertEqual(cell(self.ann, "name"), "a=b")

    def test_archived_too(self):
        self.consent.active = False
        self.env.cr.flush()
        rows = self.rows()
        self.assertEqual([row["Active"] for row in rows], ["0", "0", "1", "1", "1"])

    def test_of_one_activity(self):
        action = self.other.with_user(self.manager).action_export_answers()
        rows = self.rows(url=action["url"])
        self.assertEqual({row["Activity"] for row in rows}, {"Profiles"})

    def test_of_the_own_companies(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.activity.controller_id = company.partner_id
        self.env.flush_all()
        self.assertEqual({row["Activity"] for row in self.rows()}, {"Profiles"})

    @mute_logger("odoo.http")
    def test_only_managers(self):
        self.assertEqual(self.download("reader").status_code, 403)
        self.manager.group_ids -= self.env.ref("base.group_allow_export")
        self.env.ref(
            "privacy.group_data_protection_manager"
        ).implied_ids -= self.env.ref("base.group_allow_export")
        self.env.flush_all()
        self.assertEqual(self.download().status_code, 403)

    def test_memory_is_flat(self):
        """Four times the consents take no more memory."""
        self.patch(privacy_consent_export, "_BATCH_SIZE", 250)
        peaks = []
        for count in (300, 1200):
            partners = self.env["res.partner"].create(
                [
                    {"name": "Many", "email": f"{count}-{i}@example.com"}
                    for i in range(count)
                ]
            )
            self.env["privacy.consent"].with_context(
                tracking_disable=True, mail_create_nolog=True
            ).create(
                [
                    {"partner_id": partner.id, "activity_id": self.other.id}
                    for partner in partners
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            rows = self.env["privacy.consent"]._rows_with_events([])
            tracemalloc.start()
            self.assertGreater(sum(1 for _row in rows), count)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        self.assertLess(peaks[1], peaks[0] * 1.5)
