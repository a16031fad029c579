# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The moment when a message of a mail is handed over to SMTP."""

from smtplib import SMTP

from odoo import api, models

from .. import delivery as deliveries
from ..smtp_dialogue import watch


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    @api.model
    def send_email(self, message, *args, **kwargs):
        """Store that a message of a mail is delivered before it is handed over."""
        sending = deliveries.find(self.env)
        delivery = sending and sending.latest
        if not (delivery and delivery.current["message_id"] == message["Message-Id"]):
            return super().send_email(message, *args, **kwargs)
        mail = self.env["mail.mail"].browse(delivery.mail_id)
        done = mail._queue_accepted_by(delivery.current["partner_id"])
        skipped = [*self.env.context.get("send_smtp_skip_to", []), *done]
        server = self.with_context(send_smtp_skip_to=skipped)
        session = kwargs.get("smtp_session")
        if not isinstance(session, SMTP):
            # Another way to send, which cannot be watched: store it afterwards.
            result = super(IrMailServer, server).send_email(message, *args, **kwargs)
            addresses = server._prepare_smtp_to_list(message, session)
            mail._queue_store_accepted(delivery, addresses)
            if delivery.claimed:
                mail._queue_commit()
                delivery.committed = True
            return result
        with watch(session, delivery.refused, *mail._queue_handing_over(delivery)):
            return super(IrMailServer, server).send_email(message, *args, **kwargs)
