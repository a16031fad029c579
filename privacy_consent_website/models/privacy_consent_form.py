# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What forms of the website ask for, and how often they may."""

import dataclasses
import logging
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.http import request
from odoo.tools import SQL
from odoo.tools.misc import hmac

from .. import form_fields
from ..mailboxes import mailbox
from ..networks import network

_logger = logging.getLogger(__name__)

# So many requests a day for one address, and from one network.
_PER_ADDRESS = 3
PER_NETWORK = 20


def read_form(values):
    """Read what a visitor sent. Who is signed in need not type their address.

    :param values: by the names of the fields
    :rtype: form_fields.Form
    """
    form = form_fields.read(values)
    user = request.env.user if request.db and form.activity_ids else None
    if form.address or not user or user._is_public():
        return form
    return dataclasses.replace(form, address=user.partner_id.email_normalized or None)


def check_writable():
    """Have Odoo repeat the form with a transaction that may write.

    A statement that fails would be logged, with what the visitor sent.

    :raise psycopg2.errors.ReadOnlySqlTransaction: if this one may only read
    """
    if request.env.cr.readonly:
        raise psycopg2.errors.ReadOnlySqlTransaction("A form asks for consent")


def ask(form):
    """Have the consents asked for whose boxes are ticked, in a moment.

    The form counts whatever happens.

    :param form_fields.Form form: what the visitor sent
    :raise psycopg2.OperationalError: if another one was faster; Odoo repeats the form
    """
    _ask_with("privacy.consent.form.pending", "_store", form)


def ask_at_once(form):
    """Ask as :func:`ask` does, somebody who is signed in and waits for it.

    :param form_fields.Form form: with their own address
    :raise psycopg2.OperationalError: if another one was faster; Odoo repeats the form
    """
    _ask_with("privacy.consent.form", "_ask", form)


def _ask_with(model, method, form):
    if not form.activity_ids or not form.address:
        return
    user = request.env.user
    if not user._is_public():
        form = dataclasses.replace(form, partner_id=user.partner_id.id)
    context = {"lang": request.env.lang, "mail_create_nolog": True}
    env = request.env(user=SUPERUSER_ID, su=True, context=context)
    visitor = network(request.httprequest.remote_addr)
    try:
        with env.cr.savepoint():
            key = env["privacy.consent.form"]._key(visitor)
            getattr(env[model], method)(form, key)
    except psycopg2.IntegrityError as error:
        raise ConcurrencyError(type(error).__name__) from error
    except (psycopg2.OperationalError, ConcurrencyError):
        raise
    except Exception as error:
        _logger.warning(
            "A form of the website could not ask for consent: %s", type(error).__name__
        )


