# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A process with Odoo loaded, which looks at very many consents."""

import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from statistics import median

from odoo import SUPERUSER_ID, fields

from .copies import TABLES, Copier, without_checks, without_indexes
from .generation_worker import ADMIN, GenerationWorker
from .odoo_worker import main

CONTACT, TAGS = "res_partner", "res_partner_res_partner_category_rel"
ACTIVITIES = 10
# A batch names a thousand records.
STATEMENT_LENGTH = 1500
LARGE, MIDDLE, OPENED = 0, 1, 5
# Of all consents, those that wait in the first activity, and in the second one.
LARGE_SHARE, MIDDLE_SHARE = 0.4, 0.05
# Of the consents of each other activity. The rest was asked, and has not answered.
SHARES = {
    "failed": 0.05,
    "bounced": 0.02,
    "archived": 0.02,
    "suspected": 0.005,
    "action failed": 0.001,
    "given": 0.4,
    "refused": 0.2,
}
CONTACTS = """
INSERT INTO res_partner (
    id, commercial_partner_id, name, complete_name, email, email_normalized, lang,
    type, active, partner_share, create_uid, create_date, write_uid, write_date
)
SELECT
    id, id, 'Reader ' || id, 'Reader ' || id, 'reader' || id || '@example.com',
    'reader' || id || '@example.com', 'en_US', 'contact', TRUE, TRUE,
    1, now() AT TIME ZONE 'UTC', 1, now() AT TIME ZONE 'UTC'
FROM generate_series(%s, %s) AS id
"""
FOUND = """
INSERT INTO res_partner_res_partner_category_rel (category_id, partner_id)
SELECT %s, id FROM generate_series(%s, %s) AS id
"""
SIZES = """
SELECT sum(pg_table_size(name::regclass)), sum(pg_total_relation_size(name::regclass))
FROM unnest(%s) AS name
"""
# What only the program itself may write.
FACTS = {
    "action failed": "UPDATE privacy_consent SET action_error = 'No such field: x'"
    " WHERE id = %s",
    "suspected": "UPDATE privacy_consent SET suspected_automated = TRUE,"
    " suspicion_signs = 'no_agent' WHERE id = %s",
}
SPREAD = """
UPDATE privacy_consent
   SET answer_date = answer_date - id % 365 * interval '1 day',
       valid_until = CASE status WHEN 'given' THEN
           answer_date + (366 - id % 365) * interval '1 day' END
 WHERE state = 'answered'
"""
FILTERS = {
    "Request failed": [("failure_reason", "!=", False)],
    "Suspected": [("suspected_automated", "=", True)],
    "Server action failed": [("action_error", "!=", False)],
    "Archived": [("active", "=", False)],
}
CHARTS = {
    "day": ["answer_date:day", "status"],
    "activity": ["activity_id", "status"],
    "channel": ["answer_way"],
    "language": ["answer_language"],
}
ALL_ANSWERS = [("kind", "in", ["given", "refused", "withdrawn"])]
ALL_CHARTS = {
    "day": ["answered_at:day", "kind_label"],
    "activity": ["activity_id", "kind_label"],
    "channel": ["channel_label"],
    "language": ["language_label"],
}


