# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One batch of a run: the consents and requests of one transaction."""

from odoo import models
from odoo.exceptions import UserError

BATCH_SIZE = "privacy_consent.batch_size"
_DEFAULT_BATCH_SIZE = 500
_LARGEST_BATCH_SIZE = 2000
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
        if consents:
            consents.action_auto_ask()
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
            size = int(text or _DEFAULT_BATCH_SIZE)
        except ValueError:
            size = 0
        if not 1 <= size <= _LARGEST_BATCH_SIZE:
            raise UserError(
                self.env._(
                    "The system parameter “%(name)s” is “%(value)s”: set it to a whole "
                    "number between 1 and %(largest)s, or delete it.",
                    name=BATCH_SIZE,
                    value=text,
                    largest=_LARGEST_BATCH_SIZE,
                )
            )
        return size

    def _create_consents(self, activity, subjects):
        """Create a batch of consents, and enqueue their requests.

        :param activity: that of the run, with the rights it needs
        :param subjects: ``res.partner`` records without a consent to this activity
        :return: the new consents
        """
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
        if activity.consent_required == "auto":
            consents.action_auto_ask()
        return consents
