# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addresses of messages and mails have one line each.

Odoo reads them with Python's ``getaddresses()``, for which a carriage return ends a
name between quotation marks: what comes after it in the name would be an address.
"""

from odoo import api, models

from ..smtp.headers import one_line

_ADDRESSES = ("email_from", "reply_to", "email_to", "email_cc")


def in_one_line(vals):
    """:return: values of a record, with addresses in one line"""
    return {
        name: one_line(value) or value if name in _ADDRESSES and value else value
        for name, value in vals.items()
    }


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([in_one_line(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(in_one_line(vals))
