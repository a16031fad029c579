# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may open and use the pages."""

from .entries import MANAGER, OFFICER, PORTAL, ROLES, Page

_LINK = "/privacy/consent/{}/<consent_id>/<token>"


def _with_forged_token(part, word, **data):
    """:return: what somebody sends who has no link, by hand or by a program"""
    return Page(
        _LINK.format(part),
        lambda test: test.url_open(test.forged_link(word), data={"nonce": "0", **data}),
        what="with a forged token",
    )


# Whoever has a link is its subject, logged in or not.
PAGES = [
    Page(
        _LINK.format("<choice>"),
        lambda test: test.press(test.link("reject"), "reject"),
        ROLES,
        lambda test: not test.consent.accepted,
    ),
    _with_forged_token("<choice>", "reject"),
    Page(
        _LINK.format("unsubscribe"),
        lambda test: test.url_open(
            test.link("unsubscribe"), data={"List-Unsubscribe": "One-Click"}
        ),
        ROLES,
        lambda test: not test.consent.accepted,
    ),
    _with_forged_token(
        "unsubscribe", "unsubscribe", **{"List-Unsubscribe": "One-Click"}
    ),
    Page(
        _LINK.format("ask"),
        lambda test: test.press(test.old_link, "ask"),
        ROLES,
        lambda test: test.waiting(test.moved),
        what="at a former address",
    ),
    _with_forged_token("ask", "ask"),
    Page(
        _LINK.format("preferences"),
        lambda test: test.press(test.link("preferences"), "preferences"),
        ROLES,
        lambda test: not test.consent.accepted,
    ),
    _with_forged_token("preferences", "preferences", action="reject"),
    Page(
        _LINK.format("choose"),
        lambda test: test.choose("reject"),
        ROLES,
        lambda test: not test.consent.accepted,
    ),
    _with_forged_token("choose", "choose", all="reject"),
    # It is for everybody, and does nothing.
    Page(
        "/privacy/consent/test",
        lambda test: test.url_open("/privacy/consent/test", data={"nonce": "0"}),
        refused=lambda response: "Nothing was recorded" in response.text,
    ),
    Page("/privacy/consent", lambda test: test.url_open("/privacy/consent")),
    Page(
        "/privacy/export/answers.csv",
        lambda test: test.url_open("/privacy/export/answers.csv"),
        (MANAGER, OFFICER),
        lambda _test: True,
        lambda response: "Contact ID" not in response.text,
    ),
    Page(
        "/privacy/consent/<rest>",
        lambda test: test.url_open(f"/privacy/consent/{test.consent.id}"),
    ),
]

PORTAL_PAGES = [
    Page(
        "/my/privacy",
        lambda test: test.url_open(
            "/my/privacy",
            data={
                "action": "reject",
                "consents": str(test.own_consent.id),
                "csrf_token": test.csrf_token(),
            },
        ),
        (PORTAL,),
        lambda test: test.own_consent.answered_by == "subject",
        # Everybody else gets the login, or a page of their own.
        refused=lambda response: (
            "/web/login" in response.url or response.status_code == 200
        ),
    )
]
