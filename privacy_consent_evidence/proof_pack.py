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
import re
import zipfile
from contextlib import ExitStack
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile

from markupsafe import Markup, escape

from odoo.tools import SQL, html2plaintext, split_every

from odoo.addons.privacy_consent import links

from . import consent_record, verifier
from .log import merkle
from .log.checkpoint import read_checkpoint
from .models.privacy_consent_leaf import NAMES, hashed_columns, reader
from .rows import rows

_IN_MEMORY = 2**20
_CONSENTS = 100
_SEALS = 1000
_SENT = ("delivered", "bounced")
# A text that somebody changed shall show in the pack, too.
_NO_TEXT = dict.fromkeys(
    ("name", "description", "controller", "processors", "language"), ""
)


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
        " leaf.position, %s FROM privacy_consent_event"
        " LEFT JOIN privacy_consent_leaf AS leaf"
        " ON leaf.event_uuid = privacy_consent_event.uuid"
        " WHERE %s ORDER BY privacy_consent_event.consent_uuid,"
        " privacy_consent_event.id",
        hashed_columns(),
        condition,
    )
    events = []
    for event_id, consent_id, position, *values in rows(env.cr, query):
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
                "hashed": hashed,
            }
        )
    if events:
        yield events[0]["hashed"]["consent_uuid"], events


class ProofPack:
    """A pack to be written. It asks for no rights: whoever offers it has to.

    :param env: with the reader's language
    :param SQL condition: of the events that it has
    :param bool for_person: whether it is for the person concerned: then it names
        neither staff nor others
    """

    def __init__(self, env, condition, for_person=False):
        self._env = env(su=True, context={**env.context, "active_test": False})
        self._condition = condition
        self._for_person = for_person
        self._read = reader(self._env)
        self._texts = {}
        self._missing = {}
        self._count = 0

    def write_to(self, file):
        """Write the ZIP file.

        :param file: open for writing bytes
        """
        self._env.flush_all()
        with (
            ExitStack() as stack,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            self._archive = archive
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
                self._env.invalidate_all(flush=False)
                self._load_parts(group)
                self._load_proofs(group)
                consents = [self._consent(*one) for one in group]
                for one in consents:
                    for event in one["events"]:
                        events.write(_json(self._line(event)) + b"\n")
                    if one["record"]:
                        records.write((b"" if first else b",\n") + _json(one["record"]))
                        first = False
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
            archive.writestr("pack.json", _json({"format": 1, "events": self._count}))
            archive.writestr("verify.py", verifier.script())

    def _copy(self, name, source):
        source.seek(0)
        with self._archive.open(name, "w", force_zip64=True) as target:
            copyfileobj(source, target)

    def _render(self, template, **values):
        lang = self._env["res.lang"]._get_data(code=self._env.lang or "en_US")
        return (
            self._env["ir.qweb"]
            ._render(
                f"privacy_consent_evidence.{template}",
                {
                    "direction": lang.direction or "ltr",
                    "for_person": self._for_person,
                    "lang": (lang.code or "en_US").replace("_", "-"),
                    "missing": self._missing,
                    "size": self._size,
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
        """:return: the content of a stored text, or None"""
        if text_hash not in self._texts:
            text = self._env["privacy.consent.text"].search([("hash", "=", text_hash)])
            self._texts[text_hash] = text.content
        content = self._texts[text_hash]
        return parsed(content) if content else None

    def _write_texts(self):
        for text_hash, content in self._texts.items():
            if content:
                self._archive.writestr(f"texts/{text_hash}.json", content)
                text = parsed(content) or _NO_TEXT
                page = self._render(
                    "pack_text",
                    text=text,
                    description=Markup(text["description"]),
                    hash=text_hash,
                    lines=self._env["privacy.activity"]._processing_lines(
                        text.get("processing")
                    ),
                )
                self._archive.writestr(
                    f"texts/{text_hash}.html", b"<!DOCTYPE html>\n" + page
                )

    # Events ---------------------------------------------------------------------

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
        ids = {event["consent_id"] for event in events} - {None}
        consent = self._env["privacy.consent"].browse(ids).exists()
        files = self._write_requests(consent) + self._write_files(consent)
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

    def _write_requests(self, consents):
        """:return: the paths of the requests of a consent that left"""
        paths = []
        for request in consents.request_ids.sorted("id"):
            if request.state in _SENT and request.message_id:
                path = f"requests/{request.uuid}.eml"
                self._archive.writestr(path, self._mail(request))
                paths.append(path)
        return paths

    def _mail(self, request):
        """:return: a request as it was sent, without personal links

        For the person, staff who wrote it are not named.
        """
        message, consent = request.message_id, request.consent_id
        hide = self._hiding(message)
        body = consent._without_links(hide(str(message.body or "")))
        mail = EmailMessage(policy.SMTP)
        for name, value in (
            ("From", message.email_from),
            ("To", request.address),
            ("Subject", message.subject),
            ("Message-ID", message.message_id),
            ("Date", format_datetime(request.delivered_date or message.date)),
        ):
            # Of a stored value no line may become a header.
            clean = " ".join(consent._without_links(hide(value or "")).split())
            if clean:
                mail[name] = clean
        mail.set_content(html2plaintext(body))
        mail.add_alternative(body, subtype="html")
        files = [(file.name, file.raw or b"") for file in message.attachment_ids]
        for name, content in consent._files_without_links(files):
            data = content.encode() if isinstance(content, str) else content
            # As an ordinary file: a mail within a mail could not be encoded.
            kind = {"maintype": "application", "subtype": "octet-stream"}
            mail.add_attachment(data, **kind, filename=name)
        return mail.as_bytes()

    def _hiding(self, message):
        """:return: the function that takes the names of staff out of a text"""
        users = message.author_id.user_ids | message.create_uid
        users = users.filtered(lambda user: user._is_internal()) - self._env.ref(
            "base.user_root"
        )
        words = {
            word
            for user in users
            for word in (
                user.name,
                user.email,
                str(user.signature or ""),
                html2plaintext(user.signature or ""),
            )
            if word and word.strip()
        }
        if not self._for_person or not words:
            return lambda text: text
        words |= {str(escape(word)) for word in words}
        pattern = re.compile(
            "|".join(map(re.escape, sorted(words, key=len, reverse=True))),
            re.IGNORECASE,
        )
        return lambda text: pattern.sub(links.scrub.MARK, text)

    def _write_files(self, consents):
        """Write the files of a consent: scans, and what came with replies.

        The person gets those that came from themselves: others may name somebody.

        :return: their paths
        """
        files = self._env["ir.attachment"].search(
            [("res_model", "=", consents._name), ("res_id", "in", consents.ids)],
            order="id",
        )
        if self._for_person:
            own = self._env["mail.message"].search(
                [
                    ("attachment_ids", "in", files.ids),
                    ("author_id", "in", consents.partner_id.ids),
                ]
            )
            files &= own.attachment_ids
        paths = []
        for file in files.filtered(lambda one: one.type == "binary"):
            consent = consents.browse(file.res_id)
            ((name, content),) = consent._files_without_links(
                [(file.name, file.raw or b"")]
            )
            clean = re.sub(r"[^\w.-]+", "_", name)
            path = f"files/{file.id}-{clean}"
            self._archive.writestr(path, content)
            paths.append(path)
        return paths


def _json(value):
    return json.dumps(value, ensure_ascii=False).encode()


def parsed(content):
    """:return: the values of a stored text; None of one that is none any more"""
    try:
        values = json.loads(content)
    except ValueError:
        return None
    return {**_NO_TEXT, **values} if isinstance(values, dict) else None
