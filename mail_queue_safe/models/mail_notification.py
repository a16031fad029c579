# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The notifications of a mail while the queue sends it."""

from odoo import models

from .. import delivery as deliveries


class MailNotification(models.Model):
    _inherit = "mail.notification"

    def write(self, vals):
        """Leave out the failure that Odoo notes before it sends.

        It would lock the notifications against a bounce that comes early, and stand
        there after a kill. In the queue they are written after the delivery is stored,
        and a conflict is repeated.
        """
        sending = deliveries.find(self.env)
        if (
            sending
            and sending.claimed
            and vals.get("notification_status") == "exception"
            and all(one.mail_mail_id.id in sending for one in self)
        ):
            return True
        return super().write(vals)
