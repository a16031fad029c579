# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Compare what is in the database with the log, and the log with its seals.

Rows are read by cursors of the database, in batches, so that memory does not grow with
their number.
"""

import base64
from bisect import bisect_right
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from json.encoder import encode_basestring as quoted

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from odoo.addons.privacy_consent import canonical_json
from odoo.addons.privacy_consent.append_only import moment
from odoo.addons.privacy_consent.models.privacy_consent_event import FORMAT, PARTS

from .log import checkpoint, merkle, timestamp
from .models.privacy_consent_leaf import NAMES, hashed_columns, leaf_of_row
from .rows import batches, rows

# What comes before the values in a row.
_FACTS = 10
# Where they are.
_AT, _DETAIL, _FORMAT, _ORIGIN, _TEXT, _UUID = map(
    NAMES.index,
    ("at", "detail_digest", "format", "origin_digest", "text_hash", "uuid"),
)
_HASHED = len(NAMES)
# Of each part, where its values are, and their names in order. The number of values
# that are another part's follows.
_PERSON, _OTHER = (tuple(sorted(PARTS[part])) for part in ("person", "origin"))
_PARTS = {
    "person": (_HASHED, _PERSON),
    "origin": (_HASHED + len(_PERSON) + 1, _OTHER),
}
# An event may be recorded before a seal that does not have it, by a transaction that
# took so long; and a clock may be that wrong.
_TOLERANCE = timedelta(hours=1)


@dataclass(frozen=True)
class _Root:
    """What the root of the log was at a size, as somebody says.

    :ivar str name: who
    """

    size: int
    root: bytes
    name: str


class LogCheck:
    """One check.

    :param env: with superuser rights or not: it reads by SQL
    :param outside: the texts of seals that left the house before
    :raise CheckpointError: for a text that is no seal
    """

    def __init__(self, env, outside=()):
        self._env = env
        self._now = moment()
        self._roots = []
        for seal in map(checkpoint.read_checkpoint, outside):
            self._expect(seal, env._("the seal of %s events from outside", seal.size))
        # Of the seals, by their size.
        self._sizes, self._moments = [], []
        self._earliest_by_seal = {}
        months = env["privacy.consent"]._origin_months()
        # What is never forgotten would be as old as time.
        self._forgotten = (
            (self._now - relativedelta(months=months)).isoformat() if months else ""
        )
        # Leaves of events that differ from the log, by position.
        self._changed = {}

    def findings(self):
        """:return: the ``uuid`` of an event, or none, and what is wrong, in words"""
        yield from self._check_seals()
        yield from self._check_texts()
        yield from self._check_events()
        yield from self._check_tree()

    # Seals ----------------------------------------------------------------------

    def _expect(self, seal, name):
        self._roots.append(_Root(seal.size, seal.root, name))
        if before := seal.continues():
            self._roots.append(
                _Root(*before, self._env._("the log that %s continues", name))
            )

    def _check_seals(self):
        names = ("size", "at", "root", "origin", "checkpoint", "verifier", "stamp")
        for values in rows(
            self._env.cr,
            SQL(
                "SELECT %s FROM privacy_consent_seal ORDER BY id",
                SQL(", ").join(map(SQL.identifier, names)),
            ),
        ):
            row = dict(zip(names, values, strict=True))
            name = self._env._("the seal of %s events", row["size"])
            problem = self._problem_of_seal(row, name)
            if problem:
                yield (
                    None,
                    self._env._("%(name)s: %(problem)s", name=name, problem=problem),
                )
            if self._sizes and row["size"] <= self._sizes[-1]:
                yield None, self._env._("%s is no larger than the one before it.", name)
                continue
            self._sizes.append(row["size"])
            self._moments.append(row["at"])

    def _problem_of_seal(self, row, name):
        """Read a seal, and keep its root in mind.

        :return: what is wrong with it, in words, or nothing
        """
        try:
            seal = checkpoint.read_checkpoint(row["checkpoint"])
            self._expect(seal, name)
            root = base64.b64encode(seal.root).decode()
            if (seal.origin, seal.size, root) != (
                row["origin"],
                row["size"],
                row["root"],
            ):
                return self._env._("Its text says something else than its fields.")
            if bool(seal.signatures) != bool(row["verifier"]) or (
                row["verifier"] and not checkpoint.signed_by(seal, row["verifier"])
            ):
                return self._env._("Its signature is wrong.")
            if row["stamp"]:
                stamp = base64.b64decode(bytes(row["stamp"]))
                data = row["checkpoint"].encode()
                if row["at"] > timestamp.check_stamp(stamp, data) + _TOLERANCE:
                    return self._env._("It was stamped before it was made.")
        except ValueError as error:
            return str(error)
        return None

    # Texts ----------------------------------------------------------------------

    def _check_texts(self):
        for stated, content in rows(
            self._env.cr, SQL("SELECT hash, content FROM privacy_consent_text")
        ):
            if canonical_json.digest_of(content.encode()) != stated:
                yield None, self._env._("The text %s was changed.", stated)

    # Events ---------------------------------------------------------------------

    def _check_events(self):
        """Read each event once, with its leaf, its text and its personal parts."""
        parts = 0
        for some in batches(self._env.cr, self._events()):
            for row in some:
                position, stored, leaf_uuid, event_id, due_id, *more = row[:_FACTS]
                text_id, found_text_id, is_erased, person_salt, origin_salt = more
                values = row[_FACTS:]
                uuid = values[_UUID] or leaf_uuid
                if event_id is None:
                    yield uuid, self._problem_of_deleted(position, due_id)
                    continue
                if position is not None:
                    leaf = leaf_of_row(values[:_HASHED])
                    if leaf != bytes(stored) or values[_FORMAT] != FORMAT:
                        self._changed[position] = uuid, leaf
                elif due_id is None:
                    yield (
                        uuid,
                        self._env._(
                            "The event is not in the log: it was put in past Odoo."
                        ),
                    )
                if values[_AT] < self._earliest(position):
                    yield uuid, self._back_dated(values[_AT])
                if text_id != found_text_id or (values[_TEXT] and not text_id):
                    yield uuid, self._problem_of_link(found_text_id, values[_TEXT])
                for part, salt, digest in (
                    ("person", person_salt, values[_DETAIL]),
                    ("origin", origin_salt, values[_ORIGIN]),
                ):
                    if salt is not None:
                        parts += 1
                        if not digest:
                            yield uuid, self._put_in()
                        elif _digest(part, values, salt) != digest:
                            yield uuid, self._part_changed(part)
                    elif digest and not self._may_be_missing(part, is_erased, values):
                        yield uuid, self._part_missing(part)
        yield from self._check_more_parts(parts)

    def _events(self):
        return SQL(
            """
            SELECT leaf.position, substr(leaf.hashes, 1, %(length)s), leaf.event_uuid,
                privacy_consent_event.id, due.event_id, privacy_consent_event.text_id,
                privacy_consent_text.id, erased.consent_uuid IS NOT NULL,
                person.salt, origin.salt, %(hashed)s, %(person)s, %(origin)s
            FROM privacy_consent_leaf AS leaf
            FULL JOIN privacy_consent_event
                ON privacy_consent_event.uuid = leaf.event_uuid
            LEFT JOIN privacy_consent_text
                ON privacy_consent_text.hash = privacy_consent_event.text_hash
            LEFT JOIN (
                SELECT DISTINCT consent_uuid FROM privacy_consent_event
                WHERE kind = 'erased'
            ) AS erased ON erased.consent_uuid = privacy_consent_event.consent_uuid
                AND privacy_consent_event.kind <> 'erased'
            LEFT JOIN privacy_consent_event_detail AS person
                ON person.event_id = privacy_consent_event.id AND person.part = 'person'
            LEFT JOIN privacy_consent_event_detail AS origin
                ON origin.event_id = privacy_consent_event.id AND origin.part = 'origin'
            FULL JOIN privacy_consent_leaf_due AS due
                ON due.event_id = privacy_consent_event.id
            """,
            length=merkle.HASH_LENGTH,
            hashed=hashed_columns(),
            **{
                part: SQL(
                    "%s, num_nonnulls(%s)",
                    SQL(", ").join(SQL.identifier(part, name) for name in names),
                    SQL(", ").join(
                        SQL.identifier(part, name)
                        for name in sorted({*sum(PARTS.values(), ())} - {*names})
                    ),
                )
                for part, (_first, names) in _PARTS.items()
            },
        )

    def _problem_of_deleted(self, position, due_id):
        if position is not None:
            return self._env._("The event was deleted since it was sealed.")
        return self._env._(
            "The event with the ID %s was deleted before it was sealed.", due_id
        )

    def _earliest(self, position):
        """:return: since when an event can have been recorded, at least, as a text"""
        number = len(self._sizes)
        if position is not None:
            number = bisect_right(self._sizes, position)
        if number not in self._earliest_by_seal:
            # Where the clock went back, it did so for the event and the seal.
            moments = [*self._moments, self._now][max(number - 1, 0) : number + 1]
            earliest = (min(moments) - _TOLERANCE).isoformat()
            self._earliest_by_seal[number] = earliest if number else ""
        return self._earliest_by_seal[number]

    def _back_dated(self, at):
        return self._env._(
            "The event was back-dated: it says that it was recorded at %s, but a later "
            "seal does not have it.",
            at,
        )

    def _problem_of_link(self, found_text_id, text_hash):
        if text_hash and not found_text_id:
            return self._env._("The text that was shown is missing: %s", text_hash)
        return self._env._("The event leads to another text than the one shown.")

    # Personal parts -------------------------------------------------------------

    def _may_be_missing(self, part, is_erased, values):
        """:return: whether somebody erased a part, or its time is over"""
        return is_erased or (part == "origin" and values[_AT] < self._forgotten)

    def _part_changed(self, part):
        return self._env._("The personal part “%s” was changed.", part)

    def _part_missing(self, part):
        return self._env._(
            "The personal part “%s” is missing, and was not erased.", part
        )

    def _put_in(self):
        return self._env._("A personal part was put in past Odoo.")

    def _check_more_parts(self, expected):
        """Look for parts of other names, and for those that are there twice.

        :param int expected: how many were found with their events
        """
        (count,) = self._env.execute_query(
            SQL("SELECT count(*) FROM privacy_consent_event_detail")
        )[0]
        twice = SQL(
            """
            SELECT event.uuid FROM privacy_consent_event AS event JOIN (
                SELECT event_id FROM privacy_consent_event_detail
                GROUP BY event_id, part HAVING count(*) > 1 OR part NOT IN %s
            ) AS detail ON event.id = detail.event_id
            """,
            tuple(PARTS),
        )
        if count != expected:
            for (uuid,) in rows(self._env.cr, twice):
                yield uuid, self._put_in()

    # The tree -------------------------------------------------------------------

    def _check_tree(self):
        """Compute the tree anew: from the log, and from what the events say now.

        At each seal one of both tells who is right, and counts from there on.
        """
        roots = sorted(self._roots, key=lambda one: one.size)
        log, events = merkle.Tree(), None
        pending, since = [], 0
        for position, uuid, hashes in rows(
            self._env.cr,
            SQL(
                "SELECT position, event_uuid, hashes FROM privacy_consent_leaf"
                " ORDER BY position"
            ),
        ):
            if position != log.size:
                yield uuid, self._gap(log.size, position)
                break
            hashes = bytes(hashes)
            leaf = hashes[: merkle.HASH_LENGTH]
            changed, found = self._changed.get(position, (None, leaf))
            if changed:
                pending.append(changed)
                # Until here both are the same.
                events = events or deepcopy(log)
            completed = [b"".join(log.append(leaf))]
            if events:
                completed.append(b"".join(events.append(found)))
            if hashes not in completed:
                yield uuid, self._env._("Its place in the log was changed.")
            while roots and roots[0].size <= log.size:
                expected = roots.pop(0)
                yield from self._compare_roots(expected, log, events, pending, since)
                events, pending, since = None, [], log.size
        else:
            yield from self._check_ends(log.size, roots)
        for uuid in pending:
            yield uuid, self._env._("The event is not what its place in the log says.")

    def _gap(self, size, position):
        return self._env._(
            "Before this event the log has a gap: the places from %(first)s to "
            "%(last)s are missing.",
            first=size + 1,
            last=position,
        )

    def _compare_roots(self, expected, log, events, pending, since):
        if log.root() == expected.root:
            message = self._env._("The event was changed since it was sealed.")
        elif events and events.root() == expected.root:
            message = self._env._("Its place in the log was changed, not the event.")
            log.hashes = list(events.hashes)
        else:
            message = self._env._("The event and its place in the log were changed.")
            yield (
                None,
                self._env._(
                    "The log is not what %(name)s says: events from %(first)s to "
                    "%(last)s were rewritten.",
                    name=expected.name,
                    first=since + 1,
                    last=expected.size,
                ),
            )
        for uuid in pending:
            yield uuid, message

    def _check_ends(self, size, roots):
        sealed = self._sizes[-1] if self._sizes else 0
        if size > sealed:
            yield (
                None,
                self._env._(
                    "The log has %(size)s events, but its last seal covers %(sealed)s: "
                    "later seals were deleted.",
                    size=size,
                    sealed=sealed,
                ),
            )
        for expected in roots:
            yield (
                None,
                self._env._(
                    "The events from %(first)s to %(last)s of %(name)s are missing.",
                    first=size + 1,
                    last=expected.size,
                    name=expected.name,
                ),
            )


def _digest(part, values, salt):
    """:return: the digest of a personal part; none if it has what is another one's"""
    first, names = _PARTS[part]
    *found, strays = values[first : first + len(names) + 1]
    written = [
        f'"{name}":{quoted(value)}'
        for name, value in zip(names, found, strict=True)
        if value is not None
    ]
    data = f"{{{','.join(written)}}}".encode()
    return None if strays else canonical_json.digest_of(data, salt)
