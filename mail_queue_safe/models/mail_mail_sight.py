# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an administrator sees of the mail queue."""

from odoo import api, fields, models


class MailMail(models.Model):
    _inherit = "mail.mail"

    queue_recipients = fields.Char(
        string="Addressed to", compute="_compute_queue_recipients"
    )

    # What the list and all workers look for, among all mails there ever were. With one
    # index of (state, id) PostgreSQL may still read the whole table. That of the state
    # is what its groups are counted from.
    _queue_outgoing_idx = models.Index("(id) WHERE state = 'outgoing'")
    _queue_failed_idx = models.Index("(id) WHERE state = 'exception'")
    _queue_sent_idx = models.Index("(write_date) WHERE state = 'sent'")
    _queue_state_idx = models.Index("(state)")

    @api.depends("email_to", "email_cc", "recipient_ids.display_name")
    def _compute_queue_recipients(self):
        for mail in self:
            names = mail.recipient_ids.mapped("display_name")
            mail.queue_recipients = ", ".join(
                filter(None, [mail.email_to, *names, mail.email_cc])
            )

    @api.model
    @api.readonly
    def queue_warning(self):
        """Tell what keeps the mail queue from sending.

        :return: the text, or False if nothing does
        :raise AccessError: for whoever may not read mails
        """
        self.browse().check_access("read")
        return self.env["ir.cron"]._mail_queue_warning()
