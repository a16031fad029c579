# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which fields of activities whom concern: whom one may mail needs their names."""

from lxml.builder import E

from odoo import api, models
from odoo.fields import Domain

_READERS = "privacy.group_data_protection_user"
# For a glance at whom to mail, in a filter or as a tag.
_KNOWN_TO_ALL = {
    "active",
    "company_id",
    "controller_company_id",
    "display_name",
    "id",
    "name",
}


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    @api.model
    def _is_reader(self):
        """:return: whether the user may read activities, and not only their names"""
        return self.env.su or self.env.user.has_group(_READERS)

    @api.model
    def _has_field_access(self, field, operation):
        """Keep from other employees what is more than the name.

        Only who may write server actions chooses one: it runs as superuser.
        """
        if not super()._has_field_access(field, operation):
            return False
        if operation != "read" and field.name == "server_action_id" and not self.env.su:
            return self.env["ir.actions.server"].has_access("write")
        return field.name in _KNOWN_TO_ALL or self._is_reader()

    def _consents_seen_sudo(self):
        """Tell which consents of these activities the user may see, to count them.

        What rules demand of the activity is looked up once. PostgreSQL would look it up
        for each consent, which takes as long as to count them.

        :return: the model, with superuser rights, and the domain
        :rtype: tuple
        """
        consents = self.env["privacy.consent"]
        consents.check_access("read")
        activities_sudo = self._origin.sudo()

        def look_up(condition):
            if (condition.field_expr, condition.operator) != ("activity_id", "any"):
                return condition
            allowed_sudo = activities_sudo.filtered_domain(condition.value)
            return Domain("activity_id", "in", allowed_sudo.ids)

        rules = self.env["ir.rule"]._compute_domain(consents._name, "read")
        own = Domain("activity_id", "in", activities_sudo.ids)
        return consents.sudo(), own & rules.map_conditions(look_up)

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Spare other employees the fields that they may not read."""
        arch, view = super()._get_view(view_id, view_type, **options)
        name = E.field(name="name")
        if self._is_reader():
            return arch, view
        if view_type == "search":
            arch = E.search(name)
        if view_type == "kanban":
            # Phones show it where somebody chooses an activity.
            arch = E.kanban(E.templates(E.t(name, {"t-name": "card"})))
        return arch, view

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        """Tell their views from those of others."""
        key = super()._get_view_cache_key(view_id, view_type, **options)
        return (*key, self._is_reader())

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """Keep from other employees what was written about an activity."""
        if self.env.user.has_group(_READERS):
            return super()._mail_get_operation_for_mail_message_operation(
                message_operation
            )
        return dict.fromkeys(self, "write")
