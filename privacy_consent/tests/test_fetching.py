# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows that are read together are what Odoo reads one by one."""

from odoo.tests import tagged
from odoo.tools import SQL

from ..models import mail_mail, privacy_consent_answers, privacy_consent_links
from ..models.fetching import fetch_together
from .common import ConsentCase

COLUMNS = (
    ("contact", "res.partner", ("name", "parent_id")),
    ("parent", "res.partner", ("name",)),
    ("activity", "privacy.activity", ("name",)),
)


@tagged("post_install", "-at_install")
class TestFetching(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.activity.with_context(lang="fr_FR").name = "Lettre"

    def fetch(self, contacts):
        return fetch_together(
            self.env,
            COLUMNS,
            SQL(
                "res_partner AS contact"
                " LEFT JOIN res_partner AS parent ON parent.id = contact.parent_id"
                " JOIN privacy_activity AS activity ON activity.id = %s"
                " WHERE contact.id IN %s ORDER BY contact.id",
                self.activity.id,
                tuple(contacts.ids),
            ),
        )

    def test_reads_what_odoo_reads(self):
        parent = self.env["res.partner"].create({"name": "House"})
        children = self.env["res.partner"].create(
            [{"name": "Ann", "parent_id": parent.id}, {"name": "Luc"}]
        )
        self.env.invalidate_all()
        found = self.fetch(children)
        self.assertEqual(found["contact"], children)
        self.assertEqual(found["parent"], parent)
        with self.assertQueryCount(0):
            self.assertEqual(found["contact"].mapped("name"), ["Ann", "Luc"])
            self.assertEqual(found["contact"].parent_id, parent)
            self.assertEqual(parent.name, "House")
            for lang, name in (("en_US", "Newsletter"), ("fr_FR", "Lettre")):
                activity = found["activity"].with_context(lang=lang)
                self.assertEqual(activity.name, name)

    def test_finds_nothing(self):
        nobody = self.env["res.partner"].browse(2**30)
        self.assertFalse(any(self.fetch(nobody).values()))

    def test_what_is_changed_just_now_stays(self):
        contact = self.env["res.partner"].create({"name": "Ann"})
        self.env.flush_all()
        contact.name = "Anna"
        self.fetch(contact)
        self.assertEqual(contact.name, "Anna")
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(contact.name, "Anna")

    def test_sees_what_is_changed_just_now(self):
        contact = self.env["res.partner"].create({"name": "Ann"})
        self.env.flush_all()
        contact.ref = "changed just now"
        query = SQL("res_partner AS contact WHERE ref = %s", contact.ref)
        columns = (("contact", "res.partner", ("name",)),)
        self.assertEqual(fetch_together(self.env, columns, query)["contact"], contact)

    def test_columns_depend_on_no_context(self):
        """What depends on it would be stored for any."""
        for columns in (
            mail_mail._READ,
            privacy_consent_links._PAGE,
            privacy_consent_answers._BEFORE,
        ):
            for _alias, model, names in columns:
                for name in names:
                    field = self.env[model]._fields[name]
                    with self.subTest(str(field)):
                        self.assertTrue(field.store and field.column_type)
                        self.assertFalse(field.company_dependent)
                        self.assertFalse(self.registry.field_depends_context[field])
