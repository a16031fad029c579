# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From where people answered is forgotten after some months."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .privacy_consent_erasure import erase_details

ORIGIN_MONTHS = "privacy_consent.origin_months"
_DEFAULT_MONTHS = 24
_LARGEST_MONTHS = 1200
_BATCH = 1000


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _origin_months(self):
        """:return: after how many months origins are forgotten; 0: never

        :raise UserError: if the system parameter is none that can be used
        """
        text = self.env["ir.config_parameter"].sudo().get_param(ORIGIN_MONTHS)
        try:
            months = int(text or _DEFAULT_MONTHS)
        except ValueError:
            months = -1
        if not 0 <= months <= _LARGEST_MONTHS:
            raise UserError(
                self.env._(
                    "The system parameter “%(name)s” is “%(value)s”: set it to a whole "
                    "number of months up to %(largest)s, to 0 to keep from where "
                    "people answered, or delete it.",
                    name=ORIGIN_MONTHS,
                    value=text,
                    largest=_LARGEST_MONTHS,
                )
            )
        return months

    @api.model
    def _cron_forget_origins(self):
        """Forget network addresses and programs of old answers, batch by batch.

        :raise UserError: if the system parameter is none that can be used
        """
        months = self._origin_months()
        if not months:
            return
        before = fields.Datetime.now() - relativedelta(months=months)
        progress = self.env["ir.cron"]
        for forget in (_forget_details, _forget_metadata):
            while forgotten := forget(self, before, _BATCH):
                # With work left, Odoo runs a scheduled action again at once.
                if not progress._commit_progress(forgotten, remaining=1):
                    return
        progress._commit_progress(remaining=0)


def _forget_metadata(consents, before, limit):
    """Empty the origin of consents whose answer is older.

    Of an answer without a date, from before an upgrade, the consent's own tells. It is
    no method, so that the code of a server action cannot call it.

    :param datetime before: older than this
    :param int limit: how many at most
    :return: how many
    """
    consents.flush_model(["answer_date", "last_metadata"])
    consents.env.cr.execute(
        SQL(
            """
            UPDATE privacy_consent SET last_metadata = NULL WHERE id IN (
                SELECT id FROM privacy_consent
                WHERE last_metadata IS NOT NULL
                    AND COALESCE(answer_date, create_date) < %s
                LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            )
            """,
            before,
            limit,
        )
    )
    forgotten = consents.env.cr.rowcount
    consents.invalidate_model(["last_metadata"])
    return forgotten


def _forget_details(consents, before, limit):
    """Delete the origins of events that are older; parameters as of the other.

    It is no method, for the same reason.
    """
    old = SQL(
        """
        SELECT event.id FROM privacy_consent_event AS event
        JOIN privacy_consent_event_detail AS detail ON detail.event_id = event.id
        WHERE detail.part = 'origin' AND event.at < %s LIMIT %s
        """,
        before,
        limit,
    )
    return erase_details(consents.env, old, "origin")
