# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may call the methods of the log and its seals."""

from ..answers import press
from .entries import MANAGER, OFFICER, PORTAL, ROLES, Call, Page

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
