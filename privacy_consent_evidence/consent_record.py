# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Consent records, receipts and the register, as JSON-LD with terms of DPV 2.3.

Records and receipts are made of the stored text of an answer and of the events alone,
by ISO/IEC TS 27560; the register of what a text made now would say. The names of
terms are those of https://w3id.org/dpv (W3C's guide “Implementing ISO/IEC TS
27560:2023”). A personal link is in none of them.
"""

import base64
from functools import lru_cache

from lxml import html

_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-eu": "https://w3id.org/dpv/legal/eu#",
    "loc": "https://w3id.org/dpv/loc#",
    "pd": "https://w3id.org/dpv/pd#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dct:conformsTo": {"@type": "@id"},
    "dct:created": {"@type": "xsd:dateTime"},
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
_GIVEN = ("dpv:ConsentGiven", "dpv:RenewedConsentGiven")
_ANSWERS = ("given", "refused", "withdrawn")
_RIGHTS = {
    "eu-gdpr:A7-3": "Right to withdraw consent",
    "eu-gdpr:A15": "Right of access",
    "eu-gdpr:A17": "Right to erasure",
    "eu-gdpr:A20": "Right to data portability",
}
_CONSENTS = ("A6-1-a", "A9-2-a")
# What the standard demands, and where a text has it, if it does.
_DEMANDED = {
    "pii_controllers": ("controller",),
    "recipient_third_parties": ("processors", "recipients"),
    "controller_contact": ("officer",),
    "lawful_basis": ("legal_basis",),
    "pii_information": ("data",),
    "storage_locations": ("countries",),
    "retention_period": ("storage_months", "deletion"),
    # No text says it.
    "controller_address": (),
    "validity_duration": ("validity_months",),
}
# The same of article 30(1) of the GDPR, for the register.
_DEMANDED_OF_REGISTER = {
    "pii_controllers": ("controller",),
    "controller_contact": ("officer",),
    "purposes": ("purposes",),
    "pii_principals": ("subjects",),
    "pii_information": ("data",),
    "recipient_third_parties": ("processors", "recipients"),
    "storage_locations": ("countries",),
    "retention_period": ("storage_months", "deletion"),
    "safeguards": ("safeguards",),
}


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
        return ("privacy_notice", "language", "purposes", *_DEMANDED)
    return _missing(text, _DEMANDED)


def missing_in_register(text):
    """:return: the names of what article 30(1) demands, and a text does not have"""
    return _missing(text, _DEMANDED_OF_REGISTER)


def _missing(text, demanded):
    said = {**text, **_processing(text)}
    return tuple(
        name for name, keys in demanded.items() if not any(map(said.get, keys))
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
        "dpv:hasJurisdiction": {"@id": "loc:EU"},
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dct:description": "By the link in each request, which leads to a page "
            "with a button",
        },
        "dpv:hasRight": _rights(text),
        "dpv:hasConsentStatus": list(_statuses(events, _processing(text))),
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


def activity(text):
    """:return: an activity as the register has it, without its context

    :param dict text: what a text of it says
    """
    return {
        "@id": f"urn:uuid:{text['activity']}",
        "dct:identifier": text["activity"],
        "dct:language": _language(text),
        "dct:title": text["name"],
        **_process(text, {}),
        **_parties(text),
        **({"dpv:hasRight": _rights(text)} if _processing(text).get("rights") else {}),
    }


def _parts_of_text(text, text_hash):
    return {
        "dpv:hasNotice": {
            # RFC 6920
            "@id": f"ni:///sha-256;{_base64url(text_hash)}",
            "@type": "dpv:ConsentNotice",
            "dct:title": text["name"],
            "dct:language": _language(text),
            **({"schema:url": text["policy"]} if text.get("policy") else {}),
        },
        "dpv:hasProcess": [_process(text, {"@type": "dpv:Consent"})],
        **_parties(text),
    }


def _processing(text):
    """:return: what a text says of the processing"""
    return (text or {}).get("processing") or {}


def _language(text):
    return text["language"].partition("_")[0]


def _rights(text):
    """:return: the rights that everybody has, and those that a text names"""
    named = {right: "" for right in _processing(text).get("rights", ())}
    return [
        {
            "@type": ["dpv:DataSubjectRight", right],
            **({"dct:title": title} if title else {}),
        }
        for right, title in {**named, **_RIGHTS}.items()
    ]


def _parties(text):
    """:return: who decides, and who gets the data"""
    parts = {}
    if text["controller"]:
        parts["dpv:hasDataController"] = {
            "@type": "dpv:DataController",
            "dpv:hasName": text["controller"],
            **({"schema:contactPoint": text["officer"]} if text.get("officer") else {}),
        }
    recipients = {
        "dpv:DataProcessor": text["processors"],
        "dpv:Recipient": _processing(text).get("recipients"),
    }
    if any(recipients.values()):
        parts["dpv:hasRecipient"] = [
            {"@type": role, "dpv:hasName": name}
            for role, name in recipients.items()
            if name
        ]
    return parts


def _process(text, basis):
    """:return: what is done with the data, and why

    :param dict basis: the legal basis, where the text names none
    """
    said = _processing(text)
    if named := said.get("legal_basis"):
        consent = ["dpv:Consent"] if named in _CONSENTS else []
        basis = {"@type": [*consent, f"eu-gdpr:{named}"]}
    # Other countries need a legal basis of their own.
    measures, transfers = [], []
    for code in said.get("safeguards", ()):
        (measures if code.startswith("dpv:") else transfers).append(code)
    bases = [
        *([basis] if basis else ()),
        *({"@type": ["dpv:DataTransferLegalBasis", code]} for code in transfers),
    ]
    parts = {
        "dct:description": said.get("note"),
        "dpv:hasLegalBasis": bases[0] if len(bases) == 1 else bases,
        "dpv:hasDataSubject": [
            {"@type": ["dpv:DataSubject", code]} for code in said.get("subjects", ())
        ],
        "dpv:hasPersonalData": [
            {"@type": ["dpv:PersonalData", code]} for code in said.get("data", ())
        ],
        "dpv:hasStorageCondition": list(_storage(said)),
        "dpv:hasTechnicalOrganisationalMeasure": [{"@type": code} for code in measures],
    }
    purposes = said.get("purposes")
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": ["dpv:Purpose", *purposes] if purposes else "dpv:Purpose",
            "dct:title": text["name"],
            "dct:description": _plain(text["description"]),
        },
        **{name: part for name, part in parts.items() if part},
    }


def _storage(said):
    if months := said.get("storage_months"):
        yield {"@type": "dpv:StorageDuration", "dpv:hasDuration": f"P{months}M"}
    if countries := said.get("countries"):
        yield {
            "@type": "dpv:StorageLocation",
            "dpv:hasLocation": list(map(_location, countries)),
        }
    if words := said.get("deletion"):
        yield {"@type": "dpv:StorageDeletion", "dct:description": words}


def _location(country):
    # ISO 3166 leaves codes with X to their users, such as Odoo's for Kosovo.
    if country.startswith("X"):
        return {"@type": "dpv:Country", "dct:identifier": country}
    return {"@id": f"loc:{country}"}


def _statuses(events, processing):
    """:return: what each event says of the consent; those that say nothing are none"""
    months = processing.get("validity_months")
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
            "@type": [status, "dpv:ExpressedConsent"] if status in _GIVEN else [status],
            "dpv:isIndicatedAtTime": event["answered_at"] or event["at"],
        }
        if months and status in _GIVEN:
            one["dpv:hasDuration"] = f"P{months}M"
        if event["by"] != "unknown":
            who = "Subject" if event["by"] == "subject" else "Controller"
            one["dpv:isIndicatedBy"] = f"dpv:Data{who}"
        if event["channel"]:
            one["dpv:hasIndicationMethod"] = event["channel"]
        yield one


@lru_cache(maxsize=16)
def _plain(description):
    """:return: the words of an HTML text"""
    if not description.strip():
        return ""
    return " ".join(html.fragment_fromstring(description, "div").text_content().split())


def _base64url(hexadecimal):
    data = base64.urlsafe_b64encode(bytes.fromhex(hexadecimal))
    return data.decode().rstrip("=")
