# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Events become leaves, and seals close the log."""

import hashlib
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from psycopg2.errors import RestrictViolation

from odoo.exceptions import AccessError
from odoo.tools import file_open, mute_logger

from odoo.addons.privacy_consent import canonical_json
from odoo.addons.privacy_consent.append_only import moment
from odoo.addons.privacy_consent.models.privacy_consent_event import HASHED

from ..log import checkpoint, merkle
from ..models import privacy_consent_seal
from ..models.privacy_consent_leaf import reader
from .common import EvidenceCase

LOGGER = "odoo.addons.privacy_consent_evidence.models.privacy_consent_seal"


class TestSeal(EvidenceCase):
    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"]
        self.uri = f"urn:uuid:{parameters.get_param('database.uuid')}"

    def root_of_events(self):
        """:return: the root of the whole log, from the events alone"""
        names = ", ".join(f'"{name}"' for name in HASHED)
        self.env.cr.execute(
            f"SELECT {names} FROM privacy_consent_event"
            " JOIN privacy_consent_leaf ON event_uuid = uuid ORDER BY position"
        )
        tree = merkle.Tree()
        for row in self.env.cr.dictfetchall():
            for name in ("at", "answered_at"):
                if row[name]:
                    row[name] = f"{row[name]:%Y-%m-%dT%H:%M:%S.%fZ}"
            data = b"\x00" + canonical_json.dumps(row)
            tree.append(hashlib.sha256(data).digest())
        return tree.root()

    def test_seals_cover_everything(self):
        for count in (1, 2, 5, 1, 100):
            one = self.seal(count, answered_at=moment())
            self.assertEqual(self.root(one), self.root_of_events())
            seal = checkpoint.read_checkpoint(one.checkpoint)
            self.assertEqual(
                (seal.origin, seal.size, seal.root),
                (self.uri, one.size, self.root(one)),
            )
        self.assertEqual(self.seals.search([]).mapped("size"), [109, 9, 8, 3, 1])
        self.holds()

    def test_nothing_new_is_no_seal(self):
        one = self.seal(3)
        self.assertEqual(self.seal(), one)
        self.assertEqual(len(self.seals.search([])), 1)

    def test_nothing_happened_yet(self):
        self.assertFalse(self.seal())
        self.holds()

    def test_in_parts(self):
        self.patch(privacy_consent_seal, "_MOST", 7)
        self.happen(20)
        lefts = [privacy_consent_seal.seal(self.env) for _ in range(4)]
        self.assertEqual(lefts, [13, 6, 0, 0])
        self.assertEqual(self.seals.search([]).mapped("size"), [20, 14, 7])
        self.holds()

    def test_late_transaction(self):
        """An event whose number is lower may be there later."""
        self.happen(3)
        late = self.first(
            "SELECT min(id) FROM privacy_consent_event WHERE id IN"
            " (SELECT event_id FROM privacy_consent_leaf_due)"
        )
        self.env.cr.execute(
            "DELETE FROM privacy_consent_leaf_due WHERE event_id = %s", late
        )
        self.assertEqual(self.seal().size, 2)
        self.env.cr.execute("INSERT INTO privacy_consent_leaf_due VALUES (%s)", late)
        self.assertEqual(self.seal().size, 3)
        self.holds()

    def test_inclusion_proof(self):
        old = self.seal(5)
        one = self.seal(20)
        for leaf in self.env["privacy.consent.leaf"].search([]):
            for seal in (old, one):
                if leaf.position < seal.size:
                    root = merkle.root_by_inclusion(
                        leaf.position,
                        seal.size,
                        reader(self.env)([leaf.position])[leaf.position][:32],
                        leaf._inclusion_proof(seal.size),
                    )
                    self.assertEqual(root, self.root(seal))
        growth = merkle.consistency_proofs([5, 25], reader(self.env))[0]
        merkle.check_consistency(5, self.root(old), 25, self.root(one), growth)

    def test_nobody_changes_it(self):
        one = self.seal(3)
        leaf = self.env["privacy.consent.leaf"].search([], limit=1)
        for record, values in ((one, {"size": 1}), (leaf, {"position": 9})):
            for change in (
                lambda record=record, values=values: record.create(values),
                lambda record=record, values=values: record.write(values),
                record.unlink,
            ):
                with self.assertRaises(AccessError):
                    change()
        for statement in (
            "UPDATE privacy_consent_seal SET size = 1",
            "UPDATE privacy_consent_seal SET stamp_problem = 'x', size = 1",
            "DELETE FROM privacy_consent_seal",
            "TRUNCATE privacy_consent_seal",
            "UPDATE privacy_consent_leaf SET position = 99",
            "DELETE FROM privacy_consent_leaf",
        ):
            with (
                self.subTest(statement),
                self.assertRaises(RestrictViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
        privacy_consent_seal.note_on(one, stamp_problem="No")
        self.assertEqual(one.stamp_problem, "No")

    # Keys -----------------------------------------------------------------------

    def test_unsigned_says_so(self):
        one = self.seal(1)
        self.assertEqual(one.signature, "Unsigned")
        self.assertIn("odoo.conf names no key", one.unsigned_reason)
        self.assertNotIn("\u2014", one.checkpoint)

    def test_signed(self):
        key = self.use_key()
        one, two = self.seal(1), self.seal(1)
        self.assertEqual(one.signature, "Signed")
        self.assertFalse(one.unsigned_reason)
        for seal in (one, two):
            self.assertEqual(seal.origin, self.uri)
            public = key.public_key().public_bytes_raw()
            self.assertTrue(
                checkpoint.signed_by(
                    checkpoint.read_checkpoint(seal.checkpoint),
                    checkpoint.verifier_key(self.uri, public),
                )
            )
        self.holds()

    def continues(self, last):
        """:return: the next seal, which begins another log after one"""
        one = self.seal(1)
        self.assertEqual(
            one.origin.partition("#")[2], f"after-{last.size}-{self.root(last).hex()}"
        )
        after = self.seal(1)
        self.assertEqual(after.origin, one.origin)
        self.holds([last.checkpoint, one.checkpoint])
        return after

    def test_lost_key(self):
        self.use_key()
        last = self.seal(3)
        self.use_key()
        self.assertEqual(self.continues(last).signature, "Signed")

    def test_key_that_cannot_be_read(self):
        self.use_key()
        last = self.seal(3)
        other = generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        for content in (b"", b"x", b"\xff", other):
            with self.subTest(content), self.assertLogs(LOGGER):
                self.use_key_file(content)
                last = self.seal(1)
                self.assertEqual(last.signature, "Unsigned")
                self.assertIn("has no key", last.unsigned_reason)
        self.holds()

    # Copies ---------------------------------------------------------------------

    def test_copied_database(self):
        last = self.seal(3)
        self.env["ir.config_parameter"].set_param("database.uuid", "copied")
        one = self.continues(last)
        self.assertTrue(one.origin.startswith("urn:uuid:copied#after-3-"))

    def test_copy_that_does_not_continue_what_it_says(self):
        self.seal(3)
        self.env["ir.config_parameter"].set_param("database.uuid", "copied")
        one = self.seal(1)
        forged = one.checkpoint.replace("#after-3-", "#after-2-")
        self.assertIn("rewritten", self.found([forged])[None][0])

    def test_neutralized_copy(self):
        parameters = self.env["ir.config_parameter"]
        names = ("seal_addresses", "stamp_url")
        for name in names:
            parameters.set_param(f"privacy_consent_evidence.{name}", "http://x")
        self.seal(3)
        with file_open("privacy_consent_evidence/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        parameters.set_param("database.is_neutralized", True)
        parameters.invalidate_model()
        self.env.registry.clear_cache()
        self.happen(3)
        self.run_cron("cron_seal")
        self.assertEqual(self.seals.search([]).mapped("size"), [3])
        for name in names:
            self.assertFalse(parameters.get_param(f"privacy_consent_evidence.{name}"))

    # Clocks ---------------------------------------------------------------------

    def test_clock_goes_back(self):
        with self.at(self.later(days=3)):
            self.seal(3)
        one = self.seal(3)
        self.happen(2)
        self.assertEqual(one.size, 6)
        self.assertLess(one.at, self.seals.search([])[-1].at - timedelta(days=2))
        self.holds()
        self.seal()
        self.holds()
