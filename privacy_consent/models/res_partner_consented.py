# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose data may be used today, and for what: for filters, tags and mailings.

A view of the database tells it, so that Odoo searches, groups and exports it as any
other tag, without a copy that could be out of date.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

_VIEW = "privacy_consented"
# Each of them is looked up: more would take longer than the rest of a form.
_COUNTED = 1_000
# What of a consent or an activity the view reads.
_READ = ("active", "merged_into_id", "status", "suspected_automated", "valid_until")


def make_consented_view(cr):
    """Make the view. It is called at each installation and upgrade of the addon."""
    drop_consented_view(cr)
    cr.execute(
        SQL(
            """
            CREATE VIEW %s AS
            SELECT consent.partner_id, consent.activity_id
              FROM privacy_consent AS consent
              JOIN privacy_activity AS activity ON activity.id = consent.activity_id
             WHERE consent.active IS TRUE AND activity.active IS TRUE
               AND consent.merged_into_id IS NULL AND %s
            """,
            SQL.identifier(_VIEW),
            _counts("consent"),
        )
    )


def drop_consented_view(cr):
    """Drop the view, before the columns change that it reads, or go."""
    cr.execute(SQL("DROP VIEW IF EXISTS %s", SQL.identifier(_VIEW)))


def _counts(consent):
    """:return: the condition that an answer is a yes that counts today

    :param str consent: alias of the table of consents
    """
    return SQL(
        """
        (%(consent)s.status = 'given'
         AND %(consent)s.suspected_automated IS NOT TRUE
         AND (%(consent)s.valid_until IS NULL
              OR %(consent)s.valid_until > now() AT TIME ZONE 'UTC'))
        """,
        consent=SQL.identifier(consent),
    )


class ConsentedActivities(fields.Many2many):
    """Links that a view tells, and nobody writes."""

    def update_db(self, model, columns):
        """Leave the database alone: the view is made once the tables are there."""

    def read(self, records):
        """Read the links as they are at this moment."""
        _flush(records.env)
        return super().read(records)

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        """Search by the links as they are at this moment.

        Odoo takes ids as they are, and any link for one. Whoever searches shall find
        out nothing about activities that they may not read.
        """
        _flush(model.env)
        where = (model, alias, query)
        if operator in ("in", "not in"):
            ids = set(value) - {False}
            conditions = [(operator == "in", Domain("id", "in", ids))] if ids else []
            if False in value:
                conditions.append((operator == "not in", Domain.TRUE))
            search = super().condition_to_sql
            word = SQL(" OR ") if operator == "in" else SQL(" AND ")
            parts = [
                search(field_expr, "any" if links else "not any", those, *where)
                for links, those in conditions
            ]
            return SQL("(%s)", word.join(parts)) if parts else SQL("FALSE")
        return super().condition_to_sql(field_expr, operator, value, *where)

    def write_real(self, records_commands_list, create=False):
        """Refuse to write what only answers tell.

        :raise UserError: if there is anything to write
        """
        for records, commands in records_commands_list:
            if commands:
                raise UserError(
                    records.env._(
                        "Who consents to what follows from their answers: record an "
                        "answer instead."
                    )
                )


def _flush(env):
    env["privacy.consent"].flush_model(
        [name for name in _READ if name in env["privacy.consent"]._fields]
    )
    env["privacy.activity"].flush_model(["active"])


