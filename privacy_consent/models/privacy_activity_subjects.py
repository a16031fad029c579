# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whom an activity should ask and has not asked yet."""

import ast
from contextlib import contextmanager
from functools import partial

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .one_process import in_one_process
from .privacy_consent_request import OPEN, UNREACHED

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
        store=True,
        help="The activity and its consents are for the officers of this company. "
        "Empty: for those of all companies.",
        exportable=False,
    )

    @api.depends("controller_id.company_id", "controller_id.own_company_ids")
    def _compute_controller_company_id(self):
        for activity in self:
            controller = activity.controller_id
            activity.controller_company_id = (
                controller.own_company_ids[:1] or controller.company_id
            )

    def _subjects_missing(self, after=0, limit=None, among=None):
        """Find the contacts that this activity should ask and has not yet.

        Contacts without e-mail cannot be asked. An archived consent still counts as
        asked.

        :param int after: leave out contacts whose id is not greater
        :param int limit: how many at most
        :param among: ``res.partner`` records; leave out all others
        :return: ``res.partner`` records, in the order of their ids
        :raise UserError: when the subjects filter cannot be evaluated
        """
        with self._finding_subjects():
            domain = self._subjects_missing_domain(after)
            if among is not None:
                domain &= Domain("id", "in", among.ids)
            return self.env["res.partner"].search(
                domain,
                order="id",
                limit=limit,
            )

    def _count_subjects_missing(self):
        """Count what :meth:`_subjects_missing` finds.

        :rtype: int
        """
        with self._finding_subjects():
            return self.env["res.partner"].search_count(self._subjects_missing_domain())

    def _subjects_missing_domain(self, after=0):
        """:rtype: Domain"""
        partners = self.env["res.partner"]
        return (
            self._subjects_domain()
            .optimize(partners)
            .map_conditions(partial(_without_asked, self, partners, after))
            & Domain("id", ">", after)
            & Domain.custom(to_sql=self._not_asked_sql)
            & Domain.custom(to_sql=self._not_erased_sql)
        )

    def _subjects_domain(self):
        """Find whom the filter finds who can be asked, whoever was asked already.

        :rtype: Domain
        """
        self.ensure_one()
        return (
            Domain(ast.literal_eval(self.subject_domain or "[]"))
            & Domain("email", "not in", [False, ""])
            & self._subjects_company_domain()
        )

    def _not_asked_sql(self, _model, alias, _query):
        return _not_asked_sql(self, SQL.identifier(alias, "id"))

    def _not_erased_sql(self, _model, alias, _query):
        """Make the condition that no erasure put the address on the blacklist.

        PostgreSQL finds the few contacts it did, and reads no address of the others.

        :rtype: SQL
        """
        return SQL(
            "NOT EXISTS (SELECT FROM mail_blacklist AS entry JOIN res_partner AS erased"
            " ON erased.email_normalized = entry.email WHERE erased.id = %s"
            " AND entry.active AND entry.consent_erased)",
            SQL.identifier(alias, "id"),
        )

    def _consents_to_ask(self, after=0, limit=None, among=None):
        """Find the consents of people who were not reached and have to be asked.

        Whatever became of an earlier mail, nobody is forgotten: the last request of a
        consent counts. Whom it did not reach is asked again once there is another
        address. Activities that are asked about by hand have none.

        :param int after: leave out consents whose id is not greater
        :param int limit: how many at most
        :param among: ``res.partner`` records; leave out the consents of all others
        :return: ``privacy.consent`` records, in the order of their ids
        """
        own = Domain("id", ">", after)
        if among is not None:
            own &= Domain("partner_id", "in", among.ids)
        domains = self._to_ask_domains(after, among)
        found = self.env["privacy.consent"].concat(
            *(
                self.env["privacy.consent"].search(
                    domain & own, order="id", limit=limit
                )
                for domain in domains
            )
        )
        return found.sorted("id")[:limit]

    def _count_consents_to_ask(self):
        """Count what :meth:`_consents_to_ask` finds.

        :rtype: int
        """
        return sum(
            map(self.env["privacy.consent"].search_count, self._to_ask_domains())
        )

    def _to_ask_domains(self, after=0, among=None):
        """Make the conditions of :meth:`_consents_to_ask`, whose parameters these are.

        Both may hold more than these say.

        :return: two domains, because PostgreSQL would be slow with both at once
        :rtype: list[Domain]
        """
        self.ensure_one()
        if self.consent_required != "auto":
            return []
        self.env["mail.blacklist"].flush_model()
        self.env["privacy.consent"].flush_model()
        self.env["privacy.consent.request"].flush_model()
        self.env["res.partner"].flush_model(["email", "email_normalized"])
        subjects = (
            Domain("active", "=", True)
            & self._subjects_company_domain()
            & Domain.custom(to_sql=self._not_erased_sql)
        )
        asked = Domain("activity_id", "=", self.id) & Domain(
            "partner_id", "any", subjects
        )
        return [
            asked
            & Domain("state", "=", "draft")
            & Domain.custom(to_sql=partial(_unasked_sql, self)),
            asked & Domain("id", "in", self._reachable_elsewhere(after, among).ids),
        ]

    def _reachable_elsewhere(self, after, among):
        """:return: the consents whose last request reached nobody, and which have an
        address now that was not tried, with superuser rights
        """
        with in_one_process(self.env.cr):
            rows = self.env.execute_query(_maybe_elsewhere_sql(self, after, among))
        consents_sudo = self.env["privacy.consent"].sudo()
        found_sudo = consents_sudo.browse(consent_id for (consent_id,) in rows)
        return found_sudo.filtered(
            lambda one: one._untried_address()
            # In place of a reminder, nobody is asked who gets none.
            and one.last_request_id._hindrance() != "blacklist"
        )

    def _subjects_company_domain(self):
        """Leave contacts of other companies to the activities of those.

        An activity whose controller has no company asks the contacts that all companies
        share, unless there is only one company. So the scheduled action, which sees
        every company, asks the same people as the button.

        :rtype: Domain
        """
        company_sudo = self.controller_company_id.sudo()
        if not company_sudo:
            companies_sudo = company_sudo.search([], limit=2)
            company_sudo = companies_sudo if len(companies_sudo) == 1 else company_sudo
        # By their ids, which PostgreSQL reads from an index of contacts.
        ids, branches_sudo = [False], company_sudo.with_context(active_test=False)
        while branches_sudo:
            ids += branches_sudo.ids
            branches_sudo = branches_sudo.child_ids
        return Domain("company_id", "in", ids)

    @contextmanager
    def _finding_subjects(self):
        """Have PostgreSQL use indexes; say which filter cannot be evaluated, and why.

        :raise UserError: when it cannot; the transaction is of no use any more then
        """
        name = self.display_name
        self.env["privacy.consent"].flush_model()
        self.env["mail.blacklist"].flush_model()
        self.env["res.partner"].flush_model(["email_normalized"])
        try:
            with in_one_process(self.env.cr):
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


