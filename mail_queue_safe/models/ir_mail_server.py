# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a server says of a mail that leaves in a transaction of a caller."""

from odoo import api, models

from ..smtp.dialogue import Dialogue, watch
from .mail_mail_caller import refused_in_transaction


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    # A message is an object: no client can have one.
    @api.private
    def send_email(self, message, *args, **kwargs):
        """Note whom the server refuses; Odoo drops that if it takes anybody."""
        refused = refused_in_transaction()
        if refused is None:
            return super().send_email(message, *args, **kwargs)
        dialogue = Dialogue()
        with watch(kwargs.get("smtp_session"), dialogue):
            result = super().send_email(message, *args, **kwargs)
        refused.update(dialogue.refused)
        return result
