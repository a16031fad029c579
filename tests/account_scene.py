# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several activities, about which one asks people who have an account."""

from server import Scene


class AccountScene(Scene):
    """A server whose subjects are asked about several activities, and log in."""

    def ask_about(self, *names):
        """Copy the activity under other names, and ask the subjects about each."""
        for name in names:
            self.server.execute(
                "privacy.activity",
                "action_new_consents",
                self.copy_activity(name),
                login="officer",
            )

    def ask_together(self, name, other):
        """Copy the activity under two names, and ask the subjects with one mail."""
        activity = self.copy_activity(name)
        self.copy_activity(other, ask_with_id=activity[0])
        self.server.execute(
            "privacy.activity", "action_new_consents", activity, login="officer"
        )

    def copy_activity(self, name, **values):
        """:return: the id of a copy of the activity, in a list"""
        values |= {"name": name, "consent_required": "auto"}
        return self.server.execute("privacy.activity", "copy", [self.activity], values)

    def create_account(self, email):
        """Let a subject log in with their address, as name and as password."""
        self.server.execute(
            "res.users",
            "create",
            {
                "login": email,
                "password": email,
                "partner_id": self.subjects[email],
                "group_ids": [(6, 0, [self.server.ref("base.group_portal")])],
            },
            context={"no_reset_password": True},
        )

    def log_in(self, page, email, path):
        """Log a subject in, and go to a page of their account."""
        url = f"{self.server.url}/web/login?redirect={path}"
        assert page.goto(url).status == 200
        page.fill("#login", email)
        page.fill("#password", email)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{path}")
