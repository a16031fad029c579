# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What visitors asked for a moment ago.

Asking takes longer for an address that is not known than for one that consented. The
website responds before that, so that nobody finds out with a clock.
"""

import dataclasses
import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError

from .. import form_fields
from .privacy_consent_form import PER_NETWORK

_logger = logging.getLogger(__name__)

_BATCH_SIZE = 500

_CONFLICTS = (
    psycopg2.IntegrityError,
    psycopg2.OperationalError,
    ConcurrencyError,
)


class PrivacyConsentFormPending(models.Model):
    _name = "privacy.consent.form.pending"
    _description = "Request by a form of the website that waits"

    form = fields.Json(required=True)
    lang = fields.Char()
    network_key = fields.Char(index=True)

    @api.model
    def _store(self, form, network_key):
        """Keep for a moment what a visitor sent.

        It takes the same for each address.

        :param form: a ``form_fields.Form`` with an address
        :param str network_key: of the visitor
        """
        same = [("network_key", "=", network_key)]
        forms = self.env["privacy.consent.form"]
        lately = [*same, *forms._lately()]
        if (
            self.search_count(same, limit=PER_NETWORK)
            + forms.search_count(lately, limit=PER_NETWORK)
            >= PER_NETWORK
        ):
            return
        self.create(
            {
                "form": dataclasses.asdict(form),
                "lang": self.env.lang,
                "network_key": network_key,
            }
        )
        self._trigger()

    def _trigger(self):
        self.env.ref("privacy_consent_website.cron_ask").sudo()._trigger()

    def _form(self):
        """:return: what the visitor sent"""
        return form_fields.Form(**self.form)

    @api.model
    def _cron_ask(self):
        """Ask for what visitors sent, each in its own transaction."""
        waiting = self.search([], order="id", limit=_BATCH_SIZE)
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(waiting))
        for one in waiting:
            try:
                one._ask()
            except _CONFLICTS:
                # Somebody else was faster: a moment later it is clear what they did.
                self.env.cr.rollback()
                self._trigger()
            if not progress._commit_progress(1):
                break
        if len(waiting) == _BATCH_SIZE:
            self._trigger()

    def _ask(self):
        """Ask for what one visitor sent, and forget it."""
        forms = self.env["privacy.consent.form"].with_context(
            lang=self.lang, mail_create_nolog=True
        )
        try:
            with self.env.cr.savepoint():
                forms._ask(self._form(), self.network_key)
        except _CONFLICTS:
            raise
        except Exception as error:
            _logger.warning(
                "A form of the website could not ask for consent: %s",
                type(error).__name__,
            )
        self.unlink()
