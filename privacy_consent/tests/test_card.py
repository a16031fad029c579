# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The cards of activities: what their numbers mean, and the list that each opens."""

import ast
from datetime import timedelta

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .answers import press
from .common import ConsentCase
from .test_progress import ProgressCase

NUMBERS = (
    "consent_rate",
    "given_count",
    "open_count",
    "refused_count",
    "failed_count",
    "expiring_count",
)


class TestCard(ProgressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_queue()
        cls.zoe = cls._create_subject("Zoe", "zoe@example.com", lang="en_US")
        press(cls.consent_of(cls.ann), True)
        press(cls.consent_of(cls.luc), False)

    def numbers(self, activity=None):
        self.env.flush_all()
        self.env.invalidate_all()
        card = (activity or self.activity).with_user(self.reader)
        return [card[name] for name in NUMBERS]

    def let_it_end(self):
        """Have Ann's consent end one day.

        :return: when it does
        """
        self.activity.validity_months = 12
        consent = self.consent_of(self.ann)
        consent._recompute_validity()
        return consent.valid_until

    def opened(self):
        """:return: the filters of the list that each number of the card opens"""
        view = (
            self.env["privacy.activity"]
            .with_user(self.reader)
            .get_view(view_type="kanban")
        )
        action = self.env.ref("privacy_consent.activity_consent_action")
        found = {}
        for link in etree.fromstring(view["arch"]).iterfind(".//a[@type='action']"):
            self.assertEqual(int(link.get("name")), action.id)
            context = ast.literal_eval(link.get("context"))
            (field,) = link.iterfind("field")
            found[field.get("name")] = [
                name.removeprefix("search_default_") for name in context
            ]
        return found

    def test_numbers(self):
        self.assertEqual(self.numbers(), [33, 1, 1, 1, 0, 0])
        self.generate()
        self.assertEqual(self.numbers(), [33, 1, 1, 1, 0, 0], "whom no mail reached")
        press(self.consent_of(self.ann), False)
        self.assertEqual(self.numbers(), [0, 0, 1, 2, 0, 0], "who withdrew")
        self.bounce(self.eve)
        self.assertEqual(self.numbers(), [0, 0, 1, 2, 1, 0])

    def test_nobody_was_asked(self):
        other = self.activity.copy({"name": "Other"})
        self.assertEqual(self.numbers(other), [0] * 6)
        self.generate(other)
        self.assertEqual(self.numbers(other), [0] * 6, "nobody got the request yet")

    def test_a_failure_says_which_address(self):
        self.bounce(self.eve)
        self.eve.email = "new@example.com"
        consent = self.consent_of(self.eve).with_user(self.reader)
        self.assertEqual(
            (consent.request_address, consent.failure_reason),
            ("eve@example.com", "No such user"),
        )
        self.zoe.email = "zoe at example"
        self.generate()
        self.run_queue()
        self.assertEqual(self.consent_of(self.zoe).request_address, "zoe at example")

    def test_what_ends_soon(self):
        end = self.let_it_end()
        for days, expiring in ((31, 0), (29, 1), (1, 1), (-1, 0)):
            with self.subTest(days=days), self.at(end - timedelta(days)):
                self.assertEqual(self.numbers()[-1], expiring)

    def test_each_number_opens_its_list(self):
        self.bounce(self.eve)
        end = self.let_it_end()
        opened = self.opened()
        self.assertEqual(set(opened), set(NUMBERS))
        with self.at(end - timedelta(7)):
            counts = dict(zip(NUMBERS, self.numbers(), strict=True))
            del counts["consent_rate"], opened["consent_rate"]
            self.assertTrue(all(counts.values()), counts)
            for name, count in counts.items():
                with self.subTest(name):
                    listed = self.listed(
                        "privacy_consent.activity_consent_action", *opened[name]
                    )
                    self.assertEqual(len(listed), count)

    def test_all_cards_are_counted_at_once(self):
        activities = self.activity
        for name in "abcdefgh":
            activities += self.activity.copy({"name": name})
        self.generate(activities[-1])
        counts = []
        for cards in (activities[:1], activities):
            self.env.flush_all()
            self.env.invalidate_all()
            cards = cards.with_user(self.reader)
            cards.mapped("name")
            before = self.env.cr.sql_log_count
            cards.read(NUMBERS)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)
        self.run_queue()
        for activity in (activities[0], activities[-1]):
            self.bounce(self.eve, activity)
        self.env.flush_all()
        self.env.invalidate_all()
        failed = activities.with_user(self.reader).mapped("failed_count")
        self.assertEqual(failed, [1, *[0] * 7, 1])
        self.assertEqual(self.numbers(activities[0]), [33, 1, 1, 1, 1, 0])

    def test_all_ended(self):
        """They were asked, whatever became of it."""
        (self.consent_of(self.luc) + self.consent_of(self.eve)).active = False
        end = self.let_it_end()
        with self.at(end + timedelta(1)):
            self.env["privacy.activity"]._cron_life()
            self.assertEqual(self.consent_of(self.ann).status, "expired")
            self.assertEqual(self.numbers(), [0] * 6)
            self.assertEqual(self.activity.with_user(self.reader).asked_count, 1)

    def test_companies(self):
        self.luc.company_id = self.env["res.company"].create({"name": "Other"})
        self.assertEqual(self.numbers(), [50, 1, 1, 0, 0, 0])

    def test_archived_consents_do_not_count(self):
        self.consent_of(self.luc).active = False
        self.assertEqual(self.numbers(), [50, 1, 1, 0, 0, 0])

    def test_who_may_read_no_consents_sees_no_numbers(self):
        employee = new_test_user(self.env, "employee")
        with self.assertRaises(AccessError):
            self.activity.with_user(employee).read(["given_count"])


class TestCardIsFirst(ConsentCase):
    def test_menu(self):
        action = self.env.ref("privacy.activity_action")
        self.assertEqual(action.view_mode, "kanban,list,form")
        view = self.env["privacy.activity"].get_view(view_type="kanban")
        self.assertEqual(view["id"], self.env.ref("privacy_consent.activity_kanban").id)

    def test_who_may_only_read_names_sees_no_more(self):
        """Phones show cards where somebody chooses an activity."""
        activities = self.env["privacy.activity"].with_user(
            new_test_user(self.env, "employee")
        )
        arch = etree.fromstring(activities.get_view(view_type="kanban")["arch"])
        self.assertEqual([one.get("name") for one in arch.iter("field")], ["name"])

    def test_the_work_is_in_the_first_tab(self):
        view = self.env["privacy.activity"].get_view(view_type="form")
        (pages,) = etree.fromstring(view["arch"]).iterfind(".//notebook")
        page = pages.find("page")
        self.assertEqual(page.get("name"), "consent")
        names = [one.get("name") for one in page.iter("button", "group", "widget")]
        self.assertLess(
            names.index("action_confirm_new_consents"), names.index("consent_request")
        )
