# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers in a chart, by what officers ask: day, activity, channel, and language."""

from odoo import fields

from .answers import press
from .common import ConsentCase


class TestReport(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activity.with_context(lang="fr_FR").name = "Lettre"
        cls.generate()
        cls.run_queue()
        press(cls.consent_of(cls.ann), True)
        press(cls.consent_of(cls.luc), False)
        cls.by_hand = cls.activity.copy({"name": "By hand", "consent_required": False})
        cls.env["privacy.consent"].with_user(cls.manager).create(
            {
                "partner_id": cls.mute.id,
                "activity_id": cls.by_hand.id,
                "accepted": True,
                "answer_date": "2026-01-02 10:00:00",
                "answer_channel": "paper",
                "state": "answered",
            }
        )
        cls.env.flush_all()
        cls.env.invalidate_all()
        cls.consents = cls.env["privacy.consent"].with_user(cls.reader)

    def groups(self, *by):
        """:return: what a chart shows: the values of each bar, and how many"""
        return {
            tuple(group[name] for name in by): group["__count"]
            for group in self.consents.formatted_read_group(
                [("state", "=", "answered")], by, ["__count"]
            )
        }

    def test_by_channel_and_language(self):
        self.assertEqual(
            self.groups("answer_way", "answer_language"),
            {
                ("mail_link", "en_US"): 1,
                ("mail_link", "fr_FR"): 1,
                ("paper", False): 1,
            },
        )
        days = [group[0][0][:10] for group in self.groups("answer_date:day")]
        self.assertEqual(days, ["2026-01-02", str(fields.Date.today())])

    def test_each_bar_opens_its_list(self):
        for by in ("answer_way", "answer_language"):
            for group in self.consents.formatted_read_group([], [by], ["__count"]):
                found = self.consents.search_count(group["__extra_domain"])
                self.assertEqual(found, group["__count"], (by, group[by]))

    def test_all_answers(self):
        """Of each consent every answer counts, not only the last one."""
        press(self.consent_of(self.ann), False)
        press(self.consent_of(self.ann), True)
        domain = [("kind", "in", ["given", "refused", "withdrawn"])]
        events = self.env["privacy.consent.event"].with_user(self.reader)
        shown = {
            by: {
                group[by]: group["__count"]
                for group in events.formatted_read_group(domain, [by], ["__count"])
            }
            for by in ("activity_id", "kind_label", "channel_label", "language_label")
        }
        self.assertEqual(
            shown,
            {
                "activity_id": {
                    (self.activity.id, "Newsletter"): 4,
                    (self.by_hand.id, "By hand"): 1,
                },
                "kind_label": {"Given": 3, "Refused": 1, "Withdrawn": 1},
                "channel_label": {"Link in the mail": 4, "On paper": 1},
                "language_label": {
                    "English (US)": 3,
                    "French / Français": 1,
                    False: 1,
                },
            },
        )
        for by in shown:
            self.assertTrue(events.fields_get([by])[by]["groupable"])
            for group in events.formatted_read_group(domain, [by], ["__count"]):
                found = events.search_count(domain + group["__extra_domain"])
                self.assertEqual(found, group["__count"], (by, group[by]))

    def test_in_words(self):
        described = self.consents.fields_get(["answer_way", "answer_language"])
        for name, code, word in (
            ("answer_way", "paper", "On paper"),
            ("answer_language", "fr_FR", "French / Français"),
        ):
            self.assertTrue(described[name]["groupable"])
            self.assertTrue(described[name]["searchable"])
            self.assertEqual(dict(described[name]["selection"])[code], word)
        consent = self.consent_of(self.luc).with_user(self.reader)
        self.assertEqual(
            (consent.answer_way, consent.answer_language), ("mail_link", "fr_FR")
        )
