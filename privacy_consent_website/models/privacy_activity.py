# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Activities that visitors of the website may consent to."""

from odoo import api, fields, models
from odoo.exceptions import AccessError


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    website_offered = fields.Boolean(
        string="Offer in website forms",
        help="Forms of the website may have a box with which visitors ask to consent. "
        "They get a request by mail, and nothing counts before they answer it.",
    )
    website_signup = fields.Boolean(
        string="Offer at sign-up",
        help="The page on which visitors make an account has such a box, too.",
    )

    website_account = fields.Boolean(
        string="Offer in the account",
        help="The page of the account on which people see what they were asked offers "
        "it, too.",
    )

    def _offered_on_website(self):
        """:return: those of these activities that a form may ask about"""
        return (
            self.sudo()
            .exists()
            .filtered(
                lambda one: one.website_offered
                and one.active
                and one.consent_required
                and not one.asking_stopped
                and one.consent_template_id
            )
        )

    @api.model
    def _offered_at_signup(self):
        """:return: the activities that the page for new accounts offers"""
        companies = [False, self.env.company.id]
        offered_sudo = self.sudo().search(
            [("website_signup", "=", True), ("company_id", "in", companies)]
        )
        return offered_sudo._offered_on_website()

    @api.model
    def _offered_in_account(self, contact):
        """:return: the activities that the account of a contact offers"""
        companies = [False, (contact.company_id or self.env.company).id]
        offered_sudo = self.sudo().search(
            [("website_account", "=", True), ("company_id", "in", companies)]
        )
        return offered_sudo._offered_on_website()

    @api.model
    def _website_box(self, activity_id):
        """Gather what a box says.

        :param int activity_id: maybe of no activity, or of one that is not offered
        :return: name, description and address of the privacy policy; a false value
            where there is nothing to offer
        """
        activity_sudo = self.browse(activity_id)._offered_on_website()
        return activity_sudo and {
            "name": activity_sudo.name,
            "description": activity_sudo.description,
            "policy_url": activity_sudo.policy_url,
        }

    @api.model
    def website_offers(self):
        """List what boxes can be about, for the website builder.

        :return: id and name of each activity
        :raise AccessError: for whoever may not edit the website
        """
        self._check_edits_website()
        offered_sudo = self.sudo().search([("website_offered", "=", True)])
        return offered_sudo._offered_on_website().read(["name"])

    @api.model
    def website_box(self, activity_id):
        """Render a box, for the website builder.

        :param int activity_id: of an activity that is offered
        :return: HTML text
        :raise AccessError: for whoever may not edit the website
        """
        self._check_edits_website()
        return self.env["ir.qweb"]._render(
            "privacy_consent_website.box",
            {"consent_activity_id": int(activity_id), "consent_required": False},
        )

    def _check_edits_website(self):
        if not self.env.user.has_group("website.group_website_restricted_editor"):
            raise AccessError(self.env._("Only editors of the website may do this."))
