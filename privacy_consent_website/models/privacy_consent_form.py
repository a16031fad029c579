# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What forms of the website asked: counted, and erased where nobody confirmed it."""

import logging
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import SQL
from odoo.tools.misc import hmac

from .. import form_fields

_logger = logging.getLogger(__name__)

# So many requests a day for one address, and from one network address.
_PER_ADDRESS = 3
_PER_NETWORK = 20
_DAY = timedelta(days=1)
# What nobody confirmed within this time is erased.
_UNCONFIRMED = timedelta(days=30)
_BATCH_SIZE = 500


def ask_from_form(values):
    """Ask for the consents whose boxes are ticked. The form counts whatever happens.

    :param values: what the form sent, by the names of its fields
    :raise psycopg2.OperationalError: if another one was faster; Odoo repeats the form
    """
    form = form_fields.read(values)
    if not form.activity_ids or not form.address or not request.db:
        return
    context = {"lang": request.env.lang, "mail_create_nolog": True}
    env = request.env(user=SUPERUSER_ID, su=True, context=context)
    try:
        with env.cr.savepoint():
            env["privacy.consent.form"]._ask(form, request.httprequest.remote_addr)
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

    _once_a_day = models.UniqueIndex("(address_key, consent_id, day)")

    @api.model
    def _ask(self, form, network):
        """Ask for the consents whose boxes are ticked.

        Nobody is told whether: it depends on what is none of a visitor's business.

        :param form: a ``form_fields.Form`` with an address
        :param str network: the network address of the visitor
        """
        activities = self.env["privacy.activity"].browse(form.activity_ids)
        keys = {
            "address_key": self._key(form.address),
            "network_key": self._key(network),
        }
        for activity in activities._offered_on_website():
            if self._may_ask(keys):
                self._ask_about(activity, form, keys)

    def _key(self, text):
        return hmac(self.env(su=True), "privacy_consent_website", text or "")

    def _may_ask(self, keys):
        """:return: whether nobody floods an address, nor anybody from this network"""
        recently = Domain("create_date", ">", fields.Datetime.now() - _DAY)
        return all(
            self.search_count(recently & Domain(name, "=", keys[name]), limit=limit)
            < limit
            for name, limit in [
                ("address_key", _PER_ADDRESS),
                ("network_key", _PER_NETWORK),
            ]
        )

    def _ask_about(self, activity, form, keys):
        contact = self._find_contact(activity, form.address)
        consents = self.env["privacy.consent"].with_context(active_test=False)
        consent = contact and consents.search(
            [("activity_id", "=", activity.id), ("partner_id", "=", contact.id)]
        )
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
        if consent.status != "given" and self._note(consent, made | keys):
            consent._ask("fresh")

    def _find_contact(self, activity, address):
        """:return: the oldest contact with this address, the visitor's own first"""
        found = self.env["res.partner"].search(
            [
                ("email_normalized", "=", address),
                ("company_id", "in", [False, activity.company_id.id]),
            ],
            order="id",
        )
        own = request.env.user.partner_id if request else found.browse()
        return (found & own or found)[:1]

    def _note(self, consent, values):
        """Note a request, unless there was one today.

        Another transaction that notes the same at this moment makes this one fail, and
        Odoo repeats it.

        :return: whether there was none
        """
        row = {
            **values,
            "consent_id": consent.id,
            "day": fields.Date.today(),
            "create_date": fields.Datetime.now(),
        }
        consent.flush_recordset()
        return bool(
            self.env.execute_query(
                SQL(
                    "INSERT INTO privacy_consent_form (%s) VALUES %s"
                    " ON CONFLICT DO NOTHING RETURNING id",
                    SQL(", ").join(map(SQL.identifier, row)),
                    tuple(row.values()),
                )
            )
        )

    # What nobody confirmed --------------------------------------------------------

    @api.autovacuum
    def _gc_unconfirmed(self):
        """Erase what forms made and nobody answered, and forget the rest."""
        old = self.search(
            [("create_date", "<", fields.Datetime.now() - _UNCONFIRMED)],
            order="id",
            limit=_BATCH_SIZE,
        )
        for row in old:
            consent = row.consent_id
            silent = consent.status in ("unknown", "requested")
            if not row.made_consent or not silent:
                row.unlink()
                continue
            contact = row.made_contact and consent.partner_id
            try:
                with self.env.cr.savepoint():
                    consent._erase(self.env._("Nobody confirmed it on the website."))
                    if contact and not self._is_used(contact):
                        contact.unlink()
            except Exception as error:
                _logger.warning(
                    "The unconfirmed consent %s cannot be erased: %s",
                    consent.id,
                    type(error).__name__,
                )
        return len(old), len(old) == _BATCH_SIZE

    def _is_used(self, contact):
        """:return: whether anything in the database refers to a contact"""
        self.env.flush_all()
        merging = self.env["base.partner.merge.automatic.wizard"]
        return any(
            self.env.execute_query(
                SQL(
                    "SELECT FROM %s WHERE %s = %s AND NOT (%s) LIMIT 1",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    contact.id,
                    # A contact is its own commercial one.
                    SQL("id = %s", contact.id)
                    if table == "res_partner"
                    else SQL("FALSE"),
                )
            )
            for table, column in merging._get_fk_on("res_partner")
        )
