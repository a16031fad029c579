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
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from odoo.addons.privacy_consent import canonical_json
from odoo.addons.privacy_consent.append_only import moment
from odoo.addons.privacy_consent.models.privacy_consent_event import FORMAT, PARTS

from .log import checkpoint, merkle, timestamp
from .rows import rows
from .suspects import suspects

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
        # The ids of texts by their hashes.
        self._text_ids = {}
        months = env["privacy.consent"]._origin_months()
        # What is never forgotten would be as old as time.
        self._forgotten = (
            (self._now - relativedelta(months=months)).isoformat() if months else ""
        )
        # Events that differ from the log, by position, and their leaves where these do.
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
        for text_id, stated, content in rows(
            self._env.cr, SQL("SELECT id, hash, content FROM privacy_consent_text")
        ):
            self._text_ids[stated] = text_id
            if canonical_json.digest_of(content.encode()) != stated:
                yield None, self._env._("The text %s was changed.", stated)

    # Events ---------------------------------------------------------------------

    def _check_events(self):
        """Compare each event with its leaf, its text and its personal parts."""
        # A cursor would have only one processor work.
        self._env.cr.execute(
            SQL(
                "CREATE TEMP TABLE privacy_consent_suspects AS %s",
                suspects(
                    self._sizes,
                    list(map(self._earliest_after, range(len(self._sizes) + 1))),
                    self._forgotten or datetime.min,
                ),
            )
        )
        try:
            yield from self._check_suspects()
        finally:
            self._env.cr.execute("DROP TABLE privacy_consent_suspects")
        yield from self._check_more_parts()
        yield from self._check_due()

    def _check_suspects(self):
        """Say what is wrong with the events of which the database says that."""
        found = SQL("TABLE privacy_consent_suspects ORDER BY position, id")
        for row in rows(self._env.cr, found):
            position, leaf_uuid, event_id, is_due, uuid, version, at, *more = row
            text_id, text_hash, leaf, is_erased, *more = more
            person, person_digest, origin, origin_digest = more
            if event_id is None:
                yield (
                    leaf_uuid,
                    self._env._("The event was deleted since it was sealed."),
                )
                continue
            if position is not None:
                if leaf is not None or version != FORMAT:
                    self._changed[position] = uuid, leaf and bytes(leaf)
            elif not is_due:
                yield (
                    uuid,
                    self._env._(
                        "The event is not in the log: it was put in past Odoo."
                    ),
                )
            if at < self._earliest(position):
                yield uuid, self._back_dated(at)
            found_text_id = text_hash and self._text_ids.get(text_hash)
            if text_id != found_text_id or (text_hash and not text_id):
                yield uuid, self._problem_of_link(found_text_id, text_hash)
            for part, found, digest in (
                ("person", person, person_digest),
                ("origin", origin, origin_digest),
            ):
                if found is not None and not digest:
                    yield uuid, self._put_in()
                elif found is not None and found != digest:
                    yield uuid, self._part_changed(part)
                elif digest and found is None:
                    if not self._may_be_missing(part, is_erased, at):
                        yield uuid, self._part_missing(part)

    def _check_due(self):
        """Look for events that were to be sealed, and are not there any more."""
        gone = SQL(
            """
            SELECT due.event_id FROM privacy_consent_leaf_due AS due
            LEFT JOIN privacy_consent_event AS event ON event.id = due.event_id
            WHERE event.id IS NULL
            """
        )
        for (event_id,) in rows(self._env.cr, gone):
            yield (
                None,
                self._env._(
                    "The event with the ID %s was deleted before it was sealed.",
                    event_id,
                ),
            )

    def _earliest_after(self, number):
        """:return: since when an event can have been recorded, after so many seals"""
        if not number:
            return datetime.min
        # Where the clock went back, it did so for the event and the seal.
        moments = [*self._moments, self._now][number - 1 : number + 1]
        return min(moments) - _TOLERANCE

    def _earliest(self, position):
        """:return: since when an event can have been recorded, at least, as a text"""
        number = len(self._sizes)
        if position is not None:
            number = bisect_right(self._sizes, position)
        return self._earliest_after(number).isoformat()

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

    def _may_be_missing(self, part, is_erased, at):
        """:return: whether somebody erased a part, or its time is over"""
        return is_erased or (part == "origin" and at < self._forgotten)

    def _part_changed(self, part):
        return self._env._("The personal part “%s” was changed.", part)

    def _part_missing(self, part):
        return self._env._(
            "The personal part “%s” is missing, and was not erased.", part
        )

    def _put_in(self):
        return self._env._("A personal part was put in past Odoo.")

    def _check_more_parts(self):
        """Look for parts of other names, and for those that are there twice."""
        twice = SQL(
            """
            SELECT event.uuid FROM privacy_consent_event AS event JOIN (
                SELECT event_id FROM privacy_consent_event_detail
                GROUP BY event_id, part HAVING count(*) > 1 OR part NOT IN %s
            ) AS detail ON event.id = detail.event_id
            """,
            tuple(PARTS),
        )
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
                completed.append(b"".join(events.append(found or leaf)))
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
