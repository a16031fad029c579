# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the account offers to consent to, beside what its owner was asked."""

from odoo import SUPERUSER_ID, http
from odoo.http import request

from odoo.addons.privacy_consent import addresses, fresh_snapshot
from odoo.addons.privacy_consent.controllers.page import PublicController
from odoo.addons.privacy_consent.links.proof import NotProven
from odoo.addons.privacy_consent_portal.controllers.portal import PATH, PrivacyPortal

from ..form_fields import Form
from ..models.privacy_consent_form import ask_at_once
from ..offered import offered


class ConsentAccount(PrivacyPortal):
    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "privacy_consent_count" in counters:
            # Odoo shows no card without a number, and offers are behind it.
            offered_sudo = self._offered_sudo(self._own_consents_sudo())
            values["privacy_consent_count"] += len(offered_sudo)
        return values

    @http.route(
        f"{PATH}/offer", type="http", auth="user", methods=["POST"], website=True
    )
    def my_privacy_offer(self, **_kwargs):
        """Accept what is offered, or ask for the request by mail.

        Odoo's CSRF token protects it.
        """
        return fresh_snapshot.repeat_or_give_up(
            self._take_offer, self._give_up_privacy, request.env
        )

    def _take_offer(self, _env):
        fields = request.httprequest.form
        own_sudo = self._own_consents_sudo()
        activity_sudo = next(
            (
                one["consent"].activity_id
                for one in self._offers(own_sudo)
                if str(one["consent"].activity_id.id) == fields.get("activity")
                and one["button"]["action"] == fields.get("action")
            ),
            None,
        )
        if not activity_sudo:
            return self._privacy_page(own_sudo, own_sudo.browse(), "nothing")
        contact = request.env.user.partner_id
        form = Form(activity_sudo.ids, contact.email_normalized, None, contact.id)
        if fields["action"] == "ask":
            ask_at_once(form)
            done = "asked"
        else:
            done = self._accept(activity_sudo, form, fields.get("nonce"))
        request.env.cr.flush()
        chosen_sudo = own_sudo.search(
            [("activity_id", "=", activity_sudo.id), ("partner_id", "=", contact.id)]
        )
        return self._privacy_page(self._own_consents_sudo(), chosen_sudo, done)

    def _accept(self, activity_sudo, form, nonce):
        forms_sudo = request.env["privacy.consent.form"].sudo()
        proof = offered(
            request.env.uid, nonce, PublicController()._origin(request.env.lang)
        )
        try:
            with request.env.cr.savepoint():
                consent_sudo, _made = forms_sudo._consent_of(activity_sudo, form)
                history_sudo = consent_sudo.with_context(lang="en_US")
                history_sudo._record_answer(True, proof)
        except NotProven:
            return "nothing"
        return "accept"

    def _privacy_values(self, own_sudo):
        return {
            **super()._privacy_values(own_sudo),
            "offers": self._offers(own_sudo),
        }

    def _offered_sudo(self, own_sudo):
        """:return: the activities that the person was not asked about"""
        contact = request.env.user.partner_id
        activities_sudo = request.env["privacy.activity"].sudo()
        if contact.email_normalized:
            activities_sudo = activities_sudo._offered_in_account(contact)
        # Those in the archive are not shown, and nobody is asked with them.
        known_sudo = own_sudo.with_context(active_test=False).search(
            [("partner_id", "=", contact.id)]
        )
        return activities_sudo - (own_sudo | known_sudo).activity_id

    def _offers(self, own_sudo):
        """Gather what the person was not asked about, with the button of each.

        :param own_sudo: the consents that the page shows anyway
        """
        contact = request.env.user.partner_id
        address = contact.email_normalized
        consents_sudo = own_sudo.browse()
        at_once = consents_sudo._may_give_without_request(contact)
        # Nobody else may make a consent up about an activity that they cannot read.
        made_up_sudo = consents_sudo.with_user(SUPERUSER_ID)
        return [
            {
                "consent": made_up_sudo.new({"activity_id": activity_sudo.id}),
                "address": addresses.masked(address),
                "button": {
                    "action": "accept" if at_once else "ask",
                    "inputs": {
                        "action": "accept" if at_once else "ask",
                        "activity": activity_sudo.id,
                        "csrf_token": request.csrf_token(),
                        "nonce": at_once
                        and consents_sudo._offer_nonce(
                            activity_sudo, request.env.uid, request.env.lang
                        ),
                    },
                },
            }
            for activity_sudo in self._offered_sudo(own_sudo)
        ]
