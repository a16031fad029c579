# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mailing lists whose newsletter takes consent."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.privacy_consent_website import form_fields
from odoo.addons.privacy_consent_website.models.privacy_consent_form import ask

from ..subscription import Subscription


class MailingList(models.Model):
    _inherit = "mailing.list"

    consent_activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        string="Ask for consent to",
        index="btree_not_null",
        ondelete="restrict",
        help="Whoever subscribes on the website gets a request by mail, and is "
        "subscribed once they accept. Who unsubscribes withdraws the consent, and who "
        "withdraws it is unsubscribed.",
    )

    @api.constrains("consent_activity_id")
    def _check_consent_activity(self):
        """Ask for what the data protection officers let the website ask for.

        :raise AccessError: for an activity of another company
        :raise ValidationError: for an activity that the website does not offer
        """
        self.sudo(False).consent_activity_id.check_access("read")
        for activity_sudo in self.sudo().consent_activity_id:
            if not activity_sudo.website_offered:
                raise ValidationError(
                    self.env._(
                        "“%s” is not offered on the website: tick “Offer in website "
                        "forms” on the activity first.",
                        activity_sudo.name,
                    )
                )

    def _ask_for_subscription(self, email, name=None):
        """Have a visitor confirm by mail that they want a newsletter.

        :param str email: what they typed
        :param str name: what they typed, if anything
        :raise UserError: if there is not one address, or nobody can be asked
        """
        self.ensure_one()
        activity_sudo = self.sudo().consent_activity_id._offered_on_website()
        if not activity_sudo:
            raise UserError(
                self.env._("This newsletter takes no subscriptions at the moment.")
            )
        form = form_fields.read({"email": email, "name": name})
        if not form.address:
            raise UserError(self.env._("Type one e-mail address."))
        asked = Subscription(
            activity_ids=activity_sudo.ids,
            address=form.address,
            name=form.name,
            list_id=self.id,
        )
        ask(asked)

    def _is_subscribed(self, address):
        """:return: whether somebody with this normalized address gets the newsletter"""
        return bool(
            self.env["mailing.subscription"]
            .sudo()
            .search_count(
                [
                    ("list_id", "=", self.id),
                    ("contact_id.email_normalized", "=", address),
                    ("opt_out", "=", False),
                ],
                limit=1,
            )
        )
