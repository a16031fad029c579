# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conflicts are tried again: soon, not for ever, and with nothing left behind."""

from unittest.mock import MagicMock, patch

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo.tests import BaseCase

from .. import fresh_snapshot


class TestFreshSnapshot(BaseCase):
    def setUp(self):
        super().setUp()
        self.waits = []
        patcher = patch.object(fresh_snapshot.time, "sleep", self.waits.append)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _repeat(self, *results):
        """Let these things happen one after another.

        :return: what comes of it, and how often a transaction was rolled back
        """
        env = MagicMock()
        results = iter(results)

        def respond(given):
            self.assertIs(given, env)
            result = next(results)
            if isinstance(result, Exception):
                raise result
            return result

        try:
            result = fresh_snapshot.repeat(respond, env)
        except Exception as error:
            result = error
        return result, env.cr.rollback.call_count

    def test_at_once(self):
        self.assertEqual(self._repeat("page"), ("page", 0))

    def test_after_conflicts(self):
        conflicts = [SerializationFailure()] * 3
        self.assertEqual(self._repeat(*conflicts, "page"), ("page", 3))
        self.assertEqual(len(self.waits), 3)

    def test_gives_up(self):
        tries = len(fresh_snapshot.WAITS) + 1
        last = SerializationFailure()
        result = self._repeat(*[SerializationFailure()] * (tries - 1), last, "page")
        self.assertEqual(result, (last, tries - 1))
        self.assertLess(sum(self.waits), 10, "nobody waits longer for a page")

    def test_other_errors_are_none_of_its_business(self):
        error = UniqueViolation()
        self.assertEqual(self._repeat(error, "page"), (error, 0))
