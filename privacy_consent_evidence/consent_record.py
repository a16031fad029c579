# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consent records and receipts by ISO/IEC TS 27560, as JSON-LD with terms of DPV 2.3.

They are made of the stored text of an answer and of the events alone. The names of
terms are those of https://w3id.org/dpv (W3C's guide “Implementing ISO/IEC TS
27560:2023”). A personal link is in none of them.
"""

import base64

from lxml import html

_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-eu": "https://w3id.org/dpv/legal/eu#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dct:conformsTo": {"@type": "@id"},
    "dct:created": {"@type": "xsd:dateTime"},
    "dct:date": {"@type": "xsd:dateTime"},
    "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime"},
    "dpv:isIndicatedBy": {"@type": "@id"},
}
_STATUSES = {
    "requested": "dpv:ConsentRequested",
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
    "invalidated": "dpv:ConsentInvalidated",
}
_ANSWERS = ("given", "refused", "withdrawn")
_RIGHTS = {
    "eu-gdpr:A7-3": "Right to withdraw consent",
    "eu-gdpr:A15": "Right of access",
    "eu-gdpr:A17": "Right to erasure",
    "eu-gdpr:A20": "Right to data portability",
}
# What the standard demands, and no stored text or event says.
_NEVER_THERE = (
    "lawful_basis",
    "pii_information",
    "storage_locations",
    "retention_period",
    "jurisdiction",
    "controller_address",
    "validity_duration",
)


def text_hash_of(events):
    """:return: the hash of the text of the last answer, or of what was asked, or None

    :param events: what is hashed of each event of a consent, oldest first
    """
    with_text = [event for event in events if event["text_hash"]]
    answers = [event for event in with_text if event["kind"] in _ANSWERS]
    return (answers or with_text or [{"text_hash": None}])[-1]["text_hash"]


def missing(text):
    """:return: the names of what the standard demands, and a text does not have

    :param dict text: the content of a stored text, or none
    """
    if not text:
        return (
            "privacy_notice",
            "language",
            "purposes",
            "pii_controllers",
            "recipient_third_parties",
            "controller_contact",
            *_NEVER_THERE,
        )
    optional = {
        "pii_controllers": "controller",
        "recipient_third_parties": "processors",
        "controller_contact": "officer",
    }
    return (
        *(name for name, key in optional.items() if not text.get(key)),
        *_NEVER_THERE,
    )


def record(consent_uuid, events, text):
    """:return: the consent record, without its context

    :param str consent_uuid: which consent
    :param events: what is hashed of each of its events, oldest first
    :param dict text: the content of the stored text of :func:`text_hash_of`, or none
    """
    result = {
        "@id": f"urn:uuid:{consent_uuid}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": f"{_PROFILE}record-eu-gdpr",
        "dct:identifier": consent_uuid,
        "dpv:hasDataSubject": {
            "@type": "dpv:DataSubject",
            "dct:identifier": f"subject of {consent_uuid}",
        },
        "dpv:hasApplicableLaw": {"@id": "legal-eu:law-GDPR"},
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dct:description": "By the link in each request, which leads to a page "
            "with a button",
        },
        "dpv:hasRight": [
            {"@type": ["dpv:DataSubjectRight", right], "dct:title": title}
            for right, title in _RIGHTS.items()
        ],
        "dpv:hasConsentStatus": list(_statuses(events)),
    }
    if text:
        result |= _parts_of_text(text, text_hash_of(events))
    return result


def receipt(receipt_id, created, records, publisher=None):
    """:return: the receipt with these records, for the person

    :param str receipt_id: a UUID
    :param str created: when, ISO 8601 in UTC
    :param str publisher: the name of who gives it
    """
    return {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{receipt_id}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": f"{_PROFILE}receipt-eu-gdpr",
        "dct:identifier": receipt_id,
        "dct:created": created,
        **({"dct:publisher": publisher} if publisher else {}),
        "dpv:hasRecordOfActivity": records,
    }


def _parts_of_text(text, text_hash):
    parts = {
        "dpv:hasNotice": {
            # RFC 6920
            "@id": f"ni:///sha-256;{_base64url(text_hash)}",
            "@type": "dpv:ConsentNotice",
            "dct:title": text["name"],
            "dct:language": text["language"].partition("_")[0],
            **({"schema:url": text["policy"]} if text.get("policy") else {}),
        },
        "dpv:hasProcess": [
            {
                "@type": "dpv:Process",
                "dpv:hasPurpose": {
                    "@type": "dpv:Purpose",
                    "dct:title": text["name"],
                    "dct:description": _plain(text["description"]),
                },
                "dpv:hasLegalBasis": {"@type": "dpv:Consent"},
            }
        ],
    }
    if text["controller"]:
        parts["dpv:hasDataController"] = {
            "@type": "dpv:DataController",
            "dpv:hasName": text["controller"],
            **({"schema:contactPoint": text["officer"]} if text.get("officer") else {}),
        }
    if text["processors"]:
        parts["dpv:hasRecipient"] = [
            {"@type": "dpv:DataProcessor", "dpv:hasName": text["processors"]}
        ]
    return parts


def _statuses(events):
    """:return: what each event says of the consent; those that say nothing are none"""
    last = None
    for event in events:
        kind = event["kind"]
        status = _STATUSES.get(kind)
        if kind == "confirmed":
            status = _STATUSES.get(last)
        elif kind == "given" and event["signs"]:
            # It looks as if a program answered: it counts once it is confirmed.
            status = "dpv:ConsentUnknown"
        elif kind == "given" and last in ("given", "expired", "invalidated"):
            status = "dpv:RenewedConsentGiven"
        if kind in _STATUSES and kind != "requested":
            last = kind
        if not status:
            continue
        one = {
            "@id": f"urn:uuid:{event['uuid']}",
            "@type": [status, "dpv:ExpressedConsent"]
            if status in ("dpv:ConsentGiven", "dpv:RenewedConsentGiven")
            else [status],
            "dpv:isIndicatedAtTime": event["answered_at"] or event["at"],
        }
        if event["by"] != "unknown":
            who = "Subject" if event["by"] == "subject" else "Controller"
            one["dpv:isIndicatedBy"] = f"dpv:Data{who}"
        if event["channel"]:
            one["dpv:hasIndicationMethod"] = event["channel"]
        yield one


def _plain(description):
    """:return: the words of an HTML text"""
    if not description.strip():
        return ""
    return " ".join(html.fragment_fromstring(description, "div").text_content().split())


def _base64url(hexadecimal):
    data = base64.urlsafe_b64encode(bytes.fromhex(hexadecimal))
    return data.decode().rstrip("=")
