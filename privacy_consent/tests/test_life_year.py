# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A year of some people; `make soak` has more of them, and kills real processes."""

from contextlib import suppress
from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import privacy_activity_life as life
from .common import ConsentCase
from .life_year import START, LifeYear

PEOPLE = 15


class Killed(Exception):
    """The process ended here."""


@tagged("post_install", "-at_install")
class TestLifeYear(LifeYear, ConsentCase):
    # The more often it runs the longer it takes; nothing else is new on odd days.
    step = 2

    def setUp(self):
        super().setUp()
        # A batch of a few people, so that there are many.
        self.enterContext(patch.object(life, "_BATCH_SIZE", 7))
        self.enterContext(patch.object(life, "_LOOKED_AT_ONCE", 7))
        self.clock = self.enterContext(freeze_time(START))
        self.enterContext(patch.object(self.env.cr, "now", datetime.now))
        for number in range(PEOPLE):
            self._create_subject(f"P{number}", f"p{number}@example.com")

    # Whoever is killed while a request is made leaves a word in the log.
    @mute_logger("odoo.addons.privacy_consent.models.privacy_consent_asking")
    def test_year(self):
        self.begin_year()
        self.live_year()

    def run_batch(self, name, due):
        """Do a batch after it was cut off in the middle, and some that do nothing."""
        batch = getattr(self.activity, name)
        if due or self.random.random() < 0.1:
            self.cut_off(batch)
        more = batch()
        self.env.flush_all()
        return more

    def cut_off(self, batch):
        statements = iter(range(self.random.randint(1, 30)))
        execute = self.env.cr.execute

        def dying(*args, **kwargs):
            if next(statements, None) is None:
                raise Killed
            return execute(*args, **kwargs)

        savepoint = self.env.cr.savepoint(flush=True)
        with suppress(Killed), patch.object(self.env.cr, "execute", dying):
            batch()
            self.env.cr.flush()
        savepoint.rollback()
        savepoint.close(rollback=True)
        self.env.invalidate_all(flush=False)
        self.env.cr.precommit.clear()
