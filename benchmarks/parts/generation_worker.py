# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A process with Odoo loaded, which asks contacts for consent."""

import ast
import re
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from lxml import etree

from odoo import sql_db

from odoo.addons.base.models.ir_cron import IrCron

from .odoo_worker import Worker, main

ADMIN = 2
DAILY = "privacy_consent.cron_auto_consent"
ACTIONS = (DAILY, "privacy_consent.cron_continue_consents")
# The columns that contacts have which were created in Odoo.
CONTACTS = """
WITH contact AS (
    INSERT INTO res_partner (
        id, commercial_partner_id, name, complete_name, email, email_normalized,
        lang, type, active, partner_share,
        create_uid, create_date, write_uid, write_date
    )
    SELECT
        id, id, 'Reader ' || id, 'Reader ' || id, 'reader' || id || '@example.com',
        'reader' || id || '@example.com', 'en_US', 'contact', TRUE, TRUE,
        1, now() AT TIME ZONE 'UTC', 1, now() AT TIME ZONE 'UTC'
    FROM (
        SELECT nextval('res_partner_id_seq') AS id FROM generate_series(1, %s)
    ) AS numbers
    RETURNING id
)
INSERT INTO res_partner_res_partner_category_rel (category_id, partner_id)
SELECT %s, id FROM contact
"""
# Everybody was asked about each of these activities. Answers would take their events.
CONSENTS = """
INSERT INTO privacy_consent (
    uuid, activity_id, partner_id, active, state, status, accepted, create_uid,
    create_date, write_uid, write_date
)
SELECT
    gen_random_uuid(), activity.id, partner_id, TRUE, 'sent', 'requested', TRUE, 1,
    now() AT TIME ZONE 'UTC', 1, now() AT TIME ZONE 'UTC'
FROM unnest(%s) AS activity(id), res_partner_res_partner_category_rel
WHERE category_id = %s
"""
# Consents, requests that wait, and notes in the history of when they were created.
ASKED = """
WITH consent AS (SELECT id FROM privacy_consent WHERE activity_id = %s),
message AS (
    SELECT id, message_type FROM mail_message
    WHERE model = 'privacy.consent' AND res_id IN (SELECT id FROM consent)
)
SELECT
    (SELECT count(*) FROM consent),
    (
        SELECT count(*) FROM message JOIN mail_mail ON mail_message_id = message.id
        WHERE message_type = 'email_outgoing' AND state = 'outgoing'
    ),
    (SELECT count(*) FROM message WHERE message_type = 'notification')
"""
# By what the statements that the code executes are recognized.
QUESTIONS = {
    "Missing subjects": r"SELECT .* FROM \"res_partner\" .* privacy_consent ",
    "Counts by state": r"SELECT .* FROM \"privacy_consent\" .* GROUP BY .*\"state\"",
    "Unfinished runs": r"SELECT .* FROM privacy_activity_generation WHERE .*pending",
    "Waiting requests": r"SELECT .* FROM \"privacy_consent_request\" .*\"state\"",
}


