# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mailings that go only to who consented to an activity."""

from collections import Counter

from odoo import api, fields, models
from odoo.tools import email_normalize


class MailingMailing(models.Model):
    _inherit = "mailing.mailing"

    consent_activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        string="Only who consented to",
        index="btree_not_null",
        ondelete="restrict",
        help="Mail only those whose consent to this activity counts at the moment when "
        "their mail leaves. Whoever unsubscribes withdraws it.",
    )
    consent_preview = fields.Text(
        compute="_compute_consent_preview",
        help="How many would be mailed at this moment, and who would be left out.",
    )

    @api.constrains("consent_activity_id")
    def _check_consent_activity(self):
        """Let nobody find out who consents to what they may not see.

        :raise AccessError: for an activity of another company
        """
        self.sudo(False).consent_activity_id.check_access("read")

    @api.depends("consent_activity_id", "mailing_domain", "contact_list_ids")
    def _compute_consent_preview(self):
        for mailing in self:
            previewed = mailing.consent_activity_id and mailing.state != "done"
            mailing.consent_preview = bool(previewed) and mailing._preview_consents()

    def _preview_consents(self):
        """:return: how many may be mailed, and why the others are left out"""
        recipients = self.env[self.mailing_model_real].search(
            self._get_recipients_domain()
        )
        addresses = _addresses(recipients)
        may = self.consent_activity_id._origin._consents_by_address(
            set(addresses) - {False}
        )
        counts = Counter(
            may.get(address, "unknown") if address else "address"
            for address in addresses
        )
        lines = [
            self.env._(
                "%(may)s of %(all)s may be mailed.",
                may=counts[True],
                all=len(addresses),
            )
        ]
        for reason, text in {
            False: self.env._("Refused, withdrew, or their consent does not count: %s"),
            "unknown": self.env._("Never consented: %s"),
            "address": self.env._("No address: %s"),
        }.items():
            if counts[reason]:
                lines.append(text % counts[reason])
        return "\n".join(lines)

    def _activities_to_withdraw(self):
        """:return: the activities to which an unsubscription ends the consent"""
        return self.consent_activity_id

    @api.model
    def _consents_of_address(self, email, activities):
        """Find the consents that activities have from an address.

        :param str email: as it was mailed
        :param activities: ``privacy.activity`` records
        :return: the consents, with superuser rights
        """
        consents_sudo = self.env["privacy.consent"].sudo()
        address = email_normalize(email)
        if not address:
            return consents_sudo
        return consents_sudo.with_context(active_test=False).search(
            [
                ("activity_id", "in", activities.ids),
                ("merged_into_id", "=", False),
                ("partner_id.email_normalized", "=", address),
            ]
        )


def _addresses(records):
    """:return: the address of each record as Odoo's mailings find it, or False"""
    emails = records._mail_get_primary_email()
    partners = records._mail_get_partners()
    return [
        email_normalize(emails[record.id] or partners[record.id][:1].email or "")
        for record in records
    ]
