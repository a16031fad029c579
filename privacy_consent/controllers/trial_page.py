# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page behind the links of a test mail, which records nothing."""

from odoo.http import request

from .. import trial_page
from .page import PublicController, public_route


class TrialPageController(PublicController):
    """Say that a request was a test."""

    @public_route("/privacy/consent/test", readonly=True)
    def test_request(self, **_kwargs):
        """Show the same page to everybody, whatever they send."""
        return self._respond(trial_page.render(request.httprequest.accept_languages))
