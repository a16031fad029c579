# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The leaves of the log: each event has its place, which it never leaves."""

from odoo import fields, models
from odoo.tools import SQL
from odoo.tools.sql import table_exists

from odoo.addons.privacy_consent import canonical_json
from odoo.addons.privacy_consent.append_only import guard_table
from odoo.addons.privacy_consent.models.privacy_consent_event import HASHED

from ..log import merkle

# The columns that are hashed, in the order of canonical JSON.
NAMES = tuple(sorted(HASHED))
_MOMENTS = ("at", "answered_at")
_UUID = NAMES.index("uuid")
_BATCH = 5000
_QUEUE = "privacy_consent_leaf_due"


class PrivacyConsentLeaf(models.Model):
    """The place of an event in the log.

    Rows are only added, by :func:`add_leaves`. The column ``hashes`` has those of all
    perfect subtrees of the Merkle tree that the leaf completes, so that roots and
    proofs are found without reading the others: see ``log/merkle.py``.
    """

    _name = "privacy.consent.leaf"
    _description = "Place of an event in the log"
    _inherit = ["privacy.append.only", "privacy.technical.fields"]
    _order = "position"
    _rec_name = "event_uuid"

    position = fields.Integer(readonly=True, required=True, exportable=False)
    # No foreign key: what was deleted is to be named.
    event_uuid = fields.Char(readonly=True, required=True, exportable=False)

    _unique_position = models.UniqueIndex("(position)")
    _unique_event = models.UniqueIndex("(event_uuid)")

    def init(self):
        # No field of Odoo's holds bytes as they are.
        self.env.cr.execute(
            "ALTER TABLE privacy_consent_leaf"
            " ADD COLUMN IF NOT EXISTS hashes bytea NOT NULL"
        )
        guard_table(self.env.cr, self._table)
        _make_queue(self.env.cr)

    def _inclusion_proof(self, size):
        """Prove that this leaf is in the tree of a seal.

        :param int size: of the seal
        :rtype: list[bytes]
        """
        self.ensure_one()
        return merkle.inclusion_proofs([self.position], size, reader(self.env))[0]


def hashed_columns():
    """:return: what is hashed of an event, as JSON has it, as a part of a statement

    The columns are in the order of ``NAMES``.
    """
    return SQL(", ").join(
        SQL("%s AS %s", hashed_column(name), SQL.identifier(name)) for name in NAMES
    )


def hashed_column(name):
    """:return: one of these, as JSON has it"""
    column = SQL.identifier("privacy_consent_event", name)
    if name in _MOMENTS:
        return SQL("""to_char(%s, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""", column)
    return column


def leaf_of_row(values):
    """:return: the hash of the leaf of an event

    :param values: the :func:`hashed_columns`
    """
    return merkle.hash_leaf(canonical_json.dumps_flat(NAMES, values))


def reader(env):
    """:return: the function by which ``log/merkle.py`` reads the stored tree"""

    def read(positions):
        return {
            position: bytes(hashes)
            for position, hashes in env.execute_query(
                SQL(
                    "SELECT position, hashes FROM privacy_consent_leaf"
                    " WHERE position = ANY(%s)",
                    list(positions),
                )
            )
        }

    return read


def add_leaves(env, tree, most):
    """Give events that have no place in the log the next ones.

    It is no method, so that the code of a server action cannot call it.

    :param merkle.Tree tree: as it is stored; it grows
    :param int most: how many at most
    :return: how many are left
    """
    left, last = most, 0
    while left > 0 and (due := _due(env, last, min(left, _BATCH))):
        last = due[-1]
        rows = _take(env, due)
        left -= len(rows)
        positions = range(tree.size, tree.size + len(rows))
        hashes = [b"".join(tree.append(leaf_of_row(row))) for row in rows]
        env.cr.execute(
            SQL(
                "INSERT INTO privacy_consent_leaf (position, event_uuid, hashes)"
                " SELECT * FROM unnest(%s::integer[], %s::varchar[], %s::bytea[])",
                list(positions),
                [row[_UUID] for row in rows],
                hashes,
            )
        )
    env["privacy.consent.leaf"].invalidate_model()
    return _count_due(env) if left <= 0 else 0


def _due(env, after, count):
    """:return: the ids of events without a place, the lowest ones after another one"""
    env.cr.execute(
        "SELECT event_id FROM privacy_consent_leaf_due WHERE event_id > %s"
        " ORDER BY event_id LIMIT %s",
        [after, count],
    )
    return [event_id for (event_id,) in env.cr.fetchall()]


def _take(env, event_ids):
    """Take events out of the queue.

    One that was deleted since stays in it, and is found when the log is verified.

    :return: what is hashed of them
    """
    env.cr.execute(
        SQL(
            "SELECT %s, id FROM privacy_consent_event WHERE id = ANY(%s) ORDER BY id",
            hashed_columns(),
            event_ids,
        )
    )
    rows = env.cr.fetchall()
    env.cr.execute(
        "DELETE FROM privacy_consent_leaf_due WHERE event_id = ANY(%s)",
        [[event_id for *_values, event_id in rows]],
        log_exceptions=False,
    )
    return [values for *values, _event_id in rows]


def _count_due(env):
    env.cr.execute("SELECT count(*) FROM privacy_consent_leaf_due")
    return env.cr.fetchone()[0]


def _make_queue(cr):
    """Have the database note each new event, so that finding them costs no search.

    A number would not do to tell which are new: transactions end in another order than
    they begin. Whoever answers waits for no lock. What is there already is noted when
    the addon is installed, and never again: events that were put into the table past
    this trigger are to be found.
    """
    is_new = not table_exists(cr, _QUEUE)
    cr.execute(
        """
        CREATE TABLE IF NOT EXISTS privacy_consent_leaf_due (
            event_id integer PRIMARY KEY
        );
        CREATE OR REPLACE FUNCTION privacy_consent_leaf_due() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO privacy_consent_leaf_due SELECT id FROM added;
            RETURN NULL;
        END $$;
        CREATE OR REPLACE TRIGGER privacy_consent_leaf_due
            AFTER INSERT ON privacy_consent_event REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION privacy_consent_leaf_due();
        """
    )
    if is_new:
        cr.execute(
            "INSERT INTO privacy_consent_leaf_due SELECT id FROM privacy_consent_event"
        )


def drop_queue(cr):
    """Drop what :func:`_make_queue` made, when the addon is uninstalled."""
    cr.execute("DROP FUNCTION IF EXISTS privacy_consent_leaf_due() CASCADE")
    cr.execute("DROP TABLE IF EXISTS privacy_consent_leaf_due")
