# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nobody writes into the history of a consent what Odoo did not see."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import ConsentCase


class TestForgedHistory(ConsentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = [
            new_test_user(cls.env, "portal", groups="base.group_portal"),
            new_test_user(cls.env, "employee", groups="base.group_user"),
            cls.reader,
            cls.manager,
        ]
        cls.generate()
        cls.consent = cls.consent_of(cls.ann)
        cls.consent.accepted = True
        cls.env.cr.flush()
        cls.consent.write({"accepted": True, "state": "answered"})
        cls.env.cr.flush()
        cls.subtype = cls.env.ref("privacy_consent.mt_consent_acceptance_changed")
        cls.field = cls.env["ir.model.fields"]._get("privacy.consent", "accepted")

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger("odoo.addons.base.models.ir_rule"))
        self.before = self.logged()
        self.assertTrue(self.before)

    def logged(self):
        """:return: all that tracking logged about the consent"""
        self.env.invalidate_all()
        return [
            (message.id, message.author_id.id, message.tracking_value_ids.read())
            for message in self.consent.message_ids
        ]

    def forgery(self):
        return Command.create(
            {"field_id": self.field.id, "old_value_integer": 1, "new_value_integer": 0}
        )

    def refused(self, call, message):
        for user in self.users:
            with self.subTest(message, user=user.login):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    call(user)
                    self.env.flush_all()
                self.assertEqual(self.logged(), self.before)

    def test_message_post_takes_no_tracking(self):
        self.refused(
            lambda user: self.consent.with_user(user).message_post(
                author_id=self.ann.id,
                body="",
                subtype_id=self.subtype.id,
                tracking_value_ids=[self.forgery()],
            ),
            "with the parameters of tracking itself",
        )

    def test_message_is_created_without_tracking(self):
        self.refused(
            lambda user: (
                self.env["mail.message"]
                .with_user(user)
                .create(
                    {
                        "model": "privacy.consent",
                        "res_id": self.consent.id,
                        "tracking_value_ids": [self.forgery()],
                    }
                )
            ),
            "as a message",
        )

    def test_no_command_reaches_existing_values(self):
        value = self.consent.message_ids.tracking_value_ids[:1]
        commands = [
            Command.update(value.id, {"new_value_integer": 0}),
            Command.delete(value.id),
            Command.unlink(value.id),
            Command.link(value.id),
            Command.set(value.ids),
            Command.clear(),
        ]
        for command in commands:
            self.refused(
                lambda user, command=command: (
                    self.env["mail.message"]
                    .with_user(user)
                    .create({"body": "mine", "tracking_value_ids": [command]})
                ),
                f"command {command[0]} of a message of their own",
            )
            self.refused(
                lambda user, command=command: user.partner_id.with_user(
                    user
                ).message_post(body="mine", tracking_value_ids=[command]),
                f"command {command[0]} on their own contact",
            )

    def test_values_stay_also_with_superuser_rights(self):
        """Other addons run commands of clients with these rights."""
        value = self.consent.message_ids.tracking_value_ids[:1]
        note = self.ann.message_post(body="note")
        for change in (
            lambda: value.write({"new_value_integer": 0}),
            value.unlink,
            lambda: note.write({"tracking_value_ids": [Command.link(value.id)]}),
            lambda: note.write({"tracking_value_ids": [Command.delete(value.id)]}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                change()
            self.assertEqual(self.logged(), self.before)

    def test_tracking_itself_and_notes_still_work(self):
        self.consent.with_user(self.manager).accepted = False
        self.env.cr.flush()
        self.assertEqual(len(self.logged()), len(self.before) + 1)
        self.consent.with_user(self.manager).message_post(body="a note")
        self.assertEqual(len(self.logged()), len(self.before) + 2)
