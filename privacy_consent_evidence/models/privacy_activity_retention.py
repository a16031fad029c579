# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long consents are kept that ended. What names people goes, the proof stays."""

import logging

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.privacy_consent.models.locking import lock_unchanged
from odoo.addons.privacy_consent.models.privacy_consent import store
from odoo.addons.privacy_consent.models.privacy_consent_request import OPEN
from odoo.addons.privacy_consent.reasons import reason_of

_logger = logging.getLogger(__name__)

_ENDED = ("refused", "withdrawn", "expired", "invalidated")


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    retention_months = fields.Integer(
        string="Months of retention",
        copy=False,
        help="So many calendar months after a consent ended, by a refusal, a "
        "withdrawal, its time or a change of the processing, all that names the "
        "person is erased by itself. Zero: it is kept.",
    )

    _check_retention_months = models.Constraint(
        "CHECK (retention_months BETWEEN 0 AND 1200)",
        "Consents are kept for at most 1,200 months after they ended. Zero: for ever.",
    )

    def _retention_due(self, months, now, consents=None):
        """Find the consents that are to be erased, whatever the reader may see.

        Locked ones have a day of their own, and merged ones go with those they were
        merged into. Who was asked again since may still answer, for as long.

        :param int months: how long they are kept
        :param datetime now: at which moment
        :param consents: look at these alone
        :return: their ids, the oldest first
        """
        self.ensure_one()
        if not months:
            return []
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT consent.id FROM privacy_consent AS consent
                 WHERE activity_id = %(activity)s AND status IN %(ended)s
                   AND merged_into_id IS NULL AND locked_until IS NULL AND %(these)s
                   AND NOT EXISTS (
                        SELECT FROM privacy_consent_request AS request
                         WHERE request.consent_id = consent.id
                           AND request.state IN %(open)s
                       )
                   AND (
                        SELECT max(event.at) FROM privacy_consent_event AS event
                         WHERE event.consent_id = consent.id AND event.kind IN %(last)s
                       ) + make_interval(months => %(months)s) <= %(now)s
                 ORDER BY consent.id
                """,
                activity=self.id,
                ended=_ENDED,
                last=(*_ENDED, "requested"),
                open=OPEN,
                months=months,
                now=now,
                these=SQL("TRUE")
                if consents is None
                else SQL("consent.id = ANY(%s)", consents.ids),
            )
        )
        return [consent_id for (consent_id,) in self.env.cr.fetchall()]

    @api.model
    def _cron_erase_ended(self):
        """Erase consents whose time of retention is over, each in its own transaction.

        What fails is tried again the next day, says so on the consent, and stops no
        other.
        """
        now = fields.Datetime.now()
        keeping = self.sudo().with_context(active_test=False)
        keeping = keeping.search([("retention_months", ">", 0)], order="id")
        due = [
            consent_id
            for activity in keeping
            for consent_id in activity._retention_due(activity.retention_months, now)
        ]
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(due))
        consents = self.env["privacy.consent"].sudo().with_context(active_test=False)
        for consent in consents.browse(due):
            consent._erase_ended(now)
            if not progress._commit_progress(1):
                break


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _erase_ended(self, now):
        """Erase this consent if its time is over still, or say there what failed.

        :param datetime now: at which moment
        """
        try:
            with self.env.cr.savepoint():
                # Somebody may have answered, merged or locked it meanwhile.
                group = self.exists()._with_merged()
                group._lock_mails()
                if len(lock_unchanged(group)) < len(group):
                    return
                activity = self.activity_id
                months = activity.retention_months
                due = activity._retention_due(months, now, self)
                if due and not any(group.mapped("locked_until")):
                    group._erase_these(self.env._("The time of retention is over."))
        except psycopg2.OperationalError:
            # Whoever is at work with it comes first: the next day will do.
            self.env.invalidate_all(flush=False)
        except Exception as error:
            self.env.invalidate_all(flush=False)
            _logger.warning(
                "Consent %s, which ended, cannot be erased: %s. See there.",
                self.id,
                type(error).__name__,
            )
            store(self, {"erasure_error": reason_of(error)})
