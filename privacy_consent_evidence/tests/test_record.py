# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Records and receipts are JSON-LD, and each term of theirs exists."""

import csv
import json
from pathlib import Path

from pyld import jsonld
from rdflib import Graph, Namespace

from odoo.tests import BaseCase

from .. import consent_record

DPV = Namespace("https://w3id.org/dpv#")
TEXT = {
    "activity": "7d3c3f1e-0000-4000-8000-000000000001",
    "controller": "Our Company",
    "description": "<p>One <b>mail</b> a month.</p>",
    "format": 2,
    "language": "fr_FR",
    "name": "Newsletter",
    "officer": "dpo@example.com",
    "policy": "https://example.com/privacy",
    "processors": "Mailer Inc.",
}
CONSENT = "7d3c3f1e-0000-4000-8000-000000000002"
RECEIPT = "7d3c3f1e-0000-4000-8000-000000000003"
HASH = "ab" * 32
SAID = {
    **TEXT,
    "format": 3,
    "processing": {
        "countries": ["DE", "XK"],
        "deletion": "A month later",
        "legal_basis": "A6-1-a",
        "note": "More",
        "recipients": "Printers",
        "storage_months": 24,
        "validity_months": 12,
    },
}


def event(kind, number=0, **values):
    """:return: what is hashed of an event, as far as records read it"""
    return {
        "uuid": f"7d3c3f1e-0000-4000-8000-1{number:011}",
        "at": f"2026-11-28T10:00:{number:02}.000000Z",
        "answered_at": None,
        "kind": kind,
        "by": "subject",
        "channel": "mail_link",
        "signs": None,
        "text_hash": HASH,
        **values,
    }


def terms():
    """:return: the names of the vocabularies, as ``dpv_terms.txt`` has them"""
    path = Path(__file__).with_name("dpv_terms.txt")
    lines = path.read_text().splitlines()
    return {line.partition("\t")[0] for line in lines if not line.startswith("#")}


def names_of(value):
    """:return: all names with a known prefix in a document, keys and values"""
    vocabularies = ("dpv", "eu-gdpr", "legal-eu", "loc", "pd")
    prefixes = tuple(f"{prefix}:" for prefix in vocabularies)
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "@context":
                continue
            if not key.startswith("@"):
                yield key
            yield from names_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from names_of(item)
    elif isinstance(value, str) and value.startswith(prefixes):
        yield value


