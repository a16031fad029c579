# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whom may I mail? Every employee can find out, and nothing else about consents."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models import res_partner_consented
from .answers import press, set_fact
from .common import ConsentCase


@tagged("post_install", "-at_install")
class TestConsented(HttpCase, ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.employee = new_test_user(
            cls.env, "employee", groups="base.group_user,base.group_allow_export"
        )
        cls.partners = cls.env["res.partner"].with_user(cls.employee)
        cls.other = cls.activity.copy({"name": "Profiles"})
        cls.generate()
        cls.generate(cls.other)
        cls.consent = cls.consent_of(cls.ann)

    def found(self, *domain):
        """:return: the subjects that an employee finds"""
        return self.partners.search(
            [("category_id", "in", self.marker.ids), *domain], order="id"
        ).sudo(False)

    def test_who_counts(self):
        self.assertFalse(self.found(("consented_activity_ids", "!=", False)))
        self.assertFalse(self.ann._has_consent(self.activity))
        press(self.consent, True)
        ann = self.ann.with_user(self.employee)
        past, future = (fields.Datetime.now() + timedelta(days=n) for n in (-1, 1))

        def counts():
            shown = self.activity in ann.consented_activity_ids.sudo(False)
            domain = self.activity.with_user(self.employee)._consenting_domain()
            self.assertEqual(self.partners.search_count(domain), int(shown))
            self.assertEqual(self.ann._has_consent(self.activity), shown)
            self.assertFalse(self.ann._has_consent(self.other))
            return shown

        self.assertTrue(counts())
        for what, unmake, remake in [
            (
                "archived",
                lambda: self.consent.write({"active": False}),
                lambda: self.consent.write({"active": True}),
            ),
            (
                "activity archived",
                lambda: self.activity.write({"active": False}),
                lambda: self.activity.write({"active": True}),
            ),
            (
                "past its end",
                lambda: set_fact(self.consent, valid_until=past),
                lambda: set_fact(self.consent, valid_until=future),
            ),
            (
                "maybe a program",
                lambda: press(self.consent, True, agent="LinkScanner/1.0", after=0),
                lambda: None,
            ),
            (
                "withdrawn",
                lambda: press(self.consent, False),
                lambda: self.consent.action_answer(True),
            ),
            (
                "invalidated",
                self.consent._invalidate,
                lambda: self.consent.action_answer(True),
            ),
        ]:
            with self.subTest(what):
                unmake()
                if what != "maybe a program":
                    self.assertFalse(counts())
                remake()
                self.assertTrue(counts())
        set_fact(self.consent, suspected_automated=True)
        self.assertFalse(counts())

    def test_silence_and_assumptions_do_not_count(self):
        self.activity.default_consent = True
        self.consent.accepted = True
        self.assertFalse(self.ann._has_consent(self.activity))

    def test_operators(self):
        press(self.consent, True)
        field = "consented_activity_ids"
        for condition, found in {
            (field, "in", (self.activity.id,)): self.ann,
            (field, "=", self.activity.id): self.ann,
            (field, "ilike", "newsl"): self.ann,
            (field, "=", "Newsletter"): self.ann,
            (field, "any", (("name", "=", "Newsletter"),)): self.ann,
            (field, "!=", False): self.ann,
            (field, "not in", (self.activity.id,)): self.luc + self.mute,
            (field, "not any", (("name", "=", "Newsletter"),)): self.luc + self.mute,
            (field, "not ilike", "newsl"): self.luc + self.mute,
            (field, "=", False): self.luc + self.mute,
            (field, "in", (self.other.id,)): self.env["res.partner"],
        }.items():
            with self.subTest(condition):
                self.assertEqual(self.found(condition).ids, found.ids)

    def test_group_and_export(self):
        press(self.consent, True)
        groups = self.partners.formatted_read_group(
            [("category_id", "in", self.marker.ids)],
            ["consented_activity_ids"],
            ["__count"],
        )
        self.assertEqual(
            [(one["consented_activity_ids"], one["__count"]) for one in groups],
            [((self.activity.id, "Newsletter"), 1), (False, 2)],
        )
        [[names]] = (
            self.ann.with_user(self.employee)
            .export_data(["consented_activity_ids/name"])
            .get("datas")
        )
        self.assertEqual(names, "Newsletter")

    def test_nothing_else_is_known(self):
        press(self.consent, True)
        activity = self.activity.with_user(self.employee)
        self.assertEqual(activity.read(["name"])[0]["name"], "Newsletter")
        self.assertEqual(
            set(activity.fields_get()),
            {
                "active",
                "company_id",
                "controller_company_id",
                "display_name",
                "id",
                "name",
            },
        )
        views = activity.get_views([(False, "list"), (False, "search")])["views"]
        self.assertNotIn("controller_id", views["search"]["arch"])
        officers = self.activity.with_user(self.reader).get_view(view_type="search")
        self.assertIn("controller_id", officers["arch"])
        for condition in [
            ("consented_activity_ids.description", "!=", False),
            ("consented_activity_ids", "any", [("consent_ids", "!=", False)]),
            ("privacy_consent_ids", "!=", False),
        ]:
            with (
                self.subTest(condition),
                mute_logger("odoo.addons.base.models.ir_model"),
                self.assertRaises(AccessError),
            ):
                self.found(condition)

    def test_other_companies(self):
        press(self.consent, True)
        company = self.env["res.company"].create({"name": "Other"})
        self.activity.controller_id = company.partner_id
        self.assertFalse(self.found(("consented_activity_ids", "!=", False)))
        self.assertFalse(
            self.found(("consented_activity_ids", "in", self.activity.ids))
        )
        self.assertFalse(self.ann.with_user(self.employee).consented_activity_ids)
        self.assertTrue(self.ann._has_consent(self.activity))

    def test_nobody_writes_it(self):
        for write in (
            lambda: self.ann.write(
                {"consented_activity_ids": [Command.link(self.activity.id)]}
            ),
            lambda: self._create_subject(
                "Eve", "eve@example.com", consented_activity_ids=self.activity.ids
            ),
        ):
            with self.assertRaisesRegex(UserError, "record an answer"):
                write()
        copy = self.ann.copy()
        self.assertFalse(copy.consented_activity_ids)

    def test_the_activity_counts_and_shows_them(self):
        press(self.consent, True)
        activity = self.activity.with_user(self.reader)
        self.assertEqual(activity.usable_count, "1")
        action = activity.action_show_usable()
        self.assertEqual(self.env["res.partner"].search(action["domain"]), self.ann)

    def test_very_many_are_not_counted(self):
        press(self.consent, True)
        self.patch(res_partner_consented, "_COUNTED", 0)
        self.assertEqual(self.activity.usable_count, "0+")

    def test_by_address(self):
        twin = self._create_subject("Twin", "ANN@example.com")
        self.generate()
        addresses = ["ann@example.com", "luc@example.com"]

        def may():
            return self.activity._consents_by_address(addresses)

        self.assertEqual(may(), {})
        press(self.consent, True)
        self.assertEqual(may(), {"ann@example.com": True}, "silence of one is none")
        press(self.consent_of(twin), False)
        self.assertEqual(may(), {"ann@example.com": False})
        self.consent_of(twin).active = False
        self.assertEqual(may(), {"ann@example.com": False}, "a refusal stays one")
        press(self.consent_of(twin), True)
        self.assertEqual(may(), {"ann@example.com": True})
        self.activity.active = False
        self.assertEqual(may(), {})

    def test_marketing_filters_contacts_in_the_browser(self):
        press(self.consent, True)
        self.env.flush_all()
        self.authenticate("employee", "employee")
        result = self.make_jsonrpc_request(
            "/web/dataset/call_kw/res.partner/web_search_read",
            {
                "model": "res.partner",
                "method": "web_search_read",
                "args": [],
                "kwargs": {
                    "domain": [["consented_activity_ids", "ilike", "Newsl"]],
                    "specification": {
                        "consented_activity_ids": {"fields": {"display_name": {}}}
                    },
                },
            },
        )
        self.assertEqual(
            result["records"][0]["consented_activity_ids"],
            [{"id": self.activity.id, "display_name": "Newsletter"}],
        )
