# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The events of which anything may be wrong, as the database tells.

Reading all events, and computing their hashes in Python, would take most of the time
of a check.
"""

from odoo.tools import SQL

from odoo.addons.privacy_consent.models.privacy_consent_event import FORMAT, PARTS

from .log import merkle
from .models.privacy_consent_leaf import NAMES, hashed_column


def suspects(sizes, earliest, forgotten):
    """Select what differs from its leaf, its text or its personal parts.

    :param sizes: of the seals, which only grow
    :param earliest: since when an event can have been recorded: before any seal, and
        after each of them
    :param datetime forgotten: origins of events before are forgotten
    :return: the statement
    """
    return SQL(
        """
        SELECT position, event_uuid, id, is_due, uuid, format, at, text_id,
            text_hash, NULLIF(event_leaf, leaf) AS leaf, is_erased,
            person, detail_digest, origin, origin_digest
        FROM (
            SELECT leaf.*, event.*, erased.consent_uuid IS NOT NULL AS is_erased,
                person.digest AS person, origin.digest AS origin,
                text.hash AS linked_hash,
                position IS NULL AND EXISTS (
                    SELECT FROM privacy_consent_leaf_due WHERE event_id = event.id
                ) AS is_due
            FROM (
                SELECT position, event_uuid, substr(hashes, 1, %(length)s) AS leaf
                FROM privacy_consent_leaf
            ) AS leaf
            FULL JOIN (
                SELECT id, uuid, format, kind, consent_uuid, text_id, text_hash,
                    detail_digest, origin_digest, at AS moment, %(at)s AS at,
                    %(leaf)s AS event_leaf
                FROM privacy_consent_event
            ) AS event ON event.uuid = leaf.event_uuid
            LEFT JOIN privacy_consent_text AS text ON text.id = event.text_id
            LEFT JOIN (
                SELECT DISTINCT consent_uuid FROM privacy_consent_event
                WHERE kind = 'erased'
            ) AS erased ON erased.consent_uuid = event.consent_uuid
                AND event.kind <> 'erased'
            LEFT JOIN (%(person)s) AS person ON person.event_id = event.id
            LEFT JOIN (%(origin)s) AS origin ON origin.event_id = event.id
        ) AS one
        WHERE NOT coalesce(
            event_leaf = leaf AND format = %(format)s
            AND moment >= (%(earliest)s)[width_bucket(position, %(sizes)s) + 1]
            AND linked_hash IS NOT DISTINCT FROM text_hash
            AND (text_id IS NULL) = (text_hash IS NULL)
            AND person IS NOT DISTINCT FROM detail_digest
            AND (
                origin IS NOT DISTINCT FROM origin_digest
                OR origin IS NULL AND moment < %(forgotten)s
            ), FALSE)
        """,
        at=hashed_column("at"),
        earliest=SQL("%s::timestamp[]", earliest),
        forgotten=forgotten,
        format=FORMAT,
        leaf=_leaf(),
        length=merkle.HASH_LENGTH,
        person=_part("person"),
        origin=_part("origin"),
        sizes=SQL("%s::integer[]", sizes),
    )


def _leaf():
    """:return: the hash of an event, as :func:`leaf_of_row` computes it, in SQL"""
    written = SQL(", ',', ").join(
        SQL("%s, coalesce(to_json(%s), 'null')", f'"{name}":', hashed_column(name))
        for name in NAMES
    )
    return SQL("sha256(%s || convert_to(concat('{', %s, '}'), 'UTF8'))", b"\0", written)


def _part(part):
    """Select the personal parts of a name, with their digests, in SQL.

    They are computed as ``canonical_json`` does. The digest of one that has what is
    another one's is empty.
    """
    names = sorted(PARTS[part])
    written = SQL(", ").join(
        SQL("%s || to_json(%s)::text", f'"{name}":', SQL.identifier(name))
        for name in names
    )
    strays = sorted({*sum(PARTS.values(), ())} - {*names})
    return SQL(
        """
        SELECT event_id, CASE WHEN num_nonnulls(%s) > 0 THEN '' ELSE
            encode(sha256(convert_to(
                salt || '{' || concat_ws(',', %s) || '}', 'UTF8'
            )), 'hex') END AS digest
        FROM privacy_consent_event_detail WHERE part = %s
        """,
        SQL(", ").join(map(SQL.identifier, strays)),
        written,
        part,
    )
