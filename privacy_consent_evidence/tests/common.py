# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A log with seals, and people who change things past Odoo."""

import base64
from contextlib import contextmanager
from tempfile import NamedTemporaryFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from odoo.tools import SQL, config

from odoo.addons.privacy_consent.models.privacy_consent_event import Event, append
from odoo.addons.privacy_consent.tests.common import ConsentCase

from .. import signing_key
from ..models.privacy_consent_seal import seal

TABLES = (
    "privacy_consent_event",
    "privacy_consent_event_detail",
    "privacy_consent_text",
    "privacy_consent_leaf",
    "privacy_consent_seal",
)


class EvidenceCase(ConsentCase):
    """Nothing is sealed yet, and nothing waits to be."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seals = cls.env["privacy.consent.seal"]
        cls.env.cr.execute("DELETE FROM privacy_consent_leaf_due")

    @classmethod
    def happen(cls, count, **values):
        """Let events happen.

        :param values: of :class:`Event`
        """
        values = {"kind": "wording", "by": "system", **values}
        append(cls.env, [Event(activity=cls.activity, **values) for _ in range(count)])
        cls.env.cr.flush()

    @classmethod
    def seal(cls, count=0, **values):
        """Let events happen, and seal.

        :return: the last seal
        """
        cls.happen(count, **values)
        seal(cls.env)
        return cls.seals.search([], limit=1)

    def run_cron(self, name):
        """Let a scheduled action run as Odoo runs it."""
        with self.enter_registry_test_mode():
            self.env.ref(f"privacy_consent_evidence.{name}").method_direct_trigger()
        self.env.invalidate_all()

    @contextmanager
    def as_owner(self):
        """Let whoever owns the tables do what they like, and undo it in the end."""
        self.env.flush_all()
        with self.env.cr.savepoint() as savepoint:
            self.disarm()
            yield
            savepoint.rollback()
        self.env.invalidate_all(flush=False)

    def disarm(self):
        """Switch off what guards the tables."""
        for table in TABLES:
            self.env.cr.execute(
                SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table))
            )

    def execute(self, statement, *parameters):
        """Execute a statement past Odoo.

        :return: how many rows it concerned
        """
        self.env.cr.execute(statement, parameters or None)
        return self.env.cr.rowcount

    @classmethod
    def first(cls, statement, *parameters):
        """:return: the first column of what a statement finds"""
        cls.env.cr.execute(statement, parameters or None)
        return [row[0] for row in cls.env.cr.fetchall()]

    def found(self, outside=()):
        """:return: the problems by event"""
        found = {}
        for finding in self.seals._verify(outside):
            found.setdefault(finding["uuid"], []).append(finding["problem"])
        return found

    def holds(self, outside=()):
        """Check that nothing is found."""
        self.assertEqual(self.seals._verify(outside), [])

    def use_key(self, key=None):
        """Have the configuration name the file of a key.

        :return: the key
        """
        key = key or Ed25519PrivateKey.generate()
        self.use_key_file(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return key

    def use_key_file(self, content):
        """Have the configuration name a file with this content."""
        file = self.enterContext(NamedTemporaryFile())
        file.write(content)
        file.flush()
        self.patch(
            config, "options", {**dict(config.options), signing_key.OPTION: file.name}
        )

    def root(self, one):
        """:return: the root that a seal says"""
        return base64.b64decode(one.root)
