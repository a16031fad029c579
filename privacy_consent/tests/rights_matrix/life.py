# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may say how long consents count, and who is asked again."""

from .entries import MANAGER, OFFICER, READER, Call

LIFE = [
    Call(
        "privacy.activity.create",
        parameters={"vals_list": [{"name": "Payroll", "validity_months": 12}]},
        allowed=(MANAGER, OFFICER),
        works=lambda test, _result: test.env["privacy.activity"].search(
            [("name", "=", "Payroll"), ("validity_months", "=", 12)]
        ),
        what="with a validity",
    ),
    Call(
        "privacy.activity.write",
        "activity",
        {"vals": {"validity_months": 12, "reminder_count": 3}},
        (MANAGER,),
        lambda test, _result: test.activity.validity_changed,
        "of the validity",
    ),
    *(
        Call(
            f"privacy.activity.{name}",
            "activity",
            allowed=(MANAGER,),
            works=lambda test, result: test.env[result["res_model"]]
            .browse(result["res_id"])
            .activity_id,
        )
        for name in ("action_set_life", "action_confirm_processing_changed")
    ),
    Call(
        "privacy.activity.action_show_forecast",
        "activity",
        allowed=(READER, MANAGER),
        works=lambda _test, result: result["res_model"] == "privacy.consent.forecast",
    ),
    Call(
        "privacy.consent.action_ask_again",
        "drafts",
        allowed=(MANAGER,),
        works=lambda _test, result: (
            result["res_model"] == "privacy.consent.ask.selected"
        ),
    ),
    Call(
        "privacy.consent.ask.selected.action_ask_refused",
        "selection",
        allowed=(MANAGER,),
        works=lambda test, _result: (
            test.selection.changed and not test.waiting(test.draft)
        ),
    ),
    *(
        call
        for model, dialog, values in (
            ("privacy.activity.life", "life_dialog", {"reminder_days": 5}),
            ("privacy.activity.change", "change_dialog", {"what_changed": "Other"}),
        )
        for call in (
            Call(
                f"{model}.create",
                parameters=lambda test, values=values: {
                    "vals_list": [{"activity_id": test.activity.id, **values}]
                },
                allowed=(MANAGER,),
                works=lambda test, _result, model=model: test.env[model].search(
                    [("create_uid", "=", test.user.id)], offset=1
                ),
            ),
            Call(
                f"{model}.write",
                dialog,
                {"vals": values},
                (MANAGER,),
                lambda test, _result, dialog=dialog, values=values: (
                    values.items()
                    <= getattr(test, dialog).read(list(values))[0].items()
                ),
            ),
            Call(
                f"{model}.unlink",
                dialog,
                allowed=(MANAGER,),
                works=lambda test, _result, dialog=dialog: not getattr(
                    test, dialog
                ).exists(),
            ),
        )
    ),
    Call(
        "privacy.activity.life.action_apply",
        "life_dialog",
        allowed=(MANAGER,),
        works=lambda test, _result: test.activity.reminder_count == 2,
    ),
    Call(
        "privacy.activity.change.action_ask_again",
        "change_dialog",
        allowed=(MANAGER,),
        works=lambda test, _result: test.activity.changed_occasion,
    ),
    Call(
        "privacy.activity.change.action_end_only",
        "change_dialog",
        allowed=(MANAGER,),
        works=lambda test, _result: (
            test.activity.invalid_answers_until and not test.activity.changed_occasion
        ),
    ),
]
