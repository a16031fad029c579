# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mails that failed for the time being, and when they are tried again."""

from datetime import timedelta

from odoo import api, fields, models

from ..smtp import retry
from ..smtp.recipients import failure_type


class MailMail(models.Model):
    _inherit = "mail.mail"

    queue_attempts = fields.Integer(
        string="Attempts",
        readonly=True,
        copy=False,
        help="How often sending failed so far.",
    )
    queue_next_attempt = fields.Datetime(
        string="Next attempt",
        readonly=True,
        copy=False,
        help="When the mail is tried again. Empty: it is sent as soon as possible.",
    )
    queue_refused = fields.Json(
        string="Refused recipients",
        readonly=True,
        copy=False,
        help="Who cannot get the mail, and why. They are not tried again.",
    )

    def _queue_store_failures(self, recipients):
        """Store why this claimed mail did not reach all its recipients.

        If there is somebody for whom it makes sense, it stays in the queue for another
        attempt.

        :param Recipients recipients: of it
        """
        now = fields.Datetime.now()
        temporary = [one for one in recipients.failures if not one.permanent]
        refused = recipients.refused + [
            one for one in recipients.failures if one.permanent
        ]
        attempts = self.queue_attempts + 1
        delay = temporary and retry.MAIL.delay(attempts, now - self.create_date)
        reasons = dict.fromkeys(failure.reason for failure in temporary + refused)
        values = {
            "failure_reason": "\n".join(reasons),
            "failure_type": failure_type(temporary + refused),
            "queue_attempts": attempts,
            "queue_next_attempt": False,
            "queue_refused": refused,
        }
        if delay:
            values["queue_next_attempt"] = now + delay
            self._queue_trigger(now + delay)
        else:
            values.update(state="exception", queue_effects_due=True)
        self.write(values)

    def _queue_commit_put_off(self, server):
        """Let these mails wait, whole, until their server is tried again."""
        outage = self.env["mail.queue.outage"]._of(server)
        self._queue_lock_unchanged().filtered(
            lambda mail: mail.state == "outgoing"
        ).write(
            {
                "queue_next_attempt": outage.next_attempt,
                "failure_reason": outage.reason,
            }
        )
        self._queue_commit()

    def _queue_commit_outage(self, route, mail):
        """Let these mails wait, because their server takes nothing from us.

        :param route: how they were to leave, with the reason
        :param mail: the mail that the server would not take, or none. It waits longer
            than the others, in case it is not us whom the server means after all, and
            so do those that the server refused alike just before.
        """
        outages = self.env["mail.queue.outage"]
        if mail._queue_lock_unchanged():
            # Whatever keeps secrets out of the reasons of mails does so here.
            mail.failure_reason = route.reason
            route.reason = mail.failure_reason
            self._queue_commit()
        outages._commit_unreachable(route.server, route.reason, route.probing)
        self._queue_commit_put_off(route.server)
        outage = outages._of(route.server)
        refused = mail | self.browse(route.session.refused_alike())
        for one in refused._queue_lock_unchanged():
            attempts = one.queue_attempts + 1
            at = outage.next_attempt or fields.Datetime.now()
            at += retry.REFUSED_US.delay(attempts)
            values = {
                "queue_attempts": attempts,
                "queue_next_attempt": at,
                "failure_reason": route.reason,
            }
            if one.state == "exception":
                values.update(state="outgoing", failure_type=False, queue_refused=False)
            if one.state in ("outgoing", "exception"):
                one.write(values)
                one._queue_trigger(at)
        self._queue_commit()

    @api.model
    def _queue_ask_again(self, servers):
        """Make mails due that wait for these servers, and never failed themselves.

        :param servers: the ``ir.mail_server``
        """
        waiting = self.search(
            [
                ("state", "=", "outgoing"),
                ("queue_next_attempt", "!=", False),
                ("queue_attempts", "=", 0),
                # The queue only finds out later where a mail without a server leaves.
                ("mail_server_id", "in", [False, *servers.ids]),
            ]
        )
        waiting._queue_lock_unchanged().queue_next_attempt = False
        self._queue_trigger()

    def _queue_commit_over_limit(self, route, over):
        """Let these mails wait, because the limits of their server allow no more.

        Each gets a time of its own: else all of them would be tried, and written, each
        time that one may leave.

        :param route: how they were to leave
        :param Counter over: by server how many wait already because of this run
        """
        server = route.server
        limits = server._queue_limits()
        at = route.departures.wait_until
        reason = self.env._("The limit of the mail server is reached.")
        mails = self._queue_lock_unchanged().filtered(
            lambda one: one.state == "outgoing"
        )
        for mail in mails:
            delays = [over[server] // limits[window] * window for window in limits]
            over[server] += 1
            mail.write(
                {
                    "queue_next_attempt": at + max(delays, default=timedelta()),
                    "failure_reason": reason,
                }
            )
        self._queue_trigger(at)
        self._queue_commit()
