# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who asks: what mails and pages say about the controller besides the name."""

import base64

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from .. import mail_document
from ..web_address import is_web_address

# Of a longer description, the buttons stand above it in the mail.
_LONG = 3000


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    privacy_officer = fields.Char(
        string="Data protection officer",
        help="How people reach them. Empty: as the company of the controller says.",
    )
    privacy_policy_url = fields.Char(
        string="Privacy policy",
        help="The address of a page, with https://. Empty: that of the company of the "
        "controller.",
    )
    # Stored, because each page shows them.
    officer_contact = fields.Char(
        compute="_compute_told", compute_sudo=True, store=True, exportable=False
    )
    policy_url = fields.Char(
        compute="_compute_told", compute_sudo=True, store=True, exportable=False
    )

    controller_address = fields.Char(
        compute="_compute_controller_address", exportable=False
    )
    has_long_description = fields.Boolean(
        compute="_compute_has_long_description", exportable=False
    )
    mail_logo = fields.Char(
        compute="_compute_mail_logo",
        help="The address of the logo within a mail. Empty: there is none.",
        exportable=False,
    )
    mail_logo_height = fields.Integer(compute="_compute_mail_logo", exportable=False)
    text_direction = fields.Char(compute="_compute_text_direction", exportable=False)

    @api.depends(
        "privacy_officer",
        "privacy_policy_url",
        "controller_company_id.privacy_officer",
        "controller_company_id.privacy_policy_url",
    )
    def _compute_told(self):
        for activity in self:
            company = activity.controller_company_id
            activity.officer_contact = (
                activity.privacy_officer or company.privacy_officer
            )
            activity.policy_url = (
                activity.privacy_policy_url or company.privacy_policy_url
            )

    @api.depends("controller_id")
    @api.depends_context("lang")
    def _compute_controller_address(self):
        for activity in self:
            controller = activity.controller_id
            activity.controller_address = self._postal_address(
                controller.id, controller.write_date, self.env.lang
            )

    @api.depends("description")
    @api.depends_context("lang")
    def _compute_has_long_description(self):
        for activity in self:
            activity.has_long_description = len(activity.description or "") > _LONG

    @api.depends("controller_id")
    def _compute_mail_logo(self):
        for activity in self:
            logo = activity.sudo()._mail_logo_sudo()
            activity.mail_logo = logo and f"cid:{mail_document.LOGO}"
            activity.mail_logo_height = logo and mail_document.height(logo)

    @api.depends_context("lang")
    def _compute_text_direction(self):
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        self.text_direction = lang.direction or "ltr"

    @api.constrains("privacy_policy_url")
    def _check_privacy_policy_url(self):
        """Refuse what is no address of a web page: people are shown it as a link."""
        self._check_policy_urls(self)

    @api.model
    def _check_policy_urls(self, records):
        """Check the field of activities, or of companies.

        :raise ValidationError: for what is no address of a web page
        """
        for record in records:
            url = record.privacy_policy_url
            if url and not is_web_address(url):
                raise ValidationError(
                    self.env._(
                        "“%s” is not the address of a web page: write all of it, such "
                        "as https://www.example.com/privacy",
                        url,
                    )
                )

    @api.model
    @ormcache("controller_id", "_write_date", "_lang")
    def _postal_address(self, controller_id, _write_date, _lang):
        """:return: the address of a controller in one line, made once per change"""
        controller_sudo = self.env["res.partner"].sudo().browse(controller_id)
        lines = controller_sudo._display_address(without_company=True).splitlines()
        return ", ".join(filter(None, map(str.strip, lines))) or False

    def _mail_logo_sudo(self):
        """:return: the controller's logo as an attachment of mails, or None"""
        controller = self.controller_id
        return self._logo_of(controller.id, controller.write_date)

    @api.model
    @ormcache("controller_id", "_write_date")
    def _logo_of(self, controller_id, _write_date):
        """:return: the attachment, made once per change"""
        image = self.env["privacy.consent"]._own_logo(controller_id)
        return mail_document.logo(image and base64.b64decode(image))
