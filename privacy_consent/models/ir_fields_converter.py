# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whom and what a row of an import is about: exactly one, or it is an error."""

from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar

from odoo import api, models
from odoo.tools import email_normalize

# The ids of contacts by the addresses in a file, read at once: one by one takes as long
# as all the rest of an import.
_ADDRESSEES = ContextVar("privacy_consent.addressees", default=None)
_NAMED = ("partner_id", "activity_id")


@contextmanager
def knowing_addressees(env, values):
    """Read the contacts with these addresses once, for as long as this lasts.

    :param values: texts, some of which are addresses
    """
    found = defaultdict(list)
    addresses = {email_normalize(value) for value in values} - {False}
    for partner in env["res.partner"].search_fetch(
        [("email_normalized", "in", addresses)], ["email_normalized"]
    ):
        found[partner.email_normalized].append(partner.id)
    token = _ADDRESSEES.set(found)
    try:
        yield
    finally:
        _ADDRESSEES.reset(token)


class IrFieldsConverter(models.AbstractModel):
    _inherit = "ir.fields.converter"

    @api.private
    @api.model
    def db_id_for(self, model, field, subfield, value, savepoint):
        """Find the contact of a consent by its address, too, and never guess."""
        if (
            model._name != "privacy.consent"
            or subfield is not None
            or field.name not in _NAMED
            or not value
        ):
            return super().db_id_for(model, field, subfield, value, savepoint)
        found = self._consents_named(field, value)
        if not found:
            # Odoo says so, with a look at what there is, or makes a contact.
            one_id, warnings = super().db_id_for(
                model, field, subfield, value, savepoint
            )
            address = field.name == "partner_id" and email_normalize(value)
            if one_id and address:
                partner = self.env["res.partner"].browse(one_id)
                # It took one that is only named so.
                if partner.email_normalized != address:
                    raise self._format_import_error(
                        ValueError,
                        self.env._("No contact has the address “%s” in “%%(field)s”."),
                        value,
                    )
            return one_id, warnings
        if len(found) > 1:
            raise self._format_import_error(
                ValueError,
                self.env._(
                    "“%s” in “%%(field)s” fits several records: use an external ID or "
                    "a database ID."
                ),
                value,
            )
        return found.id, []

    @api.model
    def _consents_named(self, field, value):
        """:return: the records of this name or address; two, if there are several"""
        # What the rows of one import have in common, as Odoo keeps external ids.
        cache = self.env.context.get("import_cache", {})
        records = self.env[field.comodel_name]
        key = (records._name, value)
        if key not in cache:
            address = records._name == "res.partner" and email_normalize(value)
            addressees = _ADDRESSEES.get()
            if not address:
                ids = records.search([("display_name", "=", value)], limit=2).ids
            elif addressees is None:
                ids = records.search([("email_normalized", "=", address)], limit=2).ids
            else:
                ids = addressees.get(address, ())
            cache[key] = ids
        return records.browse(cache[key])
