# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consents with the same address that are answered at the same moment."""

import pytest
from server import Scene, query
from test_concurrent_answers import at_once

PAIRS = 8


@pytest.fixture(scope="module")
def scene(new_server):
    """A server whose activity keeps the blacklist."""
    scene = Scene(new_server(), {}, cc=False)
    action = scene.server.ref("privacy_consent.sync_blacklist")
    scene.server.execute(
        "privacy.activity", "write", [scene.activity], {"server_action_id": action}
    )
    return scene


def record(scene, consents, answers):
    """Record an answer of each consent, all at the same moment."""
    at_once(
        lambda one: scene.server.execute(
            "privacy.consent", "write", [one[0]], {"accepted": one[1]}, login="officer"
        ),
        list(zip(consents, answers, strict=True)),
    )


def on_blacklist(scene):
    """:return: how many addresses the action keeps on the list"""
    counted = query(
        scene.server.database,
        "SELECT count(*) FROM mail_blacklist WHERE active AND consent_opt_out",
    )
    return counted[0][0]


def test_at_once(scene):
    contacts = scene.server.execute(
        "res.partner",
        "create",
        [
            {"name": f"{name} {number}", "email": f"{number}@example.com"}
            for number in range(PAIRS)
            for name in ("Ann", "Twin")
        ],
    )
    consents = scene.server.execute(
        "privacy.consent",
        "create",
        [
            {
                "partner_id": contact,
                "activity_id": scene.activity,
                "accepted": False,
                "state": "answered",
            }
            for contact in contacts
        ],
        login="officer",
    )
    assert on_blacklist(scene) == PAIRS
    record(scene, consents, [True, True] * PAIRS)
    assert on_blacklist(scene) == 0, "both accepted"
    record(scene, consents, [False, True] * PAIRS)
    assert on_blacklist(scene) == PAIRS, "one refused"
    for _ in range(3):
        record(scene, consents, [True, False] * PAIRS)
        assert on_blacklist(scene) == PAIRS, "still one refuses"
        record(scene, consents, [False, True] * PAIRS)
        assert on_blacklist(scene) == PAIRS, "still one refuses"
    record(scene, consents, [True, True] * PAIRS)
    assert on_blacklist(scene) == 0
