# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The names of controllers and processors: they are part of what people are told."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import ormcache

_NAMED = {"controller_id", "processor_ids"}


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    @api.model
    @ormcache()
    def _ids_by_named(self):
        """Tell which contacts have a part in the names that the texts say.

        :return: ids of activities, by the id of their controller, a processor, or a
            contact to which one of these belongs
        :rtype: dict
        """
        found = defaultdict(list)
        everything_sudo = self.sudo().with_context(active_test=False)
        for activity in everything_sudo.search([("controller_id", "!=", False)]):
            partners = activity.controller_id | activity.processor_ids
            while partners:
                for partner in partners:
                    found[partner.id].append(activity.id)
                partners = partners.parent_id
        return dict(found)

    @api.model
    def _naming_sudo(self, partners):
        """:return: the activities whose texts say a name of these, as superuser"""
        by_named = self._ids_by_named()
        ids = {
            one for partner_id in partners.ids for one in by_named.get(partner_id, ())
        }
        return self.sudo().browse(ids).exists()

    def _forget_names(self, names):
        """Forget whose names texts say, if that may change.

        :param names: the fields that were written
        """
        if not _NAMED.isdisjoint(names):
            self.env.registry.clear_cache()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _texts_with_name(self, vals):
        """Store what people read until now, if these values may change it.

        :param dict vals: about to be written
        :return: as ``privacy.activity._keep_texts()``
        :rtype: dict
        """
        activities_sudo = self.env["privacy.activity"]
        if self._name_parts() & vals.keys():
            activities_sudo = activities_sudo._naming_sudo(self)
        return activities_sudo._keep_texts()

    def _follow_name(self, before, vals):
        """Follow the change of a text that says the name of one of these contacts.

        :param dict before: what :meth:`_texts_with_name` returned
        """
        if before and "parent_id" in vals:
            self.env.registry.clear_cache()
        activities_sudo = self.env["privacy.activity"].sudo().concat(*before)
        activities_sudo._follow_text_changes(before)

    @api.model
    @ormcache()
    def _name_parts(self):
        """:return: the fields that make the name of a contact, or of those below it"""
        complete = self._fields["complete_name"]
        return frozenset(
            name
            for name, field in self._fields.items()
            if field is complete or complete in self.pool.get_dependent_fields(field)
        )
