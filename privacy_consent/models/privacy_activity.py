# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking the subjects of an activity: whom, with what, and generating the rest."""

import ast
import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

# How a filter fails that does not parse, does not fit the model or the database. The
# addon privacy has the same list, but may be replaced by the community's own.
_DOMAIN_ERRORS = (
    AttributeError,
    KeyError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    UserError,
    ValueError,
    psycopg2.Error,
)


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
        # It runs with superuser rights, so only who may write such actions chooses it.
        groups="base.group_system",
        help="Run each time a consent is sent or answered.",
    )
    consent_template_default_body_html = fields.Html(
        compute="_compute_consent_template_defaults", sanitize=False
    )
    consent_template_default_subject = fields.Char(
        compute="_compute_consent_template_defaults"
    )

    @api.model
    def _default_consent_template_id(self):
        """:return: the template shipped with this addon, if it still exists"""
        return self.env.ref("privacy_consent.template_consent", False)

    @api.depends("consent_ids")
    def _compute_consent_count(self):
        counts = dict(
            self.env["privacy.consent"]._read_group(
                [("activity_id", "in", self.ids)], ["activity_id"], ["__count"]
            )
        )
        for activity in self:
            activity.consent_count = counts.get(activity._origin, 0)

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
            self.env["privacy.consent"]
            .sudo()
            .with_context(active_test=False)
            .search([("activity_id", "in", self.ids)])
            .activity_id
        )
        if asked_sudo:
            raise UserError(
                self.env._(
                    "People were asked for consent to “%s”, which must remain provable."
                    " Archive the activity instead.",
                    ", ".join(asked_sudo.mapped("display_name")),
                )
            )

    # Generating -------------------------------------------------------------------

    def action_new_consents(self):
        """Create the consents that are missing, and ask for those of automatic ones.

        :return: the action that shows the consents just created
        :rtype: dict
        """
        consents = self.env["privacy.consent"]
        consents.check_access("create")
        for activity in self.filtered("consent_required"):
            consents += activity._generate_consents()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "privacy_consent.consent_action"
            ),
            "domain": [("id", "in", consents.ids)],
            "name": self.env._("New Consents"),
            "context": {},
            "help": self.env._(
                "Nobody new to ask: everybody whom the filter finds was asked already, "
                "or has no e-mail address."
            ),
        }

    @api.model
    def _cron_new_consents(self):
        """Generate and enqueue what is missing for all automatic activities.

        An activity that fails says so in its thread and stops no other.
        """
        for activity in self.search([("consent_required", "=", "auto")]):
            try:
                with self.env.cr.savepoint():
                    activity.action_new_consents()
            except psycopg2.OperationalError:
                # A conflict with another transaction: soon again, on fresh data.
                self.env.ref("privacy_consent.cron_auto_consent")._trigger()
            except Exception as error:
                _logger.warning(
                    "The consents of activity %s cannot be generated: %s. See there.",
                    activity.id,
                    type(error).__name__,
                )
                activity._message_log(
                    body=self.env._(
                        "The missing consents could not be generated: %s", error
                    )
                )

    def _subjects_missing(self):
        """Find the contacts that this activity should ask and has not yet.

        Contacts without e-mail cannot be asked. An archived consent still counts as
        asked.

        :return: ``res.partner`` records
        :raise UserError: when the subjects filter cannot be evaluated
        """
        self.ensure_one()
        # Rights play no part in whether somebody was asked.
        asked = (
            self.env["privacy.consent"]
            .sudo()
            .with_context(active_test=False)
            ._search([("activity_id", "=", self.id)])
            .subselect("partner_id")
        )
        missing = (
            Domain("email", "not in", [False, ""])
            & Domain("id", "not in", asked)
            & self._subjects_company_domain()
        )
        try:
            subjects = Domain(ast.literal_eval(self.subject_domain or "[]"))
            with self.env.cr.savepoint():
                return self.env["res.partner"].search(subjects & missing)
        except _DOMAIN_ERRORS as error:
            if isinstance(error, psycopg2.OperationalError):
                raise  # a conflict with another transaction, not the filter's fault
            raise UserError(
                self.env._(
                    "The field “Subjects filter” of the activity “%(activity)s” cannot "
                    "be evaluated: %(reason)s",
                    activity=self.display_name,
                    reason=error,
                )
            ) from error

    def _subjects_company_domain(self):
        """Leave contacts of other companies to the activities of those.

        The scheduled action, which sees every company, asks whom the button asks.

        :rtype: Domain
        """
        # Not company_id, which the community's own privacy may not have.
        controller = self.controller_id
        company = (
            self.env["res.company"]
            .sudo()
            .search([("partner_id", "=", controller.id)], limit=1)
        ) or controller.company_id
        if not company:
            return Domain.TRUE
        return Domain("company_id", "=", False) | Domain(
            "company_id", "child_of", company.id
        )

    def _generate_consents(self):
        """Create the missing consents of one activity, and enqueue their requests.

        :return: the new consents
        """
        self.ensure_one()
        self.env["privacy.activity.generation"]._begin(self)
        subjects = self._subjects_missing()
        # One creation message per consent and one message per run on the activity
        # are written below, in batches: Odoo would mail the followers each time.
        consents = (
            self.env["privacy.consent"]
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            .create(
                [
                    {
                        "accepted": self.default_consent,
                        "activity_id": self.id,
                        "partner_id": subject.id,
                    }
                    for subject in subjects
                ]
            )
            .with_env(self.env)
        )
        if not consents:
            return consents
        consents._log_creation()
        if self.consent_required == "auto":
            consents.action_auto_ask()
        self._tell_followers(len(consents))
        return consents

    def _tell_followers(self, count):
        """Tell the followers once per run how many people are newly asked.

        :param int count: number of new consents
        """
        if self.consent_required == "auto":
            body = (
                self.env._("One person asked.")
                if count == 1
                else self.env._("%s people asked.", count)
            )
        else:
            body = (
                self.env._("One person to be asked by hand.")
                if count == 1
                else self.env._("%s people to be asked by hand.", count)
            )
        self.with_context(mail_notify_force_send=False).message_post(
            body=body,
            subtype_id=self.env.ref("privacy_consent.mt_activity_consent_new").id,
        )
        self.env["privacy.consent"]._trigger_mail_queue()
