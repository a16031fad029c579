# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Unsubscribing from a mailing withdraws the consent that it was sent with."""

from odoo.http import request

from odoo.addons.mass_mailing.controllers.main import MassMailController
from odoo.addons.privacy_consent.controllers.page import MAX_AGENT
from odoo.addons.privacy_consent.links.proof import NotProven, Origin

from ..unsubscribed import unsubscribed


class ConsentMailController(MassMailController):
    def _mailing_unsubscribe_from_list(self, mailing, document_id, email, hash_token):
        self._withdraw_consents(mailing, document_id, email, hash_token)
        return super()._mailing_unsubscribe_from_list(
            mailing, document_id, email, hash_token
        )

    def _mailing_unsubscribe_from_document(
        self, mailing, document_id, email, hash_token
    ):
        """Withdraw this one consent, where Odoo would stop all mailings for good."""
        if not self._withdraw_consents(mailing, document_id, email, hash_token):
            return super()._mailing_unsubscribe_from_document(
                mailing, document_id, email, hash_token
            )
        return request.render(
            "mass_mailing.page_mailing_unsubscribe",
            {
                **self._prepare_mailing_subscription_values(
                    mailing, document_id, email, hash_token
                ),
                "last_action": "subscription_updated",
                "unsubscribed_name": request.env._(
                    "You get no more mails about “%s”.",
                    mailing.consent_activity_id.name,
                ),
            },
        )

    def _withdraw_consents(
        self, mailing, document_id, email, hash_token, activities=None
    ):
        """Record the withdrawal of whoever has this address, or was mailed at it.

        Somebody of the staff who looks at the page without a link withdraws nothing.

        :param mailing: ``mailing.mailing`` record, with superuser rights
        :param activities: to which the consent ends, if not to those of the mailing
        :return: whether there was a consent to withdraw
        """
        if activities is None:
            activities = mailing._activities_to_withdraw()
        if not activities or not hash_token:
            return False
        http_request = request.httprequest
        proof = unsubscribed(
            mailing.id,
            document_id,
            email,
            hash_token,
            Origin(
                address=http_request.remote_addr or "",
                agent=(http_request.user_agent.string or "")[:MAX_AGENT],
            ),
        )
        consents_sudo = mailing._consents_of_mailed(document_id, email, activities)
        for consent_sudo in consents_sudo:
            try:
                consent_sudo._record_answer(False, proof)
            except NotProven:
                return False
        return bool(consents_sudo)
