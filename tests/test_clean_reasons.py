# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A mail server that quotes the request when it refuses it."""

import base64
from urllib.parse import quote

import pytest
from server import Scene, query

ANN = "ann@example.com"
TABLES = ("mail_mail", "mail_message", "mail_notification", "privacy_consent_request")


@pytest.mark.parametrize("variant", ["lean", "odoo_queue"])
def test_server_quotes_the_link(
    variant, new_database, new_server, new_consumers, inbox
):
    """Neither the database nor the log gets it, however the server writes it."""
    server = new_server(new_database(variant), "--max-cron-threads", "0")
    scene = Scene(server, {ANN: "en_US"}, cc=False)
    links = []

    def refuse(message):
        link = message.links()["accept"]
        links.append(link)
        return "\r\n".join(
            [
                f"554-5.7.1 Spam found in {link}",
                f"554-5.7.1 {quote(quote(link, safe=''), safe='')}",
                f"554-5.7.1 {base64.b64encode(link.encode()).decode()}",
                f"554-5.7.1 {link[:-30]}",
                f"554 5.7.1 {link[-30:]}",
            ]
        )

    inbox.refuse_data[ANN] = refuse
    consumers = new_consumers(server.database)
    consumers.expected_errors.append("failed sending mail")
    scene.generate()
    consumers.run()
    inbox.refuse_data.clear()
    (link,) = set(links)
    token = link.partition("?")[0].rpartition("/")[2]
    encoded = base64.b64encode(link.encode()).decode()
    read = "SELECT row_to_json(t)::text FROM {} t"
    texts = {table: str(query(server.database, read.format(table))) for table in TABLES}
    assert "Spam found in ***" in texts["mail_mail"]
    assert "Spam found in ***" in texts["privacy_consent_request"]
    texts["log"] = consumers.log.read_text()
    assert "Spam found in ***" in texts["log"] or variant == "lean"
    for name, text in texts.items():
        for part in (token[:20], token[-20:], encoded[-40:-5]):
            assert part not in text, name
