# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consents that somebody gives in their account, without having been asked."""

import time

from odoo import models
from odoo.http import request

from odoo.addons.privacy_consent import links
from odoo.addons.privacy_consent.links.proof import NotProven
from odoo.addons.privacy_consent.models.privacy_consent_proof import Word

from .. import offered

# How somebody answers who reads the mail of an address.
_BY_MAIL = ("mail_link", "preferences")


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _check_proof(self, answer, proof):
        """Check a yes to what the account offers: it is no answer to a request."""
        if not isinstance(proof, offered.Offered):
            return super()._check_proof(answer, proof)
        user = self.env["res.users"].sudo().browse(proof.user_id)
        shown = links.nonce.check(
            self._link_secret(),
            offered.button(user.id, self.activity_id.id),
            proof.nonce,
            time.time(),
        )
        if (
            not answer
            or not shown
            or self.state != "draft"
            or self.locked_until
            or not request
            or request.session.uid != user.id
            or user.partner_id != self.partner_id
            or not self._may_give_without_request(self.partner_id)
        ):
            raise NotProven
        self._check_shown(shown, shown.texts[0], proof.origin.language)
        return Word(proof, shown.texts[0])

    def _may_give_without_request(self, contact):
        """Tell whether somebody who is signed in reads the mail of their address.

        Whoever makes an account may type the address of somebody else. An answer to a
        request that was mailed there tells.

        :param contact: the ``res.partner`` record
        :rtype: bool
        """
        answered = self.search(
            [
                ("partner_id", "=", contact.id),
                ("answered_by", "=", "subject"),
                ("answer_channel", "in", _BY_MAIL),
                ("suspected_automated", "=", False),
            ]
        )
        return any(one._may_give_in_account() for one in answered)

    def _offer_nonce(self, activity, user_id, lang):
        """:return: the nonce of the button that accepts an offer"""
        return links.nonce.make(
            self._link_secret(),
            offered.button(user_id, activity.id),
            [activity._text_hash(lang)],
            # That of a consent about which nobody was asked.
            links.token.sign(b"answer", False),
            time.time(),
        )
