# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Runs that generate the consents of an activity, batch by batch."""

import logging
import time

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..reasons import reason_of
from .one_process import in_one_process

_logger = logging.getLogger(__name__)

# Where somebody else asked, merged or deleted one of the subjects meanwhile.
_CONSTRAINTS = (
    "privacy_consent_unique_subject_activity",
    "privacy_consent_partner_id_fkey",
)
_CONFLICTS_IN_A_ROW = 5
# A transaction looks at so many activities, or for so many seconds, for one where
# somebody is missing.
_LOOK_AHEAD = 25
_LOOK_SECONDS = 3


def is_conflict(error):
    """Tell whether what fails with this error will work on fresh data.

    :param Exception error: what was raised
    :rtype: bool
    """
    return isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY) or (
        isinstance(error, psycopg2.IntegrityError)
        and error.diag.constraint_name in _CONSTRAINTS
    )


class PrivacyActivityGeneration(models.Model):
    """The run of one activity: where it is, and for whom.

    Who works for an activity first locks this row, and then looks who is missing. So
    two transactions never generate for the same activity, what one sees is never
    outdated by the other, and the activity itself is never locked.
    """

    _name = "privacy.activity.generation"
    _description = "Generation of the consents of an activity"
    _rec_name = "activity_id"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity", required=True, ondelete="cascade"
    )
    pending = fields.Boolean(string="Unfinished")
    last_consent_id = fields.Integer(
        string="Last consent",
        help="Who has a consent up to this one and was not asked was asked again.",
    )
    start_date = fields.Datetime(string="Last run")
    turn = fields.Integer(help="The run with the smallest number is continued next.")
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Started by",
        ondelete="set null",
        help="The run sees the contacts that this user may see.",
    )
    company_ids = fields.Json(
        string="Companies", help="The companies this user had chosen."
    )
    last_partner_id = fields.Integer(
        string="Last contact", help="Contacts up to this one were looked at."
    )
    generated_count = fields.Integer(
        string="Generated", help="Consents that this run generated so far."
    )
    missing_count = fields.Integer(
        string="Missing", help="Contacts that are still to be asked, if any."
    )
    error = fields.Text(string="Failure", help="Why the last run failed.")

    _unique_activity = models.Constraint("UNIQUE(activity_id)")
    _pending_idx = models.Index("(turn, id) WHERE pending")

    @api.model
    def _begin(self, activities, stopped=()):
        """Begin a run for each activity, and lock it.

        It leaves out those whose run another transaction continues at this moment. It
        waits for one that just begins a run, or is about to stop. Where something
        changed meanwhile, Odoo repeats the transaction.

        :param activities: with the rights with which the runs look for subjects
        :param stopped: those of them where nobody may begin another batch
        :return: the locked runs
        :raise SerializationFailure: if one changed since this transaction began
        """
        env = activities.env
        self._ensure(activities)
        wanted = SQL("activity_id IN %s", tuple(activities.ids) or (None,))
        begun = SQL(
            "COALESCE(GREATEST(last_partner_id, last_consent_id), 0) > 0"
            " AND activity_id NOT IN %s",
            tuple(activity.id for activity in stopped) or (0,),
        )
        runs = self._lock(SQL("%s AND NOT (%s)", wanted, begun), wait=True)
        runs += self._lock(SQL("%s AND %s", wanted, begun))
        activities.invalidate_recordset(["generation_ids"])
        runs.write(
            {
                "pending": True,
                "start_date": fields.Datetime.now(),
                "turn": self._last_turn() + 1,
                "user_id": SUPERUSER_ID if env.su else env.uid,
                "company_ids": env.context.get("allowed_company_ids"),
                "last_consent_id": 0,
                "last_partner_id": 0,
            }
        )
        return runs

    def _ensure(self, activities):
        """Have a row for each of these activities.

        :raise SerializationFailure: if somebody else just made one
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "INSERT INTO privacy_activity_generation (activity_id)"
                " SELECT id FROM privacy_activity AS activity WHERE id IN %s"
                # A row that somebody is changing would have to be waited for.
                " AND NOT EXISTS (SELECT FROM privacy_activity_generation AS run"
                " WHERE run.activity_id = activity.id)"
                " ORDER BY id ON CONFLICT DO NOTHING",
                tuple(activities.ids) or (None,),
            ),
            log_exceptions=False,
        )

    def _check_nothing_new(self, activity):
        """Make sure that this transaction sees every batch that is committed.

        One that still is at work finds out in the end that it has to stop.

        :raise SerializationFailure: if it does not; Odoo tries all again
        """
        self._lock(SQL("activity_id = %s", activity.id))

    def _lock(self, condition, limit=None, wait=False):
        """Lock runs that nobody else is working at, until the end of the transaction.

        :param SQL condition: which
        :param int limit: how many, those first that waited longest
        :param bool wait: lock also those that others are working at, after them
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT id FROM privacy_activity_generation WHERE %s"
                " ORDER BY turn, id LIMIT %s FOR NO KEY UPDATE %s",
                condition,
                limit,
                SQL() if wait else SQL("SKIP LOCKED"),
            ),
            log_exceptions=False,
        )
        return self.browse(run_id for (run_id,) in self.env.cr.fetchall())

    def _last_turn(self):
        return self.search([], order="turn DESC", limit=1).turn

    @api.model
    def _continue_all(self, beginning=None):
        """Continue the unfinished runs in turn, a batch each, until all are finished.

        In a scheduled action each batch is a transaction of its own, and when the time
        is over the rest is left to the next one, which follows at once. Called
        otherwise, all happens in the transaction of the caller.

        :param beginning: activities for which a run begins first
        """
        scheduled = "ir_cron_progress_id" in self.env.context
        progress = self.env["ir.cron"]
        if scheduled:
            progress._commit_progress()
        time_left = True
        conflicts = 0
        while time_left and conflicts < _CONFLICTS_IN_A_ROW:
            try:
                if beginning:
                    self._begin(beginning)
                elif not (looked := self._take_turns()):
                    return
                if scheduled:
                    time_left = progress._commit_progress(0 if beginning else looked)
            except psycopg2.Error as error:
                if not scheduled or not is_conflict(error):
                    raise
                self.env.cr.rollback()
                _logger.info("Generating consents: %s", type(error).__name__)
                conflicts += 1
                continue
            beginning = None
            conflicts = 0
        self._trigger()
        progress._commit_progress()

    def _trigger(self):
        """Have unfinished runs continued once this transaction is committed."""
        self.env.ref("privacy_consent.cron_continue_consents").sudo()._trigger()

    @api.model
    def _take_turns(self):
        """Do one batch, and finish the runs before it where nobody is missing.

        A run that fails is ended, says so on its activity, and stops no other.

        :return: the number of runs that were looked at
        :rtype: int
        """
        runs = self._lock(SQL("pending"), _LOOK_AHEAD)
        idle = self.browse()
        end = time.monotonic() + _LOOK_SECONDS
        try:
            with in_one_process(self.env.cr), self.env.cr.savepoint():
                for run in runs:
                    if run._work():
                        break
                    idle += run
                    if time.monotonic() > end:
                        break
        except Exception as error:
            if is_conflict(error):
                raise
            run._fail(error)
        idle._finish()
        return len(runs)

    def _work(self):
        """Do one batch.

        :return: whether there was anything to do
        :rtype: bool
        """
        activity = self._activity_as_user()
        if activity._asks_nobody():
            _seen, cancelled = activity._cancel_open_requests()
            if cancelled or not activity.asking_stopped:
                return bool(cancelled)
            # Followers are told when it is through, after somebody continued.
            self.pending = False
            return True
        activity._check_sender()
        return bool(self._ask_unasked(activity) or self._generate(activity))

    def _activity_as_user(self):
        """:return: the activity, with the rights and in the language of the user"""
        user = self.user_id
        if not user:
            raise UserError(
                self.env._("Whoever started it was deleted: somebody else has to.")
            )
        companies = (
            {"allowed_company_ids": self.company_ids} if self.company_ids else {}
        )
        return (
            self.activity_id.with_user(user)
            .sudo(user._is_superuser())
            .with_context(lang=user.lang, tz=user.tz, **companies)
        )

    def _finish(self, error=False):
        """End these runs, and tell the followers of their activities what they did.

        :param str error: why they failed
        """
        for run in self.filtered("generated_count"):
            run._tell_followers()
        self.write(
            {
                "pending": False,
                "last_consent_id": 0,
                "last_partner_id": 0,
                "generated_count": 0,
                "missing_count": 0,
                "error": error,
            }
        )

    def _fail(self, error):
        """End this run, and say why on its activity."""
        _logger.warning(
            "The consents of activity %s cannot be generated: %s. See there.",
            self.activity_id.id,
            type(error).__name__,
        )
        text = reason_of(error)
        # Not each day again.
        if self.error != text:
            self.activity_id._message_log(
                body=self.env._("The missing consents could not be generated: %s", text)
            )
        self._finish(text)

    def _tell_followers(self):
        """Tell the followers of the activity how many people this run newly asks."""
        # also for a user who was deleted or has lost the right to the activity
        user = self.user_id or self.env["res.users"].browse(SUPERUSER_ID)
        activity = self.activity_id.with_user(user).sudo().with_context(lang=user.lang)
        count = self.generated_count
        if activity.consent_required == "auto":
            body = (
                activity.env._("One person asked.")
                if count == 1
                else activity.env._("%s people asked.", count)
            )
        else:
            body = (
                activity.env._("One person to be asked by hand.")
                if count == 1
                else activity.env._("%s people to be asked by hand.", count)
            )
        activity.with_context(mail_notify_force_send=False).message_post(
            body=body,
            subtype_id=self.env.ref("privacy_consent.mt_activity_consent_new").id,
        )
        self.env["privacy.consent"]._trigger_mail_queue()
