# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nobody but Odoo says what happened to a consent, and what was asked stays."""

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Command

from .guard import deletable, not_erased, refuse_changes
from .mail_reasons import consents_of

# What a person was asked, by whom and when. Everything else stays Odoo's.
_GUARDED = {
    "attachment_ids",
    "author_id",
    "body",
    "date",
    "email_from",
    "model",
    "res_id",
    "subject",
    "subtype_id",
}
# What people write, and may have copied from a request.
_TEXTS = ("body", "subject")


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse messages of a client that say what only Odoo says.

        Odoo runs commands for tracking values with superuser rights. Its own tracking
        has these rights already.

        :raise AccessError: for tracking values of a consent, for commands that change,
            take or delete existing ones, and for subtypes that say what happened
        """
        if not self.env.su:
            # A client can give these values in the context, too.
            given = self.default_get(["model", "subtype_id", "tracking_value_ids"])
            for vals in vals_list:
                self._check_tells_nothing(given | vals)
            vals_list = [
                self._new_without_links(given | vals, vals) for vals in vals_list
            ]
        return super().create(vals_list)

    def _new_without_links(self, known, vals):
        """:return: the values of a new message, without personal links"""
        consents = self.env["privacy.consent"]
        if known.get("model") == consents._name and known.get("res_id"):
            consents = consents.browse(known["res_id"])
        return consents._values_without_links(vals, _TEXTS)

    def _check_tells_nothing(self, vals):
        """Check the values of a message that somebody writes by hand.

        :raise AccessError: where it would say what happened to a record
        """
        of_consent = vals.get("model") == "privacy.consent"
        if of_consent and vals.get("subtype_id") in self._consent_subtypes():
            raise AccessError(
                self.env._("Only Odoo itself says what happened to a consent.")
            )
        for command in vals.get("tracking_value_ids") or []:
            if of_consent or command[0] != Command.CREATE:
                raise AccessError(
                    self.env._("Only Odoo itself logs what changed on a record.")
                )

    def _consent_subtypes(self):
        """:return: the IDs of the subtypes that say what happened to a consent"""
        consents = self.env["privacy.consent"]
        return {
            consents._subtype(f"mt_consent_{name}").id
            for name in ("consent_new", "acceptance_changed", "state_changed")
        }

    def write(self, vals):
        """Refuse to change the message of a request.

        :raise UserError: for another text, author, date, place or file
        :raise AccessError: for a subtype that says what happened to a consent
        """
        refuse_changes(self._requests, vals, _GUARDED)
        if not self.env.su and vals.get("subtype_id") in self._consent_subtypes():
            for message_sudo in self.sudo():
                self._check_tells_nothing(
                    {"model": message_sudo.model, "subtype_id": vals["subtype_id"]}
                )
        return super().write(self._without_links(vals))

    def _without_links(self, vals):
        """:return: the values, without personal links of the consents"""
        if not any(map(vals.get, _TEXTS)):
            return vals
        return consents_of(self.sudo())._values_without_links(vals, _TEXTS)

    def unlink(self):
        """Refuse to delete the message of a request.

        :raise UserError: for a person; a clean-up of Odoo passes over it
        """
        messages = deletable(self, self._requests())
        return super(MailMessage, messages).unlink()

    def _requests(self):
        """:return: those of these messages with which people were asked"""
        # Messages of other records are mostly in the cache, and cost no query then.
        ours = "privacy.consent"
        candidates = not_erased(self).filtered(
            lambda one: one._cache.get("model", ours) == ours
        )
        if not candidates:
            return candidates
        requests_sudo = (
            self.env["privacy.consent.request"]
            .sudo()
            .search([("message_id", "in", candidates.ids)])
        )
        return self.browse(requests_sudo.message_id.ids)
