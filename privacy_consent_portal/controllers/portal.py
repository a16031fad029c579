# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of the account on which its owner sees all that they were asked."""

from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.privacy_consent.controllers.page import PublicController


class PrivacyPortal(CustomerPortal):
    """Show a logged-in person the consents of their own contact, and record answers.

    Whoever is logged in has no right to the model. They get, as superuser, the consents
    of exactly their own contact: neither those of its company nor those of another
    contact with the same address.
    """

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "privacy_consent_count" in counters:
            values["privacy_consent_count"] = len(self._own_consents_sudo())
        return values

    def _own_consents_sudo(self):
        consents_sudo = request.env["privacy.consent"].sudo()
        return consents_sudo._preferences_of(request.env.user.partner_id)

    @http.route(
        "/my/privacy", type="http", auth="user", methods=["GET", "POST"], website=True
    )
    def my_privacy(self, **_kwargs):
        """Show what the person was asked; record the answer whose button was pressed.

        Odoo's CSRF token protects the answers.
        """
        own_sudo = self._own_consents_sudo()
        chosen_sudo = own_sudo.browse()
        form = request.httprequest.form
        action = form.get("action")
        if request.httprequest.method == "POST" and action in ("accept", "reject"):
            accept = action == "accept"
            ids = form.get("consents", "").split()
            chosen_sudo = own_sudo.filtered(lambda one: str(one.id) in ids)
            # in one order, so that two who reject all do not wait for each other
            for one_sudo in chosen_sudo.sorted("id"):
                if not self._is_answered(one_sudo, accept):
                    # The history is for staff, whatever language the person has.
                    one_sudo.with_context(lang=None).action_answer(
                        accept, PublicController()._metadata(request.env.lang)
                    )
            # The page shows the history, which is written before the commit.
            request.env.cr.flush()
        return request.render(
            "privacy_consent_portal.my_privacy",
            {
                **self._prepare_portal_layout_values(),
                "chosen": chosen_sudo,
                "done": chosen_sudo and action,
                "page_name": "privacy",
                **self._privacy_values(own_sudo),
            },
        )

    def _is_answered(self, one_sudo, accept):
        """:return: whether this is the person's answer, and not maybe a robot's"""
        return one_sudo._subject_says(accept) and not one_sudo.suspected_automated

    def _privacy_values(self, own_sudo):
        """Gather the consents, with the buttons to answer each, and to reject all."""
        open_sudo = own_sudo.filtered(lambda one: not self._is_answered(one, False))
        preferences = []
        for one_sudo in own_sudo:
            actions = []
            if not self._is_answered(one_sudo, True):
                actions.append("accept")
            if one_sudo in open_sudo:
                actions.append("reject")
            preferences.append(
                {
                    **one_sudo._preference(),
                    "buttons": [self._button(action, one_sudo) for action in actions],
                }
            )
        return {
            "preferences": preferences,
            "reject_all": len(open_sudo) > 1 and self._button("reject", open_sudo),
        }

    def _button(self, action, chosen_sudo):
        return {
            "action": action,
            "inputs": {
                "action": action,
                "consents": " ".join(map(str, chosen_sudo.ids)),
                "csrf_token": request.csrf_token(),
            },
        }
