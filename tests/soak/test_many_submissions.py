# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ten thousand forms from one network, half of them with the address of one person."""

from concurrent.futures import ThreadPoolExecutor

import requests
from server import Scene, query

SUBMISSIONS = 10_000
PER_ADDRESS = 3
PER_NETWORK = 20
ANN = "ann@example.com"


def test_flood(new_server, new_database):
    """Visitors are told the same from the first to the last, and few are asked."""
    server = new_server(new_database("website"))
    scene = Scene(server, {}, cc=False)
    values = {"website_offered": True}
    server.execute("privacy.activity", "write", [scene.activity], values)
    lists = [
        server.execute(
            "mailing.list",
            "create",
            {"name": f"News {number}", "consent_activity_id": scene.activity},
        )
        for number in range(PER_ADDRESS + 1)
    ]

    def submit(number):
        params = {
            "list_id": lists[number % len(lists)],
            "value": ANN if number % 2 else f"visitor{number}@example.com",
            "subscription_type": "email",
        }
        response = requests.post(
            f"{server.url}/website_mass_mailing/subscribe",
            json={"params": params},
            timeout=120,
        )
        return str(response.json().get("result"))

    with ThreadPoolExecutor(2) as pool:
        said = set(pool.map(submit, range(SUBMISSIONS)))
    assert len(said) == 1, said
    for table in (
        "privacy_consent_form",
        "privacy_consent",
        "privacy_consent_request",
        "res_partner WHERE email LIKE '%visitor%'",
    ):
        ((made,),) = query(server.database, f"SELECT count(*) FROM {table}")
        assert 0 < made <= PER_NETWORK, table
    ((asked,),) = query(
        server.database,
        "SELECT count(*) FROM privacy_consent_form GROUP BY address_key"
        " ORDER BY 1 DESC LIMIT 1",
    )
    assert asked <= PER_ADDRESS
