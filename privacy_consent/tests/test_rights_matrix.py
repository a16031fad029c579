# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everybody who may not call a public method is refused, and nothing changes."""

import sys
from unittest.mock import Mock, patch

from odoo.tests import tagged

from . import rights_matrix
from .rights_matrix.case import ADDONS
from .rights_matrix.checks import RightsMatrixChecks
from .rights_matrix.entries import Call


@tagged("post_install", "-at_install")
class TestRightsMatrix(RightsMatrixChecks):
    """Each public method and page of our addons, for each role."""

    addons = ADDONS
    calls_by_addon = rights_matrix.CALLS_BY_ADDON
    calls_by_model = rights_matrix.CALLS_BY_MODEL
    pages_by_addon = rights_matrix.PAGES_BY_ADDON

    def test_the_table_is_complete(self):
        self.check_complete()

    def test_methods(self):
        self.try_calls(self.calls())

    def test_who_sends_after_the_commit(self):
        """What follows a commit has superuser rights, and Odoo's tests leave it out."""
        module = self.registry["mail.mail"].send_after_commit.__module__
        call = Call("mail.mail.send_after_commit", "mail", what="outside of tests")
        no_test = Mock(module=Mock(current_test=None))
        with patch.object(sys.modules[module], "modules", no_test):
            self.try_calls([call] if self.is_ours(module) else [])

    def test_pages(self):
        self.try_pages(self.pages())