def unwrapped(value):
    """:return: the value, with the only item of a list in place of that, as in RDF"""
    if isinstance(value, dict):
        return {key: unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [unwrapped(item) for item in value]
        return items[0] if len(items) == 1 else items
    return value


EVERYTHING = [
    event("requested", 0, by="system", channel=None),
    event("given", 1, signs="no_agent"),
    event("confirmed", 2, by="staff", channel="backend", text_hash=None),
    event("given", 3),
    event("withdrawn", 4),
    event("refused", 5, by="unknown"),
    event("given", 6, by="staff", channel="paper"),
    event("expired", 7, by="system"),
    event("given", 8),
    event("invalidated", 9, by="system"),
    event("links_ended", 10),
    event("merged", 11),
    event("erased", 12),
    event("bounced", 13),
]


class TestRecord(BaseCase):
    def record(self, events=None, text=None):
        """:return: a record with its context"""
        made = consent_record.record(CONSENT, events or EVERYTHING, text or TEXT)
        return {"@context": consent_record.CONTEXT, **made}

    def everything(self):
        """:return: a text that says all that can be said"""
        path = Path(__file__).parents[2] / "privacy_consent/data/privacy.term.csv"
        names = {
            "data": "data",
            "purpose": "purposes",
            "right": "rights",
            "safeguard": "safeguards",
            "subject": "subjects",
        }
        processing = dict(SAID["processing"])
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                processing.setdefault(names[row["kind"]], []).append(row["code"])
        return {**SAID, "processing": processing}

    def receipt(self):
        """:return: a receipt"""
        record = consent_record.record(CONSENT, EVERYTHING, TEXT)
        created = "2026-11-28T10:00:00.000000Z"
        return consent_record.receipt(RECEIPT, created, [record], "Our Company")

    def statuses(self, *events):
        """:return: what the record says of the consent after each event"""
        return [
            one["@type"][0].partition(":")[2]
            for one in self.record(list(events))["dpv:hasConsentStatus"]
        ]

    def test_every_term_exists(self):
        known = terms()
        used = set(names_of(self.record())) | set(names_of(self.receipt()))
        for number in "abcdef":
            text = self.everything()
            text["processing"]["legal_basis"] = f"A6-1-{number}"
            used |= set(names_of(self.record(text=text)))
        text["processing"]["legal_basis"] = "A9-2-a"
        used |= set(names_of(self.record(text=text)))
        # There is one for each country of ISO 3166.
        self.assertEqual(used - known, {"loc:DE"})
        self.assertEqual(known - used, set())

    def test_expands_without_loss(self):
        text = self.everything()
        for document in (self.record(), self.receipt(), self.record(text=text)):
            (expanded,) = jsonld.expand(document)
            compacted = jsonld.compact(expanded, consent_record.CONTEXT)
            self.assertEqual(unwrapped(compacted), unwrapped(document))

    def test_parses(self):
        for document in (self.record(), self.receipt()):
            graph = Graph().parse(data=json.dumps(document), format="json-ld")
            self.assertEqual(len(list(graph.subjects(DPV.hasConsentStatus))), 10)
            (notice,) = graph.objects(predicate=DPV.hasNotice)
            self.assertTrue(str(notice).startswith("ni:///sha-256;q6urq6"))
            for moment in graph.objects(predicate=DPV.isIndicatedAtTime):
                self.assertEqual(moment.value.utcoffset().total_seconds(), 0)

    def test_statuses(self):
        self.assertEqual(
            self.statuses(*EVERYTHING),
            [
                "ConsentRequested",
                "ConsentUnknown",
                "ConsentGiven",
                "RenewedConsentGiven",
                "ConsentWithdrawn",
                "ConsentRefused",
                "ConsentGiven",
                "ConsentExpired",
                "RenewedConsentGiven",
                "ConsentInvalidated",
            ],
        )
        self.assertEqual(self.statuses(event("merged")), [])

    def test_when_the_person_said_it(self):
        said = "2026-11-01T08:00:00.000000Z"
        record = self.record([event("given", answered_at=said, by="staff")])
        (status,) = record["dpv:hasConsentStatus"]
        self.assertEqual(status["dpv:isIndicatedAtTime"], said)
        self.assertEqual(status["dpv:isIndicatedBy"], "dpv:DataController")

    def test_text_of_the_answer(self):
        """It is that of the last answer: a later request may have another one."""
        events = [
            event("requested", 0, text_hash="1"),
            event("given", 1, text_hash="2"),
            event("withdrawn", 2, text_hash=None),
            event("requested", 3, text_hash="3"),
        ]
        self.assertEqual(consent_record.text_hash_of(events), "2")
        self.assertEqual(consent_record.text_hash_of(events[:1]), "1")
        self.assertIsNone(consent_record.text_hash_of(events[2:3]))

    def test_processing(self):
        record = self.record([event("requested"), event("given", 1)], self.everything())
        (process,) = record["dpv:hasProcess"]
        self.assertEqual(
            process["dpv:hasStorageCondition"],
            [
                {"@type": "dpv:StorageDuration", "dpv:hasDuration": "P24M"},
                {
                    "@type": "dpv:StorageLocation",
                    "dpv:hasLocation": [
                        {"@id": "loc:DE"},
                        {"@type": "dpv:Country", "dct:identifier": "XK"},
                    ],
                },
                {"@type": "dpv:StorageDeletion", "dct:description": "A month later"},
            ],
        )
        self.assertIn("dpv:DirectMarketing", process["dpv:hasPurpose"]["@type"])
        self.assertEqual(
            process["dpv:hasLegalBasis"][0],
            {"@type": ["dpv:Consent", "eu-gdpr:A6-1-a"]},
        )
        self.assertEqual(
            [one["dpv:hasName"] for one in record["dpv:hasRecipient"]],
            ["Mailer Inc.", "Printers"],
        )
        requested, given = record["dpv:hasConsentStatus"]
        self.assertNotIn("dpv:hasDuration", requested)
        self.assertEqual(given["dpv:hasDuration"], "P12M")

    def test_missing(self):
        self.assertEqual(consent_record.missing(TEXT)[0], "lawful_basis")
        self.assertEqual(
            consent_record.missing(self.everything()), ("controller_address",)
        )
        self.assertEqual(
            consent_record.missing(SAID), ("pii_information", "controller_address")
        )
        self.assertEqual(
            consent_record.missing({**TEXT, "processors": ""})[0],
            "recipient_third_parties",
        )
        self.assertIn("privacy_notice", consent_record.missing(None))
        events = [event("merged", text_hash=None)]
        record = consent_record.record(CONSENT, events, None)
        self.assertNotIn("dpv:hasNotice", record)
