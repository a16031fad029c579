# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whom an activity should ask and has not asked yet."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

import ast
from contextlib import contextmanager

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

# How a filter fails that does not parse, does not fit the model or the database. The
# addon privacy has the same list, but may be replaced by the community's own.
_DOMAIN_ERRORS = (
    AttributeError,
    KeyError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    UserError,
    ValueError,
    psycopg2.Error,
)


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    # Not company_id, which the community's own privacy may not have.
    controller_company_id = fields.Many2one(
        comodel_name="res.company",
        string="Company of the controller",
        compute="_compute_controller_company_id",
        compute_sudo=True,
    )

    @api.depends("controller_id.company_id")
    def _compute_controller_company_id(self):
        companies = (
            self.env["res.company"]
            .with_context(active_test=False)
            .search([("partner_id", "in", self.controller_id.ids)])
        )
        company_by_partner = companies.grouped("partner_id")
        for activity in self:
            controller = activity.controller_id
            activity.controller_company_id = company_by_partner.get(
                controller, controller.company_id
            )[:1]

    def _subjects_missing(self, after=0, limit=None):
        """Find the contacts that this activity should ask and has not yet.

        Contacts without e-mail cannot be asked. An archived consent still counts as
        asked.

        :param int after: leave out contacts whose id is not greater
        :param int limit: how many at most
        :return: ``res.partner`` records, in the order of their ids
        :raise UserError: when the subjects filter cannot be evaluated
        """
        with self._explaining_filter_errors():
            return self.env["res.partner"].search(
                self._subjects_missing_domain() & Domain("id", ">", after),
                order="id",
                limit=limit,
            )

    def _count_subjects_missing(self, after=0):
        """Count what :meth:`_subjects_missing` finds.

        :rtype: int
        """
        with self._explaining_filter_errors():
            return self.env["res.partner"].search_count(
                self._subjects_missing_domain() & Domain("id", ">", after)
            )

    def _subjects_missing_domain(self):
        """:rtype: Domain"""
        self.ensure_one()
        return (
            Domain(ast.literal_eval(self.subject_domain or "[]"))
            & Domain("email", "not in", [False, ""])
            & self._subjects_company_domain()
            & Domain.custom(to_sql=self._not_asked_sql)
            & Domain.custom(to_sql=self._not_erased_sql)
        )

    def _not_asked_sql(self, _model, alias, _query):
        """Make the condition that a contact has no consent to this activity.

        Rights play no part in whether somebody was asked. Of the consents of merged
        contacts the one that counts is enough, which the unique index has.

        :rtype: SQL
        """
        return SQL(
            "NOT EXISTS (SELECT FROM privacy_consent WHERE partner_id = %s"
            " AND activity_id = %s AND merged_into_id IS NULL)",
            SQL.identifier(alias, "id"),
            self.id,
        )

    def _not_erased_sql(self, _model, alias, _query):
        """Make the condition that no erasure put the address on the blacklist.

        :rtype: SQL
        """
        return SQL(
            "NOT EXISTS (SELECT FROM mail_blacklist WHERE email = %s"
            " AND active AND consent_erased)",
            SQL.identifier(alias, "email_normalized"),
        )

    def _subjects_company_domain(self):
        """Leave contacts of other companies to the activities of those.

        The scheduled action, which sees every company, asks whom the button asks.

        :rtype: Domain
        """
        company = self.controller_company_id
        if not company:
            return Domain.TRUE
        return Domain("company_id", "=", False) | Domain(
            "company_id", "child_of", company.id
        )

    @contextmanager
    def _explaining_filter_errors(self):
        """Say which activity has a filter that cannot be evaluated, and why.

        :raise UserError: when it cannot; the transaction is of no use any more then
        """
        name = self.display_name
        self.env["privacy.consent"].flush_model()
        self.env["mail.blacklist"].flush_model()
        try:
            yield
        except _DOMAIN_ERRORS as error:
            if isinstance(error, psycopg2.OperationalError):
                raise  # a conflict with another transaction, not the filter's fault
            raise UserError(
                self.env._(
                    "The field “Subjects filter” of the activity “%(activity)s” cannot "
                    "be evaluated: %(reason)s",
                    activity=name,
                    reason=error,
                )
            ) from error
