# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Copies of a consent with everything that belongs to it, made by SQL.

What a consent consists of is what the product made of one, so that the copies are what
many consents would be, as large as they are.
"""

from contextlib import contextmanager

from psycopg2.sql import SQL, Identifier, Literal

# Which rows belong to a consent: a table, and which of its columns says to what row of
# what other table they belong. Later ones may belong to earlier ones.
PARTS = [
    ("mail_message", "res_id", "privacy_consent"),
    ("mail_mail", "mail_message_id", "mail_message"),
    ("privacy_consent_request", "consent_id", "privacy_consent"),
    ("privacy_consent_event", "consent_id", "privacy_consent"),
    ("privacy_consent_event_detail", "event_id", "privacy_consent_event"),
    ("mail_tracking_value", "mail_message_id", "mail_message"),
    ("mail_notification", "mail_message_id", "mail_message"),
    ("mail_mail_res_partner_rel", "mail_mail_id", "mail_mail"),
    ("mail_message_res_partner_rel", "mail_message_id", "mail_message"),
]
TABLES = ["privacy_consent", *(table for table, _column, _parent in PARTS)]
# Columns that say to which row of which table a row belongs.
REFERENCES = {
    "consent_id": "privacy_consent",
    "event_id": "privacy_consent_event",
    "mail_id": "mail_mail",
    "mail_mail_id": "mail_mail",
    "mail_message_id": "mail_message",
    "parent_id": "mail_message",
    "res_id": "privacy_consent",
}
SUBJECTS = {"partner_id", "res_partner_id"}
FOREIGN_KEYS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
       format(
           'ALTER TABLE %%s ADD CONSTRAINT %%I %%s NOT VALID',
           conrelid::regclass, conname, pg_get_constraintdef(oid)
       )
  FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY (%s::regclass[])
"""
INDEXES = """
SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
  FROM pg_index
 WHERE indrelid = ANY (%s::regclass[])
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


@contextmanager
def without_checks(cr, tables):
    """Have PostgreSQL take rows as they are: copies of what it took before.

    Otherwise it would look up for each row whatever it leads to.
    """
    for table in tables:
        cr.execute(SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(Identifier(table)))
    with _without(cr, FOREIGN_KEYS, tables):
        yield
    for table in tables:
        cr.execute(SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(Identifier(table)))


@contextmanager
def without_indexes(cr, tables):
    """Make the indexes afterwards, which takes less time than to add row by row."""
    cr.execute("SET LOCAL maintenance_work_mem = '256MB'")
    with _without(cr, INDEXES, tables):
        yield


@contextmanager
def _without(cr, query, tables):
    """Do without something.

    :param query: for the statements that drop it, and that make it again
    """
    cr.execute(query, [list(tables)])
    statements = cr.fetchall()
    for drop, _make in statements:
        cr.execute(drop)
    yield
    for _drop, make in statements:
        cr.execute(make)


class Copier:
    """Copies one consent.

    :param cr: cursor
    :param int consent_id: the consent, whose subject is ``reader<id>@example.com``
    """

    def __init__(self, cr, consent_id):
        self._cr = cr
        self._subject_id = self._column(
            "SELECT partner_id FROM privacy_consent WHERE id = %s", consent_id
        )[0]
        self._ids = {"privacy_consent": [consent_id]}
        for table, column, parent in PARTS:
            self._ids[table] = self._column(
                SQL("SELECT {} FROM {} WHERE {} = ANY(%s) {} ORDER BY 1").format(
                    Identifier("id" if self._has_id(table) else column),
                    Identifier(table),
                    Identifier(column),
                    SQL("AND model = 'privacy.consent'" if column == "res_id" else ""),
                ),
                self._ids[parent],
            )

    def add(self, count, first_subject):
        """Make copies for contacts whose ids follow one another.

        :param int count: how many copies
        :param int first_subject: id of the contact of the first copy
        """
        firsts = {
            table: self._reserve(table, count * len(ids))
            for table, ids in self._ids.items()
            if self._has_id(table) and ids
        }
        for table, ids in self._ids.items():
            key = "id" if self._has_id(table) else PARTS_KEY[table]
            for row_id in ids:
                self._copy_row(table, key, row_id, count, first_subject, firsts)

    def _copy_row(self, table, key, row_id, count, first_subject, firsts):
        self._cr.execute(
            SQL("SELECT * FROM {} WHERE {} = %s").format(
                Identifier(table), Identifier(key)
            ),
            [row_id],
        )
        row = dict(
            zip(
                [column.name for column in self._cr.description],
                self._cr.fetchone(),
                strict=True,
            )
        )

        def copy_id(of_table, of_id):
            ids = self._ids[of_table]
            first = firsts[of_table] + ids.index(of_id)
            return SQL("({} + i * {})").format(Literal(first), Literal(len(ids)))

        def unique(of_table, of_id):
            return SQL("md5({} || {})::uuid::text").format(
                Literal(of_table), copy_id(of_table, of_id)
            )

        values = {}
        for name, value in row.items():
            parent = REFERENCES.get(name)
            if name == "id":
                values[name] = copy_id(table, value)
            elif parent and value in self._ids[parent]:
                values[name] = copy_id(parent, value)
            elif name in SUBJECTS and value == self._subject_id:
                values[name] = SQL("{} + i").format(Literal(first_subject))
            elif name == "uuid":
                values[name] = unique(table, row["id"])
            elif name == "consent_uuid" and value:
                values[name] = unique("privacy_consent", row["consent_id"])
            elif name == "request_uuid" and value:
                values[name] = unique("privacy_consent_request", self._request(value))
            elif value == f"reader{self._subject_id}@example.com":
                values[name] = SQL("'reader' || {} + i || '@example.com'").format(
                    Literal(first_subject)
                )
            elif name == "message_id" and table == "privacy_consent_request":
                values[name] = copy_id("mail_message", value)
            elif name == "message_id" and table == "mail_message":
                values[name] = SQL("overlay({} placing md5(i::text) from 2)").format(
                    Identifier(name)
                )
            elif name == "salt":
                values[name] = SQL("md5(random()::text)")
            elif hasattr(value, "hour"):
                values[name] = SQL("{} - i * interval '1 second'").format(
                    Identifier(name)
                )
            else:
                values[name] = Identifier(name)
        self._cr.execute(
            SQL(
                "INSERT INTO {table} ({names}) SELECT {values} FROM {table},"
                " generate_series(0, %s) AS i WHERE {key} = %s"
            ).format(
                table=Identifier(table),
                names=SQL(", ").join(map(Identifier, values)),
                values=SQL(", ").join(values.values()),
                key=SQL("{}.{}").format(Identifier(table), Identifier(key)),
            ),
            [count - 1, row_id],
        )

    def _request(self, uuid):
        return self._column(
            "SELECT id FROM privacy_consent_request WHERE uuid = %s", uuid
        )[0]

    def _reserve(self, table, count):
        """:return: the first of so many ids that nobody else gets"""
        return self._column(
            "SELECT setval(%s, nextval(%s) + %s) - %s",
            *[f"{table}_id_seq"] * 2,
            count,
            count - 1,
        )[0]

    def _has_id(self, table):
        return not table.endswith("_rel")

    def _column(self, statement, *arguments):
        self._cr.execute(statement, arguments)
        return [value for (value,) in self._cr.fetchall()]


PARTS_KEY = {table: column for table, column, _parent in PARTS}
