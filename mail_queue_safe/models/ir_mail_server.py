# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The moment when a message of a mail is handed over to SMTP."""

from smtplib import SMTP

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from .. import delivery as deliveries
from ..smtp_dialogue import watch

# An attribute of a built message: of which mail's delivery it is.
_DELIVERY = "mail_queue_delivery"


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(self, *args, **kwargs):  # noqa: PLW3201
        message = super()._build_email__(*args, **kwargs)
        sending = deliveries.find(self.env)
        delivery = sending and sending.latest
        if delivery and kwargs.get("message_id") == delivery.current["message_id"]:
            setattr(message, _DELIVERY, delivery)
        return message

    # A message is an object: no client can have one.
    @api.private
    def send_email(self, message, *args, **kwargs):
        """Store that a message of a mail is delivered before it is handed over.

        What is sent another way than with SMTP is stored afterwards.
        """
        delivery = getattr(message, _DELIVERY, None)
        session = kwargs.get("smtp_session")
        if not delivery or not isinstance(session, SMTP):
            return super().send_email(message, *args, **kwargs)
        mail = self.env["mail.mail"].browse(delivery.mail_id)
        partner = delivery.current.get("partner_id")
        done = mail._queue_accepted_by(partner) + mail._queue_refused_by(partner)
        skipped = [*self.env.context.get("send_smtp_skip_to", []), *done]
        server = self.with_context(send_smtp_skip_to=skipped)
        try:
            with watch(session, delivery.refused, *mail._queue_handing_over(delivery)):
                return super(IrMailServer, server).send_email(message, *args, **kwargs)
        except MailDeliveryException as error:
            cause = error.__context__
            hook = delivery.claimed and not isinstance(cause, OSError)
            if hook or isinstance(cause, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                # Not the mail server's fault, as Odoo would have it.
                raise cause from None
            raise
