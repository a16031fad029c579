# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose word an unsubscription is."""

from odoo import models
from odoo.tools import consteq, email_normalize

from odoo.addons.privacy_consent.links.proof import NotProven
from odoo.addons.privacy_consent.models.privacy_consent_proof import Word

from ..unsubscribed import Unsubscribed


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _check_proof(self, answer, proof):
        """Check the link of a mailing: it withdraws, and nothing else."""
        if not isinstance(proof, Unsubscribed):
            return super()._check_proof(answer, proof)
        mailing_sudo = self.env["mailing.mailing"].sudo().browse(proof.mailing_id)
        if (
            answer
            or not mailing_sudo.exists()
            or not str(proof.document_id or "").isdecimal()
            or not consteq(
                mailing_sudo._generate_mailing_recipient_token(
                    proof.document_id, proof.email
                ),
                proof.token,
            )
            or not self._is_withdrawn_by(mailing_sudo)
            or (
                email_normalize(proof.email) != self.partner_id.email_normalized
                # Their address was another one then.
                and self.partner_id
                not in mailing_sudo._partners_mailed(proof.document_id)
            )
        ):
            raise NotProven
        repeated = self._repeats_answer(answer, within=None)
        return None if repeated else Word(proof)

    def _is_withdrawn_by(self, mailing_sudo):
        """:return: whether the link of this mailing may withdraw the consent"""
        return self.activity_id in mailing_sudo._activities_to_withdraw()
