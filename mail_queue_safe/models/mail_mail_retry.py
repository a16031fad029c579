# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mails that failed for the time being, and when they are tried again."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from odoo import fields, models

from .. import delivery as deliveries
from .. import retry_policy


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

    def mark_outgoing(self):
        """Begin anew to try."""
        self._queue_lock_unsent().write(
            {
                "queue_attempts": 0,
                "queue_next_attempt": False,
                "queue_refused": False,
            }
        )
        return super().mark_outgoing()

    def action_retry(self):
        """Try again at once what failed, for good or for the time being."""
        return self.filtered(
            lambda mail: mail.state == "exception"
            or (mail.state == "outgoing" and mail.queue_next_attempt)
        ).mark_outgoing()

    def _queue_refused_by(self, partner):
        """Tell which addresses of a recipient were refused for good.

        :param partner: a ``res.partner``, or nothing for the addresses of the mail
        :return: normalized addresses, or None for a whole message
        """
        partner_id = partner.id if partner else None
        return [
            failure[0]
            for failure in self.queue_refused or []
            if failure[1] == partner_id
        ]

    def _queue_store_failures(self, failures):
        """Store why this claimed mail did not reach all its recipients.

        If there is somebody for whom it makes sense, it stays in the queue for another
        attempt.

        :param failures: each :class:`..delivery.Failure` of this run
        """
        now = fields.Datetime.now()
        refused = [deliveries.Failure(*failure) for failure in self.queue_refused or []]
        refused += [failure for failure in failures if failure.permanent]
        temporary = [failure for failure in failures if not failure.permanent]
        attempts = self.queue_attempts + 1
        delay = temporary and retry_policy.MAIL.delay(attempts, now - self.create_date)
        reasons = dict.fromkeys(failure.reason for failure in temporary + refused)
        values = {
            "failure_reason": "\n".join(reasons),
            "failure_type": deliveries.failure_type(temporary + refused),
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
