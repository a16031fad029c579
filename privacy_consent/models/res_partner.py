# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The consents of a contact."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    _inherit = "res.partner"

    privacy_consent_ids = fields.One2many(
        comodel_name="privacy.consent",
        inverse_name="partner_id",
        string="Privacy consents",
        groups="privacy.group_data_protection_user",
    )
    privacy_consent_count = fields.Integer(
        string="Consents",
        compute="_compute_privacy_consent_count",
        groups="privacy.group_data_protection_user",
    )

    own_company_ids = fields.One2many(
        comodel_name="res.company",
        inverse_name="partner_id",
        context={"active_test": False},
        groups="base.group_system",
        help="The companies whose own contact this is.",
    )

    address_changed_by_others = fields.Boolean(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Somebody else than the person changed the e-mail address of an account, "
        "or an account came here by a merge. To consent, its owner has to use the link "
        "in a mail.",
    )

    # Odoo has none, and each consent asks who else has its address.
    _email_normalized_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )

    def write(self, vals):
        """Ask nobody who is archived, and note who changes an account's address."""
        if "email" in vals:
            for partner_sudo in self.sudo().with_context(active_test=False):
                if partner_sudo.user_ids and partner_sudo.email != vals["email"]:
                    own = self.env.user.partner_id == partner_sudo
                    partner_sudo.address_changed_by_others = not own
        result = super().write(vals)
        if "active" in vals and not vals["active"]:
            consents_sudo = self.env["privacy.consent"].sudo()
            consents_sudo.search([("partner_id", "in", self.ids)])._cancel_requests(
                "contact"
            )
        return result

    @api.depends("privacy_consent_ids")
    def _compute_privacy_consent_count(self):
        counts = dict(
            self.env["privacy.consent"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.privacy_consent_count = counts.get(partner._origin, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        """Keep contacts whose consents prove something; forget mere drafts.

        :raise UserError: for a contact whose request was sent or answered
        """
        # Whoever may delete the contact needs no right to its consents.
        consents_sudo = (
            self.env["privacy.consent"]
            .sudo()
            .with_context(active_test=False)
            .search([("partner_id", "in", self.ids)])
        )
        asked_sudo = consents_sudo.filtered(lambda consent: consent.state != "draft")
        if asked_sudo:
            raise UserError(
                self.env._(
                    "%s cannot be deleted: they were asked for consent to the "
                    "processing of their data, and what they were asked and answered "
                    "must remain provable. Archive the contact instead.",
                    ", ".join(asked_sudo.partner_id.mapped("display_name")),
                )
            )
        consents_sudo.unlink()
