# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Activities about which people are asked with one mail, where several are due."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    ask_with_id = fields.Many2one(
        comodel_name="privacy.activity",
        string="Ask together with",
        index="btree_not_null",
        domain="[('id', '!=', id), ('controller_id', '=', controller_id),"
        " ('ask_with_id', '=', False), ('consent_required', '!=', False)]",
        help="Whoever is to be asked about both gets one mail, with the template of "
        "that activity, and chooses for each on one page. What is asked later is asked "
        "alone.",
    )
    asked_with_ids = fields.One2many(
        comodel_name="privacy.activity",
        inverse_name="ask_with_id",
        string="Asked together with this",
    )
    asked_together = fields.Boolean(
        compute="_compute_asked_together",
        store=True,
        exportable=False,
        help="Whether mails may have asked about other activities, too, today or "
        "before. Pages look for them only then.",
    )

    @api.depends("ask_with_id", "asked_with_ids")
    def _compute_asked_together(self):
        for activity in self:
            # What was asked stays, whatever is chosen today.
            activity.asked_together = bool(
                activity.asked_together
                or activity.ask_with_id
                or activity.asked_with_ids
            )

    @api.constrains("ask_with_id", "controller_id")
    def _check_ask_with(self):
        # Those in the archive may come back.
        everything = self.with_context(active_test=False)
        for activity in self:
            head = activity.ask_with_id
            others = everything.search([("ask_with_id", "=", activity.id)])
            if head and (others or head.ask_with_id):
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be asked together with another activity that "
                        "is itself asked together with one: choose the same for both.",
                        activity.name,
                    )
                )
            if (head + others).controller_id - activity.controller_id:
                raise ValidationError(
                    self.env._(
                        "Only activities of the same controller can be asked together: "
                        "“%s” is of another one.",
                        activity.name,
                    )
                )

    def _others_together(self):
        """:return: the other activities that are asked together with this one"""
        head = self.ask_with_id or self
        return (head + head.asked_with_ids - self).filtered(
            lambda one: not one._asks_nobody()
        )

    def _rank_together(self):
        """:return: a key; the least of those that one mail is about leads it"""
        return bool(self.ask_with_id), self.id

    def _others_with(self, subject):
        """Find about what else the mail to a contact asks that asks about this.

        Whoever is not to be asked about this now stands for those who are to be asked
        about everything.

        :param subject: a ``res.partner``
        :return: the other activities
        """
        others = self._others_together()
        if others and self._is_due(subject):
            return others.filtered(lambda one: one._is_due(subject))
        return others

    def _is_due(self, subject):
        """:return: whether a run would ask a contact now"""
        if self.consent_required != "auto" or not self._sender():
            return False
        try:
            with self.env.cr.savepoint():
                return bool(
                    self._subjects_missing(among=subject)
                    or self._consents_to_ask(among=subject)
                )
        except UserError:
            return False  # A filter that cannot be evaluated finds nobody.
