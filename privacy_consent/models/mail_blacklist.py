# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addresses that an erasure put on the blacklist are not asked again."""

from odoo import fields, models


class MailBlacklist(models.Model):
    _inherit = "mail.blacklist"

    consent_erased = fields.Boolean(
        string="Not asked for consent",
        readonly=True,
        help="An erasure put the address here: activities do not ask it by themselves.",
    )
