# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many consents will end, and how many mails will leave, and when."""

from datetime import timedelta
from types import SimpleNamespace

from odoo import fields, models
from odoo.tools import SQL

from .privacy_consent_reminders import ROUNDS, SILENT
from .privacy_consent_request import MOST_REMINDERS

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

    def _forecast_life(self, settings, asks=False):
        """Count what other settings would mean, whatever the reader may see.

        A mail that asks about several activities counts once, at the leading one.

        :param settings: a record with the fields of these names
        :param bool asks: count mails even if nobody is to be asked at this moment
        :return: ``given``: how many consents count; ``expiring``: how many of them end
            at once; ``mails``: roughly how many leave within 30 days by themselves, if
            nobody answers
        :rtype: dict
        """
        settings = _within_limits(settings)
        self.env.flush_all()
        ((given, expiring),) = self.env.execute_query(
            SQL(
                """
                SELECT count(*), count(*) FILTER (WHERE %(ends)s <= %(now)s)
                  FROM privacy_consent AS consent
                 WHERE activity_id = %(activity)s AND status = 'given'
                   AND merged_into_id IS NULL AND locked_until IS NULL
                """,
                activity=self.id,
                ends=_ends_sql(settings),
                now=fields.Datetime.now(),
            )
        )
        counts = {"given": given, "expiring": expiring, "mails": 0}
        if asks or not self._asks_nobody():
            leading = (
                self.sudo()
                ._others_together()
                .filtered(lambda one: one._rank_together() < self._rank_together())
            )
            mails = [
                self._mails_sql(settings),
                *(one._mails_sql(one) for one in leading),
            ]
            ((counts["mails"],),) = self.env.execute_query(
                SQL("SELECT count(*) FROM (%s) AS own", SQL(" EXCEPT ").join(mails))
            )
        return counts

    def _mails_sql(self, settings):
        """Make the query for what leaves within 30 days: to whom, after what, and when.

        :param settings: as of :meth:`_forecast_life`
        :return: it; what several activities have in common is one mail
        :rtype: SQL
        """
        now = fields.Datetime.now()
        return SQL(
            """
            (
                WITH reminders AS (
                    SELECT consent.partner_id, request.message_id,
                           greatest(%(now)s, request.delivered_date + %(days)s) AS next,
                           %(count)s - coalesce(request.number, 0) AS most
                      FROM %(rounds)s
                     WHERE request.activity_id = %(activity)s
                       AND request.state = 'delivered'
                       AND coalesce(request.reminders_looked, 0) < %(count)s
                       AND coalesce(request.number, 0) < %(count)s
                       AND request.delivered_date + %(days)s <= %(horizon)s
                       AND %(silent)s AND %(askable)s
                ), renewals AS (
                    SELECT partner_id, %(ends)s AS ends,
                           greatest(%(now)s, %(ends)s - %(renewal)s) AS next
                      FROM privacy_consent AS consent
                     WHERE activity_id = %(activity)s AND status = 'given'
                       AND %(renewal)s > interval '0' AND %(ends)s > %(now)s
                       AND %(ends)s - %(renewal)s <= %(horizon)s
                       AND (%(looked)s) AND %(askable)s
                ), mails AS (
                    SELECT partner_id, message_id, next, least(most, 1 + floor(
                               extract(epoch FROM %(horizon)s - next)
                               / extract(epoch FROM %(days)s)
                           )) AS number
                      FROM reminders
                    UNION ALL
                    SELECT partner_id, NULL, next, 1 + least(%(count)s, floor(
                               extract(epoch FROM least(%(horizon)s, ends) - next)
                               / extract(epoch FROM %(days)s)
                           )) AS number
                      FROM renewals
                )
                SELECT partner_id, message_id, later, (next + later * %(days)s)::date
                  FROM mails, generate_series(0, number::integer - 1) AS later
            )
            """,
            activity=self.id,
            askable=_ASKABLE,
            count=settings.reminder_count,
            days=timedelta(days=settings.reminder_days),
            ends=_ends_sql(settings),
            horizon=now + timedelta(days=_FORECAST_DAYS),
            # Whoever was asked before the same end is not asked again.
            looked=SQL(
                "renewal_looked IS NOT TRUE OR %s",
                settings.validity_months != self.validity_months,
            ),
            now=now,
            renewal=timedelta(days=settings.renewal_days),
            rounds=ROUNDS,
            silent=SILENT,
        )


