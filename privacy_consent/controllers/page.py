# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What all public pages behind the links of a consent share.

A public page has an address ``/privacy/consent/<word>/<consent>/<token>?db=<name>``
(only such addresses are masked in the log, see ``links/mask.py``, and read as they were
mailed, see ``links/path.py``) and is a ``@public_route()``. Its method calls
``self._in_database(db, respond, give_up)``, which calls ``respond(env)``, again on a
fresh snapshot when somebody else was faster, in the end ``give_up(env)``, and turns
``NotFound`` into the one page for every wrong link. In it:

- ``consent_sudo, grant = self._consent_sudo(env, consent_id, token)`` is the first
  thing; ``grant`` is ``links.token.FULL`` or ``links.token.REFUSE``: the latter shows
  nothing about the subject and may only refuse or withdraw;
- a form has a hidden field ``nonce`` with ``self._nonce(consent_sudo, action,
  chosen_sudo, lang)``;
- an answer goes through ``privacy.consent._record_answer()`` with the proof of
  ``self._pressed()`` or ``self._opened()``, which it checks itself;
- ``self._same_link(env, word)`` is another page of the link that was opened, and
  ``self._page_language(consent_sudo, grant)`` what a page needs to know of languages;
- ``self._respond(html)`` sends the page.
"""

import re
import time
from functools import partial, wraps
from urllib.parse import urlencode

import psycopg2
from werkzeug.exceptions import NotFound

from odoo import SUPERUSER_ID, api, http, sql_db
from odoo.http import request
from odoo.modules.db import is_initialized
from odoo.modules.registry import Registry
from odoo.service.model import retrying

from .. import fresh_snapshot, links, not_found_page

# Of the id, any text: what no converter takes would get another page than wrong ids.
CONSENT = "<string:consent_id>/<string:token>"
# PostgreSQL's largest integer
MAX_ID = 2**31 - 1
HEADERS = {
    "Cache-Control": "no-store",
    # Nothing from elsewhere, and no frame in which a press could be stolen.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
# What surrounds a text on these pages: another number whenever that changes.
PAGE_VERSION = "page 1"
# Longer ones are nothing that a browser sends, and the proof shall stay readable.
MAX_AGENT = 500


def public_route(*paths, **options):
    """Make a public page of a method, as ``http.route()`` does.

    Whatever a visitor adds to the address, the method is called: Odoo fails where a
    parameter has the name ``self``.
    """

    def decorate(method):
        routed = http.route(
            [*paths],
            type="http",
            auth="none",
            # No cookie is needed: the nonce of a form protects it.
            csrf=False,
            save_session=False,
            **options,
        )(method)

        @wraps(routed)
        def page(controller, /, **params):
            params.pop("self", None)
            return routed(controller, **params)

        return page

    return decorate


class PublicController(http.Controller):
    """The base of the public pages.

    The links are ``auth="none"`` and take the database from the address, so that they
    work on servers with several databases, without a cookie and without redirects. No
    session is stored.
    """

    def _posting(self):
        # Asked here and not left to the route: Odoo adds OPTIONS to every route.
        return request.httprequest.method == "POST"

    def _in_database(self, db, respond, give_up):
        """Respond from the database that the link names, or from the one there is.

        The name is a hint only, which may have changed, or be mangled: a link of
        another database is not valid in this one.

        :param str db: name in the address, any text or nothing
        :param respond: called with an environment of the public user
        :param give_up: called instead, and changes nothing, when again and again
            somebody else was faster
        """
        repeat = partial(fresh_snapshot.repeat_or_give_up, respond, give_up)
        try:
            return self._respond_from(self._database(db), repeat)
        except NotFound:
            return self._not_found()

    def _database(self, hint):
        """:return: the name of a database that this server has; None if it is unknown

        :param str hint: name in the address, any text or nothing
        """
        own = request.db
        if own and hint in (None, own):
            return own
        names = http.db_list(force=True)
        if hint in names:
            return hint
        return own or (names[0] if len(names) == 1 else None)

    def _respond_from(self, db, respond):
        if not db:
            raise NotFound()
        if db == request.db:
            request.env["ir.http"]._auth_method_public()
            return respond(request.env)
        if not _is_of_odoo(db):
            raise NotFound()
        registry = Registry(db).check_signaling()
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env = env(user=env.ref("base.public_user").id)
            return retrying(partial(respond, env), env)

    def _not_found(self):
        """:return: the same page for every wrong link, whatever is wrong with it"""
        page = not_found_page.render(request.httprequest.accept_languages)
        return self._respond(page, status=404)

    def _consent_sudo(self, env, consent_id, token):
        """Find the consent that a link belongs to.

        :param str consent_id: id in the link, any text
        :param str token: secret part of the link, any text
        :return: the consent that counts today, with superuser rights, in the language
            of its history; and what the link allows
        :raise NotFound: the same for a wrong id and for a wrong token
        """
        if "privacy.consent" not in env:
            raise NotFound()
        consent_sudo, grant = (
            env["privacy.consent"]
            .sudo()
            ._of_link(_number(consent_id), token, self._hint())
        )
        if not consent_sudo:
            raise NotFound()
        # The history is for staff, whatever language the subject or their browser has.
        # Without any, Odoo would look for that of the public user.
        return consent_sudo._surviving().with_context(lang="en_US"), grant

    def _nonce(self, consent_sudo, action, chosen_sudo, lang):
        """Make the nonce of one button.

        :param str action: what the button does
        :param chosen_sudo: the consents that it is about
        :param str lang: code of the language of the page
        :rtype: str
        """
        return chosen_sudo._button_nonce(
            self._button(consent_sudo, action, chosen_sudo), lang
        )

    def _button(self, consent_sudo, action, chosen_sudo):
        return links.nonce.button(consent_sudo.id, action, chosen_sudo.ids)

    def _up_to_date(self, consent_sudo, action, chosen_sudo):
        """:return: whether this button was pressed on a page that is up to date"""
        shown = links.nonce.check(
            consent_sudo._link_secret(),
            self._button(consent_sudo, action, chosen_sudo),
            self._posted_nonce(),
            time.time(),
        )
        return shown and shown.fresh and shown.mark == chosen_sudo._answer_mark()

    def _posted_nonce(self):
        return request.httprequest.form.get("nonce")

    def _pressed(self, channel, button, lang, nonce=None):
        """:return: the proof of a press on a page behind the link that was opened"""
        return links.proof.pressed(
            channel,
            *self._link_parts(),
            button,
            nonce or self._posted_nonce(),
            self._origin(lang),
            self._hint(),
        )

    def _opened(self, channel):
        """:return: the proof of an opened link"""
        return links.proof.opened(
            channel, *self._link_parts(), self._origin(), self._hint()
        )

    def _word(self):
        """:return: which page was opened, as it is in its address"""
        return self._parts()[3]

    def _link_parts(self):
        """:return: id and token in the link that was opened"""
        consent_id, token = self._parts()[4:6]
        return _number(consent_id), links.token.clean(token)

    def _parts(self):
        return links.path.plain(request.httprequest.path).split("/")

    def _hint(self):
        """:return: name of the database in the link that was opened, if there is one"""
        return request.httprequest.args.get("db")

    def _origin(self, lang=None):
        """Tell from where the answer comes, for the proof.

        :param str lang: code of the language of the page with the button, if any
        """
        return links.proof.Origin(
            address=_one_line(request.httprequest.remote_addr),
            agent=_one_line(request.httprequest.user_agent.string)[:MAX_AGENT],
            language=lang,
            surroundings=lang and PAGE_VERSION,
        )

    def _language(self, consent_sudo, grant=links.token.FULL):
        """Find the language of a page.

        :param str grant: what the link allows
        :return: the first that is installed: the one chosen on the page; the subject's,
            or the visitor's where nothing about the subject is shown; the public user's
        """
        languages = consent_sudo.env["res.lang"]
        preferred = consent_sudo.partner_id.lang
        if grant != links.token.FULL:
            preferred = self._visitor_language(languages)
        chosen = request.httprequest.args.get("lang")
        return (
            languages._get_data(code=chosen)
            or languages._get_data(code=preferred)
            or languages._get_data(code=consent_sudo.env.user.lang)
            or languages._get_data(code="en_US")
        )

    def _page_language(self, consent_sudo, grant):
        """Gather what a page needs to know of its language, and of others.

        :return: ``lang`` and ``direction`` of the page, and ``languages``: links to
            the same page in each installed language, if there are several
        :rtype: dict
        """
        languages = consent_sudo.env["res.lang"]
        current = self._language(consent_sudo, grant)
        choices = [
            {
                "current": code == current.code,
                "lang": _tag(code),
                # Odoo calls it "French / Français".
                "name": name.rpartition("/")[2].strip(),
                "url": self._same_link(consent_sudo.env, lang=code),
            }
            for code, name in languages.get_installed()
        ]
        return {
            "direction": current.direction,
            "lang": _tag(current.code),
            "languages": len(choices) > 1 and choices,
        }

    def _same_link(self, env, word=None, lang=None):
        """Make another address for the link that was opened.

        :param str word: which page, by default this one
        :param str lang: code of its language, by default the one chosen on this page
        """
        consent_id, token = self._link_parts()
        path = f"/privacy/consent/{word or self._word()}/{consent_id}/{token}"
        # The name in the link, of which a token in the form of 18.0 was made.
        query = urlencode({"db": self._hint() or env.cr.dbname})
        return self._in_chosen_language(f"{path}?{query}", env, lang)

    def _in_chosen_language(self, url, env, lang=None):
        """:return: the address, with the language that was chosen, if any"""
        lang = lang or request.httprequest.args.get("lang")
        code = lang and env["res.lang"]._get_data(code=lang).code
        return f"{url}&{urlencode({'lang': code})}" if code else url

    def _visitor_language(self, languages):
        """:return: the installed language that the visitor prefers, or None"""
        offers = {}
        for code, _name in languages.get_installed():
            offers[code] = code
            offers.setdefault(code.partition("_")[0], code)
        accepted = request.httprequest.accept_languages
        return offers.get(accepted.best_match(list(offers)))

    def _respond(self, html, status=200):
        """:return: the response with a page of which nobody keeps a copy"""
        return request.make_response(
            f"<!DOCTYPE html>\n{html}",
            headers=[("Content-Type", "text/html; charset=utf-8"), *HEADERS.items()],
            status=status,
        )


def _is_of_odoo(db):
    """:return: whether there is a database that Odoo has ever worked with"""
    try:
        with sql_db.db_connect(db).cursor() as cr:
            return is_initialized(cr)
    except psycopg2.OperationalError:
        return False


def _number(text):
    """:return: an id in a link as a number, which may be of no record"""
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else 0
    return min(number, MAX_ID)


def _tag(code):
    """:return: a language's name in HTML, from its code in Odoo"""
    return code.replace("_", "-").replace("@", "-")


def _one_line(text):
    """:return: what a visitor sent, unable to pass for other lines of the proof"""
    # PostgreSQL stores no NUL, and no half of a surrogate pair.
    text = (text or "").encode("utf-8", "replace").decode()
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)
