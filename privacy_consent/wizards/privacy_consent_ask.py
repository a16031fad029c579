# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many people will be asked, and until when: the dialog before it happens."""

from odoo import api, fields, models


class PrivacyConsentAsk(models.TransientModel):
    """What whoever presses the button sees before anybody is asked."""

    _name = "privacy.consent.ask"
    _description = "Ask the subjects of an activity for consent"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    subject_count = fields.Integer(
        string="People to ask",
        readonly=True,
        help="Whom the subjects filter finds, who have an e-mail address and were not "
        "asked yet.",
    )
    unasked_count = fields.Integer(
        string="People to ask again",
        readonly=True,
        help="They have a consent, but their request was cancelled, or did not reach "
        "them at an address that is another one since.",
    )
    people_count = fields.Integer(
        compute="_compute_people_count", help="How many requests are enqueued."
    )
    mail_count = fields.Integer(
        string="Mails in the next 30 days",
        readonly=True,
        help="Roughly, and if nobody answers: reminders and renewals.",
    )
    stopped = fields.Boolean(readonly=True)
    last_mail_date = fields.Datetime(
        string="Last mail leaves at about",
        readonly=True,
        help="Roughly: reckoned from how fast mails left lately, and from what waits "
        "in the mail queue already.",
    )

    opt_out_count = fields.Integer(
        compute="_compute_opt_out_count",
        help="How many people the server action puts on the blacklist until they "
        "accept.",
    )

    mail_warning = fields.Text(compute="_compute_mail_warning")

    @api.depends("activity_id")
    def _compute_mail_warning(self):
        for dialog in self:
            dialog.mail_warning = dialog.activity_id._mail_warning()

    @api.depends("subject_count", "unasked_count")
    def _compute_people_count(self):
        for dialog in self:
            dialog.people_count = dialog.subject_count + dialog.unasked_count

    @api.depends("activity_id", "stopped")
    def _compute_opt_out_count(self):
        for dialog in self:
            activity = dialog.activity_id
            dialog.opt_out_count = activity._count_opt_outs_missing()
            consents = self.env["privacy.consent"]
            for domain in activity._to_ask_domains():
                dialog.opt_out_count += consents.search_count(
                    consents._opt_out_domain() & domain
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Create the dialog, for who may ask the subjects of its activity."""
        dialogs = super().create(vals_list)
        dialogs.activity_id.check_access("write")
        return dialogs

    def action_preview(self):
        """Show the mail first.

        :return: the action that opens the preview
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        return self.activity_id.action_preview_request()

    def action_ask(self):
        """Ask them.

        :return: the action that shows the new consents, or the progress if there are
            more than are generated at once
        :rtype: dict
        """
        self.ensure_one()
        if self.stopped:
            self.activity_id.action_continue_asking()
            return {"type": "ir.actions.act_window_close"}
        action = self.activity_id.action_new_consents()
        if self.activity_id.asking_state == "running":
            return {"type": "ir.actions.act_window_close"}
        return action