def _within_limits(settings):
    """:return: the settings, and in place of what cannot be saved what is near to it"""
    return SimpleNamespace(
        validity_months=min(max(settings.validity_months, 0), 1200),
        renewal_days=min(max(settings.renewal_days, 0), 1200 * 28),
        reminder_count=min(max(settings.reminder_count, 0), MOST_REMINDERS),
        reminder_days=min(max(settings.reminder_days, 1), 365),
    )


def _ends_sql(settings):
    """:return: when a consent ends, for PostgreSQL; NULL: never"""
    return SQL(
        "consent.answer_date + make_interval(months => %s)",
        settings.validity_months or None,
    )


class PrivacyConsentForecast(models.Model):
    """What is next for each consent, if nobody answers. Nothing of it is stored.

    A mail that asks for several consents is there once, at the leading one.
    """

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
        return SQL(
            """
            SELECT consent_id * 4::bigint + rank AS id, consent_id, kind, date,
                   activity_id, company_id
              FROM (%s) AS alone
            UNION ALL
            SELECT consent_id * 4::bigint + rank, consent_id, kind, date,
                   activity_id, company_id
              FROM (
                    SELECT *, row_number() OVER (
                               PARTITION BY kind, partner_id, message_id, date, head
                               ORDER BY activity_id <> head, activity_id
                           ) AS place
                      FROM (%s) AS next
                   ) AS together
             WHERE place = 1
            """,
            self._next_sql(SQL("activity.asked_together IS NOT TRUE")),
            self._next_sql(SQL("activity.asked_together IS TRUE")),
        )

    def _next_sql(self, condition):
        """Make the query for what is next for each consent.

        :param SQL condition: of which activities
        :return: it; what several consents of a group have in common is one mail
        :rtype: SQL
        """
        now = fields.Datetime.now()
        asks = SQL(
            "activity.active AND activity.asking_stopped IS NOT TRUE"
            " AND activity.consent_required IS NOT NULL"
        )
        return SQL(
            """
            SELECT next.*, greatest(moment, %(now)s)::date AS date,
                   coalesce(activity.ask_with_id, activity.id) AS head
              FROM (
                    SELECT consent.id AS consent_id, 0 AS rank, 'expired' AS kind,
                           valid_until AS moment, activity_id, consent.company_id,
                           partner_id, -consent.id AS message_id
                      FROM privacy_consent AS consent
                     WHERE status = 'given' AND valid_until IS NOT NULL
                       AND merged_into_id IS NULL AND locked_until IS NULL
                    UNION ALL
                    SELECT consent.id, 1, 'renewal',
                           valid_until - make_interval(days => activity.renewal_days),
                           activity_id, consent.company_id, partner_id, NULL
                      FROM privacy_consent AS consent
                      JOIN privacy_activity AS activity ON activity.id = activity_id
                     WHERE status = 'given' AND valid_until > %(now)s
                       AND renewal_looked IS NOT TRUE AND activity.renewal_days > 0
                       AND %(asks)s AND %(askable)s
                    UNION ALL
                    SELECT consent.id, 2, 'reminder',
                           request.delivered_date
                           + make_interval(days => activity.reminder_days),
                           consent.activity_id, consent.company_id, partner_id,
                           request.message_id
                      FROM %(rounds)s
                     WHERE request.state = 'delivered' AND %(asks)s AND %(askable)s
                       AND coalesce(request.reminders_looked, 0)
                           < activity.reminder_count
                       AND coalesce(request.number, 0) < activity.reminder_count
                       AND %(silent)s
                   ) AS next
              JOIN privacy_activity AS activity ON activity.id = next.activity_id
             WHERE %(condition)s
            """,
            askable=_ASKABLE,
            asks=asks,
            condition=condition,
            now=now,
            rounds=ROUNDS,
            silent=SILENT,
        )
