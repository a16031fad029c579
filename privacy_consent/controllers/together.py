# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public page on which a subject chooses for all that one mail asks."""

from functools import partial

from odoo.http import request

from .. import links
from ..links.proof import NotProven
from .page import CONSENT, public_route
from .preferences import PreferencesController

_CHOICES = ("accept", "reject")


class TogetherController(PreferencesController):
    """Show several consents instead of one, where the link's mails asked for several.

    Nothing is chosen in advance, and what is left open stays without an answer. A link
    to a former address shows its own page, and nothing else.
    """

    @public_route(
        f"/privacy/consent/choose/{CONSENT}",
        methods=["GET", "POST"],
        readonly=lambda self, rule, args: not self._posting(),
    )
    def choose(self, consent_id, token, db=None, **_kwargs):
        """Show the page; record what was chosen on it."""
        respond = self._choose if self._posting() else partial(self._show, "reject")
        return self._in_database(
            db,
            partial(respond, consent_id, token),
            partial(self._give_up, "reject", consent_id, token),
        )

    def _one_click(self, consent_sudo, choice, grant):
        """Take no opened link for an answer where it is not clear what it answers."""
        return (
            super()._one_click(consent_sudo, choice, grant)
            and not consent_sudo._asked_along()
        )

    def _refuse(self, consent_id, token, env):
        """Refuse all that the last mail asked: its mail program knows one button."""
        consent_sudo, _grant = self._consent_sudo(env, consent_id, token)
        last_sudo = consent_sudo._delivered_requests()[-1:]
        along_sudo = last_sudo.mail_id.consent_request_ids.consent_id
        for one_sudo in consent_sudo._asked_along() & along_sudo:
            one_sudo._record_answer(False, self._opened("unsubscribe"))
        return super()._refuse(consent_id, token, env)

    def _choose(self, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        lang = self._language(consent_sudo, grant).code
        recorded_sudo = failed_sudo = consent_sudo.browse()
        # in one order, so that two who choose do not wait for each other
        for one_sudo in (consent_sudo + consent_sudo._asked_along()).sorted("id"):
            # Contacts may have been merged since the page was made.
            for shown_sudo in one_sudo._with_merged():
                proof, choice = self._chosen(consent_sudo, shown_sudo, lang)
                if not proof:
                    continue
                try:
                    one_sudo._record_answer(choice == "accept", proof)
                    recorded_sudo += one_sudo
                except NotProven:
                    failed_sudo += one_sudo
        if grant != links.token.FULL:
            recorded = consent_sudo in recorded_sudo
            return self._page(
                consent_sudo, grant, "reject", "recorded" if recorded else None
            )
        env.cr.flush()
        return self._together_page(
            consent_sudo, recorded_sudo, failed_sudo, nothing=not recorded_sudo
        )

    def _chosen(self, consent_sudo, shown_sudo, lang):
        """Read what was chosen for one consent.

        :param consent_sudo: that of the link
        :param shown_sudo: the one that the page showed
        :return: the proof, and the choice; None and None if it was left open
        """
        form = request.httprequest.form
        choice = form.get("all") or form.get(f"choice-{shown_sudo.id}")
        nonce = form.get(f"{choice}-{shown_sudo.id}")
        if choice not in _CHOICES or not nonce:
            return None, None
        button = self._button(consent_sudo, choice, shown_sudo)
        return self._pressed("mail_link", button, lang, nonce), choice

    def _page(self, consent_sudo, grant, choice, notice=None, status=200):
        """Show the page for all that the mails with this link asked."""
        if grant != links.token.FULL or not consent_sudo._asked_along():
            return super()._page(consent_sudo, grant, choice, notice, status)
        nobody_sudo = consent_sudo.browse()
        return self._together_page(
            consent_sudo,
            consent_sudo if notice == "recorded" else nobody_sudo,
            consent_sudo if notice in ("again", "changed", "locked") else nobody_sudo,
            status=status,
        )

    def _together_page(
        self, consent_sudo, recorded_sudo, failed_sudo, nothing=False, status=200
    ):
        """Show the page.

        :param consent_sudo: that of the link
        :param recorded_sudo: the consents for which an answer was just recorded
        :param failed_sudo: those for which the page was not up to date any more
        :param bool nothing: whether somebody pressed the button and had chosen nothing
        :param int status: of the response
        """
        lang = self._language(consent_sudo).code
        consent_sudo = consent_sudo.with_context(lang=lang)
        env = consent_sudo.env
        html = env["ir.qweb"]._render(
            "privacy_consent.together",
            {
                "consent": consent_sudo,
                "failed": failed_sudo.with_env(env),
                "logo": consent_sudo._controller_logo(),
                "nothing": nothing and not failed_sudo,
                "preferences_url": self._same_link(env, "preferences"),
                "recorded": recorded_sudo.with_env(env),
                "together": [
                    self._together_values(consent_sudo, one_sudo)
                    for one_sudo in consent_sudo + consent_sudo._asked_along()
                ],
                "url": self._same_link(env, "choose"),
                **self._page_language(consent_sudo, links.token.FULL),
            },
            minimal_qcontext=True,
        )
        return self._respond(html, status)

    def _together_values(self, consent_sudo, one_sudo):
        """:return: what the page shows of one consent, and what its form sends"""
        choices = _CHOICES[1:] if one_sudo.locked_until else _CHOICES
        lang = one_sudo.env.lang
        return {
            **one_sudo._preference(),
            "choices": choices,
            "inputs": {
                f"{choice}-{one_sudo.id}": self._nonce(
                    consent_sudo, choice, one_sudo, lang
                )
                for choice in choices
            },
        }
