# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests that a mail server took, and that did not arrive after all."""

import logging

from odoo import fields, models

from .privacy_consent_event import Event, append
from .privacy_consent_request import note

_logger = logging.getLogger(__name__)

# A server may write as much as it likes.
_REASON_LENGTH = 1000


class PrivacyConsentRequest(models.Model):
    _inherit = "privacy.consent.request"

    bounce_type = fields.Selection(
        selection=[("hard", "Permanent"), ("soft", "Temporary")],
        string="Bounce",
        readonly=True,
        help="Permanent: the address takes no mail. Temporary: the message did not "
        "arrive, for example because the mailbox was full.",
    )

    def _bounced(self, hard, reason, at):
        """Note that the message did not arrive. Doing it twice changes nothing.

        It may come from anybody: it never changes an answer.

        :param bool hard: whether the address takes no mail at all
        :param str reason: in the words of a mail server
        :param datetime at: when it was reported, UTC
        """
        self.ensure_one()
        consent = self.consent_id
        if consent.locked_until:
            return
        kind = "hard" if hard else "soft"
        if self.bounce_type in ("hard", kind):
            return
        if self.state not in ("delivered", "bounced"):
            return
        again = self.state == "bounced"
        reason = consent._without_links(reason or "")[:_REASON_LENGTH]
        _logger.info("Request %s bounced (%s).", self.id, kind)
        note(
            self,
            {
                "state": "bounced",
                "bounce_type": kind,
                "reason": reason,
                "ended_date": self.ended_date if again else at,
                "effects_due": True,
            },
        )
        consent._trigger_effects()
        if again:
            return
        append(
            self.env,
            [
                Event(
                    kind="bounced",
                    by="system",
                    activity=consent.activity_id,
                    consent=consent,
                    request_uuid=self.uuid,
                    person={
                        "name": consent.subject_name,
                        "email": self.address,
                        "note": reason,
                    },
                    at=at,
                )
            ],
        )
