# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What becomes of subscriptions when somebody answers."""

import psycopg2

from odoo import models

from ..subscription import confirmed

_ENDED = ("refused", "withdrawn", "expired", "invalidated")


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _run_action(self):
        """Begin or end subscriptions, too. What fails is repeated with the rest."""
        result = super()._run_action()
        for consent in self.filtered(lambda one: one.status in ("given", *_ENDED)):
            lists_sudo = consent._newsletters_sudo()
            if not lists_sudo:
                continue
            try:
                with self.env.cr.savepoint():
                    consent._follow_newsletters(lists_sudo)
            except psycopg2.OperationalError:
                raise  # Odoo tries all again
            except Exception as error:
                label = self.env._("Newsletters")
                consent._note_due("action_due", True, error, label)
        return result

    def _newsletters_sudo(self):
        """:return: the mailing lists that ask for the activity, in the archive, too"""
        lists_sudo = self.env["mailing.list"].sudo().with_context(active_test=False)
        return lists_sudo.search([("consent_activity_id", "=", self.activity_id.id)])

    def _follow_newsletters(self, lists_sudo):
        """Subscribe the person to what they asked for, or end all of it.

        :param lists_sudo: the mailing lists that ask for the activity
        """
        address = self._address_asked()
        contacts_sudo = lists_sudo.env["mailing.contact"].search(
            [("email_normalized", "=", address)], order="id"
        )
        known_sudo = contacts_sudo.subscription_ids.filtered(
            lambda one: one.list_id in lists_sudo
        )
        if self.status in _ENDED:
            known_sudo.filtered(lambda one: not one.opt_out).opt_out = True
            return
        activity_sudo = self.activity_id.sudo()
        if not activity_sudo._consents_by_address({address}).get(address):
            return
        with confirmed():
            known_sudo.filtered("opt_out").opt_out = False
            rows_sudo = self.env["privacy.consent.form"].sudo()
            rows_sudo = rows_sudo.search(
                [("consent_id", "in", self._with_merged().ids)]
            )
            wanted_sudo = rows_sudo.list_id & lists_sudo - known_sudo.list_id
            if wanted_sudo and not contacts_sudo:
                contacts_sudo = contacts_sudo.create(
                    {"name": self.partner_id.name, "email": address}
                )
            known_sudo.create(
                [
                    {"contact_id": contacts_sudo[0].id, "list_id": one.id}
                    for one in wanted_sudo
                ]
            )

    def _erase_these(self, reason):
        """End the subscriptions that the erased consents allowed."""
        ending = [
            (lists_sudo, address)
            for consent in self.filtered(lambda one: one.status == "given")
            for lists_sudo in consent._newsletters_sudo()
            for address in consent._own_addresses()
        ]
        result = super()._erase_these(reason)
        for lists_sudo, address in ending:
            lists_sudo._update_subscription_from_email(address, force_message=False)
        return result

    def _is_withdrawn_by(self, mailing_sudo):
        """Take a withdrawal from the page that shows all newsletters, too."""
        return super()._is_withdrawn_by(mailing_sudo) or bool(self._newsletters_sudo())
