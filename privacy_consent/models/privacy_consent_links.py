# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The links of a consent: for whom they were made, and what they allow today."""

# pylint: disable=consider-merging-classes-inherited

from datetime import timedelta
from urllib.parse import quote

from odoo import SUPERUSER_ID, api, fields, models

from .. import links
from .privacy_consent import store
from .privacy_consent_event import append_word

# What the public pages need of records with many more fields: to check a link, to show
# what it is about, and to store an answer.
_PAGE_FIELDS = [
    "accepted",
    "action_error",
    "activity_id",
    "answer_channel",
    "answer_date",
    "answer_text_id",
    "answered_by",
    "asked_addresses",
    "company_id",
    "delivered_date",
    "delivery_to_follow",
    "last_metadata",
    "link_revocations",
    "merged_addresses",
    "merged_into_id",
    "old_link_address",
    "partner_id",
    "sent_date",
    "state",
    "status",
    "suspected_automated",
    "suspicion_signs",
    "token_partner_id",
    "uuid",
    "valid_until",
]
_PAGE_ACTIVITY_FIELDS = [
    "controller_id",
    "description",
    "name",
    "one_click_answers",
    "processor_names",
    "server_action_id",
    "uuid",
]
_PAGE_PARTNER_FIELDS = [
    "complete_name",
    "email",
    "email_normalized",
    "lang",
    "name",
    "tz",
    "write_date",
]
REFRESH_INTERVAL = timedelta(days=1)


