# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public pages on which a subject answers."""

from contextlib import suppress
from functools import partial

from odoo.http import request
from odoo.tools import format_datetime

from .. import links
from ..links.proof import NotProven
from .page import CONSENT, PublicController, public_route

# What browsers and others say when nobody opened the page yet: Sec-Purpose
# (https://fetch.spec.whatwg.org/#sec-purpose-header) and what came before it.
PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


class ConsentController(PublicController):
    """Show and record the answer of a subject."""

    @public_route(
        f"/privacy/consent/<any(accept, reject):choice>/{CONSENT}",
        methods=["GET", "POST"],
        # Opening it may be an answer, too.
        readonly=False,
    )
    def consent(self, choice, consent_id, token, db=None, **_kwargs):
        """Show who asks for what; record the answer when its button was pressed.

        Any other method than POST changes nothing, because mail scanners open every
        link (RFC 9110, section 9.2.1: GET, HEAD and OPTIONS are safe methods), unless
        the activity takes the risk of one-click answers.
        """
        choice = choice.lower()
        respond = self._answer if self._posting() else self._show
        return self._in_database(
            db,
            partial(respond, choice, consent_id, token),
            partial(self._give_up, choice, consent_id, token),
        )

    @public_route(
        f"/privacy/consent/unsubscribe/{CONSENT}",
        methods=["GET", "POST"],
        readonly=lambda self, rule, args: not self._posting(),
    )
    def unsubscribe(self, consent_id, token, db=None, **_kwargs):
        """Refuse or withdraw for a mail program (RFC 8058); show the page to people."""
        # Nobody sends this by accident, and no form of ours does.
        one_click = request.httprequest.form.get("List-Unsubscribe") == "One-Click"
        refuse = self._posting() and one_click
        respond = self._refuse if refuse else partial(self._show, "reject")
        # A program reads no page: only this tells it to try again.
        status = 429 if refuse else 200
        return self._in_database(
            db,
            partial(respond, consent_id, token),
            partial(self._give_up, "reject", consent_id, token, status=status),
        )

    @public_route(
        f"/privacy/consent/ask/{CONSENT}",
        methods=["GET", "POST"],
        readonly=lambda self, rule, args: not self._posting(),
    )
    def ask(self, consent_id, token, db=None, **_kwargs):
        """Send a fresh request to the subject's present address."""
        respond = self._ask if self._posting() else partial(self._show, "reject")
        return self._in_database(
            db,
            partial(respond, consent_id, token),
            partial(self._give_up, "reject", consent_id, token),
        )

    @public_route("/privacy/consent", "/privacy/consent/<path:rest>")
    def wrong_link(self, **_kwargs):
        """Show for any other address what wrong links show."""
        return self._not_found()

    def _show(self, choice, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        accept = choice == "accept"
        if self._one_click(consent_sudo, choice, grant):
            with suppress(NotProven):
                consent_sudo._record_answer(accept, self._opened("one_click"))
                return self._page(consent_sudo, grant, choice, "recorded")
        return self._page(consent_sudo, grant, choice)

    def _give_up(self, choice, consent_id, token, env, status=200):
        """Show the page again: too many others were at it at the same moment."""
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        return self._page(consent_sudo, grant, choice, "again", status)

    def _one_click(self, consent_sudo, choice, grant):
        """:return: whether opening this link is the answer"""
        visitor = request.httprequest
        return (
            consent_sudo.activity_id.one_click_answers
            and visitor.method == "GET"
            # That of the mail: to choose a language is no answer.
            and "lang" not in visitor.args
            and self._word() == choice
            and not any(visitor.headers.get(name) for name in PREFETCH_HEADERS)
            and self._allows(grant, choice)
        )

    def _locked(self, consent_sudo, grant):
        """:return: whether this page says that only the proof of the answer is kept"""
        return grant == links.token.FULL and bool(consent_sudo.locked_until)

    def _allows(self, grant, choice):
        return grant == links.token.FULL or choice == "reject"

    def _answer(self, choice, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        proof = self._pressed(
            "mail_link",
            self._button(consent_sudo, choice, consent_sudo),
            self._language(consent_sudo, grant).code,
        )
        try:
            consent_sudo._record_answer(choice == "accept", proof)
        except NotProven as error:
            # Status 200, as for any form that is shown again: proxies put pages of
            # their own in place of errors, and the buttons would be lost.
            notice = "changed" if error.changed else "again"
            if choice == "accept" and self._locked(consent_sudo, grant):
                notice = "locked"
            return self._page(consent_sudo, grant, choice, notice)
        return self._page(consent_sudo, grant, choice, "recorded")

    def _refuse(self, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        consent_sudo._record_answer(False, self._opened("unsubscribe"))
        return self._page(consent_sudo, grant, "reject", "recorded")

    def _ask(self, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        if not self._up_to_date(consent_sudo, "ask", consent_sudo):
            return self._page(consent_sudo, grant, "reject", "again")
        consent_sudo._ask_at_present_address()
        return self._page(consent_sudo, grant, "reject", "asked")

    def _page(self, consent_sudo, grant, choice, notice=None, status=200):
        """Show the page.

        :param str choice: the link that was opened, which comes first
        :param str notice: what just happened: ``"recorded"`` an answer; ``"asked"`` for
            a fresh request; ``"again"``: nothing, the button must be pressed again;
            ``"changed"``: nothing, because the text changed; ``"locked"``: nothing,
            because only the proof is kept
        :param int status: of the response
        """
        lang = self._language(consent_sudo, grant).code
        consent_sudo = consent_sudo.with_context(lang=lang)
        html = consent_sudo.env["ir.qweb"]._render(
            "privacy_consent.form",
            {
                **self._page_values(consent_sudo, grant, choice, notice),
                **self._page_language(consent_sudo, grant),
            },
            minimal_qcontext=True,
        )
        return self._respond(html, status)

    def _page_values(self, consent_sudo, grant, choice, notice):
        """Gather what the page shows.

        :rtype: dict
        """
        lang = consent_sudo.env.lang
        limited = grant == links.token.REFUSE
        locked = self._locked(consent_sudo, grant)
        token = not limited and consent_sudo._token()
        answers = [choice, "reject" if choice == "accept" else "accept"]
        if notice == "recorded":
            answers.remove("accept" if consent_sudo.accepted else "reject")
        return {
            "answer_date": consent_sudo.answer_date
            and format_datetime(
                consent_sudo.env,
                consent_sudo.answer_date,
                tz=consent_sudo._time_zone(),
                dt_format="long",
            ),
            "answers": [
                {
                    "accept": answer == "accept",
                    "nonce": self._nonce(consent_sudo, answer, consent_sudo, lang),
                    # The own link of who got the mail, and no better one.
                    "url": self._same_link(consent_sudo.env, answer)
                    if limited
                    else self._in_chosen_language(
                        consent_sudo._link_path(answer, token), consent_sudo.env
                    ),
                }
                for answer in answers
                if self._allows(grant, answer) and not (locked and answer == "accept")
            ],
            "ask_nonce": limited
            and self._nonce(consent_sudo, "ask", consent_sudo, lang),
            "ask_url": limited and self._same_link(consent_sudo.env, "ask"),
            "change": not limited and consent_sudo._change_to_tell(),
            "consent": consent_sudo,
            "ends": not limited and consent_sudo._end_to_tell(),
            "earlier": not limited and consent_sudo._earlier_text(),
            "limited": limited,
            "locked": locked,
            "notice": notice,
        }
