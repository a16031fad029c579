# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail that waited is looked at again when it leaves."""

from odoo import models
from odoo.fields import Command
from odoo.tools import email_normalize, email_normalize_all, formataddr
from odoo.tools.mail import email_split_and_format_normalize


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Cancel a mail of a mailing to whom does not consent any more."""
        activity = self.sudo().mailing_id.consent_activity_id
        # Whoever writes a mailing may look at it first: such a mail has no trace.
        test = self.env.context.get("mailing_test_mail") and not (
            self.sudo().mailing_trace_ids
        )
        if activity and not test and not self._keep_consenting(activity):
            self.write({"state": "cancel", "failure_reason": False})
            self.sudo().mailing_trace_ids.write(
                {"trace_status": "cancel", "failure_type": "mail_no_consent"}
            )
            return []
        return super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )

    def _keep_consenting(self, activity):
        """Take out of this mail the addresses that do not consent.

        A field with addresses may hold those of several people.

        :param activity: ``privacy.activity`` record
        :return: whether somebody is left
        """
        partners = self.sudo().recipient_ids
        texts = [self.email_to, self.email_cc, *partners.mapped("email")]
        addresses = {one for text in texts for one in email_normalize_all(text or "")}
        may = activity._consents_by_address(addresses)
        if addresses and all(map(may.get, addresses)):
            return True
        mails = {
            name: [
                one
                for one in email_split_and_format_normalize(self[name] or "")
                if may.get(email_normalize(one))
            ]
            for name in ("email_to", "email_cc")
        }
        mails["email_to"] += [
            formataddr((partner.name or "", one))
            for partner in partners
            for one in email_normalize_all(partner.email or "")
            if may.get(one)
        ]
        if not any(mails.values()):
            return False
        self.write(
            {
                "recipient_ids": [Command.clear()],
                **{name: ", ".join(those) for name, those in mails.items()},
            }
        )
        return True

    def _postprocess_sent_message(self, success_pids, success_emails, *args, **kwargs):
        """Leave the traces of what was just cancelled as they are."""
        left = self.filtered(lambda mail: mail.state != "cancel")
        return super(MailMail, left)._postprocess_sent_message(
            success_pids, success_emails, *args, **kwargs
        )