class ResPartner(models.Model):
    _inherit = "res.partner"

    consented_activity_ids = ConsentedActivities(
        comodel_name="privacy.activity",
        relation=_VIEW,
        column1="partner_id",
        column2="activity_id",
        string="Consents to",
        readonly=True,
        copy=False,
        help="The activities for which this person's data may be used today, because "
        "they consent. Silence, and what is assumed, is no consent.",
    )

    def _has_consent(self, activity):
        """Tell whether this contact's data may be used for an activity at this moment.

        :param activity: one ``privacy.activity`` record
        :rtype: bool
        """
        self.ensure_one()
        partners_sudo = self.sudo().with_context(active_test=False)
        domain = Domain("id", "=", self.id) & activity._consenting_domain()
        return bool(partners_sudo.search_count(domain, limit=1))

    def _read_group_groupby(self, alias, groupby_spec, query):
        if groupby_spec == "consented_activity_ids":
            _flush(self.env)
        return super()._read_group_groupby(alias, groupby_spec, query)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _auto_init(self):
        drop_consented_view(self.env.cr)
        return super()._auto_init()

    def init(self):
        result = super().init()
        make_consented_view(self.env.cr)
        return result

    @api.model
    def _forget_consented(self, names):
        """Forget what contacts were known to consent to, if that may change.

        :param names: the fields that were written
        """
        if any(name in names for name in _READ):
            self.env["res.partner"].invalidate_model(
                ["consented_activity_ids"], flush=False
            )


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    usable_count = fields.Char(
        string="May be used today",
        compute="_compute_usable_count",
        help="How many contacts consent at this moment, if they are not very many.",
    )

    def _forget_who_consents(self, vals):
        """Forget what contacts were known to consent to, if that may change.

        :param dict vals: what was written
        """
        if "active" in vals:
            self.env["res.partner"].invalidate_model(
                ["consented_activity_ids"], flush=False
            )

    def _compute_usable_count(self):
        _flush(self.env)
        partners = self.env["res.partner"]

        def to_sql(_model, alias, _query):
            subjects = partners._search([("active", "=", True)])
            subjects.add_where(
                SQL(
                    "%s = %s",
                    SQL.identifier(subjects.table, "id"),
                    SQL.identifier(alias, "partner_id"),
                )
            )
            # OFFSET keeps PostgreSQL from reading all contacts before it counts.
            return SQL(
                "%s AND EXISTS (%s OFFSET 0)", _counts(alias), subjects.subselect()
            )

        consenting = Domain("merged_into_id", "=", False) & Domain.custom(to_sql=to_sql)
        for activity in self:
            count = activity.active and self.env["privacy.consent"].sudo().search_count(
                consenting & Domain("activity_id", "in", activity.ids),
                limit=_COUNTED + 1,
            )
            shown = formatLang(self.env, min(count, _COUNTED), digits=0)
            activity.usable_count = f"{shown}+" if count > _COUNTED else shown

    def _consenting_domain(self):
        """Tell whose data may be used for one of these activities at this moment.

        :return: a domain on ``res.partner``
        :rtype: Domain
        """
        return Domain("consented_activity_ids", "in", self.ids)

    def action_show_usable(self):
        """Show whose data may be used.

        :return: the action that shows the contacts
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        name = self.env._("May be used today: %s", self.name)
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "privacy.action_data_protection_partner_form"
            ),
            "name": name,
            # The web client shows this one.
            "display_name": name,
            "view_mode": "list,kanban,form",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": list(self._consenting_domain()),
            "context": {},
        }

    def _consents_by_address(self, addresses):
        """Tell which addresses may be mailed about this activity at this moment.

        Some contact with the address consents, and none refused, withdrew or let it
        expire. Companies play no part in that, nor do rights.

        :param addresses: normalized addresses
        :return: whether each may be mailed; those that no answer is known of are absent
        :rtype: dict
        """
        self.ensure_one()
        _flush(self.env)
        self.env["res.partner"].flush_model(["email_normalized"])
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT subject.email_normalized,
                           bool_or(consent.active IS TRUE AND %(counts)s)
                           AND NOT bool_or(
                               consent.status IN ('refused', 'withdrawn', 'expired')
                               OR consent.valid_until <= now() AT TIME ZONE 'UTC'
                           ) IS TRUE
                      FROM privacy_consent AS consent
                      JOIN res_partner AS subject ON subject.id = consent.partner_id
                      JOIN privacy_activity AS activity
                        ON activity.id = consent.activity_id AND activity.active IS TRUE
                     WHERE consent.activity_id = %(activity)s
                       AND consent.merged_into_id IS NULL
                       AND consent.status NOT IN ('unknown', 'requested')
                       AND subject.email_normalized = ANY (%(addresses)s)
                  GROUP BY subject.email_normalized
                    """,
                    activity=self.id,
                    addresses=list(addresses),
                    counts=_counts("consent"),
                )
            )
        )
