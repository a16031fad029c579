# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many consents will end, and how many mails will leave, and when."""

from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from .privacy_consent_reminders import ROUNDS, SILENT

# The condition that somebody may be asked with a consent.
_ASKABLE = SQL(
    """
    consent.active AND consent.merged_into_id IS NULL AND consent.locked_until IS NULL
    AND EXISTS (
            SELECT FROM res_partner AS subject
             WHERE subject.id = consent.partner_id AND subject.active
               AND coalesce(subject.email, '') <> '' AND NOT EXISTS (
                       SELECT FROM mail_blacklist AS entry
                        WHERE entry.email = subject.email_normalized AND entry.active
                          AND entry.consent_opt_out IS NOT TRUE
                   )
        )
    """
)
_FORECAST_DAYS = 30


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    def _forecast_life(self, settings):
        """Count what other settings would mean, whatever the reader may see.

        :param settings: a record with the fields of these names
        :return: ``given``: how many consents count; ``expiring``: how many of them end
            at once; ``mails``: roughly how many leave within 30 days by themselves, if
            nobody answers
        :rtype: dict
        """
        self.env.flush_all()
        now = fields.Datetime.now()
        values = {
            "activity": self.id,
            "askable": _ASKABLE,
            "count": settings.reminder_count,
            "days": timedelta(days=max(settings.reminder_days, 1)),
            "horizon": now + timedelta(days=_FORECAST_DAYS),
            "now": now,
            "renewal": timedelta(days=settings.renewal_days),
            "rounds": ROUNDS,
            "silent": SILENT,
            "ends": SQL(
                "consent.answer_date + make_interval(months => %s)",
                settings.validity_months or None,
            ),
            # Whoever was asked before the same end is not asked again.
            "looked": SQL(
                "renewal_looked IS NOT TRUE OR %s",
                settings.validity_months != self.validity_months,
            ),
        }
        ((given, expiring),) = self.env.execute_query(
            SQL(
                """
                SELECT count(*), count(*) FILTER (WHERE %(ends)s <= %(now)s)
                  FROM privacy_consent AS consent
                 WHERE activity_id = %(activity)s AND status = 'given'
                   AND merged_into_id IS NULL AND locked_until IS NULL
                """,
                **values,
            )
        )
        ((mails,),) = self.env.execute_query(
            SQL(
                """
                WITH reminders AS (
                    SELECT greatest(%(now)s, request.delivered_date + %(days)s) AS next,
                           %(count)s - coalesce(request.number, 0) AS most
                      FROM %(rounds)s
                     WHERE request.activity_id = %(activity)s
                       AND request.state = 'delivered'
                       AND coalesce(request.reminders_looked, 0) < %(count)s
                       AND coalesce(request.number, 0) < %(count)s
                       AND request.delivered_date + %(days)s <= %(horizon)s
                       AND %(silent)s AND %(askable)s
                ), renewals AS (
                    SELECT greatest(%(now)s, %(ends)s - %(renewal)s) AS next,
                           %(ends)s AS ends
                      FROM privacy_consent AS consent
                     WHERE activity_id = %(activity)s AND status = 'given'
                       AND %(renewal)s > interval '0' AND %(ends)s > %(now)s
                       AND %(ends)s - %(renewal)s <= %(horizon)s
                       AND (%(looked)s) AND %(askable)s
                )
                SELECT coalesce((
                           SELECT sum(least(most, 1 + floor(
                                      extract(epoch FROM %(horizon)s - next)
                                      / extract(epoch FROM %(days)s)
                                  ))) FROM reminders
                       ), 0) + coalesce((
                           SELECT sum(1 + least(%(count)s, floor(extract(
                                      epoch FROM least(%(horizon)s, ends) - next
                                  ) / extract(epoch FROM %(days)s)))) FROM renewals
                       ), 0)
                """,
                **values,
            )
        )
        asks_nobody = self._asks_nobody()
        return {
            "given": given,
            "expiring": expiring,
            "mails": 0 if asks_nobody else int(mails),
        }


class PrivacyConsentForecast(models.Model):
    """What is next for each consent, if nobody answers. Nothing of it is stored."""

    _name = "privacy.consent.forecast"
    _description = "What follows by itself"
    _auto = False
    _order = "date, id"
    _rec_name = "kind"

    date = fields.Date(readonly=True)
    kind = fields.Selection(
        selection=[
            ("reminder", "Reminder"),
            ("renewal", "Renewal"),
            ("expired", "Consent ends"),
        ],
        readonly=True,
    )
    consent_id = fields.Many2one(comodel_name="privacy.consent", readonly=True)
    activity_id = fields.Many2one(comodel_name="privacy.activity", readonly=True)
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)

    @property
    def _table_query(self):
        self.env.flush_all()
        now = fields.Datetime.now()
        asks = SQL(
            "activity.active AND activity.asking_stopped IS NOT TRUE"
            " AND activity.consent_required IS NOT NULL"
        )
        return SQL(
            """
            SELECT next.consent_id * 4::bigint + next.rank AS id, next.consent_id,
                   next.kind, greatest(next.moment, %(now)s)::date AS date,
                   next.activity_id, next.company_id
              FROM (
                    SELECT consent.id AS consent_id, 0 AS rank, 'expired' AS kind,
                           valid_until AS moment, activity_id, company_id
                      FROM privacy_consent AS consent
                     WHERE status = 'given' AND valid_until IS NOT NULL
                       AND merged_into_id IS NULL AND locked_until IS NULL
                    UNION ALL
                    SELECT consent.id, 1, 'renewal',
                           valid_until - make_interval(days => activity.renewal_days),
                           activity_id, consent.company_id
                      FROM privacy_consent AS consent
                      JOIN privacy_activity AS activity ON activity.id = activity_id
                     WHERE status = 'given' AND valid_until > %(now)s
                       AND renewal_looked IS NOT TRUE AND activity.renewal_days > 0
                       AND %(asks)s AND %(askable)s
                    UNION ALL
                    SELECT consent.id, 2, 'reminder',
                           request.delivered_date
                           + make_interval(days => activity.reminder_days),
                           consent.activity_id, consent.company_id
                      FROM %(rounds)s
                     WHERE request.state = 'delivered' AND %(asks)s AND %(askable)s
                       AND coalesce(request.reminders_looked, 0)
                           < activity.reminder_count
                       AND coalesce(request.number, 0) < activity.reminder_count
                       AND %(silent)s
                   ) AS next
            """,
            askable=_ASKABLE,
            asks=asks,
            now=now,
            rounds=ROUNDS,
            silent=SILENT,
        )
