# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking the subjects of an activity: start, batches, progress, stop and continue."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from datetime import timedelta
from math import ceil

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import split_every

from .. import links
from ..queue_forecast import seconds_until_sent
from .privacy_activity_run import is_conflict

_CANCELLED_AT_ONCE = 1000
# of so many consents sent last one sees how fast the mail queue is
_RECENTLY_SENT = 500


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    asking_stopped = fields.Boolean(
        string="Asking is stopped",
        readonly=True,
        copy=False,
        help="Nobody new is asked until somebody presses Continue.",
    )
    generation_ids = fields.One2many(
        comodel_name="privacy.activity.generation",
        inverse_name="activity_id",
        string="Runs",
        groups="base.group_system",
        help="The last run, if there was one.",
    )
    asking_state = fields.Selection(
        string="Asking",
        selection=[
            ("running", "Generating"),
            ("waiting", "Requests are waiting to be sent"),
            ("stopped", "Stopped"),
        ],
        compute="_compute_asking",
        compute_sudo=True,
        help="Empty: there is nothing to do.",
    )
    asking_error = fields.Text(
        string="Generating failed",
        compute="_compute_asking",
        compute_sudo=True,
        help="Why the missing consents could not be generated.",
    )

    @api.depends("asking_stopped", "generation_ids.error", "generation_ids.pending")
    def _compute_asking(self):
        for activity in self:
            run = activity.generation_ids
            activity.asking_error = not run.pending and run.error
            if activity.asking_stopped:
                activity.asking_state = "stopped"
            elif run.pending:
                activity.asking_state = "running"
            else:
                # One is enough, whichever is found first, whatever it says: to read
                # the mails of others takes long.
                waiting = activity._origin._mails_domain("outgoing")
                activity.asking_state = (
                    self.env["mail.mail"].search_count(waiting, limit=1) and "waiting"
                )

    # Starting ---------------------------------------------------------------------

    def action_new_consents(self):
        """Create the consents that are missing, and ask for those of automatic ones.

        A batch of each activity is made at once, the rest in the background.

        :return: the action that shows the consents just created
        :rtype: dict
        :raise UserError: for activities that are stopped
        """
        stopped = self.filtered("asking_stopped")
        if stopped:
            raise UserError(
                self.env._(
                    "Asking about “%s” was stopped: press “Continue” there first.",
                    ", ".join(stopped.mapped("name")),
                )
            )
        return self._generate_at_once()

    def action_continue_asking(self):
        """Go on after :meth:`action_stop_asking`, also with what was cancelled.

        :return: as of :meth:`action_new_consents`
        """
        action = self._generate_at_once(stopped=self.filtered("asking_stopped"))
        self.asking_stopped = False
        return action

    def _generate_at_once(self, stopped=()):
        """Begin runs, and do the first batch of each.

        :param stopped: those that continue
        :return: as of :meth:`action_new_consents`
        """
        consents = self.env["privacy.consent"]
        consents.check_access("create")
        runs = (
            self.env["privacy.activity.generation"]
            .sudo()
            ._begin(
                self.filtered(lambda one: one.active and one.consent_required), stopped
            )
        )
        runs.filtered(lambda run: run.activity_id in stopped)._resume_later()
        for run in runs:
            activity = run.activity_id.with_env(self.env)
            try:
                run._resume(activity)
                generated = run._generate(activity)
            except IntegrityError as error:
                if not is_conflict(error):
                    raise
                # A subject was merged or deleted meanwhile: Odoo tries all again.
                raise ConcurrencyError(activity.id) from error
            if not generated and not run.resuming:
                run._finish()
            consents += generated
        if any(runs.mapped("pending")):
            runs._trigger()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "privacy_consent.consent_action"
            ),
            "domain": [("id", "in", consents.ids)],
            "name": self.env._("New Consents"),
            "context": {},
            "help": self.env._(
                "Nobody new to ask: everybody whom the filter finds was asked already, "
                "or has no e-mail address. Or somebody else has just started, and the "
                "consents appear in a moment."
            ),
        }

    def action_confirm_new_consents(self):
        """Say how many people will be asked, and until when, before they are.

        :return: the action that opens the dialog; if there is nobody, a notification
        :rtype: dict
        """
        self.ensure_one()
        self.env["privacy.consent"].check_access("create")
        missing = self._count_subjects_missing()
        cancelled = self.asking_stopped and self.env["mail.mail"].sudo().search_count(
            self._cancelled_requests_domain()
        )
        if not missing and not cancelled:
            self.asking_stopped = False
            return self._tell_user(
                self.env._(
                    "Nobody new to ask: everybody whom the filter finds was asked "
                    "already, or has no e-mail address."
                )
            )
        wizard = self.env["privacy.consent.ask"].create(
            {
                "activity_id": self.id,
                "subject_count": missing,
                "cancelled_count": cancelled,
                "stopped": self.asking_stopped,
                "last_mail_date": self._forecast_last_mail(missing + cancelled),
            }
        )
        return {
            "name": self.env._("Ask for consent"),
            "type": "ir.actions.act_window",
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def _forecast_last_mail(self, count):
        """:return: when so many more mails will roughly have left"""
        mails_sudo = self.env["mail.mail"].sudo()
        recent_sudo = (
            self.env["privacy.consent"]
            .sudo()
            .search(
                [("sent_date", "!=", False)],
                order="sent_date desc",
                limit=_RECENTLY_SENT,
            )
        )
        seconds = seconds_until_sent(
            mails_sudo.search_count([("state", "=", "outgoing")]) + count,
            recent_sudo.mapped("sent_date"),
            runs_to_the_end="queue_attempts" in mails_sudo._fields,
        )
        return fields.Datetime.now() + timedelta(seconds=ceil(seconds))

    @api.model
    def _tell_user(self, message, kind="info"):
        """:return: the action that shows a message, and then the form anew"""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    @api.model
    def _cron_new_consents(self):
        """Generate and enqueue what is missing for all automatic activities.

        It also continues what is unfinished. An activity that fails says so in its
        thread and stops no other.
        """
        self.env["privacy.activity.generation"]._continue_all(
            self.search(
                [("consent_required", "=", "auto"), ("asking_stopped", "=", False)]
            )
        )

    @api.model
    def _cron_continue_consents(self):
        """Continue what is unfinished, after a batch or a restart."""
        self.env["privacy.activity.generation"]._continue_all()

    # Progress ---------------------------------------------------------------------

    @api.readonly
    def consent_progress(self):
        """Count for the progress bar.

        :return: ``state`` as of ``asking_state``, and the numbers of people:
            ``eligible``, of these ``generated``, of these ``sent``, of these
            ``answered``
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        counts = dict(
            self.env["privacy.consent"]._read_group(
                [("activity_id", "=", self.id)], ["state"], ["__count"]
            )
        )
        generated = sum(counts.values())
        answered = counts.get("answered", 0)
        return {
            "state": self.asking_state,
            "eligible": generated + self.sudo().generation_ids.missing_count,
            "generated": generated,
            "sent": counts.get("sent", 0) + answered,
            "answered": answered,
        }

    # Stopping ---------------------------------------------------------------------

    def action_stop_asking(self):
        """Generate no more, and cancel the requests that have not left.

        :return: the action that tells the user how many had left
        :rtype: dict
        """
        self.ensure_one()
        self.env["privacy.consent"].check_access("write")
        runs_sudo = self.env["privacy.activity.generation"].sudo()
        # Before anything is locked: it waits for who just begins the first run.
        runs_sudo._ensure(self)
        self.asking_stopped = True
        self.flush_recordset()
        runs_sudo._check_nothing_new(self)
        cancelled = self._cancel_waiting_requests()
        message = self.env._(
            "Stopped. Requests cancelled: %(cancelled)s. Had left already, or are "
            "leaving at this moment: %(left)s.",
            cancelled=cancelled,
            left=self._count_sent() + len(self._waiting_requests()),
        )
        self._message_log(body=message)
        return self._tell_user(message)

    def _count_sent(self):
        """:return: how many people got a request, whatever the reader may see"""
        return (
            self.env["privacy.consent"]
            .sudo()
            .with_context(active_test=False)
            .search_count(
                [
                    ("activity_id", "=", self.id),
                    ("state", "!=", "draft"),
                    ("merged_into_id", "=", False),
                ]
            )
        )

    def _cancel_waiting_requests(self):
        """Cancel the requests that have not left.

        :return: their number
        :rtype: int
        """
        cancelled = 0
        # The queue takes the oldest first, so only the last of these may be leaving.
        for mails in split_every(
            _CANCELLED_AT_ONCE,
            self._waiting_requests().ids,
            self.env["mail.mail"].sudo().with_context(prefetch_fields=False).browse,
        ):
            locked = mails._lock_unchanged()
            locked.cancel()
            locked.consent_stopped = True
            cancelled += len(locked)
        return cancelled

    def _waiting_requests(self):
        """:return: the requests that are still in the mail queue, newest first, as
        superuser
        """
        mails_sudo = self.env["mail.mail"].sudo()
        return mails_sudo.search(self._requests_domain("outgoing"), order="id DESC")

    def _cancelled_requests_domain(self):
        """:return: a domain on the requests that stopping cancelled"""
        drafts = [("active", "=", True), ("state", "=", "draft")]
        return [("consent_stopped", "=", True), *self._mails_domain("cancel", drafts)]

    def _requests_domain(self, state):
        """:return: a domain on the requests of this activity, among its mails"""
        return [
            ("body_html", "like", links.placeholder.ACCEPT),
            *self._mails_domain(state),
        ]

    def _mails_domain(self, state, consents_domain=()):
        """:return: a domain on the mails about the consents of this activity

        :param str state: of the mail
        :param consents_domain: on the consents
        """
        consents = self.env["privacy.consent"].sudo().with_context(active_test=False)
        consents_query = consents._search(
            [("activity_id", "=", self.id), *consents_domain]
        )
        return [
            ("state", "=", state),
            ("model", "=", consents._name),
            ("res_id", "in", consents_query.subselect("id")),
        ]

    def _enqueue_cancelled_requests(self, after, limit):
        """Enqueue requests again that were cancelled before they left.

        :param int after: leave out mails whose id is not greater
        :param int limit: how many at most
        :return: those that were looked at
        """
        mails = (
            self.env["mail.mail"]
            .sudo()
            .search(
                [("id", ">", after), *self._cancelled_requests_domain()],
                order="id",
                limit=limit,
            )
        )
        consents = self.env["privacy.consent"].browse(mails.mapped("res_id"))
        asked_again = set(consents._waiting_requests().mapped("res_id"))
        # The last one of somebody who was asked again, and stopped again.
        last = {mail.res_id: mail.id for mail in mails}
        again = mails.filtered(
            lambda mail: mail.res_id not in asked_again and mail.id == last[mail.res_id]
        )
        # What was cancelled before the text changed is made anew.
        texts_sudo = self._store_texts()
        outdated = again.consent_request_ids.filtered(
            lambda one: one.text_id and one.text_id not in texts_sudo
        )
        (again - outdated.mail_id).mark_outgoing()
        outdated.consent_id.with_env(self.env)._send_consent_notification()
        mails.consent_stopped = False
        consents._trigger_mail_queue()
        return mails
