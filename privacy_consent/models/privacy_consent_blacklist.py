# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The server action that keeps the blacklist: who does not consent gets no mailings."""

from odoo import models
from odoo.fields import Domain

from .mail_blacklist import add_opt_out, mark_opt_out, not_on_blacklist


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _sync_blacklist(self):
        """Put the addresses of who does not consent on the blacklist, or take them off.

        Whoever was asked and has not accepted counts as not consenting. An address
        leaves only if this put it there, and if nothing else with this server action
        keeps it there: see :meth:`_lifts_opt_out`.
        """
        for consent in self.filtered(lambda one: one.state != "draft"):
            address = consent._address_asked()
            if not address:
                continue
            entry = mark_opt_out(self.env, address)
            if consent.accepted:
                if entry and consent._lifts_opt_out(address):
                    entry._remove(address)
            elif not entry and not entry.search_count(
                [("email", "=", address), ("active", "=", True)], limit=1
            ):
                add_opt_out(self.env, address)

    def _address_asked(self):
        """Tell which address a consent is about, whatever the contact's is today.

        :return: where the last request was delivered; if none was, the contact's
        """
        return self._delivered_requests()[-1:].address or self._address_to_ask()

    def _lifts_opt_out(self, address):
        """Tell whether this consent, which is accepted, ends the lack of consent.

        :param str address: the one that may leave the blacklist
        :rtype: bool
        """
        if self.answered_by not in ("subject", "staff") or self.suspected_automated:
            return False
        actions_sudo = self.activity_id._sync_blacklist_action_sudo()
        actions_sudo |= self.activity_id.sudo().server_action_id
        # Of whatever company, and in the archive as well. What a program said, or may
        # have said, does not undo what a person said before.
        asked = (
            Domain("activity_id", "any", [("server_action_id", "in", actions_sudo.ids)])
            & Domain("state", "!=", "draft")
            & Domain("merged_into_id", "=", False)
        )
        against = (
            Domain("accepted", "=", False)
            | Domain("answered_by", "=", "system")
            | Domain("suspected_automated", "=", True)
        )
        everything_sudo = self.sudo().with_context(active_test=False)
        # One after the other, so that PostgreSQL uses the index of each.
        partners_sudo = everything_sudo.partner_id._with_address(address)
        requests_sudo = everything_sudo.request_ids.search(
            [("address", "=", address), ("delivered_date", "!=", False)]
        )
        at_address = Domain("partner_id", "in", partners_sudo.ids) | Domain(
            "id", "in", requests_sudo.consent_id.ids
        )
        return not everything_sudo.search_count(asked & against & at_address, limit=1)

    def _opt_out_domain(self):
        """Make the condition that asking puts the subject on the blacklist.

        :rtype: Domain
        """
        action_sudo = self.env["privacy.activity"]._sync_blacklist_action_sudo()
        return (
            Domain("activity_id.server_action_id", "in", action_sudo.ids)
            & Domain("accepted", "=", False)
            & Domain("partner_id", "any", not_on_blacklist(self.env))
        )
