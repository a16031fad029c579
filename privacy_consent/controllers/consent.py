# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public pages behind the links of a consent request."""

from functools import partial

import psycopg2
from werkzeug.exceptions import NotFound

from odoo import SUPERUSER_ID, api, fields, http
from odoo.http import request
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import format_datetime

from .. import link_token

# PostgreSQL's largest integer, so that no id in an address makes a query fail.
LINK = (
    "/privacy/consent/<any(accept, reject):choice>"
    "/<int(max=2147483647):consent_id>/<string:token>"
)
HEADERS = {
    "Cache-Control": "no-store",
    # Nothing from elsewhere, and no frame in which a press could be stolen.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


class ConsentController(http.Controller):
    """Show and record the answer of a subject.

    The links are ``auth="none"`` and take the database from the address, so that they
    work on servers with several databases, without a cookie and without redirects. No
    session is stored. The token is the only credential: it also stands for a CSRF
    token, because whoever could forge the request would have to know it.
    """

    @http.route(
        LINK,
        type="http",
        auth="none",
        methods=["GET", "POST"],
        csrf=False,
        readonly=lambda self, rule, args: not self._answering(),
        save_session=False,
    )
    def consent(self, choice, consent_id, token, db=None, **_kwargs):
        """Show who asks for what; record the answer when its button was pressed.

        Any other method than POST changes nothing, because mail scanners open every
        link (RFC 9110, section 9.2.1: GET, HEAD and OPTIONS are safe methods).
        """
        respond = self._answer if self._answering() else self._show
        return self._in_database(db, partial(respond, choice, consent_id, token))

    def _answering(self):
        # Asked here and not left to the route: Odoo adds OPTIONS to every route.
        return request.httprequest.method == "POST"

    def _in_database(self, db, respond):
        """Respond from the database that the link names.

        :param str db: name in the address; without it, the server's only database
        :param respond: called with an environment of the public user
        :raise NotFound: for a database that is not served here
        """
        if request.db and db in (None, request.db):
            request.env["ir.http"]._auth_method_public()
            return respond(request.env)
        if not db or db not in http.db_list(force=True):
            raise NotFound()
        try:
            registry = Registry(db).check_signaling()
        except (AttributeError, psycopg2.Error) as error:
            raise NotFound() from error  # a database, but not one of Odoo
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env = env(user=env.ref("base.public_user").id)
            return retrying(partial(respond, env), env)

    def _consent_sudo(self, env, consent_id, token):
        """Find the consent that a link belongs to.

        :return: the consent with superuser rights, in the language of its history
        :raise NotFound: the same for a wrong id and for a wrong token
        """
        if "privacy.consent" not in env:
            raise NotFound()
        consent_sudo = env["privacy.consent"].sudo().browse(consent_id).exists()
        if not consent_sudo or not link_token.matches(token, consent_sudo._token()):
            raise NotFound()
        # The history is for staff, whatever language the subject or their browser has.
        return consent_sudo._surviving().with_context(lang=None)

    def _metadata(self):
        """:return: from where the answer comes, for the proof"""
        visitor = request.httprequest
        return "\n".join(
            [
                f"User agent: {visitor.user_agent.string}",
                f"Remote IP: {visitor.remote_addr}",
                f"Date and time (UTC): {fields.Datetime.now()}",
            ]
        )

    def _answer(self, choice, consent_id, token, env):
        consent_sudo = self._consent_sudo(env, consent_id, token)
        consent_sudo.action_answer(choice == "accept", self._metadata())
        return self._page(consent_sudo, choice, recorded=True)

    def _show(self, choice, consent_id, token, env):
        consent_sudo = self._consent_sudo(env, consent_id, token)
        return self._page(consent_sudo, choice, recorded=False)

    def _page(self, consent_sudo, choice, recorded):
        lang = self._language(consent_sudo)
        consent_sudo = consent_sudo.with_context(lang=lang.code)
        html = consent_sudo.env["ir.qweb"]._render(
            "privacy_consent.form",
            {
                **self._page_values(consent_sudo, choice, recorded),
                "direction": lang.direction,
                "lang": lang.code.replace("_", "-"),
            },
            minimal_qcontext=True,
        )
        return request.make_response(
            f"<!DOCTYPE html>\n{html}",
            headers=[("Content-Type", "text/html; charset=utf-8"), *HEADERS.items()],
        )

    def _language(self, consent_sudo):
        """:return: the subject's language, if it is installed, or the public user's"""
        languages = consent_sudo.env["res.lang"]
        for code in (consent_sudo.partner_id.lang, consent_sudo.env.user.lang):
            if found := languages._get_data(code=code):
                return found
        return languages._get_data(code="en_US")

    def _page_values(self, consent_sudo, choice, recorded):
        """Gather what the page shows.

        :param str choice: the link that was opened, which comes first
        :param bool recorded: whether the answer was given just now
        :rtype: dict
        """
        env = consent_sudo.env
        subject = consent_sudo.partner_id
        accept_first = choice == "accept"
        return {
            "answer_date": consent_sudo.answer_date
            and format_datetime(
                env, consent_sudo.answer_date, tz=subject.tz or "UTC", dt_format="long"
            ),
            "answers": [
                (accept, consent_sudo._url(accept))
                for accept in (accept_first, not accept_first)
                if not recorded or accept != consent_sudo.accepted
            ],
            "consent": consent_sudo,
            "recorded": recorded,
        }
