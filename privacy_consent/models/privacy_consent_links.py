# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The links of a consent: for whom they were made, and what they allow today."""

from datetime import timedelta
from urllib.parse import quote

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL, formataddr

from .. import links
from .fetching import fetch_together
from .privacy_consent import store
from .privacy_consent_event import append_word
from .privacy_consent_request import note

# What the public pages need of records with many more fields: to check a link, to show
# what it is about, and to store an answer.
_PARTNER_FIELDS = (
    "complete_name",
    "email",
    "email_normalized",
    "lang",
    "name",
    "tz",
    "write_date",
)
# What pages and answers need, by alias in the query
_PAGE = (
    (
        "consent",
        "privacy.consent",
        (
            "accepted",
            "action_due",
            "action_error",
            "activity_id",
            "answer_channel",
            "answer_date",
            "answer_text_id",
            "answered_by",
            "company_id",
            "confirmation_due",
            "last_metadata",
            "link_revocations",
            "locked_until",
            "merged_into_id",
            "old_link_address",
            "partner_id",
            "renewal_looked",
            "sent_date",
            "state",
            "status",
            "suspected_automated",
            "suspicion_signs",
            "token_partner_id",
            "uuid",
            "valid_until",
        ),
    ),
    (
        "activity",
        "privacy.activity",
        (
            "asked_together",
            "change_note",
            "confirmation_mail",
            "controller_company_id",
            "controller_id",
            "deletion",
            "description",
            "name",
            "officer_contact",
            "one_click_answers",
            "policy_url",
            "processing_codes",
            "processing_note",
            "processor_names",
            "recipients",
            "server_action_id",
            "text_language",
            "uuid",
            "validity_months",
        ),
    ),
    ("subject", "res.partner", _PARTNER_FIELDS),
    ("controller", "res.partner", _PARTNER_FIELDS),
    # Odoo asks for it when it logs.
    ("visitor", "res.users", ("company_id",)),
)
# What programs put around the last word of an address.
_AROUND = " .,;:!?()<>\"'"
REFRESH_INTERVAL = timedelta(days=1)
# RFC 3834, section 5, and what Exchange reads instead.
NO_AUTOMATIC_REPLIES = {
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "OOF, AutoReply",
}
# Headers in which other addons could add recipients to a personal message.
_ADDRESSING = {
    "to",
    "cc",
    "bcc",
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "x-forge-to",
    "x-msg-to-add",
    "x-msg-to-consolidate",
}


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
        exportable=False,
    )
    old_link_address = fields.Char(
        readonly=True,
        copy=False,
        help="The subject's e-mail address when this database was upgraded from 18.0. "
        "Where it is not null, even if empty, links in the form of 18.0 are valid.",
        exportable=False,
    )
    link_revocations = fields.Integer(
        readonly=True,
        copy=False,
        help="How often the links were invalidated.",
        exportable=False,
    )

    @api.model
    def _link_secret(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.secret")

    @api.model
    def _of_link(self, consent_id, token, database=None):
        """Find the consent that a link was made for.

        A wrong id and a wrong token take the same queries and the same computations.

        :param int consent_id: id in the link, maybe of no consent
        :param str token: secret part of the link, any text
        :param str database: name in the link, any text or nothing
        :return: the consent, possibly one that was merged into another, and
            ``links.token.FULL`` or ``links.token.REFUSE``; or nothing and None
        """
        consent = self._for_page(consent_id)
        grant = consent._grant(token, consent_id, database)
        if consent.id != consent_id or not grant:
            return self.browse(), None
        return consent, grant

    def _grant(self, token, consent_id=None, database=None):
        """Tell what a link to this consent allows.

        After *Invalidate links* the earlier ones still refuse: a refusal is always
        taken.

        :param str token: secret part of the link, any text
        :param int consent_id: id in the link, if it is maybe another one
        :param str database: name in the link, any text or nothing
        :return: ``links.token.FULL``, ``links.token.REFUSE``, or None
        """
        consent_id = consent_id or self.id
        token = links.token.clean(token)
        own = self._own_addresses()
        today = own if len(own) == 1 else [*own, ""]
        if self._matching(token, consent_id, today, [self.link_revocations]):
            return links.token.FULL
        # All of them, so that the time does not tell.
        ever = range(self.link_revocations + 1)
        if self._matching(token, consent_id, self._link_mailboxes(), ever):
            return links.token.REFUSE
        return self._grant_of_old_link(token, consent_id, today, database)

    def _link_mailboxes(self):
        """Tell for which mailboxes links were ever made.

        :return: their addresses. An empty one stands for none, and for any until
            19.0.1.1.0.
        """
        asked = self.sudo().request_ids.mapped("address")
        return {"", *self._own_addresses(), *asked} - {False}

    def _grant_of_old_link(self, token, consent_id, today, database):
        """Tell what a link in the form of 18.0 allows.

        Its token was made of the database's name, which may be another one since. The
        link says which, and the token proves it.

        :param today: the mailboxes whose links allow everything
        :return: as :meth:`_grant`
        """
        matches = [
            links.token.matches(
                token,
                links.token.make_old(
                    self._link_secret(),
                    name,
                    consent_id,
                    self.token_partner_id or self.partner_id.id,
                    self.activity_id.id,
                ),
            )
            for name in {self.env.cr.dbname, database, (database or "").strip(_AROUND)}
            if name
        ]
        if not any(matches) or self.old_link_address is False:
            return None
        valid = self.old_link_address in today and not self.link_revocations
        return links.token.FULL if valid else links.token.REFUSE

    def _matching(self, token, consent_id, mailboxes, revocations):
        """:return: whether a link was made for one of these mailboxes

        :param revocations: how often links had been invalidated then
        """
        secret = self._link_secret()
        return any(
            [
                links.token.matches(token, expected)
                for mailbox in mailboxes
                for times in revocations
                for expected in links.token.make_both(
                    secret, consent_id, self.activity_id.id, mailbox, times
                )
            ]
        )

    @api.model
    def _for_page(self, consent_id):
        """Find a consent, and read what the public pages need of it and around it.

        :param int consent_id: maybe of no consent
        :return: the consent; where it does not exist, one that stands in, so that the
            time does not tell; empty only before the first one
        """
        return fetch_together(
            self.env,
            _PAGE,
            SQL(
                "privacy_consent AS consent"
                " JOIN privacy_activity AS activity"
                " ON activity.id = consent.activity_id"
                " JOIN res_partner AS subject ON subject.id = consent.partner_id"
                " JOIN res_partner AS controller"
                " ON controller.id = activity.controller_id"
                " JOIN res_users AS visitor ON visitor.id = %s"
                " WHERE consent.id <= %s ORDER BY consent.id DESC LIMIT 1",
                self.env.uid,
                consent_id,
            ),
        )["consent"]

    def _token(self, address=None):
        """Compute the secret part of this consent's links to an address.

        :param str address: of the subject, by default the one that is asked next
        :return: the token, which says nothing about what it was made of
        :rtype: str
        """
        self.ensure_one()
        return links.token.make(
            self._link_secret(),
            self.id,
            self.activity_id.id,
            address or self._address_to_ask() or "",
            self.link_revocations,
        )

    def _url(self, accept):
        """Make the link with which the subject answers.

        :param bool accept: link to accept, or to reject
        :return: absolute address
        :rtype: str
        """
        return self._link("accept" if accept else "reject", self._token())

    def _link(self, word, token):
        """:return: the absolute address of one of the public pages"""
        return f"{self.activity_id._link_host(self)}{self._link_path(word, token)}"

    def _link_path(self, word, token):
        """:return: the address of one of the public pages on the server that has it"""
        return (
            f"/privacy/consent/{word}/{self.id}/{token}"
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

    def _ask_at_present_address(self):
        """Ask again, as somebody wished who got a mail at a former address.

        They are not told whether: it depends on what is none of their business. Once a
        day is enough, so that nobody floods the subject.
        """
        self.ensure_one()
        recently = fields.Datetime.now() - REFRESH_INTERVAL
        if self._can_ask_again() and not self.request_ids.filtered(
            lambda one: one.kind == "fresh" and one.create_date > recently
        ):
            # As the superuser, like the scheduled action: a visitor has no address.
            self.with_user(SUPERUSER_ID)._ask("fresh")


class PrivacyConsentRequest(models.Model):
    _inherit = "privacy.consent.request"

    def _personal_copy(self, consent, email):
        """Make the message that the subject gets, with the personal links.

        It goes to one address alone, whatever other addons put into the message, and
        its links are bound to that address.

        :param consent: the ``privacy.consent`` whose links these are
        :param dict email: one of those of ``mail.mail._prepare_outgoing_list()``
        :rtype: dict
        """
        subject = consent.partner_id
        # The contact may have another address since.
        address = self[0].address
        if address not in consent._own_addresses():
            address = consent._address_to_ask()
            note(self, {"address": address, "contact_email": subject.email})
        token = consent._token(address)
        body = links.placeholder.personalize(
            links.host.in_html(email["body"]),
            {
                word: consent._link(word, token)
                for word in ("accept", "reject", "preferences")
            },
        )
        headers = {
            name: value
            for name, value in email["headers"].items()
            if name.lower() not in _ADDRESSING
        }
        return {
            **email,
            "body": body,
            "email_cc": [],
            # Without a clean address Odoo says that there is no valid recipient.
            "email_to": [formataddr((subject.name or "", address))] if address else [],
            "email_to_normalized": [address] if address else [],
            "email_to_raw": address or "",
            "headers": {
                **headers,
                **NO_AUTOMATIC_REPLIES,
                **links.list_unsubscribe.headers(consent._link("unsubscribe", token)),
            },
            "partner_id": subject,
        }