class MillionWorker(GenerationWorker):
    """What the process can do."""

    def __init__(self, database):
        super().__init__(database)
        self._specifications = {}

    # Records --------------------------------------------------------------------

    def make(self, consents):
        """Make so many consents, of 10 activities."""
        self.prepare()
        counts = [
            {"waiting": int(LARGE_SHARE * consents)},
            {"waiting": int(MIDDLE_SHARE * consents)},
        ]
        rest = consents - sum(count["waiting"] for count in counts)
        others = rest // (ACTIVITIES - len(counts))
        shares = {name: int(share * others) for name, share in SHARES.items()}
        shares["asked"] = others - sum(shares.values())
        counts += [shares] * (ACTIVITIES - len(counts))
        first = self._make_contacts(max(sum(count.values()) for count in counts))
        for count in counts:
            with self._env() as env:
                self._make_activity(env, count, first)

    def _make_contacts(self, count):
        """Make so many contacts.

        :return: the id of the first; the others follow
        """
        with self._env() as env, without_checks(env.cr, [CONTACT]):
            env.cr.execute(
                "SELECT setval('res_partner_id_seq',"
                " nextval('res_partner_id_seq') + %s)",
                [count],
            )
            first = env.cr.fetchone()[0] - count + 1
            with without_indexes(env.cr, [CONTACT]):
                env.cr.execute(CONTACTS, [first, first + count - 1])
        return first

    def _make_activity(self, env, counts, first_subject):
        """Make an activity, and consents of it.

        :param dict counts: how many consents, by what became of them
        :param int first_subject: id of the first contact
        """
        with without_checks(env.cr, [*TABLES, TAGS]):
            self._fill_activity(env, counts, first_subject)

    def _fill_activity(self, env, counts, first_subject):
        """Do :meth:`_make_activity` where PostgreSQL takes what it is given."""
        activity = self._make_activities(env, 1, len(counts))
        category = env["res.partner.category"].search([], order="id DESC", limit=1)
        activity.action_new_consents()
        consents = activity.consent_ids.sorted("id")
        for consent, what in zip(consents, counts, strict=True):
            consent.partner_id.write(
                {"email": f"reader{consent.partner_id.id}@example.com"}
            )
            self._have_happened(consent, what)
        env.flush_all()
        subject = first_subject
        for consent, count in zip(consents, counts.values(), strict=True):
            Copier(env.cr, consent.id).add(count, subject)
            subject += count
        env.cr.execute(FOUND, [category.id, first_subject, subject - 1])

    def _have_happened(self, consent, what):
        """Do with a consent that was asked what happens to many."""
        # It is there once Odoo is loaded.
        from odoo.addons.privacy_consent.models.privacy_consent_delivery import sending

        if what == "waiting":
            return
        mail = consent.request_ids.mail_id
        if what == "failed":
            reason = "550 5.1.1 The mailbox does not exist."
            mail.write({"state": "exception", "failure_reason": reason})
            consent.request_ids._follow()
            return
        mail.state = "sent"
        with sending(mail):
            consent._mail_delivered(mail, consent.partner_id)
        consent.request_ids._follow()
        if what == "bounced":
            reason = "550 5.1.1 The mailbox does not exist."
            consent.request_ids._bounced(True, reason, fields.Datetime.now())
            consent.request_ids._follow()
        if what in ("given", "refused", "suspected"):
            consent.action_answer(what != "refused", "192.0.2.7 Mozilla/5.0")
        if what in FACTS:
            consent.env.flush_all()
            consent.env.cr.execute(FACTS[what], [consent.id])
            consent.env.invalidate_all()
        if what == "archived":
            consent.active = False

    def storage(self):
        """:return: how many bytes a consent takes, of each table and of all"""
        with self._env() as env:
            consents = env["privacy.consent"].with_context(active_test=False)
            count = consents.search_count([])
            groups = {f"storage, {table}": [table] for table in TABLES}
            figures = {}
            for name, tables in {"storage": TABLES, **groups}.items():
                env.cr.execute(SIZES, [tables])
                rows, total = env.cr.fetchone()
                figures[name] = {
                    "bytes per consent": float(rows) / count,
                    "with indexes": float(total) / count,
                }
            return figures

    def spread(self):
        """Spread answers over a year, and give each an end: copies are of one day."""
        with self._env() as env:
            with without_checks(env.cr, ["privacy_consent"]):
                env.cr.execute(SPREAD)

    # Questions ------------------------------------------------------------------

    def ask_all(self, times):
        """Ask each question several times, and undo what it changes.

        :return: figures, and the slowest statement with how the database finds the
            answer, both by question
        """
        return self._ask_each(
            {
                "Stop, 40 % wait": lambda env: (
                    self._activity(env, LARGE).action_stop_asking()
                ),
                "Stop, 5 % wait": lambda env: (
                    self._activity(env, MIDDLE).action_stop_asking()
                ),
                **{
                    f"Filter {name}": partial(self._first_page, domain=domain)
                    for name, domain in FILTERS.items()
                },
                "Form of an activity": self._form,
                "Cards of all activities": self._cards,
                **{
                    f"Answers by {name}": partial(self._chart, by=by)
                    for name, by in CHARTS.items()
                },
                **{
                    f"All answers by {name}": partial(self._chart_all, by=by)
                    for name, by in ALL_CHARTS.items()
                },
                "List of all answers": self._list_all,
                "Dialog, 40 % wait": lambda env: (
                    self._activity(env, LARGE).action_confirm_new_consents()
                ),
                "Dialog, many to ask": self._dialog,
                "Daily run": lambda env: (
                    env(user=SUPERUSER_ID)["privacy.activity"]._cron_new_consents()
                ),
            },
            times,
        )

    def stop(self):
        """Press Stop where fewer wait, and let the scheduled action do the rest.

        :return: figures
        """
        start = time.perf_counter()
        with self._env() as env:
            self._activity(env, MIDDLE).action_stop_asking()
        longest = self._run_scheduled_actions()
        return {"s": time.perf_counter() - start, "longest run, s": longest}

    def ask_stopped(self, times):
        """Do :meth:`ask_all` with questions about what :meth:`stop` left."""
        return self._ask_each(
            {
                "Dialog of Continue, 5 % cancelled": lambda env: (
                    self._activity(env, MIDDLE).action_confirm_new_consents()
                )
            },
            times,
        )

    def _ask_each(self, questions, times):
        figures, plans = {}, {}
        for question, do in questions.items():
            figures[question], plans[question] = self._ask(do, times)
        return figures, plans

    def _activity(self, env, number):
        return env["privacy.activity"].search([], order="id")[number]

    def _dialog(self, env):
        """Open the dialog before asking, of an activity that now is for everybody."""
        activity = self._activity(env, OPENED)
        activity.subject_domain = "[]"
        assert activity.action_confirm_new_consents()["res_model"], "Nobody to ask"

    def _form(self, env):
        """Open a form, as the web client does."""
        activity = self._activity(env, OPENED)
        activity.web_read(self._specification_known(activity, "form"))
        activity.consent_progress()

    def _cards(self, env):
        """Open the menu with all activities."""
        activities = env["privacy.activity"]
        activities.web_search_read([], self._specification_known(activities, "kanban"))

    def _chart(self, env, by):
        """Open a chart of latest answers."""
        env["privacy.consent"].formatted_read_group(
            [("state", "=", "answered")], by, ["__count"]
        )

    def _chart_all(self, env, by):
        """Open a chart of all answers, not only the last ones."""
        events = env["privacy.consent.event"]
        events.formatted_read_group(ALL_ANSWERS, by, ["__count"])

    def _list_all(self, env):
        """Open the list of the same."""
        events = env["privacy.consent.event"]
        specification = self._specification_known(events, "list")
        events.web_search_read(ALL_ANSWERS, specification, limit=80, count_limit=10001)

    def _first_page(self, env, domain):
        """Do what the web client does when somebody chooses a filter."""
        consents = env["privacy.consent"]
        specification = self._specification_known(consents, "list")
        consents.web_search_read(domain, specification, limit=80, count_limit=10001)

    def _specification_known(self, records, kind):
        """:return: what a view reads: the web client keeps views that it has loaded"""
        key = records._name, kind
        if key not in self._specifications:
            self._specifications[key] = self._specification(records, kind)
        return self._specifications[key]

    def _ask(self, do, times):
        seconds = []
        for _ in range(times):
            with self._env() as env:
                do(env(user=ADMIN, su=False))  # what Odoo keeps in memory
                env.cr.flush()
                env.cr.rollback()
            with self._env() as env, _timed() as statements:
                start = time.perf_counter()
                do(env(user=ADMIN, su=False))
                env.cr.flush()
                seconds.append(time.perf_counter() - start)
                env.cr.rollback()
        figures = {"ms": 1000 * median(seconds), "statements": len(statements)}
        return figures, self._explain(max(statements)[1])

    def _explain(self, statement):
        """:return: a statement, and how the database finds the answer"""
        with self._env() as env:
            env.cr.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}")
            plan = "\n".join(line for (line,) in env.cr.fetchall())
            env.cr.rollback()
        return f"{statement.strip()[:STATEMENT_LENGTH]}\n\n{plan}"


@contextmanager
def _timed():
    """Note the statements that look for something, and how long each took."""
    statements = []
    thread = threading.current_thread()

    def note(cr, _query, _params, _start, delay):
        statement = cr._obj.query.decode()
        explained = statement.lstrip().startswith(("SELECT", "UPDATE", "WITH"))
        statements.append((delay if explained else 0, statement))

    thread.query_hooks = [note]
    try:
        yield statements
    finally:
        del thread.query_hooks


if __name__ == "__main__":
    main(MillionWorker, *sys.argv[1:])
