# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The receipt of an answer, and all the proof, for the person who gave it."""

from functools import partial

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from odoo.addons.privacy_consent import links
from odoo.addons.privacy_consent.controllers.page import (
    CONSENT,
    HEADERS,
    public_route,
)
from odoo.addons.privacy_consent.controllers.preferences import PreferencesController

from ..page_language import page_language
from ..receipts import receipt_html, receipt_of
from .pack import pack_response

PATH = "/my/privacy/receipt"


class ReceiptController(PreferencesController):
    """Give the person what proves their answers, as a page and as files.

    ``receipt`` in a link is about the consent of the link, ``receipts`` about all that
    the preference page shows. A link to a former address shows its own page.
    """

    @public_route(
        f"/privacy/consent/<any(receipt, receipts):what>/{CONSENT}",
        methods=["GET"],
        readonly=True,
    )
    def receipt(self, what, consent_id, token, db=None, **_kwargs):
        """Show a receipt, or send a file, as ``as`` in the address says."""
        respond = partial(self._receipt, what.lower(), consent_id, token)
        return self._in_database(db, respond, respond)

    @http.route(PATH, type="http", auth="user", methods=["GET"], readonly=True)
    def my_receipt(self, **_kwargs):
        """Do the same in the account, for all that its owner answered."""
        env = request.env
        own_sudo = env["privacy.consent"].sudo()._preferences_of(env.user.partner_id)
        lang = env.lang or env.user.lang or "en_US"
        language = {**page_language(env, lang), "languages": False}
        # The addon privacy_consent_portal has the page that leads here.
        back = "privacy_consent_portal" in env.registry._init_modules and "/my/privacy"
        return self._send(own_sudo.with_context(lang=lang), language, f"{PATH}?", back)

    def _receipt(self, what, consent_id, token, env):
        consent_sudo, grant = self._consent_sudo(env, consent_id, token)
        if grant != links.token.FULL:
            return self._page(consent_sudo, grant, "reject")
        chosen_sudo = consent_sudo
        if what == "receipts":
            chosen_sudo = self._preferences_shown(consent_sudo)
        return self._send(
            chosen_sudo.with_context(lang=self._language(consent_sudo, grant).code),
            self._page_language(consent_sudo, grant),
            f"{self._same_link(env)}&",
            self._same_link(env, "preferences"),
        )

    def _send(self, consents_sudo, language, url, back):
        """Show the receipt of some consents of one person, or send a file.

        :param dict language: what a page needs to know of its language
        :param str url: address of this page, to which a parameter can be added
        :param back: address of the page that leads here, if there is one
        :raise NotFound: if nothing was answered
        """
        receipt = consents_sudo and receipt_of(consents_sudo)
        if not receipt:
            raise NotFound()
        wanted = request.httprequest.args.get("as")
        if wanted == "pack":
            return pack_response(
                partial(consents_sudo._write_proof_pack, for_person=True)
            )
        if wanted == "jsonld":
            return request.make_response(
                receipt.to_json(),
                [
                    *HEADERS.items(),
                    ("Content-Disposition", http.content_disposition("receipt.jsonld")),
                    ("Content-Type", "application/ld+json"),
                ],
            )
        return self._respond(
            receipt_html(
                consents_sudo.env, receipt, {"back": back, "url": url, **language}
            )
        )

    def _page_values(self, consent_sudo, grant, choice, notice):
        """Show the way to the receipt, to whom the answer is shown."""
        return {
            **super()._page_values(consent_sudo, grant, choice, notice),
            "receipt_url": grant == links.token.FULL
            and consent_sudo.state == "answered"
            and self._same_link(consent_sudo.env, "receipt"),
        }

    def _preferences_values(self, consent_sudo):
        """Show the way to the receipt of all answers."""
        values = super()._preferences_values(consent_sudo)
        answered = any(
            one["consent"].state == "answered" for one in values["preferences"]
        )
        return {
            **values,
            "receipt_url": answered and self._same_link(consent_sudo.env, "receipts"),
        }
