# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The logo in our mails is a part of them."""

from odoo import models

from .. import mail_document


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(self, *args, attachments=None, **kwargs):  # noqa: PLW3201
        """Put the logo of a mail of ours beside its text, and not below it."""
        pictures, others = [], []
        for one in attachments or []:
            (pictures if isinstance(one, mail_document.Logo) else others).append(one)
        message = super()._build_email__(*args, attachments=others, **kwargs)
        for picture in pictures:
            mail_document.embed(message, picture)
        return message
