# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Erase what is known of people, or keep the proof locked for a while."""

from odoo import api, fields, models


class PrivacyConsentErase(models.TransientModel):
    """What a manager decides before anything is erased."""

    _name = "privacy.consent.erase"
    _description = "Erase consents"

    consent_ids = fields.Many2many(
        comodel_name="privacy.consent",
        relation="privacy_consent_erase_rel",
        string="Consents",
        default=lambda self: self._default_consent_ids(),
        required=True,
        readonly=True,
        context={"active_test": False},
    )
    consent_count = fields.Integer(
        string="Number of consents", compute="_compute_consent_count"
    )
    choice = fields.Selection(
        selection=[
            ("now", "Erase now"),
            ("lock", "Keep the proof locked until …"),
        ],
        default="now",
        required=True,
    )
    locked_until = fields.Date(
        help="The proof is kept for legal claims alone, Art. 17(3)(e) GDPR, and erased "
        "on the day after."
    )
    reason = fields.Text(
        required=True,
        help="It stays with the proof that something was erased: name nobody here.",
    )
    blacklist = fields.Boolean(string="Put the address on the blacklist")

    @api.model
    def _default_consent_ids(self):
        if self.env.context.get("active_model") != "privacy.consent":
            return []
        return self.env.context.get("active_ids") or []

    @api.depends("consent_ids")
    def _compute_consent_count(self):
        for wizard in self:
            wizard.consent_count = len(wizard.consent_ids)

    def action_erase(self):
        """Erase the consents, or lock their proof, as chosen.

        :return: the action that shows the consents that are left
        :rtype: dict
        :raise AccessError: for whoever may not delete one of them
        :raise UserError: without a reason, or without a day in the future to lock until
        """
        self.ensure_one()
        self.check_access("write")
        # Odoo hides those of other companies, which then would just be left out.
        consents = self.sudo().consent_ids.sudo(False)
        consents.check_access("unlink")
        if self.blacklist:
            self._put_on_blacklist(consents.sudo().partner_id)
        if self.choice == "lock":
            consents._lock_proof(self.locked_until, self.reason)
        else:
            consents._erase(self.reason)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "privacy_consent.consent_action"
        )
        return {**action, "target": "main"}

    def _put_on_blacklist(self, partners_sudo):
        """Put the addresses of these contacts on the blacklist.

        :param partners_sudo: ``res.partner`` records, with superuser rights
        """
        blacklist_sudo = self.env["mail.blacklist"].sudo()
        for address in set(partners_sudo.mapped("email_normalized")) - {False}:
            blacklist_sudo._add(address).consent_erased = True
