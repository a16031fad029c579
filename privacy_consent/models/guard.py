# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What was asked stays: what the guards of messages, mails and files share."""

import logging
from contextlib import contextmanager
from contextvars import ContextVar

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.fields import Command

_logger = logging.getLogger(__name__)

# The records that are erased at this moment: consents, and what hangs on them.
_ERASING = ContextVar("privacy_consent.erasing", default=frozenset())
# The messages and files that requests are made of at this moment.
_MADE = ContextVar("privacy_consent.made", default=None)
# What may still change of them.
_OPEN = {
    ("ir.attachment", "res_id"),
    ("mail.message", "attachment_ids"),
    ("mail.message", "email_from"),
    ("mail.message", "subject"),
}


@contextmanager
def erasing(*records):
    """Let these records be changed and deleted, whatever they prove, and no others.

    It lasts as long as this, and is no method, so that the code of a server action
    cannot call it.

    :param records: of any models: consents, and each of the mails, messages and files
        that go with them. Requests and what tracking logged follow these.
    """
    token = _ERASING.set(_ERASING.get().union(*records))
    try:
        yield
    finally:
        _ERASING.reset(token)


def not_erased(records):
    """:return: those of these records that are not erased at this moment"""
    erased = _ERASING.get()
    return records.filtered(lambda one: one not in erased) if erased else records


@contextmanager
def making(records=()):
    """Let files and a subject be given to requests for as long as this lasts.

    It is no method, so that the code of a server action cannot call it.

    :param records: messages, or files. Those that :func:`made` notes are added.
    """
    token = _MADE.set(set(records))
    try:
        yield
    finally:
        _MADE.reset(token)


def made(messages):
    """Note messages that were just made, which may change until all are finished."""
    if _MADE.get() is not None:
        _MADE.get().update(messages)


def _is_made(record):
    return record in (_MADE.get() or ())


def refuse_changes(find, vals, guarded):
    """Refuse other values for what was asked. The same values again do no harm.

    :param find: finds the records that belong to requests, if guarded fields change
    :param dict vals: values to write
    :param set guarded: names of fields
    :raise AccessError: for whoever may not write the records anyway
    :raise UserError: for any other value
    """
    vals = {name: vals[name] for name in guarded & vals.keys()}
    if not vals:
        return
    records = find()
    records.check_access("write")
    for record in records.sudo().with_context(bin_size=False):
        for name, value in vals.items():
            if (record._name, name) in _OPEN and _is_made(record):
                continue
            if _differs(record, name, value):
                raise UserError(
                    record.env._(
                        "This is what a person was asked, as it was sent. It cannot be "
                        "changed, because it proves the request."
                    )
                )


def _differs(record, name, value):
    field = record._fields[name]
    if field.type == "many2many":
        return _relinks(value, set(record[name].ids))
    stored = field.convert_to_cache(record[name], record)
    return (field.convert_to_cache(value, record) or False) != (stored or False)


def _relinks(commands, ids):
    for command in commands or [Command.clear()]:
        match command:
            case (Command.LINK, record_id, *_) if record_id in ids:
                continue
            case (Command.SET, _, new_ids) if set(new_ids) == ids:
                continue
            case (Command.CLEAR, *_) if not ids:
                continue
            case (Command.UPDATE, *_):
                continue  # the other record has a guard of its own
            case (Command.UNLINK | Command.DELETE, record_id, *_) if (
                record_id not in ids
            ):
                continue
        return True
    return False


def deletable(records, kept):
    """Find out what may be deleted: a clean-up passes over what was asked.

    :param records: those to delete
    :param kept: those of them that belong to requests
    :return: the others
    :raise AccessError: for whoever may not delete the records anyway
    :raise UserError: where a person tries to delete one of those that are kept
    """
    if not kept:
        return records
    records.check_access("unlink")
    if records.env.uid != SUPERUSER_ID:
        raise UserError(
            records.env._(
                "Nothing was deleted: a person was asked with it, so it proves the "
                "request."
            )
        )
    _logger.info(
        "%s records of %s were not deleted: they prove requests for consent.",
        len(kept),
        records._name,
    )
    return records - kept
