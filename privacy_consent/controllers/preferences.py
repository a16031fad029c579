# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public page on which a subject sees all that they were asked."""

from contextlib import suppress
from functools import partial

from odoo.http import request

from .. import links
from ..links.proof import NotProven
from .consent import ConsentController
from .page import CONSENT, public_route


class PreferencesController(ConsentController):
    """Show the answers of the contact behind a link; refuse and withdraw them.

    Any link to one consent opens the page. Whoever got hold of it may refuse all, but
    accept only what the link is about: a forwarded mail gives no more than its own. A
    link to a former address shows its own page, and nothing else.
    """

    @public_route(
        f"/privacy/consent/preferences/{CONSENT}",
        methods=["GET", "POST"],
        readonly=lambda self, rule, args: not self._posting(),
    )
    def preferences(self, consent_id, token, db=None, **_kwargs):
        """Show what the subject was asked; do what its buttons say."""
        return self._in_database(
            db,
            partial(self._preferences, consent_id, token),
            partial(self._give_up_preferences, consent_id, token),
        )

    def _page_values(self, consent_sudo, grant, choice, notice):
        """Show the way to the preference page, to whom it says more than this one."""
        return {
            **super()._page_values(consent_sudo, grant, choice, notice),
            "logo": consent_sudo._controller_logo(),
            "preferences_url": grant == links.token.FULL
            and self._same_link(consent_sudo.env, "preferences"),
        }

    def _preferences(self, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        done, chosen_sudo = None, consent_sudo.browse()
        if self._posting():
            done, chosen_sudo = self._change_preferences(consent_sudo, grant)
        if grant != links.token.FULL:
            recorded = done == "reject" and consent_sudo in chosen_sudo
            return self._page(
                consent_sudo, grant, "reject", "recorded" if recorded else None
            )
        return self._preferences_page(consent_sudo, grant, done, chosen_sudo)

    def _give_up_preferences(self, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        if grant != links.token.FULL:
            return self._page(consent_sudo, grant, "reject", "again")
        return self._preferences_page(consent_sudo, grant, "nothing", consent_sudo)

    def _change_preferences(self, consent_sudo, grant):
        """Do what the pressed button says.

        :param consent_sudo: the consent of the link
        :return: the button, or ``nothing`` if this page does not have it any more; and
            the consents that it was about
        """
        form = request.httprequest.form
        action = form.get("action")
        if action == "confirm":
            return action, consent_sudo.browse()
        ids = form.get("consents", "").split()
        chosen_sudo = self._preferences_shown(consent_sudo).filtered(
            lambda one: str(one.id) in ids
        )
        named_sudo = chosen_sudo | consent_sudo._named_by(consent_sudo.partner_id, ids)
        if action == "reject" and named_sudo:
            # As the page had it: one of them may have been erased since.
            named = [int(one) for one in ids if one.isdecimal()]
            proof = self._pressed(
                "preferences",
                links.nonce.button(consent_sudo.id, action, named),
                self._language(consent_sudo, grant).code,
            )
            chosen_sudo = chosen_sudo.union(*(one._surviving() for one in named_sudo))
            refused_sudo = chosen_sudo.browse()
            # in one order, so that two who refuse all do not wait for each other
            for one_sudo in chosen_sudo.sorted("id"):
                with suppress(NotProven):
                    one_sudo._record_answer(False, proof)
                    refused_sudo += one_sudo
            if not refused_sudo:
                action = "nothing"
            chosen_sudo = refused_sudo or chosen_sudo
        elif grant == links.token.FULL and self._up_to_date(
            consent_sudo, action, chosen_sudo
        ):
            action = chosen_sudo._ask_again()
        else:
            action = "nothing"
        # The page shows the history, which is written before the commit.
        consent_sudo.env.cr.flush()
        return action, chosen_sudo

    def _preferences_page(self, consent_sudo, grant, done, chosen_sudo):
        """Show the page.

        :param done: see :meth:`_change_preferences`
        """
        lang = self._language(consent_sudo, grant).code
        consent_sudo = consent_sudo.with_context(lang=lang)
        html = consent_sudo.env["ir.qweb"]._render(
            "privacy_consent.preferences",
            {
                **self._preferences_values(consent_sudo),
                "address": chosen_sudo[:1]._masked_address(),
                "back": self._same_link(consent_sudo.env),
                "chosen": chosen_sudo.with_env(consent_sudo.env),
                "confirm": done == "confirm",
                "done": done,
                **self._page_language(consent_sudo, grant),
            },
            minimal_qcontext=True,
        )
        return self._respond(html)

    def _preferences_shown(self, consent_sudo):
        """:return: the consents of the subject, that of the link first"""
        return consent_sudo | consent_sudo._preferences_of(consent_sudo.partner_id)

    def _preferences_values(self, consent_sudo):
        """Gather what the page shows.

        :rtype: dict
        """
        preferences = []
        shown_sudo = self._preferences_shown(consent_sudo)
        for one_sudo in shown_sudo:
            own = one_sudo == consent_sudo
            accepted = one_sudo._subject_says(True)
            actions = []
            if not one_sudo._subject_says(False):
                actions.append("reject")
            if not own and not accepted and one_sudo._can_ask_again():
                actions.append("ask")
            preferences.append(
                {
                    **one_sudo._preference(),
                    # With a language, so that opening it never is the answer.
                    "accept_url": own
                    and not accepted
                    and not one_sudo.locked_until
                    and self._same_link(
                        consent_sudo.env, "accept", consent_sudo.env.lang
                    ),
                    "buttons": [
                        self._preferences_button(consent_sudo, action, one_sudo)
                        for action in actions
                    ],
                }
            )
        open_sudo = shown_sudo.filtered(lambda one: not one._subject_says(False))
        return {
            "consent": consent_sudo,
            "logo": consent_sudo._controller_logo(),
            "preferences": preferences,
            # It asks once more, without scripts.
            "reject_all": len(open_sudo) > 1
            and {
                "consents": open_sudo,
                "first": {"action": "confirm", "inputs": {"action": "confirm"}},
                "second": self._preferences_button(consent_sudo, "reject", open_sudo),
            },
        }

    def _preferences_button(self, consent_sudo, action, chosen_sudo):
        """:return: a button of the page, with what its form sends"""
        return {
            "action": action,
            "address": action == "ask" and chosen_sudo._masked_address(),
            "inputs": {
                "action": action,
                "consents": " ".join(map(str, chosen_sudo.ids)),
                "nonce": self._nonce(
                    consent_sudo, action, chosen_sudo, consent_sudo.env.lang
                ),
            },
        }