class GenerationWorker(Worker):
    """What the process can do."""

    def prepare(self):
        """Leave only the scheduled actions that generate: not even the mail queue."""
        with self._env() as env:
            env["ir.cron"].search([]).active = False
            for name in ACTIONS:
                env.ref(name).active = True

    # Records --------------------------------------------------------------------

    def make_activity(self, contacts, followers=0):
        """Make an activity, and contacts whom its filter finds.

        :param followers: how many follow the activity
        :return: its id
        """
        with self._env() as env:
            activity = self._make_activities(env, 1, contacts)
            activity.message_subscribe(
                env["res.partner"]
                .create(
                    [
                        {"name": "Officer", "email": f"officer{number}@example.com"}
                        for number in range(followers)
                    ]
                )
                .ids
            )
            return activity.id

    def make_idle_activities(self, count, contacts):
        """Make activities that ask the same contacts, who have all answered."""
        with self._env() as env:
            activities = self._make_activities(env, count, contacts)
            category = env["res.partner.category"].search([], order="id DESC", limit=1)
            env.cr.execute(CONSENTS, [activities.ids, category.id])

    def _make_activities(self, env, count, contacts):
        category = env["res.partner.category"].create({"name": "Readers"})
        env.cr.execute(CONTACTS, [contacts, category.id])
        env.company.email = "company@example.com"
        activities = env["privacy.activity"].create(
            [
                {
                    "name": "Newsletter",
                    "description": "<p>One mail a month.</p>",
                    "consent_required": "auto",
                    "subject_find": True,
                    "subject_domain": str([("category_id", "in", category.ids)]),
                }
                for _ in range(count)
            ]
        )
        env.cr.execute("ANALYZE res_partner, res_partner_res_partner_category_rel")
        return activities

    def links(self, count):
        """Ask so many contacts, no more than the button asks at once.

        :return: the paths with which they accept
        """
        activity_id = self.make_activity(count)
        with self._env() as env:
            activity = env["privacy.activity"].browse(activity_id)
            activity.action_new_consents()
            consents = activity.consent_ids
            assert len(consents) == count, len(consents)
            return [one._url(True).removeprefix(one.get_base_url()) for one in consents]

    # Generating -----------------------------------------------------------------

    def generate(self, activity_id, expected):
        """Press the button, and run the scheduled action until all are asked.

        :param expected: how many consents the activity has in the end
        :return: figures
        """
        # The kernel notes the peak anew from here on.
        Path("/proc/self/clear_refs").write_text("5")
        with _measured(expected, "consent") as figures:
            with self._env() as env:
                env["privacy.activity"].browse(activity_id).action_new_consents()
            longest = self._run_scheduled_actions()
        self._check(activity_id, expected)
        status = Path("/proc/self/status").read_text()
        return {
            **figures,
            "longest run, s": longest,
            "peak MB": int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024,
        }

    def generate_naively(self, activity_id, expected):
        """Do the same in a plain loop; the parameters are as of :meth:`generate`.

        :return: figures
        """
        with _measured(expected, "consent") as figures, self._env() as env:
            activity = env["privacy.activity"].browse(activity_id)
            template = activity.consent_template_id
            for subject in env["res.partner"].search(
                ast.literal_eval(activity.subject_domain)
            ):
                consent = env["privacy.consent"].create(
                    {"activity_id": activity.id, "partner_id": subject.id}
                )
                template.send_mail(
                    consent.id, force_send=False, email_values={"auto_delete": False}
                )
        self._check(activity_id, expected)
        return figures

    def press(self, activity_id, times):
        """Press the button several times, and undo it each time.

        :return: figures
        """
        seconds = []
        for _ in range(times):
            with self._env() as env:
                start = time.perf_counter()
                env["privacy.activity"].browse(activity_id).action_new_consents()
                env.cr.flush()
                seconds.append(time.perf_counter() - start)
                env.cr.rollback()
        return {"ms": 1000 * median(seconds)}

    def run_daily(self, activities):
        """Run the daily scheduled action.

        :param activities: how many there are
        :return: figures
        """
        with self._env() as env:
            env.ref(DAILY).nextcall = "2000-01-01"
        with _measured(activities, "activity") as figures:
            self._run_scheduled_actions()
        return figures

    def _run_scheduled_actions(self):
        """Run what is due, as Odoo does, until no activity is left to continue.

        :return: how many seconds the longest run took
        """
        longest = 0
        while True:
            start = time.perf_counter()
            IrCron._process_jobs(self._database)
            longest = max(longest, time.perf_counter() - start)
            with self._env() as env:
                if not env["privacy.activity.generation"].search_count(
                    [("pending", "=", True)]
                ):
                    return longest
                due = env["ir.cron.trigger"].search([("cron_id.active", "=", True)])
                assert due, "Nothing continues them."

    def _check(self, activity_id, expected):
        """Check that everybody was asked once, and that the history says so."""
        with self._env() as env:
            env.cr.execute(ASKED, [activity_id])
            counts = env.cr.fetchone()
            assert counts == 3 * (expected,), counts

    # Looking --------------------------------------------------------------------

    def open(self, activity_id, times):
        """Open the form several times, as the web client does.

        :return: figures
        """
        seconds = []
        for _ in range(times):
            with self._env() as env:
                activity = env(user=ADMIN)["privacy.activity"].browse(activity_id)
                specification = self._specification(activity)
                env.invalidate_all()
                count = env.cr.sql_log_count
                start = time.perf_counter()
                activity.web_read(specification)
                activity.consent_progress()
                seconds.append(time.perf_counter() - start)
                count = env.cr.sql_log_count - count
        return {"ms": 1000 * median(seconds), "statements": count}

    def _specification(self, activity, kind="form"):
        """:return: what a view reads, without the fields of its lists' records"""
        view = activity.get_views([(False, kind)])["views"][kind]
        names = etree.fromstring(view["arch"]).xpath(
            "//field[not(ancestor::field)]/@name"
        )
        return {
            name: {"fields": {"display_name": {}}}
            if activity._fields[name].relational
            else {}
            for name in names
        }

    def explain(self, activity_id):
        """Do what asks the database the questions that grow with the data.

        :return: how the database finds the answers, per question
        """
        with self._env() as env, _recorded() as statements:
            activity = env["privacy.activity"].browse(activity_id)
            activity.action_new_consents()
            activity.consent_progress()
            activity.action_stop_asking()
            env["privacy.activity"]._cron_continue_consents()
            env.cr.rollback()
        plans = {}
        with self._env() as env:
            for question, pattern in QUESTIONS.items():
                statement = next(filter(re.compile(pattern, re.S).match, statements))
                env.cr.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}")
                plan = "\n".join(line for (line,) in env.cr.fetchall())
                plans[question] = f"{statement.strip()}\n\n{plan}"
                env.cr.rollback()
        return plans


@contextmanager
def _measured(count, unit):
    """Measure what is done inside.

    :param count: how many things it does
    :param unit: what these things are
    :return: the figures, which are there afterwards
    """
    figures = {}
    statements = sql_db.sql_counter
    start = time.perf_counter()
    yield figures
    figures[f"ms per {unit}"] = 1000 * (time.perf_counter() - start) / count
    figures[f"statements per {unit}"] = (sql_db.sql_counter - statements) / count


@contextmanager
def _recorded():
    """Note each statement as the database gets it."""
    statements = []
    thread = threading.current_thread()
    thread.query_hooks = [lambda cr, *_: statements.append(cr._obj.query.decode())]
    try:
        yield statements
    finally:
        del thread.query_hooks


if __name__ == "__main__":
    main(GenerationWorker, *sys.argv[1:])
