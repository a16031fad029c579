# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Why an address is on the blacklist: an erasure, or the server action of consents."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MailBlacklist(models.Model):
    _inherit = "mail.blacklist"

    consent_erased = fields.Boolean(
        string="Not asked for consent",
        readonly=True,
        help="An erasure put the address here: activities do not ask it by themselves.",
    )
    consent_opt_out = fields.Boolean(
        string="Put here for lack of consent",
        readonly=True,
        help="A server action put the address here because somebody did not consent. "
        "It leaves again when they do. This is cleared when anybody else puts the "
        "address here as well, or changes the entry.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Put addresses on the list. Those that are there already are here to stay."""
        entries = super().create(
            [{**vals, "consent_opt_out": False} for vals in vals_list]
        )
        entries._keep_for_others()
        return entries

    def write(self, vals):
        """Write values. An entry that somebody changes is theirs."""
        return super().write({**vals, "consent_opt_out": False})

    def _add(self, email, message=None):
        entry = super()._add(email, message=message)
        # Odoo writes nothing on an entry that is there already.
        entry._keep_for_others()
        return entry

    def _keep_for_others(self):
        """Let nobody who consents take these entries off the list."""
        self.filtered("consent_opt_out").consent_opt_out = False


def not_on_blacklist(env):
    """Make the condition that a contact gets mailings.

    :rtype: Domain
    """
    env["mail.blacklist"].flush_model(["active", "email"])
    return Domain.custom(
        to_sql=lambda _model, alias, _query: SQL(
            "NOT EXISTS (SELECT FROM mail_blacklist WHERE email = %s AND active)",
            SQL.identifier(alias, "email_normalized"),
        )
    )


def mark_opt_out(env, address):
    """Note again that a consent is why an address is on the list, where that is so.

    Each of two consents with one address notes it. So the database lets the later
    transaction fail, and Odoo repeats it, which then sees what the other one did.
    It is no method, so that the code of a server action cannot call it.

    :param str address: normalized, and on the list
    :return: the ``mail.blacklist`` record, or none
    """
    return _mark(env, SQL("email = %s AND active AND consent_opt_out", address))


def add_opt_out(env, address):
    """Put an address on the list for lack of consent.

    It is no method, for the same reason.

    :param str address: normalized, and not on the list
    """
    _mark(env, SQL("id = %s", env["mail.blacklist"]._add(address).id))


def _mark(env, condition):
    entries = env["mail.blacklist"]
    entries.flush_model(["active", "consent_opt_out", "email"])
    env.cr.execute(
        SQL(
            "UPDATE mail_blacklist SET consent_opt_out = TRUE WHERE %s RETURNING id",
            condition,
        ),
        log_exceptions=False,
    )
    found = entries.browse(entry_id for (entry_id,) in env.cr.fetchall())
    entries.invalidate_model(["consent_opt_out"])
    return found
