# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where seals go: what managers choose, without the rights of an administrator."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_split

from ..models.privacy_consent_seal_departure import (
    ADDRESSES,
    STAMP_URL,
    is_web_address,
)

_PARAMETERS = {"addresses": ADDRESSES, "stamp_url": STAMP_URL}


class PrivacyConsentSealDestination(models.TransientModel):
    _name = "privacy.consent.seal.destination"
    _description = "Where seals go"

    addresses = fields.Char(
        string="Mail seals to",
        help="Addresses outside of your own house, with commas between them: the "
        "person or office that may have to tell one day whether the proof was changed.",
    )
    stamp_url = fields.Char(
        string="Time-stamp authority",
        # The server connects there: not even a manager chooses that.
        groups="base.group_system",
        help="Address (http or https) of an authority that stamps each seal by "
        "RFC 3161. It gets a hash and no data.",
    )

    @api.model
    def default_get(self, fields):
        """Show what is chosen now, to who may change it.

        :raise AccessError: for everybody else
        """
        self.check_access("create")
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        chosen = {
            name: parameters_sudo.get_param(parameter)
            for name, parameter in self._parameters().items()
            if name in fields
        }
        return {**super().default_get(fields), **chosen}

    @api.model
    def _parameters(self):
        """:return: the system parameters that the user may choose, by field"""
        return {
            name: parameter
            for name, parameter in _PARAMETERS.items()
            if self._has_field_access(self._fields[name], "write")
        }

    @api.constrains("addresses")
    def _check_addresses(self):
        for dialog in self.filtered("addresses"):
            addresses = dialog.addresses.split(",")
            if any(len(email_split(address)) != 1 for address in addresses):
                raise ValidationError(
                    self.env._(
                        "Seals can be mailed to addresses with commas between them, "
                        "not to “%s”.",
                        dialog.addresses,
                    )
                )

    @api.constrains("stamp_url")
    def _check_stamp_url(self):
        for dialog in self.filtered("stamp_url"):
            if not is_web_address(dialog.stamp_url):
                raise ValidationError(
                    self.env._(
                        "The address of a time-stamp authority begins with http:// or "
                        "https://, unlike “%s”.",
                        dialog.stamp_url,
                    )
                )

    def action_apply(self):
        """Have seals go there from now on.

        :raise AccessError: for who is neither manager nor administrator
        """
        self.ensure_one()
        self.check_access("write")
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        for name, parameter in self._parameters().items():
            parameters_sudo.set_param(parameter, self[name])
        return {"type": "ir.actions.act_window_close"}
