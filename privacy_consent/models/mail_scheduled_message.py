# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests that are posted later: the composer's *Send later*."""

from contextvars import ContextVar

from odoo import api, models

from .privacy_consent_planned import asks, plan, planned, withdraw

_NAME = "planned_message_id"
# The scheduled message that is posted at this moment.
_POSTED = ContextVar("privacy_consent.posted", default=None)


def posted_id():
    """:return: id of the scheduled message that is posted at this moment, or None"""
    return _POSTED.get()


class MailScheduledMessage(models.Model):
    _inherit = "mail.scheduled.message"

    @api.model_create_multi
    def create(self, vals_list):
        """Plan requests with those that ask for consent.

        :raise UserError: where somebody may not be asked now
        """
        messages = super().create(vals_list)
        messages._plan_requests()
        return messages

    def write(self, vals):
        """Plan what asks now, and cancel what asks no more."""
        result = super().write(vals)
        if not {"body", "partner_ids"}.isdisjoint(vals):
            self._plan_requests()
        return result

    def unlink(self):
        """Cancel the requests that were planned with these messages."""
        self._check()
        planned(self, _NAME)._note_cancelled("deleted")
        return super().unlink()

    def _plan_requests(self):
        planned_sudo = planned(self, _NAME)
        asking = self.filtered(asks)
        others_sudo = planned_sudo.filtered(
            lambda one: one.planned_message_id not in asking
        )
        # The messages stay.
        others_sudo._note_cancelled("deleted")
        for message in asking - planned_sudo.planned_message_id:
            plan(message, _NAME)

    def _post_message(self, raise_exception=True):
        """Post no request that may not be made any more.

        Where Odoo's scheduled action posts, such a message is deleted without a word:
        its request says why.
        """
        ours = self.filtered(lambda one: one.model == "privacy.consent")
        result = super(MailScheduledMessage, self - ours)._post_message(raise_exception)
        for message in ours:
            if not raise_exception and not message.exists():
                continue  # somebody stopped it meanwhile
            planned_sudo = planned(message, _NAME)
            if not raise_exception and planned_sudo and not withdraw(planned_sudo):
                continue
            token = _POSTED.set(message.id)
            try:
                super(MailScheduledMessage, message)._post_message(raise_exception)
            finally:
                _POSTED.reset(token)
        return result
