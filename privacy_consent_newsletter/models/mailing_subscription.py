# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Subscriptions of visitors begin with a consent, and the consent ends with them."""

from contextlib import suppress

from odoo import api, models
from odoo.exceptions import UserError
from odoo.http import request

from ..subscription import is_confirmed


class MailingSubscription(models.Model):
    _inherit = "mailing.subscription"

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        subscriptions._ask_visitors()
        return subscriptions

    def write(self, vals):
        before = self.filtered(lambda one: not one.opt_out)
        result = super().write(vals)
        (self - before)._ask_visitors()
        before.filtered("opt_out")._withdraw_consents()
        return result

    def _ask_visitors(self):
        """Have visitors confirm first, whatever page subscribes them.

        Staff may subscribe people.
        """
        if is_confirmed() or not request or request.env.user._is_internal():
            return
        for one in self:
            asks = one.list_id.consent_activity_id
            if asks and not one.opt_out:
                super(MailingSubscription, one).write({"opt_out": True})
                # Whatever else the page is for goes on.
                with suppress(UserError):
                    one.list_id._ask_for_subscription(
                        one.contact_id.email, one.contact_id.name
                    )

    def _withdraw_consents(self):
        """Record a withdrawal where it is not recorded yet.

        It is the word of whoever is at work.
        """
        for one in self:
            activity = one.list_id.consent_activity_id
            address = one.contact_id.email_normalized
            if activity and address:
                consents_sudo = self.env["privacy.consent"].sudo()
                consents_sudo.with_context(active_test=False).search(
                    [
                        ("activity_id", "=", activity.id),
                        ("partner_id.email_normalized", "=", address),
                        ("merged_into_id", "=", False),
                        ("status", "=", "given"),
                    ]
                ).action_answer(
                    False, self.env._("Unsubscribed from “%s”.", one.list_id.name)
                )
