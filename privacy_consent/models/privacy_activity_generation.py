# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One row per activity, which a generation run locks before it looks."""

from odoo import fields, models
from odoo.tools import SQL


class PrivacyActivityGeneration(models.Model):
    """Keeps two runs for one activity apart, without locking the activity itself.

    The second run waits for the first to commit, and then fails with a serialization
    error, because what it saw is outdated. Odoo repeats such a request from the
    beginning, and then nobody is missing any more.
    """

    _name = "privacy.activity.generation"
    _description = "Generation of the consents of an activity"
    _rec_name = "activity_id"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity", required=True, ondelete="cascade"
    )
    start_date = fields.Datetime(string="Last run")

    _unique_activity = models.Constraint("UNIQUE(activity_id)")

    def _begin(self, activity):
        """Wait until no other transaction generates for this activity.

        :param activity: one ``privacy.activity``
        """
        self.env.cr.execute(
            SQL(
                "INSERT INTO privacy_activity_generation (activity_id, start_date)"
                " VALUES (%s, %s) ON CONFLICT (activity_id)"
                " DO UPDATE SET start_date = EXCLUDED.start_date",
                activity.id,
                fields.Datetime.now(),
            ),
            log_exceptions=False,
        )
        self.invalidate_model(["start_date"])
