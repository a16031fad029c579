# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Another name of the controller or of a processor is another text."""

from unittest.mock import patch

from odoo.tests import new_test_user

from .answers import press
from .common import ConsentCase


class TestTextNames(ConsentCase):
    """Ann accepted, Luc's request waits, and employees rename contacts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        partners = cls.env["res.partner"]
        cls.holding = partners.create({"name": "Holding", "is_company": True})
        cls.house = partners.create(
            {"name": "House", "is_company": True, "parent_id": cls.holding.id}
        )
        cls.desk = partners.create(
            {"name": "Desk", "email": "desk@example.com", "parent_id": cls.house.id}
        )
        cls.printer = partners.create({"name": "Print & Post"})
        cls.activity.write(
            {"controller_id": cls.desk.id, "processor_ids": cls.printer.ids}
        )
        cls.seller = new_test_user(
            cls.env, "seller", groups="base.group_user,base.group_partner_manager"
        )
        cls.luc.active = False
        cls.generate()
        cls.run_queue()
        cls.consent = cls.consent_of(cls.ann)
        press(cls.consent, True)
        cls.luc.active = True
        cls.generate()

    def setUp(self):
        super().setUp()
        self.refresh()
        self.texts = self.env["privacy.consent.text"]

    def refresh(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def as_seller(self, partner):
        return partner.with_user(self.seller)

    def newest(self):
        """:return: the text that was stored last"""
        return self.texts.search([], limit=1)

    def assert_followed(self, controller="House, Desk", processors="Print & Post"):
        self.refresh()
        text = self.newest()
        self.assertEqual((text.controller, text.processors), (controller, processors))
        self.assertEqual(text.hash, self.activity._text_hash("en_US"))
        self.assertEqual(self.activity.earlier_text_count, 1)
        (todo,) = self.activity.activity_ids
        self.assertEqual(todo.user_id, self.manager)
        self.assertTrue(self.activity.requests_to_renew)
        self.env["privacy.activity"]._cron_follow_texts()
        requests = self.consent_of(self.luc).request_ids
        self.assertEqual(set(requests[1:].mapped("state")), {"cancelled"})
        self.assertEqual((requests[0].state, requests[0].text_id), ("waiting", text))

    def assert_unmoved(self, count):
        self.refresh()
        self.assertEqual(self.texts.search_count([]), count)
        self.assertFalse(self.activity.earlier_text_count)
        self.assertFalse(self.activity.activity_ids)
        self.assertFalse(self.activity.requests_to_renew)

    def test_controller(self):
        self.as_seller(self.desk).name = "Counter"
        self.assert_followed("House, Counter")

    def test_company_of_the_controller(self):
        self.as_seller(self.house).name = "Home"
        self.assert_followed("Home, Desk")

    def test_company_above(self):
        """It gives its name to contacts whose own company is none any more."""
        self.as_seller(self.house).write({"is_company": False})
        self.assert_followed("Holding, Desk")
        self.as_seller(self.holding).name = "Trust"
        self.assert_followed("Trust, Desk")

    def test_another_company(self):
        other = self.env["res.partner"].create({"name": "Other", "is_company": True})
        self.as_seller(self.desk).parent_id = other
        self.assert_followed("Other, Desk")
        self.as_seller(other).name = "Yet another"
        self.assert_followed("Yet another, Desk")

    def test_processor(self):
        self.as_seller(self.printer).name = "Print"
        self.assert_followed(processors="Print")

    def test_processor_that_came_later(self):
        other = self.env["res.partner"].create({"name": "Cloud"})
        self.as_seller(self.printer).name = "Print"
        self.activity.with_user(self.manager).processor_ids = other
        self.activity.with_user(self.manager).action_only_wording_changed()
        self.refresh()
        self.assertFalse(self.activity.earlier_text_count)
        self.as_seller(other).name = "Clouds"
        self.assert_followed(processors="Clouds")

    def test_new_activity(self):
        self.as_seller(self.ann).name = "Anne"
        survey = self.env["privacy.activity"].create(
            {"name": "Survey", "controller_id": self.ann.id, "active": False}
            | {"consent_required": "manual", "subject_find": True}
        )
        before = self.texts.search_count([("activity_uuid", "=", survey.uuid)])
        self.as_seller(self.ann).name = "Ann"
        after = self.texts.search_count([("activity_uuid", "=", survey.uuid)])
        self.assertEqual((before, after), (1, 2))

    def test_name_of_a_user_and_of_a_company(self):
        self.activity.controller_id = self.env.company.partner_id
        self.activity.with_user(self.manager).action_only_wording_changed()
        self.env.company.name = "Renamed"
        self.assert_followed("Renamed")

    def test_merge(self):
        other = self.env["res.partner"].create({"name": "Desks"})
        for source, target, expected in [
            (self.printer, other, {"processors": "Desks"}),
            (self.desk, other, {"controller": "House, Desks"}),
        ]:
            with self.subTest(expected), self.env.cr.savepoint() as savepoint:
                self.env["base.partner.merge.automatic.wizard"]._merge(
                    (source + target).ids, target
                )
                self.assert_followed(**expected)
                savepoint.rollback()
            self.env.invalidate_all()
            self.env.registry.clear_cache()

    def test_what_changes_no_name(self):
        count = self.texts.search_count([])
        self.as_seller(self.desk).write(
            {"name": "Desk", "email": "desk@example.com", "phone": "1", "type": "other"}
        )
        self.as_seller(self.printer).email = "print@example.com"
        self.as_seller(self.ann).name = "Anne"
        self.assert_unmoved(count)

    def test_other_contacts_cost_no_query(self):
        """A rename costs what Odoo's own code takes, once the names are known."""
        twin = self.as_seller(self.env["res.partner"].create({"name": "Twin"}))
        names = iter(["First", "Second", "Third"])

        def count():
            """:return: how many statements a rename takes"""
            self.refresh()
            before = self.env.cr.sql_log_count
            twin.name = next(names)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count()
        followed = count()
        with patch.object(type(twin), "_name_parts", frozenset):
            self.assertEqual(followed, count())
