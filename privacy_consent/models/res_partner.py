# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The consents of a contact."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .. import addresses


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
        help="Somebody else than the owner of the account changed the e-mail address, "
        "or an account came here by a merge. To consent, its owner has to use the link "
        "in a mail, until they have once used one while they are signed in.",
    )

    # Odoo has none, and each consent asks who else has its address.
    _email_normalized_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )
    # Nearly all have one address, and Odoo normalizes that alone.
    _several_addresses_idx = models.Index("(id) WHERE email ~ '[,;\\r\\n]'")

    @api.model
    def _with_address(self, address):
        """Find contacts by any of their addresses.

        :param str address: normalized
        :return: ``res.partner`` records
        """
        self.flush_model(["email"])
        also = Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                "%(email)s ~ '[,;\\r\\n]'"
                " AND strpos(lower(%(email)s), %(address)s) > 0",
                address=address,
                email=SQL.identifier(alias, "email"),
            )
        )
        return self.search([("email_normalized", "=", address)]) | self.search(
            also
        ).filtered(lambda one: address in addresses.read(one.email).valid)

    def write(self, vals):
        """Have done what follows from the change.

        Nobody who is archived is asked, who changes somebody's address is noted, and
        texts follow a name that they say.
        """
        moved_sudo = self.browse()
        if "email" in vals:
            moved_sudo = self.sudo()._moved_by_others(vals["email"])
        texts = self._texts_with_name(vals)
        result = super().write(vals)
        self._follow_name(texts, vals)
        moved_sudo.address_changed_by_others = True
        if "active" in vals and not vals["active"]:
            consents_sudo = self.env["privacy.consent"].sudo()
            consents_sudo.search([("partner_id", "in", self.ids)])._cancel_requests(
                "contact"
            )
        return result

    def _moved_by_others(self, email):
        """Find the contacts whose address somebody else than themselves changes.

        Whoever changes it may get an account of the contact afterwards.

        :param str email: what is about to be written
        """
        after = addresses.read(email).valid
        moved = self.browse()
        for partner in self.with_context(active_test=False):
            before = addresses.read(partner.email).valid
            if before != after and (before or partner.user_ids):
                moved |= partner - self.env.user.partner_id
        return moved.filtered(lambda one: not one.address_changed_by_others)

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
