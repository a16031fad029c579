# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mailings that go only to who consented to an activity."""

from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize, email_normalize_all, formatLang

# Reading more recipients would keep the form waiting.
COUNTED = 10_000


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

    @api.constrains("consent_activity_id", "mailing_type")
    def _check_consent_by_mail(self):
        """Send nothing to numbers: it is addresses of which consents are known.

        :raise ValidationError: for a mailing that is not by e-mail
        """
        for mailing in self:
            if mailing.consent_activity_id and mailing.mailing_type != "mail":
                raise ValidationError(
                    self.env._(
                        "“%s” works for e-mails alone: leave it empty here.",
                        self._fields["consent_activity_id"]._description_string(
                            self.env
                        ),
                    )
                )

    @api.constrains("consent_activity_id")
    def _check_consent_activity(self):
        """Let nobody find out who consents to what they may not see.

        :raise AccessError: for an activity of another company
        """
        self.sudo(False).consent_activity_id.check_access("read")

    @api.depends("consent_activity_id.active", "mailing_domain", "contact_list_ids")
    def _compute_consent_preview(self):
        for mailing in self:
            previewed = mailing.consent_activity_id and mailing.state != "done"
            mailing.consent_preview = bool(previewed) and mailing._preview_consents()

    def _preview_consents(self):
        """:return: how many may be mailed, and why the others are left out"""
        activity = self.consent_activity_id._origin
        if not activity.active:
            return self.env._("The activity is archived: nobody is mailed.")
        # Nothing else of them is of interest.
        model = self.env[self.mailing_model_real].with_context(prefetch_fields=False)
        recipients = model.search(self._get_recipients_domain(), limit=COUNTED + 1)
        addresses = _addresses(recipients[:COUNTED])
        may = activity._consents_by_address(set().union(*addresses))
        counts = Counter(_first_reason(may, those) for those in addresses)
        lines = []
        if len(recipients) > COUNTED:
            shown = formatLang(self.env, COUNTED, digits=0)
            lines.append(self.env._("Of the first %s recipients:", shown))
        lines.append(
            self.env._(
                "%(may)s of %(all)s may be mailed.",
                may=counts[True],
                all=len(addresses),
            )
        )
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
    def _consents_of_mailed(self, document_id, email, activities):
        """Find the consents that activities have from whoever got a mail of this.

        :param document_id: of the record that was mailed about, as a link has it
        :param str email: as it was mailed; their address may be another one today
        :param activities: ``privacy.activity`` records
        :return: the consents, with superuser rights
        """
        consents_sudo = self.env["privacy.consent"].sudo()
        whose = Domain("partner_id", "in", self._partners_mailed(document_id).ids)
        if address := email_normalize(email):
            whose |= Domain("partner_id.email_normalized", "=", address)
        return consents_sudo.with_context(active_test=False).search(
            Domain("activity_id", "in", activities.ids)
            & Domain("merged_into_id", "=", False)
            & whose
        )

    def _partners_mailed(self, document_id):
        """:return: the contacts of a record that was mailed about, as superuser"""
        records_sudo = self.env[self.sudo().mailing_model_real].sudo()
        if not str(document_id or "").isdecimal():
            return records_sudo.env["res.partner"]
        record_sudo = records_sudo.browse(int(document_id)).exists()
        return record_sudo._mail_get_partners().get(
            record_sudo.id, record_sudo.env["res.partner"]
        )


def _addresses(records):
    """:return: the addresses of each record as Odoo's mailings find them"""
    emails = records._mail_get_primary_email()
    partners = records._mail_get_partners()
    return [
        email_normalize_all(emails[record.id] or partners[record.id][:1].email or "")
        for record in records
    ]


def _first_reason(may, addresses):
    """:return: whether one of a recipient's addresses may be mailed, or why not

    :param dict may: as of ``_consents_by_address()``
    """
    answers = [may.get(one, "unknown") for one in addresses]
    return next((one for one in (True, False, "unknown") if one in answers), "address")
