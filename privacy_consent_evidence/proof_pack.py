# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Write proof packs: all that is known of some consents, for people outside.

What ``verify.py`` needs is described in ``pack_check.py``. The rest is for reading:
``index.html``, the requests as they were sent, files, and records by ISO/IEC TS 27560.
Consents are read in batches, and what grows with their number is written to temporary
files, so that memory does not.
"""

import base64
import json
import zipfile
from contextlib import ExitStack
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile

from markupsafe import Markup

from odoo.tools import SQL, split_every

from odoo.addons.privacy_consent import canonical_json, links

from . import consent_record, verifier
from .log import merkle
from .log.checkpoint import read_checkpoint
from .models.privacy_consent_leaf import NAMES, hashed_columns, reader
from .pack_files import PackFiles
from .page_language import page_language
from .rows import rows

_IN_MEMORY = 2**20
_CONSENTS = 100
_SEALS = 1000


def of_consents(consents):
    """:return: the condition of the events of these consents, for :class:`ProofPack`"""
    return SQL("privacy_consent_event.consent_id = ANY(%s)", consents.ids)


def of_events(events):
    """Select the consents to which something of this happened, with all their events.

    What concerns no single consent is selected as it is.

    :param Query events: what a search finds
    :return: the condition
    """
    return SQL(
        "(privacy_consent_event.consent_uuid IN (SELECT consent_uuid"
        " FROM privacy_consent_event WHERE id IN %(events)s)"
        " OR privacy_consent_event.consent_uuid IS NULL"
        " AND privacy_consent_event.id IN %(events)s)",
        events=events.subselect(),
    )


def events_by_consent(env, condition):
    """:return: the uuid of each consent, if any, and its events, oldest first

    :param SQL condition: of the events
    """
    query = SQL(
        "SELECT privacy_consent_event.id, privacy_consent_event.consent_id,"
        " leaf.position, leaf.position IS NULL AND EXISTS ("
        "  SELECT FROM privacy_consent_leaf_due"
        "  WHERE event_id = privacy_consent_event.id"
        " ), %s FROM privacy_consent_event"
        " LEFT JOIN privacy_consent_leaf AS leaf"
        " ON leaf.event_uuid = privacy_consent_event.uuid"
        " WHERE %s ORDER BY privacy_consent_event.consent_uuid,"
        " privacy_consent_event.id",
        hashed_columns(),
        condition,
    )
    events = []
    for event_id, consent_id, position, waits, *values in rows(env.cr, query):
        hashed = dict(zip(NAMES, values, strict=True))
        last = events and events[-1]["hashed"]["consent_uuid"]
        if events and last != hashed["consent_uuid"]:
            yield last, events
            events = []
        events.append(
            {
                "id": event_id,
                "consent_id": consent_id,
                "position": position,
                "waits": waits,
                "hashed": hashed,
            }
        )
    if events:
        yield events[0]["hashed"]["consent_uuid"], events


class ProofPack:
    """A pack to be written. It asks for no rights: whoever offers it has to.

    :param env: with the reader's language
    :param SQL condition: of the events that it has: all, if there is none
    :param bool for_person: whether it is for the person concerned: then it names
        neither staff nor others
    """

    def __init__(self, env, condition=None, for_person=False):
        self._env = env(su=True, context={**env.context, "active_test": False})
        self._has_everything = not condition
        self._condition = condition or SQL("TRUE")
        self._for_person = for_person
        self._read = reader(self._env)
        self._texts = {}
        self._missing = {}
        self._count = 0

    def write_to(self, file, progress=None):
        """Write the ZIP file.

        :param file: open for writing bytes
        :param progress: is told now and then how many consents are written, and how
            many there are
        """
        self._env.flush_all()
        written, total = 0, self._count_consents() if progress else 0
        with (
            ExitStack() as stack,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            self._archive = archive
            self._files = PackFiles(self._env, archive, self._for_person)
            self._size = self._write_seals()
            events, index, records = (
                stack.enter_context(SpooledTemporaryFile(_IN_MEMORY)) for _name in "eir"
            )
            head = {"@context": consent_record.CONTEXT}
            records.write(_json(head)[:-1] + b',"@graph":[')
            first = True
            for group in split_every(
                _CONSENTS, events_by_consent(self._env, self._condition)
            ):
                if progress:
                    progress(written, total)
                self._env.invalidate_all(flush=False)
                self._load_consents(group)
                self._load_parts(group)
                self._load_proofs(group)
                consents = [self._consent(*one) for one in group]
                for one in consents:
                    for event in one["events"]:
                        events.write(_json(self._line(event)) + b"\n")
                    if one["record"]:
                        records.write((b"" if first else b",\n") + _json(one["record"]))
                        first = False
                        written += 1
                index.write(self._render("pack_consents", consents=consents))
            records.write(b"]}\n")
            self._write_texts()
            self._copy("events.jsonl", events)
            self._copy("record.jsonld", records)
            with archive.open("index.html", "w") as target:
                page = self._render("pack_index").partition(b'<p class="consents"></p>')
                target.write(b"<!DOCTYPE html>\n" + page[0])
                index.seek(0)
                copyfileobj(index, target)
                target.write(page[2])
            content = {"events": self._count, "everything": self._has_everything}
            archive.writestr("pack.json", _json({"format": 1, **content}))
            archive.writestr("verify.py", verifier.script())
        if progress:
            progress(written, total)

    def _count_consents(self):
        query = SQL(
            "SELECT count(DISTINCT consent_uuid) FROM privacy_consent_event WHERE %s",
            self._condition,
        )
        ((count,),) = self._env.execute_query(query)
        return count

    def _copy(self, name, source):
        source.seek(0)
        with self._archive.open(name, "w", force_zip64=True) as target:
            copyfileobj(source, target)

    def _render(self, template, **values):
        return (
            self._env["ir.qweb"]
            ._render(
                f"privacy_consent_evidence.{template}",
                {
                    "for_person": self._for_person,
                    "missing": self._missing,
                    "size": self._size,
                    **page_language(self._env, self._env.lang or "en_US"),
                    **values,
                },
                minimal_qcontext=True,
            )
            .encode()
        )

    # Seals and texts ------------------------------------------------------------

    def _write_seals(self):
        """:return: the size of the last seal"""
        lines, before = [], 0
        seals = self._env["privacy.consent.seal"].search([], order="size")
        for some in split_every(_SEALS, seals.ids, seals.browse):
            seals.invalidate_model()
            sizes = [read_checkpoint(one.checkpoint).size for one in some]
            grown = [before, *sizes] if before else sizes
            proofs = merkle.consistency_proofs(grown, self._read)
            if not before:
                proofs.insert(0, [])
            for seal, proof in zip(some, proofs, strict=True):
                line = {
                    "file": f"seals/{seal.size}.txt",
                    "consistency": [one.hex() for one in proof],
                }
                self._archive.writestr(line["file"], seal.checkpoint)
                if seal.stamp:
                    line["stamp"] = f"seals/{seal.size}.tsr"
                    self._archive.writestr(line["stamp"], base64.b64decode(seal.stamp))
                lines.append(_json(line) + b"\n")
            before = sizes[-1]
        self._archive.writestr("seals.jsonl", b"".join(lines))
        return before

    def _text(self, text_hash):
        """:return: what a stored text says, see :func:`parsed`"""
        if text_hash not in self._texts:
            text = self._env["privacy.consent.text"].search([("hash", "=", text_hash)])
            self._texts[text_hash] = parsed(text.content, text_hash)
            if text.content:
                self._archive.writestr(f"texts/{text_hash}.json", text.content)
        return self._texts[text_hash]

    def _write_texts(self):
        for text_hash, text in self._texts.items():
            if text:
                page = self._render(
                    "pack_text",
                    text=text,
                    description=Markup(text["description"]),
                    hash=text_hash,
                    lines=self._env["privacy.activity"]._processing_lines(
                        text.get("processing")
                    ),
                    **page_language(self._env, text["language"]),
                )
                self._archive.writestr(
                    f"texts/{text_hash}.html", b"<!DOCTYPE html>\n" + page
                )

    # Events ---------------------------------------------------------------------

    def _load_consents(self, group):
        """Find the consents that are there still, and read them together."""
        ids = {
            one["id"]: one["consent_id"] for _uuid, events in group for one in events
        }
        consents = self._env["privacy.consent"]
        self._consents = consents.browse({*ids.values()} - {None}).exists()
        self._files.load(self._consents, ids)

    def _load_parts(self, group):
        """Read the personal parts of the events of some consents."""
        by_id = {event["id"]: event for _uuid, events in group for event in events}
        details = self._env["privacy.consent.event.detail"].search(
            [("event_id", "in", list(by_id))]
        )
        for event in by_id.values():
            event["parts"] = {}
        for detail in details:
            by_id[detail.event_id.id]["parts"][detail.part] = {
                "salt": detail.salt,
                "values": detail._personal_values(),
            }

    def _line(self, event):
        """:return: the line of an event"""
        self._count += 1
        line = {name: event[name] for name in ("parts", "without")}
        line["event"] = event["hashed"]
        if event["proof"] is not None:
            line |= {"position": event["position"], "proof": event["proof"]}
        elif event["waits"]:
            line["waits"] = True
        return line

    def _load_proofs(self, group):
        """Prove that the events of some consents are in the last seal, if they are."""
        sealed = {}
        for event in (event for _uuid, events in group for event in events):
            event["proof"] = None
            if event["position"] is not None and event["position"] < self._size:
                sealed[event["position"]] = event
        proofs = merkle.inclusion_proofs(sealed, self._size, self._read)
        for event, proof in zip(sealed.values(), proofs, strict=True):
            event["proof"] = [one.hex() for one in proof]

    def _withhold(self, events):
        """Take out of the events what this reader does not get, and say why."""
        erased = any(event["hashed"]["kind"] == "erased" for event in events)
        for event in events:
            event["without"] = {}
            for part, digest in (
                ("person", "detail_digest"),
                ("origin", "origin_digest"),
            ):
                found = event["parts"].get(part)
                if found and not self._may_show(found["values"]):
                    del event["parts"][part]
                    event["without"][part] = "withheld"
                elif not found and event["hashed"][digest]:
                    if erased:
                        event["without"][part] = "erased"
                    elif part == "origin":
                        event["without"][part] = "forgotten"

    def _may_show(self, values):
        """:return: whether this reader gets a personal part, which is whole or not"""
        if links.scrub.contains(json.dumps(values)):
            return False
        return not (self._for_person and {"staff", "note"} & values.keys())

    # Consents -------------------------------------------------------------------

    def _consent(self, consent_uuid, events):
        """Gather what the files say of a consent, and write those that are its own.

        :return: what the page needs
        """
        self._withhold(events)
        hashed = [event["hashed"] for event in events]
        for one in hashed:
            if one["text_hash"]:
                self._text(one["text_hash"])
        text_hash = consent_record.text_hash_of(hashed)
        text = text_hash and self._text(text_hash)
        ids = {event["consent_id"] for event in events} & {*self._consents.ids}
        consents = self._consents.browse(ids).with_prefetch(self._consents.ids)
        files = self._files.add(consents)
        names = self._env["privacy.consent.event"]
        kinds, words, channels = names._kinds(), names._words(), names._channels()
        for event in events:
            one = event["hashed"]
            event["labels"] = {
                "what": kinds.get(one["kind"], one["kind"]),
                "who": words.get(one["by"], one["by"]),
                "how": channels.get(one["channel"], one["channel"]),
            }
            event["personal"] = {
                name: value
                for part in event["parts"].values()
                for name, value in part["values"].items()
            }
        if consent_uuid:
            labels = self._env["privacy.consent"]._missing_labels()
            for name in consent_record.missing(text):
                self._missing[name] = labels[name]
        return {
            "uuid": consent_uuid,
            "events": events,
            "text": text,
            "text_hash": text_hash,
            "files": files,
            "record": consent_uuid
            and consent_record.record(consent_uuid, hashed, text),
        }


def _json(value):
    return json.dumps(value, ensure_ascii=False).encode()


def parsed(content, text_hash):
    """:return: what a stored text says; None if there is none, or somebody changed it

    :param content: as it is stored
    :param str text_hash: by which events know it
    """
    if not content or canonical_json.digest_of(content.encode()) != text_hash:
        return None
    return json.loads(content)
