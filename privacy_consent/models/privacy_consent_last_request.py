# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a consent tells of its last request, and which ones did not reach anybody."""

from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .privacy_consent_request import UNREACHED

# The condition that there is no later request.
_LAST = SQL(
    "NOT EXISTS (SELECT FROM privacy_consent_request AS later"
    " WHERE later.consent_id = last.consent_id AND later.id > last.id)"
)


def _unreached_sql(model, alias, _query, activities):
    """Make the condition of :meth:`PrivacyConsent._unreached_domain`.

    Nearly all requests reach somebody. PostgreSQL reads first the few consents with one
    that did not. Of activities, whose consents are counted, it reads only those whose
    last one did not. Of all of them, it looks for a later one only as long as it needs
    more of them.

    :rtype: SQL
    """
    model.env["privacy.consent.request"].flush_model()
    model.env["privacy.consent"].flush_model(["answer_date"])
    unreached = SQL("last.state IN %s AND %s", UNREACHED, _LAST)
    if activities:
        found = SQL("%s AND last.activity_id = ANY (%s)", unreached, activities.ids)
        certain = SQL("%s IS NULL OR", SQL.identifier(alias, "answer_date"))
    else:
        found = SQL("last.state IN %s", UNREACHED)
        certain = SQL()
    return SQL(
        """
        %(consent)s = ANY (ARRAY(
            SELECT last.consent_id FROM privacy_consent_request AS last WHERE %(found)s
        )) AND (%(certain)s EXISTS (
            SELECT FROM privacy_consent_request AS last
             WHERE last.consent_id = %(consent)s AND %(unreached)s
               AND coalesce(
                       date_trunc('second', %(answered)s) <= last.create_date, TRUE
                   )
        ))
        """,
        answered=SQL.identifier(alias, "answer_date"),
        certain=certain,
        consent=SQL.identifier(alias, "id"),
        found=found,
        unreached=unreached,
    )


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    request_ids = fields.One2many(
        comodel_name="privacy.consent.request",
        inverse_name="consent_id",
        string="Requests",
        readonly=True,
    )
    last_request_id = fields.Many2one(
        comodel_name="privacy.consent.request",
        compute="_compute_last_request",
        compute_sudo=True,
        exportable=False,
    )
    request_state = fields.Selection(
        selection=lambda self: self.env["privacy.consent.request"]
        ._fields["state"]
        ._description_selection(self.env),
        string="Last request",
        compute="_compute_last_request",
        compute_sudo=True,
        help="What became of the last request. Empty: there is none.",
    )
    request_address = fields.Char(
        string="Asked at",
        compute="_compute_last_request",
        compute_sudo=True,
        help="The address of the last request.",
    )
    failure_reason = fields.Text(
        string="Request failed",
        compute="_compute_last_request",
        search="_search_failure_reason",
        compute_sudo=True,
        help="Why the last request did not reach the subject.",
    )

    @api.depends(
        "answer_date",
        "request_ids",
        "request_ids.address",
        "request_ids.contact_email",
        "request_ids.reason",
        "request_ids.state",
    )
    def _compute_last_request(self):
        requests = self.request_ids
        for consent in self:
            last = consent.request_ids.sorted("id")[-1:].with_prefetch(requests.ids)
            consent.last_request_id = last
            consent.request_state = last.state
            # What is no address is said, too.
            consent.request_address = last.address or last.contact_email
            # Who answered since was reached all the same.
            answered = last and consent._answered_since(last.create_date)
            consent.failure_reason = (
                last.state in UNREACHED
                and not answered
                and (last.reason or self.env._("Nobody knows why."))
            )

    def _answered_since(self, moment):
        """:return: whether the answer is later than a moment, in whole seconds"""
        date = self.answer_date
        return bool(date) and date.replace(microsecond=0) > moment

    def _search_failure_reason(self, operator, value):
        if operator not in ("in", "not in") or any(value):
            return NotImplemented
        unreached = self._unreached_domain()
        return unreached if operator == "not in" else ~unreached

    def _unreached_domain(self, activities=None):
        """Make the condition that the last request of a consent reached nobody.

        :param activities: only of these, which is quicker
        :rtype: Domain
        """
        return Domain.custom(to_sql=partial(_unreached_sql, activities=activities))
