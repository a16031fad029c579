# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What another time of retention means: the dialog before it holds."""

from datetime import timedelta

from odoo import api, fields, models

_SOON = timedelta(days=30)


class PrivacyActivityRetention(models.TransientModel):
    """What whoever has consents erased by themselves sees before."""

    _name = "privacy.activity.retention"
    _description = "Retention of consents that ended"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    retention_months = fields.Integer(string="Months of retention")
    now_count = fields.Integer(string="Erased at once", compute="_compute_counts")
    soon_count = fields.Integer(
        string="Erased within 30 days",
        compute="_compute_counts",
        help="Together with those that are erased at once.",
    )
    asks_again = fields.Boolean(compute="_compute_asks_again")

    @api.depends("activity_id", "retention_months")
    def _compute_counts(self):
        now = fields.Datetime.now()
        for dialog in self:
            months, due = dialog.retention_months, dialog.activity_id._retention_due
            dialog.now_count = len(due(months, now))
            dialog.soon_count = len(due(months, now + _SOON))

    @api.depends("activity_id")
    def _compute_asks_again(self):
        for dialog in self:
            dialog.asks_again = bool(dialog.activity_id.consent_required)

    @api.model_create_multi
    def create(self, vals_list):
        """Create the dialog, for who may change its activity."""
        dialogs = super().create(vals_list)
        dialogs.activity_id.check_access("write")
        return dialogs

    def action_apply(self):
        """Have the retention hold from now on.

        :raise AccessError: for whoever may not change the activity
        """
        self.ensure_one()
        self.check_access("write")
        self.activity_id.retention_months = self.retention_months
        self.env.ref("privacy_consent_evidence.cron_erase_ended").sudo()._trigger()
        return {"type": "ir.actions.act_window_close"}


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    def action_set_retention(self):
        """Open the dialog with the time of retention.

        :return: the action that opens it
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("write")
        dialog = self.env["privacy.activity.retention"].create(
            {"activity_id": self.id, "retention_months": self.retention_months}
        )
        return dialog._get_records_action(
            name=self.env._("Retention"), target="new", context={}
        )
