# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""1,000 events in three seals, and what whoever owns the tables may do to them."""

import uuid
from datetime import timedelta

from odoo.tools import SQL

from odoo.addons.privacy_consent.append_only import moment
from odoo.addons.privacy_consent.models.privacy_consent_event import HASHED
from odoo.addons.privacy_consent.models.privacy_consent_text import store_texts

from ..log import merkle
from ..models.privacy_consent_leaf import add_leaves, reader
from .common import EvidenceCase

EVENT, DETAIL, TEXT, LEAF, SEAL = (
    f"privacy_consent_{name}"
    for name in ("event", "event_detail", "text", "leaf", "seal")
)
COUNT = 1000
_TYPES = {
    "format": 2,
    "at": "2020-01-01 00:00:00",
    "answered_at": "2020-01-01 00:00:00",
}
_REQUIRED = ("format", "uuid", "at", "kind", "by")
# Each hashed column with another value, and with none.
OTHER_VALUES = [
    (name, value)
    for name in HASHED
    for value in (
        _TYPES.get(name, "x"),
        "" if name in ("consent_uuid", "activity_uuid") else None,
    )
    if value is not None or name not in _REQUIRED
]


class VerifyCase(EvidenceCase):
    """1,000 events with everything an event can have, in three seals."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        substance = cls.activity._substance("en_US")
        (cls.text,) = store_texts(cls.env, [substance], None)
        (cls.other_text,) = store_texts(cls.env, [{**substance, "name": "Other"}], None)
        for count in (400, 1, COUNT - 401):
            cls.last = cls.seal(
                count,
                answered_at=moment() - timedelta(days=1),
                request_uuid=str(uuid.uuid4()),
                channel="mail_link",
                language="en_US",
                text=cls.text,
                surroundings="page 1",
                signs="no_agent",
                person={"name": "Ann", "email": "ann@example.com", "note": "Called"}
                | {"staff": "Mitchell", "scan": 64 * "0"},
                origin={"network_address": "192.0.2.7", "user_agent": "Firefox"},
            )
        cls.uuids = cls.first(
            "SELECT event_uuid FROM privacy_consent_leaf ORDER BY position"
        )
        # As autovacuum does where nothing is rolled back: without, a plan for tables
        # of no rows takes a minute.
        cls.env.cr.execute(
            "ANALYZE privacy_consent_event, privacy_consent_event_detail,"
            " privacy_consent_leaf"
        )

    def update(self, table, where, **values):
        """Change one row past Odoo."""
        changed = self.execute(
            SQL(
                "UPDATE %s SET %s WHERE %s",
                SQL.identifier(table),
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                ),
                where,
            )
        )
        self.assertEqual(changed, 1)

    def event(self, number):
        """:return: the condition of one event"""
        return SQL("uuid = %s", self.uuids[number])

    def detail(self, number, part):
        """:return: the condition of a personal part of one event"""
        return SQL(
            "part = %s AND event_id ="
            " (SELECT id FROM privacy_consent_event WHERE uuid = %s)",
            part,
            self.uuids[number],
        )

    def swap(self, table, where, other, *names):
        """Swap columns of two rows."""
        self.assertEqual(
            self.execute(
                SQL(
                    "UPDATE %(table)s AS one SET (%(names)s) = ("
                    "SELECT %(names)s FROM %(table)s AS other"
                    " WHERE other.id <> one.id AND (%(where)s OR %(other)s)"
                    ") WHERE %(where)s OR %(other)s",
                    table=SQL.identifier(table),
                    names=SQL(", ").join(map(SQL.identifier, names)),
                    where=where,
                    other=other,
                )
            ),
            2,
        )

    def named(self, *numbers, outside=()):
        """Check that these events and no others are named.

        :return: the problems of the first one
        """
        found = self.found(outside)
        self.assertEqual(set(found) - {None}, {self.uuids[one] for one in numbers})
        return found[self.uuids[numbers[0]]]

    def rewrite(self, position):
        """Build the log anew from a position on, and leave the seals as they are.

        :return: the tree
        """
        self.execute(
            "INSERT INTO privacy_consent_leaf_due SELECT id FROM privacy_consent_event"
            " WHERE uuid IN (SELECT event_uuid FROM privacy_consent_leaf"
            " WHERE position >= %s)",
            position,
        )
        self.execute("DELETE FROM privacy_consent_leaf WHERE position >= %s", position)
        tree = merkle.load_tree(position, reader(self.env))
        self.assertEqual(add_leaves(self.env, tree, COUNT), 0)
        return tree
