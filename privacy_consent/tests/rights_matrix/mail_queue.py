# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may call the methods of the mail queue."""

from .entries import ADMINISTRATOR, EMPLOYEE, EVERY_USER, Call

MAIL_QUEUE = [
    Call(
        "mail.mail.create",
        parameters={"vals_list": [{"subject": "Forged"}]},
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: test.env["mail.mail"].search(
            [("subject", "=", "Forged")]
        ),
    ),
    Call(
        "mail.mail.write",
        "mail",
        {"vals": {"email_to": "thief@example.com"}},
        (ADMINISTRATOR,),
        lambda test, _result: test.mail.email_to == "thief@example.com",
    ),
    Call(
        "mail.mail.unlink",
        "mail",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: not test.mail.exists(),
    ),
    Call(
        "mail.mail.copy_data",
        "mail",
        allowed=(ADMINISTRATOR,),
        works=lambda test, result: result[0]["email_to"] == test.mail.email_to,
    ),
    Call(
        "mail.mail.send",
        "late",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: not test.late.scheduled_date,
    ),
    Call(
        "mail.mail.send_after_commit",
        "mail",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: test.mail.state == "sent",
    ),
    Call(
        "mail.mail.process_email_queue",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: test.mail.state == "sent",
    ),
    Call(
        "mail.mail.process_email_queue",
        parameters=lambda test: {
            "context": {
                "cron_id": test.stopped_worker.id,
                "ir_cron_progress_id": test.stop.id,
            }
        },
        what="as a worker that stops",
    ),
    Call(
        "mail.mail.queue_warning",
        allowed=(ADMINISTRATOR,),
        works=lambda _test, result: result is False,
    ),
    Call(
        "mail.mail.mark_outgoing",
        "failed",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: test.failed.state == "outgoing",
    ),
    Call(
        "mail.mail.action_retry",
        "failed",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: test.failed.state == "outgoing",
    ),
    Call(
        "mail.mail.cancel",
        "mail",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: test.mail.state == "cancel",
    ),
    Call(
        "mail.notification.write",
        "notification",
        {"vals": {"is_read": True}},
        (EMPLOYEE,),
        lambda test, _result: test.notification.is_read,
    ),
    Call(
        "ir.mail_server.write",
        "mail_server",
        {"vals": {"queue_per_hour": 200}},
        (ADMINISTRATOR,),
        lambda test, _result: test.mail_server.queue_per_hour == 200,
    ),
    Call("mail.queue.outage.create", parameters={"vals_list": [{"attempts": 0}]}),
    Call("mail.queue.outage.write", "outage", {"vals": {"attempts": 0}}),
    Call(
        "mail.queue.outage.unlink",
        "outage",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: not test.outage.exists(),
    ),
    Call(
        "mail.queue.departure.create",
        parameters=lambda test: {
            "vals_list": [
                {
                    "mail_server_id": test.mail_server.id,
                    "departs_before": "2026-05-01 12:00:00",
                }
            ]
        },
    ),
    Call(
        "mail.queue.departure.write",
        "departure",
        {"vals": {"departs_before": "2026-05-01 12:00:00"}},
    ),
    Call("mail.queue.departure.unlink", "departure"),
    Call(
        # It tells as little as Odoo's own method, which everybody may call.
        "res.config.settings.get_values",
        allowed=EVERY_USER,
        works=lambda test, result: (
            result["mail_queue_workers"] == len(test.workers())
        ),
    ),
    Call(
        "res.config.settings.set_values",
        "settings",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: len(test.workers()) == 3,
    ),
]