def _not_asked_sql(activity, partner_id):
    """Make the condition that a contact has no consent to an activity.

    Rights play no part in whether somebody was asked. Of the consents of merged
    contacts the one that counts is enough, which the unique index has.

    :rtype: SQL
    """
    return SQL(
        "NOT EXISTS (SELECT FROM privacy_consent WHERE partner_id = %s"
        " AND activity_id = %s AND merged_into_id IS NULL)",
        partner_id,
        activity.id,
    )


def _without_asked(activity, partners, after, condition):
    """Have a condition on tags, or on other links, leave out who was asked already.

    The filter leaves them out anyway. But where links say whom it finds, and nobody is
    missing, PostgreSQL sees that in two indexes and reads none of the contacts.

    :param int after: leave out contacts whose id is not greater, too
    :param condition: of an optimized domain for contacts
    :rtype: Domain
    """
    field = partners._fields.get(condition.field_expr)
    if (
        condition.operator != "in"
        or not field
        or field.type != "many2many"
        or not field.store
        or not field.get_comodel_domain(partners).is_true()
        # Odoo finds out what names mean, and that there is no link.
        or any(type(value) is not int for value in condition.value)
    ):
        return condition

    def to_sql(model, alias, _query):
        model._check_field_access(field, "read")
        linked = SQL.identifier("link", field.column1)
        return SQL(
            "%(id)s IN (SELECT %(linked)s FROM %(links)s AS link"
            " WHERE %(linked)s > %(after)s AND %(tag)s IN %(tags)s AND %(not_asked)s)",
            after=after,
            id=SQL.identifier(alias, "id"),
            linked=linked,
            links=SQL.identifier(field.relation),
            not_asked=_not_asked_sql(activity, linked),
            tag=SQL.identifier("link", field.column2),
            tags=tuple(condition.value),
        )

    return Domain.custom(to_sql=to_sql)


