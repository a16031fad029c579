# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an activity asks its subjects, and how."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..unique_id import new_uuid


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    consent_ids = fields.One2many(
        comodel_name="privacy.consent",
        inverse_name="activity_id",
        string="Consents",
        groups="privacy.group_data_protection_user",
    )
    consent_count = fields.Integer(
        string="Number of consents",
        compute="_compute_consent_count",
        groups="privacy.group_data_protection_user",
    )
    consent_required = fields.Selection(
        selection=[("manual", "Manually"), ("auto", "Automatically")],
        string="Ask subjects for consent",
        help="Manually: missing consents are created as drafts and nothing is sent, "
        "you ask from each consent.\n"
        "Automatically: missing consents are created and their requests enqueued, by "
        "the button and once a day.",
    )
    consent_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="E-mail template",
        default=lambda self: self._default_consent_template_id(),
        domain="[('model', '=', 'privacy.consent')]",
        help="The request that each subject gets, in their language.",
    )
    default_consent = fields.Boolean(
        string="Accepted by default",
        help="Assume that a subject accepts for as long as they have not answered.",
    )
    server_action_id = fields.Many2one(
        comodel_name="ir.actions.server",
        string="Server action",
        domain="[('model_id.model', '=', 'privacy.consent')]",
        groups="privacy.group_data_protection_manager",
        # Others than those who may choose it duplicate activities as well.
        copy=False,
        help="Run each time a consent is sent or answered. Administrators choose it.\n"
        "“Update partner's opt out” puts whoever was asked and has not accepted on the "
        "blacklist: they get no mailings until they accept. It takes off only whom it "
        "put there.",
    )
    one_click_answers = fields.Boolean(
        string="One-click answers",
        help="Opening a link of the request is the answer, without a press on the page "
        "that it shows. Risky: many mail servers and virus scanners open every link, "
        "so that robots answer for people, who may never have read the request. Such "
        "an answer hardly proves consent.",
    )
    consent_template_default_body_html = fields.Html(
        compute="_compute_consent_template_defaults", sanitize=False, exportable=False
    )
    consent_template_default_subject = fields.Char(
        compute="_compute_consent_template_defaults", exportable=False
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Create activities, and store the texts of those that ask.

        :raise AccessError: for values that say what was decided about texts, or what is
            still to do
        """
        names = set().union(*vals_list)
        self._check_not_decided(names)
        self._check_not_own(names)
        # No default of a context or a user is taken for it.
        activities = super().create(
            [
                {"uuid": new_uuid(), "text_language": self.env.lang, **vals}
                for vals in vals_list
            ]
        )
        activities._forget_names({"controller_id"})
        for activity in activities.filtered("consent_required"):
            activity._store_texts()
        return activities

    def write(self, vals):
        """Write values, and have done what follows from the change.

        :raise AccessError: for values that say what was decided about texts, or what is
            still to do
        """
        self._check_not_decided(vals.keys())
        self._check_not_own(vals.keys())
        texts = self._texts_before(vals)
        other_validity = self._with_other_validity(vals)
        result = super().write(vals)
        self._cancel_if_off(vals)
        other_validity._follow_validity()
        self._forget_names(vals)
        if texts is not None:
            self._follow_text_changes(texts)
        self._forget_who_consents(vals)
        return result

    @api.model
    def default_get(self, fields):
        """Let no default of a context or a user choose the server action."""
        return {
            name: value
            for name, value in super().default_get(fields).items()
            if name != "server_action_id"
        }

    @api.model
    def _default_consent_template_id(self):
        """:return: the template shipped with this addon, if it still exists"""
        return self.env.ref("privacy_consent.template_consent", False)

    @api.depends("consent_ids")
    def _compute_consent_count(self):
        consents_sudo, seen = self._consents_seen_sudo()
        groups = consents_sudo._read_group(seen, ["activity_id"], ["__count"])
        counts = {activity.id: count for activity, count in groups}
        for activity in self:
            activity.consent_count = counts.get(activity._origin.id, 0)

    def _compute_consent_template_defaults(self):
        template = self._default_consent_template_id()
        self.consent_template_default_body_html = template and template.body_html
        self.consent_template_default_subject = template and template.subject

    @api.onchange("consent_required")
    def _onchange_consent_required_subject_find(self):
        """Whoever asks subjects needs to find them, and a request to send."""
        if self.consent_required:
            self.subject_find = True
            self.consent_template_id = (
                self.consent_template_id or self._default_consent_template_id()
            )

    @api.constrains("consent_required", "consent_template_id")
    def _check_auto_consent_has_template(self):
        for activity in self:
            if activity.consent_required == "auto" and not activity.consent_template_id:
                raise ValidationError(
                    self.env._(
                        "The activity “%s” asks its subjects automatically: choose the "
                        "e-mail template of the request, or ask manually.",
                        activity.name,
                    )
                )

    @api.constrains("consent_required", "subject_find")
    def _check_consent_required_subject_find(self):
        for activity in self:
            if activity.consent_required and not activity.subject_find:
                raise ValidationError(
                    self.env._(
                        "The activity “%s” asks its subjects for consent: tick “Define "
                        "subjects” and choose them by a filter.",
                        activity.name,
                    )
                )

    @api.constrains("server_action_id")
    def _check_server_action_model(self):
        for activity in self.sudo():
            model = activity.server_action_id.model_id.model
            if model and model != "privacy.consent":
                raise ValidationError(
                    self.env._(
                        "The server action of the activity “%s” is for other records: "
                        "choose one for consents.",
                        activity.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        """Keep activities about which people were asked.

        :raise UserError: for an activity with consents
        """
        # Consents of other companies count too.
        asked_sudo = (
            self.sudo()
            .with_context(active_test=False)
            .search([("id", "in", self.ids), ("consent_ids", "!=", False)])
        )
        if asked_sudo:
            raise UserError(
                self.env._(
                    "People were asked for consent to “%s”, which must remain provable."
                    " Archive the activity instead.",
                    ", ".join(asked_sudo.mapped("display_name")),
                )
            )
