# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long consents to an activity count, and who is asked again by itself, and when.

One scheduled action does it all, a batch in each transaction, in which what is due is
locked and nothing else: several servers may do it at once, and a crash repeats nothing.
"""

import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..reasons import reason_of
from .locking import MOMENT
from .privacy_consent_request import MOST_REMINDERS

_logger = logging.getLogger(__name__)

_BATCH_SIZE = 500
# So many requests are looked at in one transaction for people to remind.
_LOOKED_AT_ONCE = 5000
_CONFLICTS_IN_A_ROW = 5
# What began before the validity changed is over after this time.
_STILL_ANSWERING = timedelta(hours=1)
_STEPS = ("_recompute_validity", "_expire_due", "_renew_due", "_remind_due")
# Nobody but this addon says what is still to do.
_OWN = {"changed_occasion", "validity_changed", "validity_last_id"}


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    validity_months = fields.Integer(
        string="Months of validity",
        help="A consent ends so many calendar months after the person gave it, in the "
        "time zone of the controller. Zero: it has no end. Consents from before an "
        "upgrade whose day nobody knows have none.",
    )
    renewal_days = fields.Integer(
        string="Days before the end",
        help="So many days before their consent ends, people are asked again. Zero: "
        "nobody is.",
    )
    reminder_count = fields.Integer(
        string="Reminders",
        help="So many times at most, whoever does not answer a request is reminded.",
    )
    reminder_days = fields.Integer(
        string="Days between reminders",
        default=7,
        help="After the request reached the person, and after each reminder did.",
    )
    life_sentence = fields.Char(
        string="Validity and reminders", compute="_compute_life_sentence"
    )
    change_note = fields.Char(
        string="What changed",
        translate=True,
        copy=False,
        readonly=True,
        help="What people are told whose consent ended because the processing changed.",
    )
    changed_occasion = fields.Char(
        readonly=True,
        copy=False,
        help="The change after which people are asked again whose consent it ends.",
        exportable=False,
    )
    validity_changed = fields.Datetime(
        readonly=True,
        copy=False,
        help="Since when consents are to end at another moment, as long as that is "
        "still to be done.",
        exportable=False,
    )
    validity_last_id = fields.Integer(readonly=True, copy=False, exportable=False)

    _check_validity_months = models.Constraint(
        "CHECK (validity_months BETWEEN 0 AND 1200)",
        "A consent is valid for at most 1,200 months. Zero: it has no end.",
    )
    _check_reminder_count = models.Constraint(
        "CHECK (reminder_count BETWEEN 0 AND 3)",
        "Nobody is reminded more than 3 times.",
    )
    _check_reminder_days = models.Constraint(
        "CHECK (reminder_days BETWEEN 1 AND 365)",
        "There is at least one day between two reminders, and at most a year.",
    )

    @api.constrains("validity_months", "renewal_days")
    def _check_renewal_days(self):
        for activity in self:
            # No month is shorter.
            longest = activity.validity_months * 28
            if activity.renewal_days < 0 or activity.renewal_days >= max(longest, 1):
                raise ValidationError(
                    self.env._(
                        "People can be asked again only while their consent counts: "
                        "choose fewer days before its end, or zero."
                    )
                )

    @api.depends("validity_months", "renewal_days", "reminder_count", "reminder_days")
    def _compute_life_sentence(self):
        for activity in self:
            activity.life_sentence = " ".join(activity._life_sentences())

    def _life_sentences(self):
        """:return: what is set, in words"""
        self.ensure_one()
        months, days = self.validity_months, self.renewal_days
        if not months:
            validity = self.env._("Consent has no end.")
        elif not days:
            validity = self.env._("Consent ends after %s months.", months)
        else:
            validity = self.env._(
                "Consent ends after %(months)s months; people are asked again "
                "%(days)s days before.",
                months=months,
                days=days,
            )
        count, days = self.reminder_count, self.reminder_days
        if not count:
            reminders = self.env._("No reminders.")
        elif count == 1:
            reminders = self.env._("1 reminder, after %s days.", days)
        else:
            reminders = self.env._(
                "%(count)s reminders, %(days)s days apart.", count=count, days=days
            )
        return [validity, reminders]

    def _with_other_validity(self, vals):
        """:return: those of which these values change the validity"""
        months = vals.get("validity_months")
        return self.filtered(
            lambda one: months is not None and one.validity_months != months
        )

    def _follow_validity(self):
        """Have reckoned anew when consents end, in the background."""
        if self:
            self.sudo().write(
                {"validity_changed": fields.Datetime.now(), "validity_last_id": 0}
            )
            self._trigger_life()

    def _check_not_own(self, names):
        if not self.env.su and not _OWN.isdisjoint(names):
            raise AccessError(
                self.env._("What is still to do follows from the settings.")
            )

    def _trigger_life(self):
        """Have done what is due once this transaction is committed."""
        self.env.ref("privacy_consent.cron_life").sudo()._trigger()

    # The scheduled action -----------------------------------------------------------

    @api.model
    def _cron_life(self):
        """End consents, and ask again and remind those whose time has come.

        An activity that fails says so in its thread and stops no other.
        """
        scheduled = "ir_cron_progress_id" in self.env.context
        progress = self.env["ir.cron"]
        living = self.with_context(active_test=False).search(
            [
                "|",
                "|",
                ("validity_months", ">", 0),
                ("reminder_count", ">", 0),
                ("validity_changed", "!=", False),
            ],
            order="id",
        )
        if scheduled:
            progress._commit_progress(remaining=len(living) * len(_STEPS))
        for activity in living:
            for step in _STEPS:
                if not activity._take_step(step, scheduled):
                    self._trigger_life()
                    return

    def _take_step(self, step, scheduled):
        """Do one step, batch by batch.

        :param str step: one of ``_STEPS``
        :param bool scheduled: whether each batch is a transaction of its own
        :return: whether there is time left
        :rtype: bool
        """
        more, conflicts = True, 0
        while more:
            try:
                more = getattr(self, step)()
            except Exception as error:
                if not scheduled:
                    raise
                self.env.cr.rollback()
                conflicts += 1
                if not isinstance(error, psycopg2.OperationalError):
                    self._note_failure(
                        self._what_failed(step, reason_of(error)),
                        error,
                    )
                    more = False
                elif conflicts == _CONFLICTS_IN_A_ROW:
                    _logger.info("%s: %s", step, type(error).__name__)
                    cron = self.env["ir.cron"].browse(self.env.context["cron_id"])
                    cron.sudo()._trigger(fields.Datetime.now() + MOMENT)
                    more = False
            else:
                conflicts = 0
            if scheduled and not self.env["ir.cron"]._commit_progress(not more):
                return False
        return True

    def _what_failed(self, step, reason):
        """:return: what people read of a step that failed"""
        if step == "_follow_texts":
            return self.env._(
                "What follows from the change of the texts could not be done: %s",
                reason,
            )
        return self.env._(
            "Consents could not be ended, renewed or reminded of: %s", reason
        )

    def _recompute_validity(self):
        """Reckon a batch of consents anew, after the validity changed.

        :return: whether there is more to do
        :rtype: bool
        """
        if not self.validity_changed:
            return False
        domain = (
            Domain("activity_id", "=", self.id)
            & Domain("status", "=", "given")
            & Domain("merged_into_id", "=", False)
            & Domain("id", ">", self.validity_last_id)
        )
        if not self.validity_months:
            domain &= Domain("valid_until", "!=", False)
        consents = (
            self.env["privacy.consent"]
            .with_context(active_test=False)
            .search(domain, order="id", limit=_BATCH_SIZE)
        )
        consents._recompute_validity()
        if len(consents) == _BATCH_SIZE:
            self.sudo().validity_last_id = consents[-1].id
            return True
        # Whoever answers at this moment may not know it yet.
        settled = self.validity_changed < fields.Datetime.now() - _STILL_ANSWERING
        self.sudo().write(
            {
                "validity_changed": not settled and self.validity_changed,
                "validity_last_id": 0,
            }
        )
        return False

    def _expire_due(self):
        """End a batch of consents whose time is over.

        :return: whether there may be more
        :rtype: bool
        """
        if not self.validity_months:
            return False
        consents = (
            self.env["privacy.consent"]
            .with_context(active_test=False)
            .search(
                Domain("activity_id", "=", self.id)
                & Domain("status", "=", "given")
                & Domain("valid_until", "<=", fields.Datetime.now())
                & Domain("merged_into_id", "=", False)
                & Domain("locked_until", "=", False),
                order="valid_until",
                limit=_BATCH_SIZE,
            )
        )
        return bool(consents._expire()) and len(consents) == _BATCH_SIZE

    def _renew_due(self):
        """Ask a batch of people again whose consent ends soon.

        :return: whether there may be more
        :rtype: bool
        """
        due = self._take_renewals()
        asked = due
        for other in due and self._others_together():
            asked += other._take_renewals(due.partner_id)
        asked._ask_renewal()
        return len(due) == _BATCH_SIZE

    def _take_renewals(self, among=None):
        """Mark a batch of consents that end soon.

        :param among: ``res.partner`` records; leave out the consents of all others
        :return: the consents
        """
        if not self.renewal_days or not self.validity_months or self._asks_nobody():
            return self.env["privacy.consent"]
        consents = self.env["privacy.consent"]
        consents.flush_model()
        consents.request_ids.flush_model()
        now = fields.Datetime.now()
        days = timedelta(days=self.renewal_days)
        self.env.cr.execute(
            SQL(
                """
                WITH due AS (
                    SELECT consent.id FROM privacy_consent AS consent
                     WHERE activity_id = %(activity)s AND status = 'given'
                       AND valid_until > %(now)s AND valid_until <= %(soon)s
                       AND renewal_looked IS NOT TRUE AND %(not_lately)s AND %(own)s
                     ORDER BY valid_until, consent.id LIMIT %(limit)s
                       FOR NO KEY UPDATE OF consent SKIP LOCKED
                )
                UPDATE privacy_consent AS consent SET renewal_looked = TRUE
                  FROM due WHERE consent.id = due.id RETURNING consent.id
                """,
                activity=self.id,
                limit=_BATCH_SIZE,
                not_lately=_not_lately_sql("renewal", now - days),
                now=now,
                own=SQL("TRUE")
                if among is None
                else SQL("partner_id = ANY (%s)", among.ids),
                soon=now + days,
            ),
            log_exceptions=False,
        )
        due_ids = sorted(consent_id for (consent_id,) in self.env.cr.fetchall())
        consents.invalidate_model(["renewal_looked"])
        return consents.browse(due_ids)

    def _remind_due(self):
        """Remind the silent ones of a batch of requests whose time has come.

        Each request is looked at once: whoever cannot be reminded then is not, for
        example because the activity is archived. While nobody is asked for another
        reason it waits: whoever continues is told how many mails follow.

        :return: whether there may be more
        :rtype: bool
        """
        if self.active and self._asks_nobody():
            return False
        for looked in range(min(self.reminder_count, MOST_REMINDERS)):
            requests_sudo = self._look_at_requests(looked)
            if requests_sudo:
                messages = requests_sudo.message_id
                for other in self._others_together():
                    for earlier in range(min(other.reminder_count, MOST_REMINDERS)):
                        requests_sudo += other._look_at_requests(earlier, messages)
                requests_sudo._remind()
                return True
        return False

    def _look_at_requests(self, looked, messages=None):
        """Mark a batch of requests whose time for a reminder has come.

        :param int looked: the number of reminders that there were at the last look
        :param messages: ``mail.message`` records; leave out all others
        :return: the requests, with superuser rights
        """
        requests_sudo = self.env["privacy.consent.request"].sudo()
        requests_sudo.flush_model()
        self.env["privacy.consent"].flush_model()
        before = fields.Datetime.now() - timedelta(days=self.reminder_days)
        self.env.cr.execute(
            SQL(
                """
                WITH due AS (
                    SELECT request.id FROM privacy_consent_request AS request
                      JOIN privacy_consent AS consent ON consent.id = consent_id
                     WHERE request.activity_id = %(activity)s
                       AND request.state = 'delivered'
                       AND coalesce(reminders_looked, 0) = %(looked)s
                       AND delivered_date <= %(before)s AND effects_due IS NOT TRUE
                       AND %(not_lately)s AND %(own)s
                     ORDER BY delivered_date LIMIT %(limit)s
                       FOR NO KEY UPDATE OF request SKIP LOCKED
                )
                UPDATE privacy_consent_request AS request
                   SET reminders_looked = %(count)s
                  FROM due WHERE request.id = due.id RETURNING request.id
                """,
                activity=self.id,
                before=before,
                count=self.reminder_count,
                limit=_LOOKED_AT_ONCE,
                looked=looked,
                not_lately=_not_lately_sql("reminder", before),
                own=SQL("TRUE")
                if messages is None
                else SQL("request.message_id = ANY (%s)", messages.ids),
            ),
            log_exceptions=False,
        )
        request_ids = [request_id for (request_id,) in self.env.cr.fetchall()]
        requests_sudo.invalidate_model(["reminders_looked"])
        return requests_sudo.browse(request_ids)


def _not_lately_sql(kind, since):
    """Make the condition that no merged contact of a person got such a mail lately.

    The consents of contacts that were merged belong to one contact.

    :param str kind: of the request
    :param datetime since: from when on it was lately
    :rtype: SQL
    """
    return SQL(
        """
        NOT EXISTS (
            SELECT FROM privacy_consent AS own
              JOIN privacy_consent_request AS lately ON lately.consent_id = own.id
             WHERE own.partner_id = consent.partner_id
               AND own.activity_id = consent.activity_id
               AND lately.kind = %(kind)s
               AND lately.state IN ('waiting', 'delivered', 'bounced')
               AND coalesce(lately.delivered_date, lately.create_date) > %(since)s
        )
        """,
        kind=kind,
        since=since,
    )
