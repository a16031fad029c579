# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where seals go."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_split

from .privacy_consent_seal_departure import ADDRESSES, STAMP_URL, is_web_address


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    consent_seal_addresses = fields.Char(
        string="Mail seals to",
        config_parameter=ADDRESSES,
        help="Addresses outside of your own house, with commas between them: the "
        "person or office that may have to tell one day whether the proof was changed.",
    )
    consent_stamp_url = fields.Char(
        string="Time-stamp authority",
        config_parameter=STAMP_URL,
        help="Address (http or https) of an authority that stamps each seal by "
        "RFC 3161. It gets a hash and no data.",
    )

    @api.constrains("consent_seal_addresses")
    def _check_consent_seal_addresses(self):
        for settings in self.filtered("consent_seal_addresses"):
            addresses = settings.consent_seal_addresses.split(",")
            if any(len(email_split(address)) != 1 for address in addresses):
                raise ValidationError(
                    self.env._(
                        "Seals can be mailed to addresses with commas between them, "
                        "not to “%s”.",
                        settings.consent_seal_addresses,
                    )
                )

    @api.constrains("consent_stamp_url")
    def _check_consent_stamp_url(self):
        for settings in self.filtered("consent_stamp_url"):
            if not is_web_address(settings.consent_stamp_url):
                raise ValidationError(
                    self.env._(
                        "The address of a time-stamp authority begins with http:// or "
                        "https://, unlike “%s”.",
                        settings.consent_stamp_url,
                    )
                )
