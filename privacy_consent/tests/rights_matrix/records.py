# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may call the methods of our own models."""

from .entries import (
    ADMINISTRATOR,
    EMPLOYEE,
    EVERY_USER,
    MANAGER,
    OFFICER,
    READER,
    RECORDER,
    Call,
    nobody_keeps,
)

ACTIVITY = [
    Call(
        "privacy.activity.create",
        parameters={"vals_list": [{"name": "Payroll"}]},
        allowed=(MANAGER, OFFICER),
        works=lambda test, _result: test.env["privacy.activity"].search(
            [("name", "=", "Payroll"), ("company_id", "in", test.user.company_ids.ids)]
        ),
    ),
    Call(
        "privacy.activity.create",
        parameters=lambda test: {
            "vals_list": [
                {"name": "Payroll", "controller_id": test.env.company.partner_id.id}
            ]
        },
        allowed=(MANAGER,),
        works=lambda test, _result: test.env["privacy.activity"].search(
            [("name", "=", "Payroll")]
        ),
        what="for the first company",
    ),
    Call(
        "privacy.activity.write",
        "activity",
        {"vals": {"name": "Monthly"}},
        (MANAGER,),
        lambda test, _result: test.activity.name == "Monthly",
    ),
    Call(
        "privacy.activity.write",
        "activity",
        lambda test: {"vals": {"controller_id": test.other_company.partner_id.id}},
        what="of the controller, to one of another company",
    ),
    Call(
        "privacy.activity.write",
        "activity",
        lambda test: {"vals": {"server_action_id": test.blacklisting.id}},
        what="of the server action",
    ),
    Call(
        "privacy.activity.create",
        parameters=lambda test: {
            "vals_list": [{"name": "Payroll", "server_action_id": test.blacklisting.id}]
        },
        what="with a server action",
    ),
    Call(
        "privacy.activity.read",
        "activity",
        {"fields": ["server_action_id"]},
        (MANAGER,),
        lambda _test, result: result[0]["server_action_id"][1] == "Nothing",
        "of the server action",
    ),
    Call(
        "privacy.activity.default_get",
        "no_activity",
        {"fields": ["consent_required", "active"]},
        EVERY_USER,
        lambda _test, result: result["active"],
    ),
    Call(
        "privacy.activity.unlink",
        "profiles",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.profiles.exists(),
    ),
    Call(
        "privacy.activity.action_new_consents",
        "profiles",
        allowed=(MANAGER,),
        works=lambda test, _result: test.profiles.consent_ids,
    ),
    Call(
        "privacy.activity.action_confirm_new_consents",
        "profiles",
        allowed=(MANAGER,),
        works=lambda test, result: (
            test.env[result["res_model"]].browse(result["res_id"]).subject_count
        ),
    ),
    Call(
        "privacy.activity.action_preview_request",
        "profiles",
        allowed=(MANAGER,),
        works=lambda test, result: (
            test.env[result["res_model"]].browse(result["res_id"]).body_html
        ),
    ),
    Call(
        "privacy.activity.action_stop_asking",
        "activity",
        allowed=(MANAGER,),
        works=lambda test, _result: test.activity.asking_stopped,
    ),
    Call(
        "privacy.activity.action_continue_asking",
        "stopped",
        allowed=(MANAGER,),
        works=lambda test, _result: (
            test.stopped.consent_ids and not test.stopped.asking_stopped
        ),
    ),
    Call(
        "privacy.activity.action_only_wording_changed",
        "activity",
        allowed=(MANAGER,),
        works=lambda test, _result: test.activity.settled_texts,
    ),
    Call(
        "privacy.activity.action_processing_changed",
        "activity",
        allowed=(MANAGER,),
        works=lambda test, _result: test.activity.invalid_answers_until,
    ),
    Call(
        "privacy.activity.web_override_translations",
        "activity",
        {"values": {"name": "Mails"}},
        (MANAGER,),
        # Each language keeps its own text.
        lambda test, _result: test.activity.name != "Mails",
    ),
    Call(
        "privacy.activity.consent_progress",
        "activity",
        allowed=(READER, MANAGER),
        works=lambda test, result: (
            result["generated"] == len(test.activity.consent_ids)
        ),
    ),
    Call(
        "privacy.activity.action_show_subjects",
        "activity",
        allowed=(READER, MANAGER),
        works=lambda test, result: (
            test.ann in test.env["res.partner"].search(result["domain"])
        ),
    ),
    Call(
        "privacy.activity.action_show_usable",
        "activity",
        # They may filter contacts in the same way themselves.
        allowed=(EMPLOYEE, RECORDER, READER, MANAGER),
        works=lambda test, result: (
            result["domain"] == [["consented_activity_ids", "in", test.activity.ids]]
        ),
    ),
    Call(
        "privacy.activity.action_export_answers",
        "activity",
        allowed=(MANAGER,),
        works=lambda test, result: str(test.activity.id) in result["url"],
    ),
    *nobody_keeps("privacy.activity.generation", "runs", pending=True),
    Call(
        "privacy.consent.ask.create",
        parameters=lambda test: {"vals_list": [{"activity_id": test.profiles.id}]},
        allowed=(MANAGER,),
        works=lambda test, _result: test.env["privacy.consent.ask"].search(
            [("id", ">", test.dialog.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.consent.ask.write",
        "dialog",
        {"vals": {"subject_count": 7}},
        (MANAGER,),
        lambda test, _result: test.dialog.subject_count == 7,
    ),
    Call(
        "privacy.consent.ask.unlink",
        "dialog",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.dialog.exists(),
    ),
    Call(
        "privacy.consent.ask.action_ask",
        "dialog",
        allowed=(MANAGER,),
        works=lambda test, _result: test.profiles.consent_ids,
    ),
    Call(
        "privacy.consent.ask.action_preview",
        "dialog",
        allowed=(MANAGER,),
        works=lambda test, result: result["res_model"] == "privacy.consent.preview",
    ),
    Call(
        "privacy.consent.preview.create",
        parameters=lambda test: {"vals_list": [{"activity_id": test.profiles.id}]},
        allowed=(MANAGER,),
        works=lambda test, _result: test.env["privacy.consent.preview"].search(
            [("id", ">", test.preview.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.consent.preview.write",
        "preview",
        {"vals": {"lang": "fr_FR"}},
        (MANAGER,),
        lambda test, _result: test.preview.lang == "fr_FR",
    ),
    Call(
        "privacy.consent.preview.unlink",
        "preview",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.preview.exists(),
    ),
    Call(
        "privacy.consent.preview.action_send_test",
        "preview",
        allowed=(MANAGER,),
        works=lambda test, _result: test.env["mail.mail"].search(
            [("subject", "like", "[Test]"), ("model", "=", "privacy.activity")]
        ),
    ),
]

CONSENT = [
    Call(
        "privacy.consent.create",
        parameters=lambda test: {
            "vals_list": [{"partner_id": test.mute.id, "activity_id": test.activity.id}]
        },
        allowed=(MANAGER,),
        works=lambda test, _result: test.consent_of(test.mute),
    ),
    Call(
        "privacy.consent.create",
        parameters=lambda test: {
            "vals_list": [
                {"partner_id": test.stranger.id, "activity_id": test.activity.id}
            ]
        },
        what="of a contact of one company about an activity of another",
    ),
    Call(
        "privacy.consent.write",
        "consent",
        {"vals": {"accepted": False}},
        (MANAGER,),
        lambda test, _result: (
            not test.consent.accepted and test.consent.answered_by == "staff"
        ),
    ),
    *(
        Call(
            f"{model}.read",
            f"shared_{name}",
            {"fields": [field]},
            (READER, MANAGER),
            lambda _test, result: result,
            "of a contact of all companies",
        )
        for model, name, field in (
            ("privacy.consent", "consent", "activity_name"),
            ("privacy.consent.event", "event", "kind"),
            ("privacy.consent.event.detail", "detail", "email"),
            ("privacy.consent.request", "request", "address"),
        )
    ),
    Call(
        "privacy.consent.write",
        "shared_consent",
        {"vals": {"accepted": True}},
        (MANAGER,),
        lambda test, _result: test.shared_consent.accepted,
        "of a contact of all companies",
    ),
    Call(
        "privacy.consent.action_answer",
        "shared_consent",
        {"answer": True},
        (MANAGER,),
        lambda test, _result: test.shared_consent.accepted,
        "of a contact of all companies",
    ),
    Call(
        "privacy.consent.unlink",
        "draft",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.draft.exists(),
    ),
    Call(
        "privacy.consent.message_post",
        "consent",
        {"body": "A note"},
        (MANAGER,),
        lambda test, _result: "A note" in test.consent.message_ids[:1].body,
    ),
    Call(
        "privacy.consent.action_auto_ask",
        "draft",
        allowed=(MANAGER,),
        works=lambda test, _result: test.waiting(test.draft),
    ),
    Call(
        "privacy.consent.action_manual_ask",
        "draft",
        allowed=(MANAGER,),
        works=lambda _test, result: result["res_model"] == "mail.compose.message",
    ),
    Call(
        "privacy.consent.action_manual_ask",
        "drafts",
        allowed=(MANAGER,),
        works=lambda test, result: (
            result["res_model"] == "privacy.consent.ask.selected"
            and not test.waiting(test.draft)
        ),
        what="of several",
    ),
    Call(
        "privacy.consent.action_ask_unreached",
        "drafts",
        allowed=(MANAGER,),
        works=lambda _test, result: (
            result["res_model"] == "privacy.consent.ask.selected"
        ),
    ),
    Call(
        "privacy.consent.ask.selected.create",
        parameters=lambda test: {
            "vals_list": [{"consent_ids": [(6, 0, test.drafts.ids)]}]
        },
        allowed=(MANAGER,),
        works=lambda test, _result: test.env["privacy.consent.ask.selected"].search(
            [("id", ">", test.selection.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.consent.ask.selected.write",
        "selection",
        {"vals": {"changed": True}},
        (MANAGER,),
        lambda test, _result: test.selection.changed,
    ),
    Call(
        "privacy.consent.ask.selected.unlink",
        "selection",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.selection.exists(),
    ),
    Call(
        "privacy.consent.ask.selected.action_ask",
        "selection",
        allowed=(MANAGER,),
        works=lambda test, _result: test.waiting(test.draft),
    ),
    Call(
        "privacy.consent.action_answer",
        "draft",
        {"answer": True},
        (MANAGER,),
        lambda test, _result: test.draft.accepted and test.draft.state == "answered",
    ),
    Call(
        "privacy.consent.action_run_again",
        "consent",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.consent.action_error,
    ),
    Call(
        "privacy.consent.action_invalidate_links",
        "consent",
        allowed=(MANAGER,),
        works=lambda test, _result: test.consent.link_revocations,
    ),
    Call(
        "privacy.consent.default_get",
        "no_consent",
        {"fields": ["state", "accepted"]},
        EVERY_USER,
        lambda _test, result: result["state"] == "draft",
    ),
    Call(
        "privacy.consent.get_import_templates",
        allowed=EVERY_USER,
        works=lambda _test, result: len(result) == 2,
    ),
    Call(
        "privacy.consent.load",
        parameters=lambda test: {
            "fields": ["partner_id/.id", "activity_id/.id", "accepted"],
            "data": [[str(test.mute.id), str(test.activity.id), "yes"]],
        },
        # Of the other company's manager, Odoo's import says what is wrong in each row.
        allowed=(MANAGER, OFFICER),
        works=lambda test, result: (
            bool(test.consent_of(test.mute))
            == bool(result["ids"])
            == (test.role == MANAGER)
        ),
    ),
    Call(
        "res.users.write",
        "own_user",
        {"vals": {"signature": "Yours"}},
        EVERY_USER,
        lambda test, _result: "Yours" in test.user.signature,
        "of the own signature",
    ),
    Call(
        "res.users.write",
        "own_user",
        lambda test: {"vals": {"partner_id": test.ann.id}},
        what="that takes another contact",
    ),
    Call(
        "mail.blacklist.create",
        parameters={
            "vals_list": [{"email": "eve@example.com", "consent_opt_out": True}]
        },
        allowed=(ADMINISTRATOR,),
        works=lambda test, _result: not test.on_blacklist("eve").consent_opt_out,
    ),
    Call(
        "mail.blacklist.write",
        "blacklisted",
        {"vals": {"consent_opt_out": True, "active": False}},
        (ADMINISTRATOR,),
        lambda test, _result: (
            not test.blacklisted.active and not test.blacklisted.consent_opt_out
        ),
    ),
    Call(
        "res.partner.write",
        "ann",
        {"vals": {"email": "ann@new.example.com"}},
        (MANAGER,),
        lambda test, _result: test.ann.email == "ann@new.example.com",
    ),
    Call(
        "res.company.write",
        "company",
        {"vals": {"privacy_officer": "Jane"}},
        (ADMINISTRATOR,),
        lambda test, _result: test.activity.officer_contact == "Jane",
    ),
    Call(
        "privacy.consent.mail_allowed_qweb_expressions",
        "no_consent",
        allowed=EVERY_USER,
        works=lambda _test, result: "object.partner_id.lang" in result,
    ),
]

DIALOGS = [
    Call(
        "privacy.consent.record.create",
        parameters=lambda test: {"vals_list": [test.record_values()]},
        allowed=(RECORDER, MANAGER),
        works=lambda test, _result: test.env["privacy.consent.record"].search(
            [("create_uid", "=", test.user.id)], offset=1
        ),
    ),
    Call(
        "privacy.consent.record.write",
        "recording",
        {"vals": {"note": "Other words"}},
        (RECORDER, MANAGER),
        lambda test, _result: test.recording.note == "Other words",
    ),
    Call(
        "privacy.consent.record.unlink",
        "recording",
        allowed=(RECORDER, MANAGER),
        works=lambda test, _result: not test.recording.exists(),
    ),
    Call(
        "privacy.consent.record.default_get",
        parameters={"fields": ["channel", "answered_at"]},
        allowed=EVERY_USER,
        works=lambda _test, result: result["answered_at"],
    ),
    Call(
        "privacy.consent.record.action_record",
        "recording",
        allowed=(RECORDER, MANAGER),
        works=lambda test, _result: (
            test.consent_of(test.ann, test.profiles).answered_by == "staff"
        ),
    ),
    *(
        call
        for name, dialog, values in (
            ("confirm", "confirmation", {"note": "Other words"}),
            ("erase", "erasure", {"reason": "Other words"}),
        )
        for call in (
            Call(
                f"privacy.consent.{name}.create",
                parameters=lambda test, name=name, values=values: {
                    "vals_list": [
                        {
                            **values,
                            **(
                                {"consent_id": test.suspected.id}
                                if name == "confirm"
                                else {"consent_ids": [(6, 0, test.suspected.ids)]}
                            ),
                        }
                    ]
                },
                allowed=(MANAGER,),
                works=lambda test, _result, name=name: test.env[
                    f"privacy.consent.{name}"
                ].search([("create_uid", "=", test.user.id)], offset=1),
            ),
            Call(
                f"privacy.consent.{name}.write",
                dialog,
                {"vals": values},
                (MANAGER,),
                lambda test, _result, dialog=dialog, values=values: (
                    values.items()
                    <= getattr(test, dialog).read(list(values))[0].items()
                ),
            ),
            Call(
                f"privacy.consent.{name}.unlink",
                dialog,
                allowed=(MANAGER,),
                works=lambda test, _result, dialog=dialog: not getattr(
                    test, dialog
                ).exists(),
            ),
        )
    ),
    Call(
        "privacy.consent.confirm.action_confirm",
        "confirmation",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.suspected.suspected_automated,
    ),
    Call(
        "privacy.consent.erase.action_erase",
        "erasure",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.suspected.exists(),
    ),
]

# What happened is for nobody to write. Not each version has all of these models.
RECORDS = {
    model: nobody_keeps(model, f"records of {model}")
    for model in (
        "privacy.append.only",
        "privacy.consent.event",
        "privacy.consent.event.detail",
        "privacy.consent.forecast",
        "privacy.consent.text",
        "privacy.consent.request",
        "privacy.consent.leaf",
        "privacy.consent.seal",
        "privacy.term",
    )
}
# It has no records.
RECORDS["privacy.technical.fields"] = [
    Call("privacy.technical.fields.create", parameters={"vals_list": [{}]}),
    *(
        Call(
            f"privacy.technical.fields.{method}",
            parameters=parameters,
            allowed=EVERY_USER,
            works=lambda _test, result: result is True,
        )
        for method, parameters in (("write", {"vals": {}}), ("unlink", {}))
    ),
]
# Odoo describes any model to whoever is logged in.
for _model in (
    "privacy.activity",
    "privacy.consent",
    "privacy.consent.event",
    "privacy.consent.event.detail",
    "privacy.consent.leaf",
    "privacy.consent.request",
    "privacy.consent.seal",
    "privacy.consent.text",
    "privacy.technical.fields",
):
    RECORDS.setdefault(_model, []).append(
        Call(
            f"{_model}.fields_get",
            allowed=EVERY_USER,
            works=lambda _test, result: "id" in result,
        )
    )
