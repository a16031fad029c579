# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The register of data processing activities (GDPR, article 30)."""

import ast

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain


class PrivacyActivity(models.Model):
    """One purpose for which personal data are processed: what, why, by whom."""

    _name = "privacy.activity"
    _description = "Data processing activity"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"

    active = fields.Boolean(default=True, index=True)
    name = fields.Char(required=True, translate=True)
    description = fields.Html(
        translate=True,
        help="What is done with the data and why, in words for the people concerned.",
    )
    controller_id = fields.Many2one(
        comodel_name="res.partner",
        string="Controller",
        required=True,
        default=lambda self: self._default_controller_id(),
        help="Whoever decides why and how the data are processed (GDPR, article 4(7)).",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        compute="_compute_company_id",
        store=True,
        index="btree_not_null",
        help="The company that is the controller, or to which the controller belongs.",
    )
    processor_ids = fields.Many2many(
        comodel_name="res.partner",
        relation="privacy_activity_res_partner_processor_ids",
        string="Processors",
        help="Those who process the data on the controller's behalf "
        "(GDPR, article 4(8)).",
    )
    subject_find = fields.Boolean(
        string="Define subjects",
        help="Describe by a filter on contacts whose data are processed.",
    )
    subject_domain = fields.Char(
        string="Subjects filter",
        default="[]",
        help="The contacts whose data this activity processes.",
    )

    @api.model
    def _default_controller_id(self):
        """:return: the partner of the current user's company"""
        return self.env.company.partner_id

    @api.depends("controller_id.company_id")
    def _compute_company_id(self):
        # A company's own contact is usually shared by all companies.
        companies = self.env["res.company"].sudo()
        owners = companies.search([("partner_id", "in", self.controller_id.ids)])
        company_of = {company.partner_id.id: company for company in owners}
        for activity in self:
            controller = activity.controller_id
            activity.company_id = company_of.get(controller.id, controller.company_id)

    def write(self, vals):
        """Write values. Whoever changes the controller may choose the new one.

        :raise AccessError: for a controller of a company that is not the user's
        """
        result = super().write(vals)
        if "controller_id" in vals:
            self.check_access("write")
        return result

    @api.constrains("subject_domain")
    def _check_subject_domain(self):
        """Refuse a subjects filter that cannot be evaluated on contacts.

        :raise ValidationError: naming the field and the reason
        """
        partners = self.env["res.partner"]
        for activity in self:
            try:
                domain = Domain(ast.literal_eval(activity.subject_domain or "[]"))
                # Some errors (a date that is none) only show in the database.
                with self.env.cr.savepoint():
                    partners.search(domain, limit=1)
            except (
                AttributeError,
                KeyError,
                MemoryError,
                RecursionError,
                SyntaxError,
                TypeError,
                UserError,
                ValueError,
                psycopg2.Error,
            ) as error:
                raise ValidationError(
                    self.env._(
                        "The field “Subjects filter” of the activity “%(activity)s” "
                        "cannot be evaluated: %(reason)s\n"
                        "Correct it, for example with the filter editor.",
                        activity=activity.name,
                        reason=error,
                    )
                ) from error
