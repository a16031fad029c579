# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long a consent counts, and what happens when it ends by itself."""

from odoo import fields, models
from odoo.tools import SQL

from ..calendar_months import add_months
from .privacy_consent import store
from .privacy_consent_event import Event, append
from .privacy_consent_request import end_rounds


def _is_made_anew(request):
    """:return: whether a request tells the end of a consent, and can be made anew"""
    made = request.text_id and not request.occasion
    return bool(made and request.activity_id.consent_template_id)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    renewal_looked = fields.Boolean(
        readonly=True,
        copy=False,
        help="The person was asked again before the consent ends, or could not be.",
        exportable=False,
    )

    _valid_until_idx = models.Index(
        "(activity_id, valid_until) WHERE status = 'given' AND valid_until IS NOT NULL"
    )
    _renewal_idx = models.Index(
        "(activity_id, valid_until) WHERE status = 'given' AND valid_until IS NOT NULL"
        " AND renewal_looked IS NOT TRUE"
    )

    def _end_of_validity(self, answered_at):
        """Reckon when a consent ends that was given at a moment.

        :param datetime answered_at: UTC; or a false value if nobody knows
        :return: a moment, UTC; False if it has no end
        """
        activity_sudo = self.activity_id.sudo()
        # The table compares it with the activity as it is stored.
        activity_sudo.flush_recordset(["validity_months"])
        months = activity_sudo.validity_months
        if not answered_at or not months:
            return False
        zone = activity_sudo.controller_id.tz or "UTC"
        # UTC for a time zone that was renamed since it was chosen: no answer is lost.
        return add_months(answered_at, months, self.with_context(tz=zone).env.tz)

    def _recompute_validity(self):
        """Reckon anew when these consents end, after the activity says otherwise."""
        consents = self._lock().filtered(lambda one: one.status == "given")
        ends = [
            (one.id, one._end_of_validity(one.answer_date) or None) for one in consents
        ]
        if not ends:
            return
        self.flush_model(["renewal_looked", "valid_until"])
        self.env["privacy.consent.request"].flush_model(["cause", "occasion"])
        # Whoever was asked before the same end is not asked again.
        self.env.cr.execute(
            SQL(
                """
                UPDATE privacy_consent AS consent
                   SET valid_until = validity.ends, renewal_looked = EXISTS (
                           SELECT FROM privacy_consent_request AS asked
                            WHERE asked.consent_id = consent.id
                              AND asked.kind = 'renewal'
                              AND asked.occasion
                                  = to_char(validity.ends, 'YYYY-MM-DD HH24:MI:SS')
                              AND asked.cause IS DISTINCT FROM 'replaced'
                       )
                  FROM (VALUES %s) AS validity (id, ends)
                 WHERE consent.id = validity.id
                   AND consent.valid_until IS DISTINCT FROM validity.ends
             RETURNING consent.id
                """,
                SQL(", ").join(SQL("(%s, %s::timestamp)", *one) for one in ends),
            ),
            log_exceptions=False,
        )
        changed = self.browse(consent_id for (consent_id,) in self.env.cr.fetchall())
        self.invalidate_model(["renewal_looked", "valid_until"])
        # What waits tells people another end. Renewals follow when their time has come.
        waiting_sudo = changed._open_requests().filtered("mail_id")
        replaced_sudo = waiting_sudo._cancel("replaced")
        replaced_sudo.filtered(lambda one: not one.occasion)._ask_anew()

    def _expire(self):
        """End consents whose time is over. Doing it twice changes nothing.

        Where a mail is leaving at this moment, a consent ends with the next run. People
        are asked all the same, but not by a renewal, or reminded of one.

        :return: those that ended
        """
        # Mails are locked before consents.
        self._open_requests().filtered("occasion")._cancel("expired")
        replaced_sudo = (
            self._open_requests().filtered(_is_made_anew)._cancel("replaced")
        )
        now = fields.Datetime.now()
        given = self._lock().filtered(
            lambda one: one.status == "given" and one.valid_until <= now
        )
        asking_sudo = given._open_requests()
        given -= asking_sudo.filtered(
            lambda one: one.occasion or _is_made_anew(one)
        ).consent_id
        # Somebody may have answered while the validity changed.
        given._recompute_validity()
        ended = given.filtered(lambda one: one.valid_until and one.valid_until <= now)
        ended._note_expired()
        replaced_sudo.filtered(lambda one: not one._hindrance())._ask_anew()
        return ended

    def _note_expired(self):
        """Store that these consents have ended, and do what follows."""
        if not self:
            return
        append(
            self.env,
            [
                Event(
                    kind="expired",
                    by="system",
                    activity=consent.activity_id,
                    consent=consent,
                    person=consent._person(),
                )
                for consent in self
            ],
        )
        store(
            self.with_context(tracking_disable=True),
            {"accepted": False, "status": "expired"},
        )
        end_rounds(self)
        self._log_kind("expired")
        self._run_action()
