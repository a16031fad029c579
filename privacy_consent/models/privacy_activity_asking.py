# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking the subjects of an activity: start, batches, progress, stop and continue."""

from collections import Counter
from datetime import timedelta
from math import ceil

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Domain

from ..queue_forecast import seconds_until_sent
from .privacy_activity_run import is_conflict
from .privacy_consent_request import OPEN

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

    queue_warning = fields.Text(
        string="The mail queue does not send",
        compute="_compute_queue_warning",
        compute_sudo=True,
        help="What keeps the mail queue from sending. Empty: nothing does.",
        exportable=False,
    )

    def _compute_queue_warning(self):
        crons = self.env["ir.cron"]
        # The addon mail_queue_safe knows.
        known = hasattr(crons, "_mail_queue_warning")
        self.queue_warning = known and crons._mail_queue_warning()

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
                activity.asking_state = (
                    activity._origin._open_requests(limit=1) and "waiting"
                )

    # Starting ---------------------------------------------------------------------

    def action_new_consents(self):
        """Create the consents that are missing, and ask for those of automatic ones.

        A batch of each activity is made at once, the rest in the background.

        :return: the action that shows the consents just created
        :rtype: dict
        :raise UserError: for activities that are stopped, or whose controller has no
            usable address
        """
        self._check_not_stopped()
        self._check_sender()
        return self._generate_at_once()

    def _check_not_stopped(self):
        """Refuse to ask about activities that are stopped.

        :raise UserError: naming them
        """
        stopped = self.filtered("asking_stopped")
        if stopped:
            raise UserError(
                self.env._(
                    "Asking about “%s” was stopped: press “Continue” there first.",
                    ", ".join(stopped.mapped("name")),
                )
            )

    def action_continue_asking(self):
        """Go on after :meth:`action_stop_asking`, also with those who were cancelled.

        :return: as of :meth:`action_new_consents`
        """
        self.env["privacy.consent"].check_access("create")
        self._check_sender()
        stopped = self.filtered("asking_stopped")
        stopped.asking_stopped = False
        return self._generate_at_once(stopped)

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
        for run in runs:
            activity = run.activity_id.with_env(self.env)
            try:
                consents += run._begin_batch(activity)
            except IntegrityError as error:
                if not is_conflict(error):
                    raise
                # A subject was merged or deleted meanwhile: Odoo tries all again.
                raise ConcurrencyError(activity.id) from error
        if any(runs.mapped("pending")):
            runs._trigger()
        name = self.env._("New Consents")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "privacy_consent.consent_action"
            ),
            "domain": [("id", "in", consents.ids)],
            "name": name,
            # The web client shows this one.
            "display_name": name,
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
        :raise UserError: if the controller has no usable address
        """
        self.ensure_one()
        self.env["privacy.consent"].check_access("create")
        self._check_sender()
        missing = self._count_subjects_missing()
        unasked = self._count_consents_to_ask()
        # What follows by itself goes on, too.
        going_on = self.asking_stopped and self.active and self.consent_required
        mails = self._forecast_life(self, asks=True)["mails"] if going_on else 0
        if not missing and not unasked and not mails:
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
                "unasked_count": unasked,
                "mail_count": mails,
                "stopped": self.asking_stopped,
                "last_mail_date": self._forecast_last_mail({self: missing + unasked}),
            }
        )
        return wizard._get_records_action(
            name=self.env._("Ask for consent"), target="new", context={}
        )

    @api.model
    def _forecast_last_mail(self, counts):
        """Tell when so many more mails will roughly have left.

        :param dict counts: the number of mails by activity
        :rtype: datetime
        """
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
            mails_sudo.search_count([("state", "=", "outgoing")])
            + sum(counts.values()),
            recent_sudo.mapped("sent_date"),
            runs_to_the_end="queue_attempts" in mails_sudo._fields,
        )
        last = fields.Datetime.now() + timedelta(seconds=ceil(seconds))
        return max([last, *self._forecast_by_limits(counts)])

    @api.model
    def _forecast_by_limits(self, counts):
        """:return: until when each mail server's limits let so many more mails leave"""
        servers_sudo = self.env["ir.mail_server"].sudo()
        # The addon mail_queue_safe has limits.
        if not hasattr(servers_sudo, "_queue_forecast"):
            return []
        by_server = Counter()
        for activity, count in counts.items():
            by_server[activity._request_server_sudo()] += count
        return [server._queue_forecast(count) for server, count in by_server.items()]

    def _request_server_sudo(self):
        """:return: the server through which the requests leave; none for Odoo's own"""
        servers_sudo = self.env["ir.mail_server"].sudo()
        template_sudo = self.sudo().consent_template_id
        if template_sudo.mail_server_id or not servers_sudo.search_count([], limit=1):
            return template_sudo.mail_server_id
        server_sudo, _sender = servers_sudo._find_mail_server(self._sender() or "")
        return server_sudo or servers_sudo

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
        waiting = self._count_open_requests()
        leaving = self._withdraw_requests()
        message = self.env._(
            "Stopped. Requests cancelled: %(cancelled)s. Had left already, or are "
            "leaving at this moment: %(left)s.",
            cancelled=waiting - leaving,
            left=self._count_sent() + leaving,
        )
        self._message_log(body=message)
        return self._tell_user(message)

    def _count_sent(self):
        """:return: how many people got a request, whatever the reader may see"""
        consents_sudo = self.env["privacy.consent"].sudo()
        asked = Domain("activity_id", "=", self.id)
        sent = Domain("sent_date", "!=", False)
        archived = Domain("active", "=", False) & Domain("merged_into_id", "=", False)
        # One after the other, so that PostgreSQL uses the index of each.
        return sum(
            consents_sudo.search_count(asked & condition)
            for condition in (
                sent & Domain("active", "=", True),
                sent & archived,
                # What follows a delivery may be still to do.
                Domain("sent_date", "=", False)
                & Domain("request_ids", "any", [("effects_due", "=", True)]),
            )
        )

    def _cancel_if_off(self, vals):
        """Cancel what has not left when an activity is archived or switched off.

        :param dict vals: what was written
        """
        off = "active" in vals and not vals["active"]
        if off or ("consent_required" in vals and not vals["consent_required"]):
            for activity in self:
                waiting = activity._count_open_requests()
                if waiting:
                    leaving = activity._withdraw_requests()
                    activity._message_log(
                        body=self.env._("Requests cancelled: %s.", waiting - leaving)
                    )

    def _asks_nobody(self):
        """:return: whether nobody is to be asked about this activity"""
        return self.asking_stopped or not self.active or not self.consent_required

    def _withdraw_requests(self):
        """Cancel what has not left: some at once, and the rest in the background.

        Nothing leaves meanwhile: the mail queue asks before it sends.

        :return: how many of those that were looked at are leaving at this moment
        :rtype: int
        """
        seen, cancelled = self._cancel_open_requests()
        if len(seen) == _CANCELLED_AT_ONCE:
            runs_sudo = self.env["privacy.activity.generation"].sudo()
            runs_sudo._ensure(self)
            runs_sudo.search([("activity_id", "=", self.id)]).pending = True
            runs_sudo._trigger()
        return len(seen - cancelled)

    def _cancel_open_requests(self):
        """Cancel a batch of what has not left.

        :return: the requests that were looked at, and those of them that are cancelled
        """
        seen_sudo = self._open_requests(_CANCELLED_AT_ONCE)
        cause = "stopped" if self.asking_stopped else "off"
        return seen_sudo, seen_sudo._cancel(cause)

    def _open_requests(self, limit=None):
        """:return: the requests that are still to come, with superuser rights"""
        requests_sudo = self.env["privacy.consent.request"].sudo()
        # in the order of their index
        return requests_sudo.search(
            self._open_domain(), order="consent_id.id", limit=limit
        )

    def _count_open_requests(self):
        requests_sudo = self.env["privacy.consent.request"].sudo()
        return requests_sudo.search_count(self._open_domain())

    def _open_domain(self):
        return [("activity_id", "=", self.id), ("state", "in", OPEN)]
