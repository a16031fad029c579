# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What all tables have in common to which rows are only added."""

# pylint: disable=method-required-super

from odoo import api, models
from odoo.exceptions import AccessError


class PrivacyAppendOnly(models.AbstractModel):
    """A table whose rows functions of this addon add, and nobody changes.

    The table refuses changes by itself, see ``append_only.py``. Here Odoo says so in
    words, and refuses new rows: the code of a server action has superuser rights.
    """

    _name = "privacy.append.only"
    _description = "Table to which rows are only added"
    # No row refers to a user, whose deletion would change it.
    _log_access = False

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse what did not happen.

        :raise AccessError: always
        """
        return self._refuse_change()

    def _create(self, data_list):
        # The code of a server action reaches what create() calls.
        return self._refuse_change()

    def write(self, vals):
        """Refuse to change what happened.

        :raise AccessError: always
        """
        return self._refuse_change()

    def unlink(self):
        """Refuse to delete what happened.

        :raise AccessError: always
        """
        return self._refuse_change()

    def _refuse_change(self):
        raise AccessError(
            self.env._(
                "What happened to a consent, and what people were shown, is the proof: "
                "nobody adds to it, changes it or deletes it. Answers add to it by "
                "themselves."
            )
        )
