# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Is a word anywhere in the database, or in the files?"""

from pathlib import Path

from psycopg2 import sql

_COLUMNS = """
SELECT columns.table_name, columns.column_name, data_type = 'bytea'
FROM information_schema.columns
JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
    AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea')
"""


def tables_that_name(env, *words):
    """Search each column of text, and of bytes, of each table.

    :return: the names of the tables where one of the words is
    """
    env.flush_all()
    env.cr.execute(_COLUMNS)
    found = set()
    for table, column, is_bytes in env.cr.fetchall():
        text = sql.Identifier(column)
        if is_bytes:
            text = sql.SQL("encode({}, 'escape')").format(text)
        env.cr.execute(
            sql.SQL("SELECT 1 FROM {} WHERE {}::text ILIKE ANY (%s) LIMIT 1").format(
                sql.Identifier(table), text
            ),
            [[f"%{word}%" for word in words]],
        )
        if env.cr.fetchone():
            found.add(table)
    return found


def files_that_name(env, *words):
    """Search the store of files.

    :return: the names of the files where one of the words is
    """
    store = Path(env["ir.attachment"]._filestore())
    return {
        file.name
        for file in store.rglob("*")
        if file.is_file() and any(word.encode() in file.read_bytes() for word in words)
    }