class PrivacyConsentForm(models.Model):
    """One request that a form of the website made.

    It says what the form made for it, and keeps neither the address nor the network
    address, but what tells whether another one is the same.
    """

    _name = "privacy.consent.form"
    _description = "Request by a form of the website"

    consent_id = fields.Many2one(
        comodel_name="privacy.consent", required=True, ondelete="cascade", index=True
    )
    made_consent = fields.Boolean()
    made_contact = fields.Boolean()
    address_key = fields.Char(required=True)
    network_key = fields.Char(index=True)
    day = fields.Date(required=True)
    # Two at one moment take the same number, and PostgreSQL lets one of them have it.
    number_of_address = fields.Integer()
    number_of_network = fields.Integer()

    _once_a_day = models.UniqueIndex("(address_key, consent_id, day)")
    _number_of_address = models.UniqueIndex("(address_key, day, number_of_address)")
    _number_of_network = models.UniqueIndex("(network_key, day, number_of_network)")

    @api.model
    def _ask(self, form, network_key):
        """Ask for the consents whose boxes are ticked.

        Nobody is told whether: it depends on what is none of a visitor's business.

        :param form: a ``form_fields.Form`` with an address
        :param str network_key: of the visitor
        """
        keys = {
            "address_key": self._key(mailbox(form.address)),
            "network_key": network_key,
            "day": fields.Date.today(),
        }
        activities = self.env["privacy.activity"].browse(form.activity_ids)
        for activity in activities._offered_on_website():
            numbers = self._numbers(keys)
            if numbers:
                self._ask_about(activity, form, {**keys, **numbers})

    def _key(self, text):
        return hmac(self.env(su=True), "privacy_consent_website", text)

    def _numbers(self, keys):
        """Number the next request of today, so that nobody floods an address.

        :param dict keys: the address, the network and the day
        :return: its numbers; None if there were too many within a day
        """
        numbers = {}
        for number, key, limit in [
            ("number_of_address", "address_key", _PER_ADDRESS),
            ("number_of_network", "network_key", PER_NETWORK),
        ]:
            same = [(key, "=", keys[key])]
            if self.search_count([*same, *self._lately()], limit=limit) >= limit:
                return None
            today = [*same, ("day", "=", keys["day"])]
            last = self.search(today, order=f"{number} desc", limit=1)
            numbers[number] = last[number] + 1
        return numbers

    def _lately(self):
        """:return: the domain of what was asked within a day, also before midnight"""
        return [("create_date", ">", fields.Datetime.now() - timedelta(days=1))]

    def _ask_about(self, activity, form, row):
        """Ask for one consent, unless there is nothing to ask.

        :param dict row: values of the row that notes it
        """
        consent, made = self._consent_of(activity, form)
        if (
            self._is_wanted(consent, form)
            and not self.search_count(self._same(consent, row), limit=1)
            and self._note(consent, {**row, **made})
        ):
            consent._ask("fresh")

    def _same(self, consent, row):
        """:return: the domain of requests for the same thing within a day"""
        of_consent = ("consent_id", "=", consent.id)
        of_address = ("address_key", "=", row["address_key"])
        return [of_consent, of_address, *self._lately()]

    def _is_wanted(self, consent, form):
        """:return: whether there is anything to ask"""
        return consent.status != "given"

    def _consent_of(self, activity, form):
        """Find or make what a request is about.

        :return: the consent, and which of both was made
        """
        found = self._find_contacts(activity, form)
        consents = self.env["privacy.consent"].with_context(active_test=False)
        consents = consents.search(
            [
                ("activity_id", "=", activity.id),
                ("partner_id", "in", found.ids),
                ("merged_into_id", "=", False),
            ]
        )
        # What somebody answered counts for the address.
        own = found.browse(form.partner_id)
        contact = (found & own or found & consents.partner_id or found)[:1]
        consent = consents.filtered(lambda one: one.partner_id == contact)
        made = {"made_contact": not contact, "made_consent": not consent}
        if not contact:
            contact = self.env["res.partner"].create(
                {
                    "name": form.name or form.address,
                    "email": form.address,
                    "lang": self.env.lang,
                    "company_id": activity.company_id.id,
                }
            )
        if not consent:
            consent = consents.create(
                {
                    "activity_id": activity.id,
                    "partner_id": contact.id,
                    "accepted": activity.default_consent,
                }
            )
        return consent, made

    def _find_contacts(self, activity, form):
        """:return: the contacts with the address, the oldest first"""
        return self.env["res.partner"].search(
            [
                ("email_normalized", "=", form.address),
                ("company_id", "in", [False, activity.company_id.id]),
            ],
            order="id",
        )

    def _note(self, consent, values):
        """Note a request, unless there was one today.

        Another transaction that notes the same at this moment makes this one fail, and
        Odoo repeats it.

        :return: whether there was none
        """
        row = {
            **values,
            "consent_id": consent.id,
            "create_date": fields.Datetime.now(),
        }
        consent.flush_recordset()
        self.env.cr.execute(
            SQL(
                "INSERT INTO privacy_consent_form (%s) VALUES %s"
                " ON CONFLICT DO NOTHING RETURNING id",
                SQL(", ").join(map(SQL.identifier, row)),
                tuple(row.values()),
            ),
            log_exceptions=False,
        )
        return bool(self.env.cr.fetchone())