class PrivacyConsent(models.Model):
    """Links are bound to the address that was asked.

    Somebody else may read the mails to an address that a contact does not have any
    more. Such a link only refuses, until the person confirms from the present address.
    """

    _inherit = "privacy.consent"

    token_partner_id = fields.Integer(
        readonly=True,
        copy=False,
        help="The contact that was asked, if it was merged into another one since: "
        "links in the form of 18.0 were made with it.",
    )
    asked_addresses = fields.Text(
        string="Asked at",
        readonly=True,
        copy=False,
        help="The e-mail addresses to which a request was delivered, one a line.",
    )
    merged_addresses = fields.Text(
        readonly=True,
        copy=False,
        help="The e-mail addresses of contacts that were merged into the subject, one "
        "a line: they are the same person's, and their links allow all that they did.",
    )
    old_link_address = fields.Char(
        readonly=True,
        copy=False,
        help="The subject's e-mail address when this database was upgraded from 18.0. "
        "Where it is not null, even if empty, links in the form of 18.0 are valid.",
    )
    delivered_date = fields.Datetime(
        string="Last delivered on",
        readonly=True,
        copy=False,
        help="When the subject's mail server took the last request.",
    )
    delivered_mail = fields.Integer(
        readonly=True, copy=False, help="The mail of the last request."
    )
    refreshed_date = fields.Datetime(
        readonly=True,
        copy=False,
        help="When a mail to a former address last led to a request to the present "
        "one.",
    )
    link_revocations = fields.Integer(
        readonly=True, copy=False, help="How often the links were invalidated."
    )

    @api.model
    def _link_secret(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.secret")

    @api.model
    def _of_link(self, consent_id, token):
        """Find the consent that a link was made for.

        A wrong id and a wrong token take the same queries and the same computations.

        :param int consent_id: id in the link, maybe of no consent
        :param str token: secret part of the link, any text
        :return: the consent, possibly one that was merged into another, and
            ``links.token.FULL`` or ``links.token.REFUSE``; or nothing and None
        """
        consent = self._for_page(consent_id)
        grant = consent._grant(token, consent_id)
        if consent.id != consent_id or not grant:
            return self.browse(), None
        return consent, grant

    def _grant(self, token, consent_id=None):
        """Tell what a link to this consent allows.

        After *Invalidate links* the earlier ones still refuse: a refusal is always
        taken.

        :param str token: secret part of the link, any text
        :param int consent_id: id in the link, if it is maybe another one
        :return: ``links.token.FULL``, ``links.token.REFUSE``, or None
        """
        secret = self._link_secret()
        consent_id = consent_id or self.id
        current = self.partner_id.email_normalized
        own = {current or "", *(self.merged_addresses or "").splitlines()}
        asked = (self.asked_addresses or "").splitlines()
        grants = dict.fromkeys(asked, links.token.REFUSE)
        grants |= dict.fromkeys(own, links.token.FULL)
        ended = range(self.link_revocations)
        expected = {
            links.token.make(
                secret, consent_id, self.activity_id.id, address, revocations
            ): grant if revocations == self.link_revocations else links.token.REFUSE
            for address, grant in grants.items()
            for revocations in (*ended, self.link_revocations)
        }
        old_token = links.token.make_old(
            secret,
            self.env.cr.dbname,
            consent_id,
            self.token_partner_id or self.partner_id.id,
            self.activity_id.id,
        )
        old = self.old_link_address
        if old is not False:
            valid = old in own and not self.link_revocations
            expected[old_token] = links.token.FULL if valid else links.token.REFUSE
        found = [
            grant
            for valid, grant in expected.items()
            if links.token.matches(token, valid)
        ]
        return found[0] if found else None

    @api.model
    def _for_page(self, consent_id):
        """Find a consent, and read what the public pages need of it and around it.

        :param int consent_id: maybe of no consent
        :return: the consent; where it does not exist, one that stands in, so that the
            time does not tell; empty only before the first one
        """
        consent = self.with_context(active_test=False).search_fetch(
            [("id", "<=", consent_id)], _PAGE_FIELDS, order="id DESC", limit=1
        )
        # In all languages: which one is needed is known after the subject.
        consent.activity_id.with_context(prefetch_langs=True).fetch(
            _PAGE_ACTIVITY_FIELDS
        )
        partners = consent.partner_id + consent.activity_id.controller_id
        partners.fetch(_PAGE_PARTNER_FIELDS)
        return consent.with_env(self.env)

    def _token(self):
        """Compute the secret part of this consent's links to the present address.

        :return: the token, which says nothing about what it was made of
        :rtype: str
        """
        self.ensure_one()
        return links.token.make(
            self._link_secret(),
            self.id,
            self.activity_id.id,
            self.partner_id.email_normalized,
            self.link_revocations,
        )

    def _url(self, accept):
        """Make the link with which the subject answers.

        :param bool accept: link to accept, or to reject
        :return: absolute address
        :rtype: str
        """
        return self._link("accept" if accept else "reject", self._token())

    def _preferences_url(self):
        """:return: the address of the page with all that the subject was asked"""
        return self._link("preferences", self._token())

    def _unsubscribe_url(self):
        """:return: the address with which mail programs refuse for the subject"""
        return self._link("unsubscribe", self._token())

    def _link(self, word, token):
        """:return: the absolute address of one of the public pages"""
        return (
            f"{self.get_base_url()}/privacy/consent/{word}/{self.id}/{token}"
            f"?db={quote(self.env.cr.dbname, safe='')}"
        )

    def action_invalidate_links(self):
        """End all links of these consents, those in the form of 18.0 included.

        They only refuse from now on. The next requests carry new ones.
        """
        self.check_access("write")
        # The links of merged contacts lead to the consent that counts.
        together = self.browse().concat(
            *(consent._surviving()._with_merged() for consent in self)
        )
        ended = together._lock()
        for consent in ended:
            store(consent, {"link_revocations": consent.link_revocations + 1})
        append_word(ended, "links_ended")
        self._message_log_batch(
            dict.fromkeys(self.ids, self.env._("The links were invalidated."))
        )

    def _delivery_facts(self, mail):
        """Tell what the delivery of a request adds to what is stored.

        :param mail: the ``mail.mail`` that asked
        :return: values, none for a delivery that is stored already
        :rtype: dict
        """
        if self.delivered_mail == mail.id:
            return {}
        facts = {"delivered_date": fields.Datetime.now(), "delivered_mail": mail.id}
        address = self.partner_id.email_normalized
        known = (self.asked_addresses or "").splitlines()
        if address and address not in known:
            facts["asked_addresses"] = "\n".join([*known, address])
        return facts

    def _with_merged_address(self):
        """:return: the merged addresses, with that of a contact that is merged now"""
        known = (self.merged_addresses or "").splitlines()
        address = self.partner_id.email_normalized
        return "\n".join([*known, address] if address else known)

    def _ask_at_present_address(self):
        """Ask again, as somebody wished who got a mail at a former address.

        They are not told whether: it depends on what is none of their business. Once a
        day is enough, so that nobody floods the subject.
        """
        self.ensure_one()
        self._lock()
        now = fields.Datetime.now()
        if self.refreshed_date and self.refreshed_date > now - REFRESH_INTERVAL:
            return
        if not self.partner_id.email_normalized or not (
            self.activity_id.consent_template_id
        ):
            return
        store(self, {"refreshed_date": now})
        # As the superuser, like the scheduled action: a visitor has no address.
        self.with_user(SUPERUSER_ID).action_auto_ask()
