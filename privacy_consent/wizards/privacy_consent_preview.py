# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a request looks like, in each language, before anybody gets it."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class PrivacyConsentPreview(models.TransientModel):
    """The mail as a contact would get it. Looking at it asks nobody."""

    _name = "privacy.consent.preview"
    _description = "Preview of a request for consent"

    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Contact",
        compute="_compute_partner_id",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        ondelete="cascade",
        help="At first, one whom the subjects filter finds.",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_lang",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    subject = fields.Char(compute="_compute_mail")
    body_html = fields.Html(compute="_compute_mail", sanitize=False)
    error = fields.Text(compute="_compute_mail")
    mail_warning = fields.Text(compute="_compute_mail_warning")

    @api.depends("activity_id")
    def _compute_partner_id(self):
        for preview in self:
            preview.partner_id = preview.activity_id._sample_subject()

    @api.depends("partner_id")
    def _compute_lang(self):
        for preview in self:
            preview.lang = preview.activity_id._installed(preview.partner_id.lang)

    @api.depends("activity_id", "lang", "partner_id")
    def _compute_mail(self):
        for preview in self:
            title, body, error = False, False, False
            try:
                title, body = preview.activity_id._preview_request(
                    preview.partner_id, preview.lang
                )
            except UserError as problem:
                error = str(problem)
            preview.update({"subject": title, "body_html": body, "error": error})

    @api.depends("activity_id")
    def _compute_mail_warning(self):
        for preview in self:
            preview.mail_warning = preview.activity_id._mail_warning()

    @api.model_create_multi
    def create(self, vals_list):
        """Create the dialog, for who may ask the subjects of its activity."""
        dialogs = super().create(vals_list)
        dialogs.activity_id._check_may_ask()
        return dialogs

    def action_send_test(self):
        """Enqueue the mail to the user alone, marked as a test.

        :return: the action that tells it
        :rtype: dict
        :raise UserError: for a user without an address
        """
        self.ensure_one()
        self.check_access("write")
        self.activity_id._enqueue_test(self.partner_id, self.lang)
        return self.env["privacy.activity"]._tell_user(
            self.env._("A test is on its way to %s.", self.env.user.email), "success"
        )
