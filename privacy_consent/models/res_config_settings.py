# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What there is to set, on one page."""

from lxml.builder import E

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .privacy_activity_batch import (
    BATCH_SIZE,
    DEFAULT_BATCH_SIZE,
    LARGEST_BATCH_SIZE,
)
from .privacy_consent_request import MOST_REMINDERS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    privacy_officer = fields.Char(related="company_id.privacy_officer", readonly=False)
    privacy_policy_url = fields.Char(
        related="company_id.privacy_policy_url", readonly=False
    )
    privacy_sender = fields.Char(
        related="company_id.email", string="Sender of requests", readonly=False
    )
    consent_batch_size = fields.Integer(
        string="Batch size",
        config_parameter=BATCH_SIZE,
        default=DEFAULT_BATCH_SIZE,
    )

    # Odoo makes them the defaults of the model.
    default_consent_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="E-mail template",
        default_model="privacy.activity",
        default=lambda self: self.env[
            "privacy.activity"
        ]._default_consent_template_id(),
        domain="[('model', '=', 'privacy.consent')]",
    )
    default_validity_months = fields.Integer(
        string="Months of validity", default_model="privacy.activity", default=0
    )
    default_renewal_days = fields.Integer(
        string="Days before the end", default_model="privacy.activity", default=0
    )
    default_reminder_count = fields.Integer(
        string="Reminders", default_model="privacy.activity", default=0
    )
    default_reminder_days = fields.Integer(
        string="Days between reminders", default_model="privacy.activity", default=7
    )

    @api.constrains(
        "consent_batch_size",
        "default_validity_months",
        "default_renewal_days",
        "default_reminder_count",
        "default_reminder_days",
    )
    def _check_numbers(self):
        """Refuse what would let asking, or each new activity, fail.

        :raise ValidationError: naming the field
        """
        for settings in self:
            limits = {
                "consent_batch_size": (1, LARGEST_BATCH_SIZE),
                "default_validity_months": (0, 1200),
                # No month is shorter.
                "default_renewal_days": (
                    0,
                    max(settings.default_validity_months * 28 - 1, 0),
                ),
                "default_reminder_count": (0, MOST_REMINDERS),
                "default_reminder_days": (1, 365),
            }
            for name, (least, most) in limits.items():
                if not least <= settings[name] <= most:
                    raise ValidationError(
                        self.env._(
                            "“%(field)s” is a number from %(least)s to %(most)s.",
                            field=self._fields[name]._description_string(self.env),
                            least=least,
                            most=most,
                        )
                    )

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Have the workers of the addon mail_queue_safe here, too, if it is there."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if "mail_queue_workers" in self._fields:
            for batch in arch.iterfind(".//setting[@id='consent_batch_size']"):
                batch.addnext(
                    E.setting(
                        E.field(name="mail_queue_workers"),
                        id="privacy_mail_queue_workers",
                        help=self.env._("How many mails are sent at once, 1 to 16."),
                    )
                )
        return arch, view
