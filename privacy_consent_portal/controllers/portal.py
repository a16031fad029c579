# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of the account on which its owner sees all that they were asked."""

from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.privacy_consent import fresh_snapshot, links
from odoo.addons.privacy_consent.controllers.page import PublicController
from odoo.addons.privacy_consent.links.proof import NotProven

# What the buttons of the page do.
ACTIONS = ("accept", "reject", "ask")
PATH = "/my/privacy"


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

    @http.route(PATH, type="http", auth="user", methods=["GET", "POST"], website=True)
    def my_privacy(self, **_kwargs):
        """Show what the person was asked; record the answer whose button was pressed.

        Odoo's CSRF token protects the answers.
        """
        return fresh_snapshot.repeat_or_give_up(
            self._answer_privacy, self._give_up_privacy, request.env
        )

    def _answer_privacy(self, _env):
        own_sudo = self._own_consents_sudo()
        chosen_sudo = own_sudo.browse()
        form = request.httprequest.form
        action = form.get("action")
        if request.httprequest.method == "POST" and action == "confirm":
            return self._privacy_page(own_sudo, chosen_sudo, action)
        if request.httprequest.method == "POST" and action in ACTIONS:
            ids = form.get("consents", "").split()
            named_sudo = chosen_sudo = own_sudo.filtered(lambda one: str(one.id) in ids)
            if action == "reject":
                # A refusal is taken whatever became of them since.
                named_sudo = own_sudo._named_by(request.env.user.partner_id, ids)
                chosen_sudo = own_sudo.browse().union(
                    *(one._surviving() for one in named_sudo)
                )
            action = self._do(action, chosen_sudo, named_sudo)
            # The page shows the history, which is written before the commit.
            request.env.cr.flush()
        return self._privacy_page(
            own_sudo, chosen_sudo, action if chosen_sudo else None
        )

    def _give_up_privacy(self, _env):
        """Show the page again: too many others were at it at the same moment."""
        own_sudo = self._own_consents_sudo()
        return self._privacy_page(own_sudo, own_sudo.browse(), "nothing")

    def _privacy_page(self, own_sudo, chosen_sudo, done):
        """Show the page.

        :param own_sudo: the consents of the person
        :param chosen_sudo: those that a button was about
        :param str done: what the button did, if one was pressed
        """
        return request.render(
            "privacy_consent_portal.my_privacy",
            {
                **self._prepare_portal_layout_values(),
                "address": chosen_sudo[:1]._masked_address(),
                "back": PATH,
                "chosen": chosen_sudo,
                "confirm": done == "confirm",
                "done": done,
                "page_name": "privacy",
                **self._privacy_values(own_sudo),
            },
        )

    def _do(self, action, chosen_sudo, named_sudo):
        """Do what a button says.

        :param chosen_sudo: the consents that it is about
        :param named_sudo: those that the page named, some of which merged since
        :return: the button, or ``nothing`` if the page was not up to date
        """
        if action == "ask":
            return chosen_sudo._ask_again()
        proof = links.proof.signed_in(
            request.env.uid,
            self._name(action, named_sudo),
            request.httprequest.form.get("nonce"),
            PublicController()._origin(request.env.lang),
        )
        try:
            # in one order, so that two who reject all do not wait for each other
            for one_sudo in chosen_sudo.sorted("id"):
                # The history is for staff, whatever language the person has.
                history_sudo = one_sudo.with_context(lang="en_US")
                history_sudo._record_answer(action == "accept", proof)
        except NotProven:
            return "nothing"
        return action

    def _name(self, action, chosen_sudo):
        return links.nonce.button(f"account {request.env.uid}", action, chosen_sudo.ids)

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
                # Otherwise it takes a mail to the address of today.
                if one_sudo._may_give_in_account():
                    actions.append("accept")
                elif one_sudo._can_ask_again():
                    actions.append("ask")
            if one_sudo in open_sudo:
                actions.append("reject")
            preferences.append(
                {
                    **one_sudo._preference(),
                    "buttons": [self._button(action, one_sudo) for action in actions],
                }
            )
        answered = any(one_sudo.state == "answered" for one_sudo in own_sudo)
        return {
            "preferences": preferences,
            # The addon privacy_consent_evidence has that page.
            "receipt_url": "privacy.consent.seal" in request.env
            and answered
            and f"{PATH}/receipt",
            "reject_all": len(open_sudo) > 1
            and {
                "consents": open_sudo,
                "first": self._button("confirm", open_sudo),
                "second": self._button("reject", open_sudo),
            },
        }

    def _button(self, action, chosen_sudo):
        return {
            "action": action,
            "address": action == "ask" and chosen_sudo._masked_address(),
            "inputs": {
                "action": action,
                "consents": " ".join(map(str, chosen_sudo.ids)),
                "csrf_token": request.csrf_token(),
                "nonce": chosen_sudo._button_nonce(
                    self._name(action, chosen_sudo), request.env.lang
                ),
            },
        }
