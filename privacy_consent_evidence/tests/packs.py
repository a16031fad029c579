# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Proof packs in a folder, as ``verify.py`` expects them."""

import base64
import json

from odoo.tools import SQL

from odoo.addons.privacy_consent.models.privacy_consent_event import PARTS

from .. import verifier
from ..log import merkle
from ..log.checkpoint import read_checkpoint
from ..models.privacy_consent_leaf import NAMES, hashed_columns, reader


def write_pack(env, folder, uuids, without=None):
    """Write the pack of some events.

    :param folder: an empty folder
    :param dict without: why parts that are not there are not there, by their names
    """
    read = reader(env)
    seals = env["privacy.consent.seal"].search([], order="id")
    size = seals[-1:].size
    lines, before = [], None
    folder.joinpath("seals").mkdir()
    for seal in seals:
        name = f"seals/{seal.size}.txt"
        folder.joinpath(name).write_text(seal.checkpoint)
        line = {"file": name, "consistency": []}
        root = read_checkpoint(seal.checkpoint)
        if before:
            proof = merkle.consistency_proofs([before.size, root.size], read)[0]
            line["consistency"] = [one.hex() for one in proof]
        if seal.stamp:
            line["stamp"] = f"seals/{seal.size}.tsr"
            folder.joinpath(line["stamp"]).write_bytes(base64.b64decode(seal.stamp))
        before = root
        lines.append(line)
    _write_lines(folder / "seals.jsonl", lines)

    folder.joinpath("texts").mkdir()
    for text in env["privacy.consent.text"].search([]):
        folder.joinpath(f"texts/{text.hash}.json").write_text(text.content)

    env.cr.execute(
        SQL(
            "SELECT %s, privacy_consent_event.id, leaf.position FROM"
            " privacy_consent_event LEFT JOIN privacy_consent_leaf AS leaf"
            " ON leaf.event_uuid = uuid WHERE uuid = ANY(%s) ORDER BY position",
            hashed_columns(),
            list(uuids),
        )
    )
    lines = []
    for row in env.cr.dictfetchall():
        env.cr.execute(
            "SELECT * FROM privacy_consent_event_detail WHERE event_id = %s",
            [row["id"]],
        )
        line = {"event": {name: row[name] for name in NAMES}, "without": without or {}}
        line["parts"] = {
            part["part"]: {
                "salt": part["salt"],
                "values": {
                    name: part[name] for name in PARTS[part["part"]] if part[name]
                },
            }
            for part in env.cr.dictfetchall()
        }
        if row["position"] is not None:
            line["position"] = row["position"]
            proof = merkle.inclusion_proofs([row["position"]], size, read)[0]
            line["proof"] = [one.hex() for one in proof]
        lines.append(line)
    _write_lines(folder / "events.jsonl", lines)
    folder.joinpath("pack.json").write_text(
        json.dumps({"format": 1, "events": len(lines)})
    )
    folder.joinpath("verify.py").write_text(verifier.script())


def _write_lines(path, values):
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values))
