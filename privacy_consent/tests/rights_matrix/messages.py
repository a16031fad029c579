# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Odoo's tracking logs on a consent, and nobody else may."""

from .entries import ADMINISTRATOR, EMPLOYEE, MANAGER, Call

MESSAGES = [
    Call(
        "mail.message.create",
        parameters=lambda test: {
            "vals_list": [
                {
                    "model": "privacy.consent",
                    "res_id": test.consent.id,
                    "body": "A note",
                }
            ]
        },
        allowed=(MANAGER,),
        works=lambda test, _result: "A note" in test.consent.message_ids[:1].body,
        what="of a note on a consent",
    ),
    Call(
        "mail.message.write",
        "note",
        {"vals": {"body": "Other words"}},
        (MANAGER,),
        lambda test, _result: "Other words" in test.note.body,
        what="of a note on a consent",
    ),
    Call(
        "mail.message.unlink",
        "note",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.note.exists(),
        what="of a note on a consent",
    ),
    Call(
        "mail.message.create",
        parameters=lambda test: {"vals_list": [test.answer_values()]},
        what="of an answer without tracking",
    ),
    # Odoo lets everybody notify users of any record, and authors change their messages.
    Call(
        "mail.message.create",
        parameters=lambda test: {
            "vals_list": [{**test.answer_values(), "message_type": "user_notification"}]
        },
        what="of an answer without tracking as a notification",
    ),
    Call(
        "mail.message.write",
        "answer",
        lambda test: {"vals": {"subtype_id": test.staff_subtype.id}},
        what="of who answered",
    ),
    # The proof is an event: the thread is for people to talk.
    Call(
        "mail.message.unlink",
        "answer",
        allowed=(MANAGER,),
        works=lambda test, _result: test.answered(),
        what="of an answer",
    ),
    Call(
        "mail.scheduled.message.create",
        parameters=lambda test: {"vals_list": [test.scheduled_values("New")]},
        allowed=(MANAGER,),
        works=lambda test, _result: test.planned().subject == "New",
    ),
    Call(
        "mail.scheduled.message.write",
        "scheduled",
        {"vals": {"body": "<p>Never mind</p>"}},
        (MANAGER,),
        lambda test, _result: test.scheduled.exists() and not test.planned(),
    ),
    Call(
        "mail.scheduled.message.unlink",
        "scheduled",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.planned(),
    ),
    # Odoo keeps the notifications of messages from everybody else.
    Call(
        "mail.message.schedule.create",
        parameters=lambda test: {
            "vals_list": [
                {
                    "mail_message_id": test.note.id,
                    "scheduled_datetime": str(test.later(days=1)),
                }
            ]
        },
        allowed=(ADMINISTRATOR,),
        works=lambda test, result: test.schedule.browse(result).exists(),
    ),
    Call(
        "mail.message.schedule.unlink",
        "schedule",
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: not test.schedule.exists(),
    ),
    Call(
        "mail.template.send_mail_batch",
        "template",
        lambda test: {"res_ids": test.draft.ids},
        (MANAGER,),
        lambda test, _result: test.waiting(test.draft),
    ),
    Call(
        "ir.attachment.create",
        parameters=lambda test: {
            "vals_list": [
                {
                    "name": "new",
                    "res_model": "privacy.consent",
                    "res_id": test.consent.id,
                }
            ]
        },
        allowed=(MANAGER,),
        works=lambda test, result: test.env["ir.attachment"].browse(result).exists(),
        what="of a consent",
    ),
    Call("ir.attachment.write", "file", {"vals": {"raw": "b3RoZXI="}}),
    Call("ir.attachment.unlink", "file"),
    Call(
        "ir.attachment.write",
        "own_file",
        {"vals": {"name": "mine"}},
        (MANAGER,),
        lambda test, _result: test.own_file.name == "mine",
        "of a note",
    ),
    Call(
        "ir.attachment.unlink",
        "own_file",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.own_file.exists(),
        what="of a note",
    ),
    Call(
        "privacy.consent.message_post",
        "consent",
        lambda test: test.post_values(body="Yes"),
        what="of an answer without tracking",
    ),
    Call(
        "privacy.consent.write",
        "consent",
        lambda test: {"vals": {"message_ids": [[2, test.answer.id]]}},
        (MANAGER,),
        lambda test, _result: test.answered(),
        "that deletes the message of an answer",
    ),
    Call(
        "mail.tracking.value.create",
        parameters=lambda test: {
            "vals_list": [{**test.tracked_values(), "mail_message_id": test.answer.id}]
        },
    ),
    Call(
        "mail.notification.write",
        "notification",
        {"vals": {"is_read": True}},
        (EMPLOYEE,),
        lambda test, _result: test.notification.is_read,
        "of a message to them",
    ),
    Call("mail.tracking.value.write", "tracked", {"vals": {"new_value_integer": 0}}),
    Call("mail.tracking.value.unlink", "tracked"),
]

