# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One batch of a run: the consents and requests of one transaction."""

import logging

from odoo import models
from odoo.exceptions import UserError

from .privacy_activity_run import is_conflict

_logger = logging.getLogger(__name__)

BATCH_SIZE = "privacy_consent.batch_size"
DEFAULT_BATCH_SIZE = 500
LARGEST_BATCH_SIZE = 2000
# PostgreSQL's largest integer
_LARGEST_ID = 2**31 - 1


class PrivacyActivityGeneration(models.Model):
    _inherit = "privacy.activity.generation"

    def _begin_batch(self, activity):
        """Do the first batch, and finish if there is nothing more to do.

        :param activity: that of the run, with the rights it needs
        :return: the new consents
        """
        if len(self._ask_unasked(activity)) == self._consent_batch_size():
            return self.env["privacy.consent"]
        consents = self._generate(activity)
        if not consents:
            self._finish()
        return consents

    def _generate(self, activity):
        """Generate a batch of consents, and finish with the last.

        :param activity: that of the run, with the rights it needs
        :return: the new consents; if there are none, the run is left to be finished
        """
        size = self._consent_batch_size()
        missing, limit = self.missing_count, size + 1
        if not self.last_partner_id:
            # Where few are missing PostgreSQL would walk through all contacts to find
            # the first ones. It counts them, and finds all of them, in a moment.
            missing = activity._count_subjects_missing()
            if not missing:
                return self.env["privacy.consent"]
            limit = limit if missing > size else None
        subjects = activity._subjects_missing(self.last_partner_id, limit)
        if not subjects:
            return self.env["privacy.consent"]
        consents = self._create_consents(activity, subjects[:size])
        self.generated_count += len(consents)
        if len(subjects) <= size:
            self._finish()
            return consents
        last = subjects[:size][-1].id
        self.write(
            {
                "last_partner_id": last,
                "missing_count": missing - len(consents),
                "turn": self._last_turn() + 1,
            }
        )
        return consents

    def _ask_unasked(self, activity):
        """Ask a batch of those who have a consent, and no request under way.

        :param activity: that of the run, with the rights it needs
        :return: their consents; fewer than a batch if there are no more
        """
        if self.last_consent_id == _LARGEST_ID:
            return self.env["privacy.consent"]
        size = self._consent_batch_size()
        consents = activity._consents_to_ask(self.last_consent_id, size)
        self._ask_together(activity, consents)
        # What this run generates later is none of these.
        last_id = consents[-1].id if len(consents) == size else _LARGEST_ID
        self.write({"last_consent_id": last_id, "turn": self._last_turn() + 1})
        return consents

    def _consent_batch_size(self):
        """:return: how many consents are generated in one transaction

        :raise UserError: if the system parameter is none that can be used
        """
        text = self.env["ir.config_parameter"].sudo().get_param(BATCH_SIZE)
        try:
            size = int(text or DEFAULT_BATCH_SIZE)
        except ValueError:
            size = 0
        if not 1 <= size <= LARGEST_BATCH_SIZE:
            raise UserError(
                self.env._(
                    "The system parameter “%(name)s” is “%(value)s”: set it to a whole "
                    "number between 1 and %(largest)s, or delete it.",
                    name=BATCH_SIZE,
                    value=text,
                    largest=LARGEST_BATCH_SIZE,
                )
            )
        return size

    def _create_consents(self, activity, subjects):
        """Create a batch of consents, and enqueue their requests.

        :param activity: that of the run, with the rights it needs
        :param subjects: ``res.partner`` records without a consent to this activity
        :return: the new consents
        """
        consents = self._create_drafts(activity, subjects)
        if activity.consent_required == "auto":
            self._ask_together(activity, consents)
        return consents

    def _create_drafts(self, activity, subjects):
        """Create a batch of consents; parameters as of :meth:`_create_consents`."""
        # One creation message per consent and one message per run on the activity
        # are written in batches: Odoo would mail the followers each time.
        quiet = activity.env["privacy.consent"].with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True
        )
        values = [
            {
                "accepted": activity.default_consent,
                "activity_id": activity.id,
                "partner_id": subject.id,
            }
            for subject in subjects
        ]
        # Odoo finds out for each record anew who follows it because of the activity.
        first = quiet.create(values[:1])
        others = quiet.with_context(tracking_disable=True).create(values[1:])
        others._copy_followers(first)
        consents = (first + others).with_env(activity.env)
        consents._log_creation()
        return consents

    def _ask_together(self, activity, consents):
        """Ask a batch of people, about all that is asked together and due.

        :param activity: that of the run, with the rights it needs
        :param consents: of these people, to that activity
        """
        if not consents:
            return
        subjects = consents.partner_id
        for other in activity._others_together():
            if other.consent_required != "auto" or not other._sender():
                continue
            try:
                with self.env.cr.savepoint():
                    consents += self._due_of(other, subjects)
            except Exception as error:
                if is_conflict(error):
                    raise
                # Its own run says there what failed.
                _logger.info("Activity %s: %s", other.id, type(error).__name__)
        consents.action_auto_ask()

    def _due_of(self, other, subjects):
        """:return: the consents of these people that another run would ask for"""
        consents = other._consents_to_ask(among=subjects)
        missing = other._subjects_missing(among=subjects)
        if missing:
            consents += self._create_drafts(other, missing)
            self._ensure(other)
            run = self.search([("activity_id", "=", other.id)])
            run.generated_count += len(missing)
        return consents
