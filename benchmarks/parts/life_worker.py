# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A process with Odoo loaded, which ends, renews and reminds."""

import sys
import time
from statistics import median

from odoo.api import SUPERUSER_ID

from .copies import TABLES, without_checks, without_indexes
from .million_worker import TAGS, MillionWorker, _timed
from .odoo_worker import main

# Consents that were given: of them some end, some are to be renewed, and of the others
# a twelfth was asked already. Those who were asked: some are to be reminded.
SPREAD = """
WITH ranked AS (
    SELECT id, row_number() OVER (ORDER BY id) AS rank
      FROM privacy_consent WHERE status = 'given'
), given AS (
    SELECT id, rank, now() AT TIME ZONE 'UTC' + CASE
               WHEN rank <= %(each)s THEN interval '-1 hour'
               WHEN rank <= 2 * %(each)s THEN interval '20 days'
               WHEN rank %% 12 = 0 THEN interval '10 days'
               ELSE interval '31 days' + rank %% 300 * interval '1 day' END AS ends
      FROM ranked
)
UPDATE privacy_consent AS consent
   SET valid_until = ends, answer_date = ends - interval '12 months',
       renewal_looked = rank > 2 * %(each)s AND rank %% 12 = 0
  FROM given WHERE given.id = consent.id;
WITH ranked AS (
    SELECT request.id, consent.status,
           row_number() OVER (PARTITION BY status ORDER BY request.id) AS rank
      FROM privacy_consent_request AS request
      JOIN privacy_consent AS consent ON consent.id = consent_id
)
UPDATE privacy_consent_request AS request
   SET delivered_date = now() AT TIME ZONE 'UTC' - interval '8 days',
       reminders_looked = CASE
           WHEN status = 'requested' AND rank <= %(each)s THEN NULL ELSE 2 END,
       effects_due = FALSE
  FROM ranked WHERE ranked.id = request.id;
"""


class LifeWorker(MillionWorker):
    """What the process can do."""

    def make_life(self, consents, due):
        """Make so many consents, of which some are due, a third for each reason."""
        self.prepare()
        each = consents // 2
        first = self._make_contacts(consents)
        tables = [*TABLES, TAGS]
        with (
            self._env() as env,
            without_checks(env.cr, tables),
            without_indexes(env.cr, tables),
        ):
            self._fill_activity(env, {"given": each, "asked": each}, first)
            activity = self._activity(env, 0)
            activity.write(
                {
                    "validity_months": 12,
                    "renewal_days": 30,
                    "reminder_count": 2,
                    "reminder_days": 7,
                }
            )
            activity.validity_changed = False
            env.flush_all()
            env.cr.execute(SPREAD, {"each": due // 3})

    def run_life(self, times):
        """Do what is due, and once more when nothing is; undo it.

        :return: figures of both, and how the database finds what is due
        """
        seconds = {"due": [], "idle": []}
        for _ in range(times):
            with self._env() as env:
                for name, values in seconds.items():
                    with _timed() as statements:
                        start = time.perf_counter()
                        env(user=SUPERUSER_ID)["privacy.activity"]._cron_life()
                        env.cr.flush()
                        values.append(time.perf_counter() - start)
                    if name == "idle":
                        found = [one for _time, one in sorted(statements)[-4:]]
                asked = env["privacy.consent.request"].search_count(
                    [("kind", "in", ("reminder", "renewal"))]
                )
                assert asked, "Nothing was due"
                env.cr.rollback()
        figures = {
            name: {"ms": 1000 * median(values)} for name, values in seconds.items()
        }
        return figures, {
            f"Statement {number}": self._explain(one)
            for number, one in enumerate(found, 1)
        }


if __name__ == "__main__":
    main(LifeWorker, *sys.argv[1:])