_FORGERY = {"forge": lambda test: [0, 0, test.tracked_values()]}
_THEFTS = {
    "change": lambda test: [1, test.tracked.id, {"new_value_integer": 0}],
    "delete": lambda test: [2, test.tracked.id],
    "unlink": lambda test: [3, test.tracked.id],
    "take": lambda test: [4, test.tracked.id],
    "set": lambda test: [6, 0, test.tracked.ids],
}


def _forgeries(name, on, where, parameters, commands):
    """Make the calls of one method with each of several commands.

    :param parameters: function of the test and a list with the command
    """
    return [
        Call(
            name,
            on,
            lambda test, command=command: parameters(test, [command(test)]),
            what=f"{where} that would {verb} tracked values",
        )
        for verb, command in commands.items()
    ]


FORGERIES = [
    *_forgeries(
        "mail.message.create",
        "",
        "on a consent",
        lambda test, commands: {
            "vals_list": [{**test.answer_values(), "tracking_value_ids": commands}]
        },
        _FORGERY | _THEFTS,
    ),
    *_forgeries(
        "mail.message.create",
        "",
        "on a consent as a notification",
        lambda test, commands: {
            "vals_list": [
                {
                    **test.answer_values(),
                    "message_type": "user_notification",
                    "tracking_value_ids": commands,
                }
            ]
        },
        _FORGERY,
    ),
    *_forgeries(
        "mail.message.create",
        "",
        "on a consent as a reply",
        lambda test, commands: {
            "vals_list": [
                {
                    **test.answer_values(),
                    "parent_id": test.answer.id,
                    "tracking_value_ids": commands,
                }
            ]
        },
        _FORGERY,
    ),
    *_forgeries(
        "mail.message.create",
        "",
        "on a consent that the context names",
        lambda test, commands: {
            "vals_list": [{"tracking_value_ids": commands}],
            "context": {
                f"default_{name}": value for name, value in test.answer_values().items()
            },
        },
        _FORGERY,
    ),
    *_forgeries(
        "mail.message.create",
        "",
        "on a consent with commands in the context",
        lambda test, commands: {
            "vals_list": [test.answer_values()],
            "context": {"default_tracking_value_ids": commands},
        },
        _FORGERY | _THEFTS,
    ),
    *_forgeries(
        "mail.message.create",
        "",
        "on the own contact",
        lambda test, commands: {
            "vals_list": [
                {
                    "model": "res.partner",
                    "res_id": test.user.partner_id.id,
                    "subtype_id": test.comment_subtype.id,
                    "tracking_value_ids": commands,
                }
            ]
        },
        _THEFTS,
    ),
    *_forgeries(
        "mail.message.create",
        "",
        "on no record",
        lambda test, commands: {
            "vals_list": [
                {
                    "body": "Mine",
                    "subtype_id": test.comment_subtype.id,
                    "tracking_value_ids": commands,
                }
            ]
        },
        _THEFTS,
    ),
    *_forgeries(
        "mail.message.write",
        "own_message",
        "of the own message",
        lambda test, commands: {"vals": {"tracking_value_ids": commands}},
        _THEFTS,
    ),
    *_forgeries(
        "mail.message.write",
        "answer",
        "of a consent's message",
        lambda test, commands: {"vals": {"tracking_value_ids": commands}},
        _FORGERY | _THEFTS,
    ),
    *_forgeries(
        "privacy.consent.message_post",
        "consent",
        "with the parameters of tracking",
        lambda test, commands: test.post_values(tracking_value_ids=commands),
        _FORGERY | _THEFTS,
    ),
    *_forgeries(
        "privacy.consent.message_post",
        "consent",
        "with words",
        lambda test, commands: {"body": "Yes", "tracking_value_ids": commands},
        _FORGERY | _THEFTS,
    ),
    *_forgeries(
        "res.partner.message_post",
        "own_contact",
        "on the own contact",
        lambda test, commands: {"body": "Mine", "tracking_value_ids": commands},
        _THEFTS,
    ),
    *_forgeries(
        "privacy.consent.write",
        "consent",
        "by a message",
        lambda test, commands: {
            "vals": {
                "message_ids": [
                    [0, 0, {**test.answer_values(), "tracking_value_ids": commands}]
                ]
            }
        },
        _FORGERY | _THEFTS,
    ),
]
