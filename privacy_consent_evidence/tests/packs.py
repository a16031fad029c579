# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Proof packs in a folder, as people unpack them."""

import io
import json
import zipfile

from odoo.tools import SQL

from ..proof_pack import ProofPack


def write_pack(env, folder, event_ids=None):
    """Write the pack of some events, or of all.

    :param folder: an empty folder
    """
    env.invalidate_all()
    condition = event_ids and SQL("privacy_consent_event.id = ANY(%s)", list(event_ids))
    file = io.BytesIO()
    ProofPack(env, condition).write_to(file)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)


def change_lines(folder, change):
    """Change the events of a pack.

    :param change: is called for the dictionary of each line
    """
    path = folder / "events.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        change(line)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
