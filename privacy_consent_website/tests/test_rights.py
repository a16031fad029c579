# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everybody who may not call a public method is refused, and nothing changes."""

from odoo.tests import new_test_user, tagged

from odoo.addons.privacy_consent.tests.rights_matrix.checks import RightsMatrixChecks
from odoo.addons.privacy_consent.tests.rights_matrix.entries import (
    EMPLOYEE,
    MANAGER,
    NOBODY,
    PORTAL,
    READER,
    RECORDER,
    ROLES,
    Call,
    Page,
)

EDITOR = "editor of the website"


@tagged("post_install", "-at_install")
class TestWebsiteRights(RightsMatrixChecks):
    """The table of ``privacy_consent``, for what this addon has."""

    addons = ("privacy_consent_website",)
    calls_by_addon = {
        "privacy_consent_website": [
            Call(
                "privacy.activity.website_offers",
                allowed=(EDITOR,),
                works=lambda test, result: test.activity.id
                in [r["id"] for r in result],
            ),
            Call(
                "privacy.activity.website_box",
                parameters=lambda test: {"activity_id": test.activity.id},
                allowed=(EDITOR,),
                works=lambda _test, result: "Newsletter" in result,
            ),
            *(
                Call(f"privacy.consent.form.{method}", on, parameters, NOBODY)
                for method, on, parameters in [
                    ("create", "", {"vals_list": [{"address_key": "x"}]}),
                    ("write", "form", {"vals": {"address_key": "x"}}),
                    ("unlink", "form", {}),
                ]
            ),
            *(
                Call(f"privacy.consent.form.pending.{method}", on, parameters, NOBODY)
                for method, on, parameters in [
                    ("create", "", {"vals_list": [{"form": {}}]}),
                    ("write", "pending", {"vals": {"form": {}}}),
                    ("unlink", "pending", {}),
                ]
            ),
        ]
    }
    pages_by_addon = {
        "privacy_consent_website": [
            Page(
                "/website/form",
                lambda test: test.url_open(
                    "/website/form",
                    data={
                        "csrf_token": test.csrf_token(),
                        "email": "kim@example.com",
                        f"privacy_consent_{test.survey.id}": "yes",
                    },
                ),
                ROLES,
                lambda test: test.env["privacy.consent.form.pending"].search_count([])
                > 1,
            ),
            Page(
                "/my/privacy/offer",
                lambda test: test.url_open(
                    "/my/privacy/offer",
                    data={
                        "action": "ask",
                        "activity": str(test.survey.id),
                        "csrf_token": test.csrf_token(),
                    },
                ),
                (PORTAL, EMPLOYEE, RECORDER, READER, MANAGER),
                lambda test: test.consent_of(test.user.partner_id, test.survey),
                # Whoever is not logged in, or belongs to another company.
                refused=lambda response: (
                    "/web/login" in response.url or response.status_code == 200
                ),
            ),
        ]
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users[EDITOR] = editor = new_test_user(
            cls.env, "editor", groups="website.group_website_restricted_editor"
        )
        keys = cls.env["res.users.apikeys"].with_user(editor).sudo()
        cls.keys[EDITOR] = keys._generate(None, "matrix", None)
        cls.activity.website_offered = True
        cls.survey = cls.activity.copy(
            {"name": "Survey", "website_offered": True, "website_account": True}
        )

    def make_consents(self):
        result = super().make_consents()
        self.form = self.env["privacy.consent.form"].create(
            {
                "consent_id": self.consent.id,
                "address_key": "key",
                "day": "2026-01-01",
            }
        )
        self.pending = self.env["privacy.consent.form.pending"].create(
            {"form": {"activity_ids": []}, "network_key": "key"}
        )
        return result

    def test_rights(self):
        self.check_complete()
        self.try_calls(self.calls())
        self.try_pages(self.pages())
