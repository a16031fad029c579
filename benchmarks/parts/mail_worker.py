# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A process with Odoo loaded, which makes mails and runs the mail queue."""

import sys

from odoo.tools import config

from .odoo_worker import Worker, main

# About 1 kB, as a short letter has.
BODY = "<p>Dear reader,</p>" + 16 * (
    "<p>This letter has some lines, and all of them look the same.</p>"
)
ACTION = "record.partner_id.write({'comment': 'asked', 'function': 'asked'})"


class MailWorker(Worker):
    """What the process can do."""

    def __init__(self, database):
        super().__init__(database)
        self._count = 0
        self._made = []

    def make(self, kind, count):
        """Queue mails of a kind, one of the methods ``_make_...``."""
        self._count += 1
        with self._env() as env:
            made = getattr(self, f"_make_{kind}")(env, count)
            waiting = env["mail.mail"].search([("state", "=", "outgoing")])
            assert made == waiting and len(made) == count, (made, waiting)
            self._made = made.ids

    def drain(self, smtp_port):
        """Run the queue until it is empty, and everything done that follows a mail.

        :return: the number of SQL statements that it took
        """
        config["smtp_port"] = smtp_port
        with self._env() as env:
            mails = env["mail.mail"]
            due = [("state", "=", "outgoing")]
            if "queue_effects_due" in mails._fields:
                due = ["|", ("queue_effects_due", "=", True), *due]
            while mails.search_count(due, limit=1):
                env.cr.rollback()
                mails.process_email_queue()
                env.cr.rollback()
            env["privacy.consent"]._cron_effects()
            return env.cr.sql_log_count

    def check(self, kind):
        """Check that the mails made last were sent, and what follows was done."""
        with self._env() as env:
            mails = env["mail.mail"].browse(self._made).exists()
            expected = 0 if kind == "auto_delete" else len(self._made)
            assert len(mails.filtered(lambda mail: mail.state == "sent")) == expected
            notifications = mails.notification_ids
            assert len(notifications) == (expected if kind == "notification" else 0)
            assert set(notifications.mapped("notification_status")) <= {"sent"}
            if kind.startswith("consent"):
                consents = env["privacy.consent"].browse(mails.mapped("res_id"))
                assert set(consents.mapped("state")) == {"sent"}
                told = consents.event_ids.filtered(lambda one: one.kind == "requested")
                assert len(told) == expected, len(told)
                functions = set(consents.partner_id.mapped("function"))
                assert functions == {"asked" if kind == "consent_action" else False}

    # Mails ----------------------------------------------------------------------

    def _values(self, number):
        return {
            "subject": f"Letter {number}",
            "body_html": BODY,
            "email_from": "sender@example.com",
        }

    def _make_plain(self, env, count, **values):
        return env["mail.mail"].create(
            [
                {
                    **self._values(number),
                    "email_to": f"reader{number}@example.com",
                    **values,
                }
                for number in range(count)
            ]
        )

    def _make_five_contacts(self, env, count):
        """Mails that are five messages each."""
        partners = self._partners(env, 5)
        return self._make_plain(
            env, count, email_to=False, recipient_ids=[(6, 0, partners.ids)]
        )

    def _make_auto_delete(self, env, count):
        return self._make_plain(env, count, auto_delete=True)

    def _make_notification(self, env, count):
        """Mails as Odoo makes them from messages in a thread."""
        partners = self._partners(env, count)
        messages = env["mail.message"].create(
            [
                {
                    "model": "res.partner",
                    "res_id": partner.id,
                    "message_type": "comment",
                    "body": BODY,
                    "email_from": "sender@example.com",
                }
                for partner in partners
            ]
        )
        mails = env["mail.mail"].create(
            [
                {
                    **self._values(number),
                    "mail_message_id": message.id,
                    "recipient_ids": [(6, 0, partner.ids)],
                }
                for number, (message, partner) in enumerate(
                    zip(messages, partners, strict=True)
                )
            ]
        )
        env["mail.notification"].create(
            [
                {
                    "mail_message_id": mail.mail_message_id.id,
                    "mail_mail_id": mail.id,
                    "res_partner_id": mail.recipient_ids.id,
                    "notification_type": "email",
                    "notification_status": "ready",
                    "is_read": True,
                }
                for mail in mails
            ]
        )
        return mails

    def _make_consent(self, env, count, action=None):
        category = env["res.partner.category"].create({"name": f"Round {self._count}"})
        self._partners(env, count, category_id=[(6, 0, category.ids)])
        env.company.email = "company@example.com"
        activity = env["privacy.activity"].create(
            {
                "name": "Newsletter",
                "description": "<p>One mail a month.</p>",
                "consent_required": "auto",
                "subject_find": True,
                "subject_domain": str([("category_id", "in", category.ids)]),
                "server_action_id": action and action.id,
            }
        )
        activity.action_new_consents()
        return env["mail.mail"].search([("state", "=", "outgoing")])

    def _make_consent_action(self, env, count):
        action = env["ir.actions.server"].create(
            {
                "name": "Write on the partner",
                "model_id": env["ir.model"]._get_id("privacy.consent"),
                "state": "code",
                "code": ACTION,
            }
        )
        return self._make_consent(env, count, action)

    def _make_as_consent(self, env, count):
        """Plain mails of the size of the newest request for consent."""
        request = env["mail.mail"].search([("model", "=", "privacy.consent")], limit=1)
        partners = self._partners(env, count)
        return env["mail.mail"].create(
            [
                {
                    **self._values(number),
                    "body_html": request.body_html,
                    "recipient_ids": [(6, 0, partner.ids)],
                }
                for number, partner in enumerate(partners)
            ]
        )

    def _partners(self, env, count, **values):
        return env["res.partner"].create(
            [
                {
                    "name": f"Reader {number}",
                    "email": f"reader{number}@example.com",
                    **values,
                }
                for number in range(count)
            ]
        )


if __name__ == "__main__":
    main(MailWorker, *sys.argv[1:])
