# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What other settings of validity and reminders mean: the dialog before they hold."""

from odoo import api, fields, models
from odoo.exceptions import UserError

_SETTINGS = ("validity_months", "renewal_days", "reminder_count", "reminder_days")


class PrivacyActivityLife(models.TransientModel):
    """What whoever changes validity or reminders sees before."""

    _name = "privacy.activity.life"
    _description = "Validity and reminders of an activity"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    validity_months = fields.Integer(string="Months of validity")
    renewal_days = fields.Integer(string="Days before the end")
    reminder_count = fields.Integer(string="Reminders")
    reminder_days = fields.Integer(string="Days between reminders")
    given_count = fields.Integer(
        string="Consents that end at another moment", compute="_compute_counts"
    )
    expiring_count = fields.Integer(
        string="Consents that end at once", compute="_compute_counts"
    )
    mail_count = fields.Integer(
        string="Mails in the next 30 days",
        compute="_compute_counts",
        help="Roughly, and if nobody answers: reminders and renewals.",
    )

    @api.depends("activity_id", *_SETTINGS)
    def _compute_counts(self):
        for dialog in self:
            activity = dialog.activity_id
            counts = activity._forecast_life(dialog)
            changes = dialog.validity_months != activity.validity_months
            dialog.given_count = changes and counts["given"]
            dialog.expiring_count = counts["expiring"]
            dialog.mail_count = counts["mails"]

    @api.model_create_multi
    def create(self, vals_list):
        """Create the dialog, for who may change its activity."""
        dialogs = super().create(vals_list)
        dialogs.activity_id.check_access("write")
        return dialogs

    def action_apply(self):
        """Have the settings hold from now on.

        :raise AccessError: for whoever may not change the activity
        """
        self.ensure_one()
        self.check_access("write")
        self.activity_id.write({name: self[name] for name in _SETTINGS})
        self.activity_id._trigger_life()
        return {"type": "ir.actions.act_window_close"}


class PrivacyActivityChange(models.TransientModel):
    """What whoever says that the processing changed sees before."""

    _name = "privacy.activity.change"
    _description = "The processing of an activity changed"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    texts_seen = fields.Char(readonly=True)
    consent_count = fields.Integer(related="activity_id.earlier_text_count")
    last_mail_date = fields.Datetime(
        string="Last mail leaves at about",
        compute="_compute_last_mail_date",
        help="Roughly: reckoned from how fast mails left lately, and from what waits "
        "in the mail queue already.",
    )
    what_changed = fields.Char(
        help="A line that these people read in the mail and on the page.",
    )

    @api.depends("activity_id")
    def _compute_last_mail_date(self):
        for dialog in self:
            activity = dialog.activity_id
            dialog.last_mail_date = activity._forecast_last_mail(
                {activity: activity.earlier_text_count}
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Create the dialog, for who may change its activity."""
        dialogs = super().create(vals_list)
        dialogs.activity_id.check_access("write")
        return dialogs

    def action_ask_again(self):
        """End these consents, and ask whoever gave them again.

        :raise AccessError: for whoever may not change the activity
        :raise UserError: without a line that says what changed, and where nobody could
            be asked
        """
        self.ensure_one()
        self.check_access("write")
        self._check_askable()
        what_changed = (self.what_changed or "").strip()
        if not what_changed:
            raise UserError(self.env._("Say in a line what has changed."))
        self._changed(what_changed)
        return {"type": "ir.actions.act_window_close"}

    def _check_askable(self):
        """Refuse to end consents that nobody would be asked for again.

        :raise UserError: saying what is in the way
        """
        activity = self.activity_id
        activity._check_not_stopped()
        if activity._asks_nobody():
            raise UserError(self.env["privacy.consent.request"]._causes()["off"])
        if problem := activity._sender_problem():
            raise UserError(problem)
        self.env["privacy.consent"].new(
            {"activity_id": activity.id}
        )._request_template()

    def action_end_only(self):
        """End these consents, and ask nobody.

        :raise AccessError: for whoever may not change the activity
        """
        self.ensure_one()
        self.check_access("write")
        self._changed(None)
        return {"type": "ir.actions.act_window_close"}

    def _changed(self, what_changed):
        activity = self.activity_id.with_context(texts_seen=self.texts_seen)
        activity.action_processing_changed(what_changed)


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    def action_set_life(self):
        """Open the dialog with validity, renewal and reminders.

        :return: the action that opens it
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("write")
        dialog = self.env["privacy.activity.life"].create(
            {"activity_id": self.id, **{name: self[name] for name in _SETTINGS}}
        )
        return dialog._get_records_action(
            name=self.env._("Validity and reminders"), target="new", context={}
        )

    def action_confirm_processing_changed(self):
        """Open the dialog before consents to earlier texts end.

        :return: the action that opens it
        :rtype: dict
        :raise UserError: on a form that shows texts which changed since
        """
        self.ensure_one()
        self.check_access("write")
        self._check_texts_seen()
        dialog = self.env["privacy.activity.change"].create(
            {"activity_id": self.id, "texts_seen": self._texts_digest()}
        )
        return dialog._get_records_action(
            name=self.env._("The processing changed"), target="new", context={}
        )

    def action_show_forecast(self):
        """Show what will follow by itself, and when.

        :return: the action that opens the graph
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        # Every employee may read the names of activities.
        self.env["privacy.consent.forecast"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "privacy_consent.consent_forecast_action"
        )
        # One mail may be about several.
        activities = self + self._others_together()
        return {**action, "domain": [("activity_id", "in", activities.ids)]}
