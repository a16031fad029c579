# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What follows an answer or a delivery: the server action of the activity."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

import logging
from contextvars import ContextVar

import psycopg2

from odoo import fields, models

from .privacy_consent import store

_logger = logging.getLogger(__name__)

# The consents on which the server action runs at this moment. What it writes on them
# does not start it again.
_RUNNING = ContextVar("privacy_consent.running", default=())
# What a transaction keeps in mind: whose delivery it stores.
DELIVERED = "privacy_consent.delivered"


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    action_error = fields.Text(
        string="Server action failed",
        readonly=True,
        copy=False,
        help="Why the activity's server action failed when it last ran.",
    )

    def _run_action(self):
        """Run the server action of the activity on every consent that is not draft.

        It runs after the facts are stored. If it fails, they stay, and the consent
        says what failed, so that it can be run again.
        """
        running = _RUNNING.get()
        delivered = self.env.cr.cache.get(DELIVERED, set())
        for consent in self:
            # The administrator chose the action for this activity; who happens to
            # move the consent (a subject, the mail queue) needs no rights for it.
            action = consent.activity_id.sudo().server_action_id
            if consent.state == "draft" or not action or consent.id in running:
                continue
            error = False
            token = _RUNNING.set((*running, consent.id))
            try:
                with self.env.cr.savepoint():
                    action.with_context(
                        active_model=self._name,
                        active_id=consent.id,
                        active_ids=consent.ids,
                    ).run()
            except Exception as exception:
                conflict = isinstance(exception, psycopg2.OperationalError)
                if conflict and consent.id not in delivered:
                    raise  # Odoo tries all again; a mail that left cannot be repeated
                _logger.warning(
                    "The server action %s failed on consent %s: %s. See there.",
                    action.id,
                    consent.id,
                    type(exception).__name__,
                )
                error = self.env._(
                    "%(action)s: %(reason)s",
                    action=action.name,
                    reason=str(exception) or type(exception).__name__,
                )
            finally:
                _RUNNING.reset(token)
            if (consent.action_error or False) != error:
                store(consent.sudo(), {"action_error": error})

    def action_run_again(self):
        """Run the activity's server action again where it failed."""
        self.check_access("write")
        self._run_action()