def _unasked_sql(activity, _model, alias, _query):
    """Make the condition that a draft was not asked, or that the last time was undone.

    PostgreSQL first finds the few in question by indexes, and looks at nothing else of
    the others.

    :rtype: SQL
    """
    return SQL(
        """
        %(consent)s = ANY (ARRAY(
            SELECT draft.id FROM privacy_consent AS draft
             WHERE draft.activity_id = %(activity)s AND draft.state = 'draft'
               AND draft.active IS TRUE AND %(idle)s
               AND NOT EXISTS (
                       SELECT FROM privacy_consent_request AS ended
                        WHERE ended.activity_id = %(activity)s
                          AND ended.consent_id = draft.id AND ended.state IN %(ended)s
                          AND NOT EXISTS (
                                  SELECT FROM privacy_consent_request AS later
                                   WHERE later.consent_id = ended.consent_id
                                     AND later.id > ended.id
                              )
                   )
        ))
        """,
        activity=activity.id,
        consent=SQL.identifier(alias, "id"),
        ended=UNREACHED,
        idle=_idle_sql(activity, SQL.identifier("draft", "id")),
    )


def _maybe_elsewhere_sql(activity, after, among):
    """Find the few consents whose last request reached nobody, but the next one may.

    Those are left out first whose only address is the same as then, which are nearly
    all: OFFSET has PostgreSQL do it. A draft whose later request was cancelled is asked
    anyway.

    :param int after: leave out consents whose id is not greater
    :param among: ``res.partner`` records, or None; leave out all others

    :rtype: SQL
    """
    return SQL(
        """
        SELECT consent.id FROM (
            SELECT consent.id, consent.state, ended.id AS ended_id
              FROM privacy_consent_request AS ended
              JOIN privacy_consent AS consent ON consent.id = ended.consent_id
              JOIN res_partner AS subject ON subject.id = consent.partner_id
             WHERE ended.activity_id = %(activity)s AND ended.state IN %(ended)s
               AND ended.consent_id > %(after)s AND %(own)s
               AND consent.state IN ('draft', 'sent') AND consent.active IS TRUE
               AND (
                       subject.email IS DISTINCT FROM ended.contact_email
                       OR subject.email ~ '[,;\r\n]'
                   )
            OFFSET 0
        ) AS consent
         WHERE NOT EXISTS (
                   SELECT FROM privacy_consent_request AS later
                    WHERE later.consent_id = consent.id AND later.id > consent.ended_id
                      AND (consent.state = 'draft' OR later.state <> 'cancelled')
               )
           AND %(idle)s
        """,
        activity=activity.id,
        after=after,
        ended=UNREACHED,
        idle=_idle_sql(activity, SQL.identifier("consent", "id")),
        own=SQL("TRUE")
        if among is None
        else SQL("consent.partner_id = ANY (%s)", among.ids),
    )


def _idle_sql(activity, consent_id):
    """Make the condition that no request of a consent is under way.

    :rtype: SQL
    """
    return SQL(
        """
        NOT EXISTS (
            SELECT FROM privacy_consent_request AS open
             WHERE open.activity_id = %(activity)s AND open.consent_id = %(consent)s
               AND open.state IN %(open)s
        ) AND NOT EXISTS (
            SELECT FROM privacy_consent_request AS due
             WHERE due.consent_id = %(consent)s AND due.effects_due IS TRUE
        )
        """,
        activity=activity.id,
        consent=consent_id,
        open=OPEN,
    )
