# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The website's ways to subscribe to a newsletter, and the page to manage them."""

import json

from odoo.exceptions import UserError
from odoo.http import request, route

from odoo.addons.privacy_consent_mass_mailing.controllers.main import (
    ConsentMailController,
)
from odoo.addons.privacy_consent_website.controllers.form import ConsentForm
from odoo.addons.website_mass_mailing.controllers.main import MassMailController
from odoo.addons.website_mass_mailing.controllers.website_form import (
    WebsiteNewsletterForm,
)

# The lists for which a visitor was asked, whether or not they confirmed.
_ASKED = "privacy_consent_newsletters"


def _list_ids(values):
    """:return: the ids of the mailing lists that a form names, as Odoo reads them"""
    try:
        return [int(one) for one in values.get("list_ids", "").split(",")]
    except ValueError:
        return []  # Odoo refuses them.


def _asking_lists(ids):
    """:return: those of these mailing lists that ask for consent, as superuser"""
    lists_sudo = request.env["mailing.list"].sudo().browse(map(int, ids))
    return lists_sudo.exists().filtered("consent_activity_id")


class NewsletterController(MassMailController, ConsentMailController):
    @route()
    def is_subscriber(self, list_id, subscription_type, **post):
        """Tell nobody whether an address is subscribed that anybody may have typed.

        Whoever makes an account may have typed it, too.
        """
        said = super().is_subscriber(list_id, subscription_type, **post)
        user = request.env.user
        consents_sudo = request.env["privacy.consent"].sudo()
        if (
            not user._is_internal()
            and _asking_lists([list_id])
            and not consents_sudo._may_give_without_request(user.partner_id)
        ):
            asked = request.session.get(_ASKED, [])
            return {**said, "is_subscriber": int(list_id) in asked}
        return said

    @route()
    def subscribe(self, list_id, value, subscription_type, **post):
        try:
            said = super().subscribe(list_id, value, subscription_type, **post)
        except UserError as error:
            return {"toast_type": "danger", "toast_content": str(error)}
        if said["toast_type"] == "success" and _asking_lists([list_id]):
            said["toast_content"] = request.env._(
                "Almost done: we sent you a message in which you confirm it."
            )
        return said

    @staticmethod
    def subscribe_to_newsletter(
        subscription_type, value, list_id, fname, address_name=None
    ):
        asking_sudo = _asking_lists([list_id])
        if not asking_sudo:
            MassMailController.subscribe_to_newsletter(
                subscription_type, value, list_id, fname, address_name=address_name
            )
            return
        asking_sudo._ask_for_subscription(value, address_name)
        asked = request.session.get(_ASKED, [])
        request.session[_ASKED] = sorted({*asked, asking_sudo.id})

    @route()
    def mailing_update_list_subscription(
        self,
        mailing_id=None,
        document_id=None,
        email=None,
        hash_token=None,
        lists_optin_ids=None,
        **post,
    ):
        """Withdraw the consents to the newsletters that somebody leaves."""
        mailing_sudo = request.env["mailing.mailing"].sudo().browse(mailing_id or 0)
        if mailing_sudo and hash_token:
            subscriptions_sudo = self._fetch_contacts(email).subscription_ids
            left_sudo = subscriptions_sudo.filtered(
                lambda one: not one.opt_out
                and one.list_id.id not in (lists_optin_ids or [])
            ).list_id
            self._withdraw_consents(
                mailing_sudo,
                document_id,
                email,
                hash_token,
                left_sudo.consent_activity_id,
            )
        return super().mailing_update_list_subscription(
            mailing_id=mailing_id,
            document_id=document_id,
            email=email,
            hash_token=hash_token,
            lists_optin_ids=lists_optin_ids,
            **post,
        )


class NewsletterForm(ConsentForm, WebsiteNewsletterForm):
    def _handle_website_form(self, model_name, **kwargs):
        """Ask for consent where the form would subscribe at once."""
        ids = _list_ids(kwargs)
        asking_sudo = _asking_lists(ids)
        if (
            model_name != "mailing.contact"
            or not asking_sudo
            # Odoo refuses them.
            or not all(asking_sudo.mapped("is_public"))
        ):
            return super()._handle_website_form(model_name, **kwargs)
        names = (kwargs.get("first_name"), kwargs.get("last_name"))
        name = kwargs.get("name") or " ".join(filter(None, names))
        for list_sudo in asking_sudo:
            list_sudo._ask_for_subscription(kwargs.get("email"), name)
        others = [one for one in ids if one not in asking_sudo.ids]
        if others:
            kwargs["list_ids"] = ",".join(map(str, others))
            return super()._handle_website_form(model_name, **kwargs)
        return json.dumps({"id": asking_sudo[0].id})
