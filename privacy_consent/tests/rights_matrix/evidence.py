# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may call the methods of the log and its seals."""

from ..answers import press
from .entries import MANAGER, OFFICER, PORTAL, READER, ROLES, Call, Page

_LINK = "/privacy/consent/<what>/<consent_id>/<token>"


def _own_receipt(test):
    if test.role == PORTAL:
        press(test.own_consent, True)
    return test.got("/my/privacy/receipt")


EVIDENCE = [
    Call(
        "privacy.consent.verify.create",
        parameters={"vals_list": [{"outside_name": "seal.txt"}]},
        allowed=(MANAGER, OFFICER),
        works=lambda test, _result: test.env["privacy.consent.verify"].search(
            [("id", ">", test.verification.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.consent.verify.write",
        "verification",
        {"vals": {"outside_name": "seal.txt"}},
        (MANAGER,),
        lambda test, _result: test.verification.outside_name == "seal.txt",
    ),
    Call(
        "privacy.consent.verify.unlink",
        "verification",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.verification.exists(),
    ),
    Call(
        "privacy.consent.verify.action_verify",
        "verification",
        allowed=(MANAGER,),
        works=lambda test, _result: test.verification.state != "new",
    ),
    Call(
        "privacy.consent.pack.create",
        parameters={"vals_list": [{"audience": "person"}]},
        allowed=(MANAGER, OFFICER),
        works=lambda test, _result: test.env["privacy.consent.pack"].search(
            [("id", ">", test.pack.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.consent.pack.write",
        "pack",
        {"vals": {"audience": "person"}},
        (MANAGER,),
        lambda test, _result: test.pack.audience == "person",
    ),
    Call(
        "privacy.consent.pack.unlink",
        "pack",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.pack.exists(),
    ),
    Call(
        "privacy.consent.pack.action_download",
        "pack",
        allowed=(MANAGER,),
        works=lambda test, result: result["url"] == f"/privacy/pack/{test.pack.id}",
    ),
    Call(
        "privacy.activity.retention.create",
        parameters=lambda test: {"vals_list": [{"activity_id": test.activity.id}]},
        allowed=(MANAGER,),
        works=lambda test, _result: test.env["privacy.activity.retention"].search(
            [("id", ">", test.retention.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.activity.retention.write",
        "retention",
        {"vals": {"retention_months": 7}},
        (MANAGER,),
        lambda test, _result: test.retention.retention_months == 7,
    ),
    Call(
        "privacy.activity.retention.unlink",
        "retention",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.retention.exists(),
    ),
    Call(
        "privacy.activity.retention.action_apply",
        "retention",
        allowed=(MANAGER,),
        works=lambda test, _result: test.activity.retention_months == 12,
    ),
    Call(
        "privacy.activity.action_set_retention",
        "activity",
        allowed=(MANAGER,),
        works=lambda _test, result: result["res_model"] == "privacy.activity.retention",
    ),
    Call(
        "privacy.consent.seal.destination.default_get",
        "no_destination",
        {"fields": ["addresses"]},
        (MANAGER, OFFICER),
        lambda _test, result: "addresses" in result,
    ),
    Call(
        "privacy.consent.seal.destination.create",
        parameters={"vals_list": [{"addresses": "a@example.com"}]},
        allowed=(MANAGER, OFFICER),
        works=lambda test, _result: test.env["privacy.consent.seal.destination"].search(
            [("id", ">", test.destination.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.consent.seal.destination.write",
        "destination",
        {"vals": {"addresses": "b@example.com"}},
        (MANAGER,),
        lambda test, _result: test.destination.addresses == "b@example.com",
    ),
    Call(
        "privacy.consent.seal.destination.unlink",
        "destination",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.destination.exists(),
    ),
    Call(
        "privacy.consent.seal.destination.action_apply",
        "destination",
        allowed=(MANAGER,),
        works=lambda test, _result: test.env["ir.config_parameter"].get_param(
            "privacy_consent_evidence.seal_addresses"
        ),
    ),
    # It takes both: an administrator, and a manager of data protection.
    Call("base.module.uninstall.action_download_consent_proof", "uninstalling"),
    Call(
        "privacy.register.create",
        parameters={"vals_list": [{}]},
        allowed=(READER, MANAGER, OFFICER),
        works=lambda test, _result: test.env["privacy.register"].search(
            [("id", ">", test.register.id), ("create_uid", "=", test.user.id)]
        ),
    ),
    Call(
        "privacy.register.write",
        "register",
        {"vals": {"activity_ids": [(5,)]}},
        (MANAGER,),
        lambda test, _result: not test.register.activity_ids,
    ),
    Call(
        "privacy.register.unlink",
        "register",
        allowed=(MANAGER,),
        works=lambda test, _result: not test.register.exists(),
    ),
    *(
        Call(
            f"privacy.register.{method}",
            "register",
            allowed=(MANAGER,),
            works=lambda test, result, form=form: (
                result["url"] == f"/privacy/register/{test.register.id}/{form}"
            ),
        )
        for method, form in (("action_print", "page"), ("action_download", "jsonld"))
    ),
]

EVIDENCE_PAGES = [
    Page(
        "/privacy/pack/<pack_id>",
        lambda test: test.got(f"/privacy/pack/{test.pack.id}"),
        (MANAGER,),
        lambda test: test.response.content.startswith(b"PK"),
        refused=lambda response: (
            "/web/login" in response.url or response.status_code == 404
        ),
    ),
    *(
        Page(
            "/privacy/register/<register_id>/<form>",
            lambda test, form=form: test.got(
                f"/privacy/register/{test.register.id}/{form}"
            ),
            (MANAGER,),
            lambda test, begin=begin: test.response.content.startswith(begin),
            refused=lambda response: (
                "/web/login" in response.url or response.status_code == 404
            ),
            what=form,
        )
        for form, begin in (("page", b"<!DOCTYPE html>"), ("jsonld", b'{"@context"'))
    ),
    # Whoever has a link is its subject, logged in or not.
    Page(
        _LINK,
        lambda test: test.got(test.link("receipt")),
        ROLES,
        lambda test: "Receipt of your answers" in test.response.text,
    ),
    Page(
        _LINK,
        lambda test: test.url_open(test.forged_link("receipt")),
        what="with a forged token",
    ),
    Page(
        "/my/privacy/receipt",
        _own_receipt,
        (PORTAL,),
        lambda test: "Receipt of your answers" in test.response.text,
        refused=lambda response: (
            "/web/login" in response.url or response.status_code == 404
        ),
    ),
]
