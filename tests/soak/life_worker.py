# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A program that lives through a year in a database, and kills processes in between::

    python life_worker.py DATABASE PEOPLE SEED OPTIONS_OF_ODOO

Each batch of the scheduled action is begun by a child first, which is killed: at any of
the statements that such a batch takes, right before its COMMIT, or right after it. Or
the child does all of it at the same time, as a second server would.
"""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from unittest import TestCase
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import OperationalError

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tools import SQL, config

# So many at least.
_STATEMENTS = 40
# So often two do the same, and one is killed though there is nothing to do.
_BOTH, _IDLE = 0.2, 0.1
_KILLED = "killed"


def main(database, people, seed, *options):
    """Load Odoo, and live."""
    config.parse_config(list(options), setup_logging=True)
    threading.current_thread().dbname = database
    Registry(database)
    # Only now can addons be imported.
    from odoo.addons.base.tests.common import MockSmtplibCase
    from odoo.addons.privacy_consent.models import privacy_activity_life as life
    from odoo.addons.privacy_consent.tests.life_year import START, LifeYear

    class Year(LifeYear, MockSmtplibCase, TestCase):
        maxDiff = None

        def live(self):
            # Whoever is killed, people do the same.
            self.seed, self.fate = int(seed), random.Random(int(seed))
            self.kills, self.races, self.statements = 0, 0, Counter()
            begun = time.monotonic()
            # Smaller ones than usual, so that there are many.
            life._BATCH_SIZE = life._LOOKED_AT_ONCE = max(7, int(people) // 50)
            with (
                freeze_time(START) as self.clock,
                Registry(database).cursor() as cr,
                patch.object(cr, "now", datetime.now),
            ):
                self.env = api.Environment(cr, SUPERUSER_ID, {})
                # Odoo sends some mails at once.
                with self.mock_smtplib_connection():
                    self.activity = self.make_activity(int(people))
                    self.begin_year()
                    self.live_year()
            words = [f"{people} people, seed {seed}"]
            words += [f"{self.kills} kills, {self.races} at once", *self.summary()]
            words.append(f"{time.monotonic() - begun:.0f} s")
            sys.stdout.write(", ".join(map(str, words)) + "\n")

        def make_activity(self, count):
            self.env.company.email = "company@example.com"
            quiet = self.env["res.partner"].with_context(tracking_disable=True)
            subjects = quiet.create(
                [
                    {"name": f"P{number}", "email": f"p{number}@example.com"}
                    for number in range(count)
                ]
            )
            return self.env["privacy.activity"].create(
                {
                    "name": "Newsletter",
                    "description": "<p>One mail a month.</p>",
                    "consent_required": "auto",
                    "subject_find": True,
                    "subject_domain": f"[('id', '>=', {subjects[0].id})]",
                }
            )

        def compare(self, day):
            mails, _events = self.summary()
            sys.stderr.write(f"Day {day}: {self.kills} kills, {mails}\n")
            return super().compare(day)

        def commit(self):
            self.env.cr.commit()  # pylint: disable=invalid-commit
            self.env.invalidate_all()

        def settled(self):
            self.commit()
            self.env["privacy.consent"]._cron_effects()
            self.commit()

        def run_queue(self):
            self.commit()
            mails = self.env["mail.mail"]
            while mails.search_count([("state", "=", "outgoing")]):
                mails.process_email_queue()
                self.commit()
            self.emails.clear()

        def run_batch(self, name, due):
            self.commit()
            if due or self.fate.random() < _IDLE:
                self.kill(name)
            before = self.env.cr.sql_log_count
            more = getattr(self.activity, name)()
            self.env.cr.flush()
            self.statements[name] = self.env.cr.sql_log_count - before
            self.commit()
            return more

        def kill(self, name):
            """Have a child begin a batch, and die."""
            both = self.fate.random() < _BOTH
            most = max(_STATEMENTS, self.statements[name])
            after = sys.maxsize if both else self.fate.randrange(most)
            commits = both or self.fate.random() < 0.5
            child = os.fork()
            if not child:
                begin_and_die(database, self.activity.id, name, after, commits)
            if both:
                self.try_batch(name)
            _pid, status = os.waitpid(child, 0)
            self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGKILL)
            self.races += both
            self.kills += not both
            wait_for_rollback(self.env)

        def try_batch(self, name):
            """Do a batch while another process does so, which may be in the way."""
            try:
                getattr(self.activity, name)()
                self.commit()
            except OperationalError:
                self.env.cr.rollback()

    Year().live()


def wait_for_rollback(env):
    """Wait until PostgreSQL has noticed that the child is gone."""
    left = SQL(
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = %s",
        _KILLED,
    )
    while env.execute_query(left):
        env.cr.commit()  # pylint: disable=invalid-commit
        time.sleep(0.002)


def begin_and_die(database, activity_id, name, after, commits):
    """Begin a batch in a transaction of its own, and be killed.

    :param int after: how many statements are executed before
    :param bool commits: whether what takes fewer statements is committed before
    """
    # The connections belong to the other process.
    sql_db._Pool = sql_db._Pool_readonly = None
    cr = sql_db.db_connect(database).cursor()
    cr.execute("SET application_name = %s", [_KILLED])
    activity = api.Environment(cr, SUPERUSER_ID, {})["privacy.activity"]
    execute, statements = cr.execute, iter(range(after))

    def dying(*args, **kwargs):
        if next(statements, None) is None:
            die()
        return execute(*args, **kwargs)

    try:
        with patch.object(cr, "now", datetime.now), patch.object(cr, "execute", dying):
            getattr(activity.browse(activity_id), name)()
            cr.flush()
        if commits:
            cr.commit()  # pylint: disable=invalid-commit
    finally:
        die()


def die():
    """End this process as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
