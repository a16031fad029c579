# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What forms of the website made and nobody confirmed is erased."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# What nobody confirmed within this time is erased.
_UNCONFIRMED = timedelta(days=30)
_BATCH_SIZE = 500


class PrivacyConsentForm(models.Model):
    _inherit = "privacy.consent.form"

    @api.autovacuum
    def _gc_unconfirmed(self):
        """Erase what forms made and nobody answered, and forget the rest."""
        since = fields.Datetime.now() - _UNCONFIRMED
        # Who was asked again since may still confirm.
        again = self._search([("create_date", ">=", since)]).subselect("consent_id")
        old = self.search(
            [("create_date", "<", since), ("consent_id", "not in", again)],
            order="id",
            limit=_BATCH_SIZE,
        )
        for row in old:
            if not row.exists():
                continue  # It went with the consent of one before.
            consent = row.consent_id
            silent = consent.status in ("unknown", "requested")
            # Merged with another one, it is not the form's alone: both would go.
            alone = len(consent._merge_group()) == 1
            if not row.made_consent or not silent or not alone:
                row.unlink()
                continue
            contact = row.made_contact and consent.partner_id
            try:
                with self.env.cr.savepoint():
                    consent._erase(self.env._("Nobody confirmed it on the website."))
                    if contact and not self._is_used(contact):
                        contact.unlink()
            except Exception as error:
                _logger.warning(
                    "The unconfirmed consent %s cannot be erased: %s",
                    consent.id,
                    type(error).__name__,
                )
        return len(old), len(old) == _BATCH_SIZE

    def _is_used(self, contact):
        """:return: whether anything refers to a contact, or somebody worked with it"""
        files = self.env["ir.attachment"].search(
            [("res_model", "=", contact._name), ("res_id", "=", contact.id)], limit=1
        )
        if (
            contact.write_uid != self.env.ref("base.user_root")
            or contact.message_ids
            or contact.activity_ids
            or files
        ):
            return True
        self.env.flush_all()
        merging = self.env["base.partner.merge.automatic.wizard"]
        return any(
            self.env.execute_query(
                SQL(
                    "SELECT FROM %s WHERE %s = %s AND NOT (%s) LIMIT 1",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    contact.id,
                    # A contact is its own commercial one.
                    SQL("id = %s", contact.id)
                    if table == "res_partner"
                    else SQL("FALSE"),
                )
            )
            for table, column in merging._get_fk_on("res_partner")
        )
