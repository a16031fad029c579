# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Names of records are unique, and in the order of time."""

import uuid

from freezegun import freeze_time

from odoo.tests import BaseCase

from ..unique_id import new_uuid


class TestUniqueId(BaseCase):
    def test_version_and_order(self):
        names = []
        for moment in ("2026-11-29 10:00:00", "2026-11-29 10:00:01", "2030-01-01"):
            with freeze_time(moment):
                names.append([new_uuid() for _ in range(100)])
        for name in (name for some in names for name in some):
            parsed = uuid.UUID(name)
            self.assertEqual((parsed.version, parsed.variant), (7, uuid.RFC_4122))
        self.assertEqual(len({name for some in names for name in some}), 300)
        for earlier, later in zip(names, names[1:], strict=False):
            self.assertLess(max(earlier), min(later))
