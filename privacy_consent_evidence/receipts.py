# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Receipts by ISO/IEC TS 27560 for the person: as a file, and as a page."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup

from odoo.tools import format_datetime

from odoo.addons.privacy_consent.models.privacy_consent_event import ANSWERS

from . import consent_record
from .page_language import page_language
from .proof_pack import events_by_consent, of_consents, parsed

# What a person is told of what happened.
_TOLD = (*ANSWERS, "confirmed", "expired", "invalidated")


@dataclass
class Receipt:
    """A receipt of the answers to some consents.

    :ivar dict document: as JSON-LD; the same for as long as nobody answers again
    :ivar list consents: for the page: dictionaries with the ``text`` that was shown,
        its ``hash``, the present ``name`` of the activity, and the ``events``
    :ivar list missing: names of what the standard demands, and the texts do not say
    """

    document: dict
    consents: list = field(default_factory=list)
    missing: list = field(default_factory=list)

    def to_json(self):
        """:return: the document as the content of a file"""
        return json.dumps(self.document, ensure_ascii=False, indent=1).encode()


def receipt_html(env, receipt, values):
    """:return: the page

    :param dict values: what a page on the web has besides, and its language
    """
    return env["ir.qweb"]._render(
        "privacy_consent_evidence.receipt",
        {"receipt": receipt, **values},
        minimal_qcontext=True,
    )


def receipt_file(env, receipt):
    """:return: the page as the content of a file, in the language of the environment"""
    html = receipt_html(env, receipt, page_language(env, env.lang or "en_US"))
    return f"<!DOCTYPE html>\n{html}".encode()


def receipt_of(consents_sudo):
    """Make the receipt of what one person answered.

    It asks for no rights: whoever offers it has to.

    :param consents_sudo: with superuser rights, in the language of the page
    :return: a :class:`Receipt`, or None if nothing was answered
    """
    env = consents_sudo.env
    together = consents_sudo._with_merged()
    labels = consents_sudo._missing_labels()
    named = {one.uuid: one.activity_id.name for one in together}
    records, shown, missing, answers = [], [], {}, []
    for consent_uuid, events in events_by_consent(env, of_consents(together)):
        hashed = [event["hashed"] for event in events]
        if not any(event["kind"] in ANSWERS for event in hashed):
            continue
        text_hash = consent_record.text_hash_of(hashed)
        text = _text(env, text_hash)
        records.append(consent_record.record(consent_uuid, hashed, text))
        answers += hashed
        missing |= {name: labels[name] for name in consent_record.missing(text)}
        shown.append(
            {
                "text": text,
                # What the person knows it as, where no text says so.
                "name": named.get(consent_uuid),
                "description": Markup(text["description"] if text else ""),
                "hash": text_hash,
                "processing": env["privacy.activity"]._processing_lines(
                    text and text.get("processing")
                ),
                "events": _told(hashed, consents_sudo[:1]),
            }
        )
    if not records:
        return None
    names = sorted(event["uuid"] for event in answers)
    document = consent_record.receipt(
        str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(names))),
        max(event["at"] for event in answers),
        records,
    )
    return Receipt(document, shown, list(missing.values()))


def _text(env, text_hash):
    """:return: the values of a stored text, or None"""
    text_sudo = env["privacy.consent.text"].sudo()
    return parsed(text_sudo.search([("hash", "=", text_hash)]).content, text_hash)


def _told(events, consent_sudo):
    """:return: what the page says of events; with no name of staff"""
    names = consent_sudo.env["privacy.consent.event"]
    kinds, words, channels = names._kinds(), names._words(), names._channels()
    return [
        {
            "at": format_datetime(
                consent_sudo.env,
                datetime.fromisoformat(event["answered_at"] or event["at"]).replace(
                    tzinfo=None
                ),
                tz=consent_sudo._time_zone(),
                dt_format="long",
            ),
            "what": kinds.get(event["kind"], event["kind"]),
            "who": words.get(event["by"], event["by"]),
            "how": channels.get(event["channel"], event["channel"]),
        }
        for event in events
        if event["kind"] in _TOLD
    ]
