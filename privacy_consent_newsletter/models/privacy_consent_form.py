# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Newsletters that visitors asked for, until they confirm."""

from odoo import fields, models

from ..subscription import Subscription


class PrivacyConsentForm(models.Model):
    _inherit = "privacy.consent.form"

    list_id = fields.Many2one(
        comodel_name="mailing.list", index="btree_not_null", ondelete="set null"
    )

    # Of several newsletters with one activity, each may be asked for.
    _once_a_day = models.UniqueIndex(
        "(address_key, consent_id, day, COALESCE(list_id, 0))"
    )

    def _ask_about(self, activity, form, row):
        if isinstance(form, Subscription):
            row = {**row, "list_id": form.list_id}
        return super()._ask_about(activity, form, row)

    def _same(self, consent, row):
        of_list = ("list_id", "=", row.get("list_id", False))
        return [*super()._same(consent, row), of_list]

    def _is_wanted(self, consent, form):
        """Ask whoever consented, but did not subscribe, whether it was them."""
        return super()._is_wanted(consent, form) or (
            isinstance(form, Subscription)
            and not self.env["mailing.list"]
            .browse(form.list_id)
            ._is_subscribed(form.address)
        )


class PrivacyConsentFormPending(models.Model):
    _inherit = "privacy.consent.form.pending"

    def _form(self):
        return Subscription(**self.form) if "list_id" in self.form else super()._form()
