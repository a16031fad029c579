# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""At which address a person is asked, and what is wrong with one that is none."""

from odoo import models

from .. import addresses, bounces
from .privacy_consent_request import UNREACHED

# With such a request it was tried to reach somebody.
_TRIED = ("delivered", *UNREACHED)


class PrivacyConsentRequest(models.Model):
    _inherit = "privacy.consent.request"

    def _is_refused(self):
        """:return: whether a mail server said that the address takes no mail"""
        if self.state == "bounced":
            return self.bounce_type == "hard"
        return self.state == "failed" and bounces.is_refusal(self.reason, self.address)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _own_addresses(self):
        """:return: the addresses at which the subject can be reached, in their order"""
        return addresses.read(self.partner_id.email).valid

    def _address_to_ask(self):
        """:return: the first address of the subject that no server refused, or None"""
        own = self._own_addresses()
        if len(own) > 1:
            # What happened last counts, of each address.
            refused = {
                one.address: one._is_refused()
                for one in self.sudo().request_ids.sorted("id")
                if one.state in _TRIED
            }
            own = [one for one in own if not refused.get(one)] or own
        return own[0] if own else None

    def _untried_address(self):
        """Find where somebody can be asked whom the last request did not reach.

        :return: the address to ask, if none of the requests went there since the person
            was reached or answered; else None
        """
        tried = set()
        for one in self.sudo().request_ids.sorted("id", reverse=True):
            if one.state == "delivered" or self._answered_since(one.create_date):
                break
            if one.state in UNREACHED:
                tried.add(one.address)
        address = self._address_to_ask() if tried else None
        return None if address in tried else address

    def _address_problem(self):
        """Say why there is no address at which the subject can be asked.

        :return: a text; False if there is one
        """
        found = addresses.read(self.partner_id.email)
        if found.valid:
            return False
        if not found.problems:
            return self.env._("The contact has no e-mail address.")
        texts = self._address_problems()
        return self.env._(
            "“%(address)s” is no e-mail address that anybody could reach: %(problems)s",
            address=self.partner_id.email,
            problems=" ".join(texts[code] for code in found.problems),
        )

    def _address_problems(self):
        """:return: what each code of :data:`..addresses.PROBLEMS` means"""
        return {
            "control": self.env._("It contains a control character."),
            "invisible": self.env._("It contains a character that nobody sees."),
            "quotes": self.env._("It contains quotation marks."),
            "comment": self.env._("It contains parentheses."),
            "no_at": self.env._("It lacks the “@”."),
            "several_at": self.env._("It contains more than one “@”."),
            "brackets": self.env._("It contains a misplaced angle bracket."),
            "space": self.env._("It contains a space."),
            "no_local": self.env._("There is nothing before the “@”."),
            "no_domain": self.env._("There is nothing after the “@”."),
            "dot": self.env._("A dot is at the edge, or follows another one."),
            "local": self.env._("A character before the “@” cannot be there."),
            "domain": self.env._("What follows the “@” is no name of a mail server."),
            "too_long": self.env._("It is too long."),
        }
