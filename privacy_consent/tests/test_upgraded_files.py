# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The files of requests from before the upgrade are as safe as those of today."""

from odoo.exceptions import UserError
from odoo.modules.migration import load_script
from odoo.tools import file_path

from .common import ConsentCase

SCRIPTS = ("19.0.1.1.0/pre-migration.py", "19.0.1.1.0/post-migration.py")


class TestUpgradedFiles(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template.attachment_ids = cls.file = cls.env["ir.attachment"].create(
            {"name": "terms.txt", "raw": b"terms"}
        )
        cls.generate()
        cls.run_queue()
        cls.requests = cls.activity.consent_ids.request_ids
        # Version 19.0.1.0.0 sent the template's own files, and stored no request.
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE message_attachment_rel SET attachment_id = %s"
            " WHERE message_id IN %s",
            [cls.file.id, tuple(cls.requests.message_id.ids)],
        )
        cls.env.cr.execute("DELETE FROM privacy_consent_request")
        cls.env.invalidate_all()

    def upgrade(self):
        for name in SCRIPTS:
            path = file_path(f"privacy_consent/migrations/{name}")
            load_script(path, "upgrade").migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        return self.activity.consent_ids.request_ids

    def test_change_of_the_template_changes_no_request(self):
        requests = self.upgrade()
        self.assertEqual(len(requests), 2)
        (copy,) = requests.message_id.attachment_ids
        self.assertNotEqual(copy, self.file)
        self.assertEqual(self.template.attachment_ids, self.file)
        self.file.raw = b"other terms"
        self.env.flush_all()
        self.assertEqual((copy.name, copy.raw), ("terms.txt", b"terms"))
        with self.assertRaises(UserError):
            copy.raw = b"other terms"
        self.file.unlink()
        self.assertTrue(copy.exists())

    def test_twice_is_once(self):
        files = self.upgrade().message_id.attachment_ids
        count = self.env["ir.attachment"].search_count([])
        self.assertEqual(self.upgrade().message_id.attachment_ids, files)
        self.assertEqual(self.env["ir.attachment"].search_count([]), count)
