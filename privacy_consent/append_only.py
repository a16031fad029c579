# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tables to which rows are only added, and the ways past that.

A link becomes empty once the row is deleted to which it leads. An erasure deletes
personal parts. Columns that are no part of the proof may change. The tables refuse all
else themselves, by triggers, whoever asks. Rights and contexts, which a server action
can have and make up, play no part.
"""

from contextlib import contextmanager
from datetime import datetime, timezone

from odoo.tools import SQL

_FUNCTION = "privacy_consent_append_only"
_ERASING = "privacy_consent.erasing"


def moment():
    """:return: now, in UTC, with microseconds, as Odoo stores moments"""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def guard_table(cr, table, unlink=None, erasable=False, free=()):
    """Have a table refuse every change of its rows.

    It is called at each installation and upgrade of the addon.

    :param str table: its name
    :param unlink: a column that becomes empty, while all others stay, when the row is
        deleted that it links to; and the table of that row
    :param bool erasable: whether an erasure may delete rows
    :param free: the columns that may change, because they are no part of the proof
    """
    cr.execute(
        SQL(
            """
            CREATE OR REPLACE FUNCTION %(function)s() RETURNS trigger
            LANGUAGE plpgsql AS $$
            DECLARE
                gone boolean;
            BEGIN
                IF TG_OP = 'UPDATE' AND TG_ARGV[0] <> '' THEN
                    -- PostgreSQL empties a link once its target is deleted.
                    IF to_jsonb(NEW) = jsonb_set(
                        to_jsonb(OLD), ARRAY[TG_ARGV[0]], 'null'
                    ) THEN
                        EXECUTE format(
                            'SELECT NOT EXISTS (SELECT FROM %%I WHERE id = $1)',
                            TG_ARGV[3]
                        ) INTO gone USING (to_jsonb(OLD) ->> TG_ARGV[0])::integer;
                        IF gone THEN
                            RETURN NEW;
                        END IF;
                    END IF;
                END IF;
                IF TG_OP = 'UPDATE' THEN
                    IF to_jsonb(NEW) - TG_ARGV[2]::text[]
                        = to_jsonb(OLD) - TG_ARGV[2]::text[]
                        AND TG_ARGV[2] <> '{}'
                    THEN
                        RETURN NEW;
                    END IF;
                END IF;
                IF TG_OP = 'DELETE' AND TG_ARGV[1] = 'erasable'
                    AND current_setting(%(setting)s, true) = 'on'
                THEN
                    RETURN OLD;
                END IF;
                RAISE EXCEPTION 'Rows of %% cannot be changed or deleted.',
                    TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
            END $$
            """,
            function=SQL.identifier(_FUNCTION),
            setting=_ERASING,
        )
    )
    for name, event, scope in [
        ("rows", "UPDATE OR DELETE", "ROW"),
        ("all", "TRUNCATE", "STATEMENT"),
    ]:
        trigger = SQL.identifier(f"{table}_{name}")
        cr.execute(
            SQL("DROP TRIGGER IF EXISTS %s ON %s", trigger, SQL.identifier(table))
        )
        cr.execute(
            SQL(
                "CREATE TRIGGER %s BEFORE %s ON %s"
                " FOR EACH %s EXECUTE FUNCTION %s(%s, %s, %s, %s)",
                trigger,
                SQL(event),
                SQL.identifier(table),
                SQL(scope),
                SQL.identifier(_FUNCTION),
                unlink[0] if unlink else "",
                "erasable" if erasable else "",
                f"{{{','.join(free)}}}",
                unlink[1] if unlink else "",
            )
        )


def drop_guards(cr):
    """Drop what :func:`guard_table` made, when the addon is uninstalled."""
    cr.execute(SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(_FUNCTION)))


@contextmanager
def erasing_details(cr):
    """Let the transaction delete rows of erasable tables, for as long as this lasts.

    An error rolls the setting back together with what was deleted.
    """
    cr.execute(SQL("SELECT set_config(%s, 'on', true)", _ERASING))
    yield
    cr.execute(SQL("SELECT set_config(%s, 'off', true)", _ERASING))
