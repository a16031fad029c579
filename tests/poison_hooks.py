# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a consumer of the mail queue runs with: the faults of other addons.

It is run in the consumer's process, once Odoo is loaded.
"""

from odoo.addons.base.models import ir_mail_server
from odoo.addons.mail.models.mail_mail import MailMail

ir_mail_server.SMTP_TIMEOUT = 2
_prepare_outgoing_list = MailMail._prepare_outgoing_list


def _prepare_or_fail(self, *args, **kwargs):
    if self.email_to == "value_error@example.com":
        raise ValueError("No stamps left")
    if self.email_to == "sql_error@example.com":
        self.env.cr.execute("SELECT 1/0")
    return _prepare_outgoing_list(self, *args, **kwargs)


MailMail._prepare_outgoing_list = _prepare_or_fail
