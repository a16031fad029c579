# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The headers of a message hold what they were given, and nothing else."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited
from odoo import models

from ..smtp import headers as safe


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(  # noqa: PLW3201
        self,
        email_from,
        email_to,
        subject,
        body,
        email_cc=None,
        email_bcc=None,
        reply_to=False,
        attachments=None,
        message_id=None,
        references=None,
        object_id=False,
        subtype="plain",
        headers=None,
        body_alternative=None,
        subtype_alternative="plain",
    ):
        """Clean all that becomes a header, and let the message fold safely."""
        message = super()._build_email__(
            safe.clean_value("From", email_from),
            safe.clean_value("To", email_to),
            safe.clean_value("Subject", subject),
            body,
            email_cc=safe.clean_value("Cc", email_cc),
            email_bcc=safe.clean_value("Bcc", email_bcc),
            reply_to=safe.clean_value("Reply-To", reply_to),
            attachments=[
                (name and safe.clean_file_name(name), content, mimetype)
                for name, content, mimetype in attachments or []
            ],
            message_id=safe.clean_value("Message-Id", message_id),
            references=safe.clean_value("References", references),
            object_id=object_id,
            subtype=subtype,
            headers=safe.clean_headers(headers or {}),
            body_alternative=body_alternative,
            subtype_alternative=subtype_alternative,
        )
        message.policy = safe.SMTP
        return message
