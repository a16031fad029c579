# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Seals: from time to time the log is closed with one hash over everything."""

import base64
import logging

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.privacy_consent.append_only import guard_table, moment

from .. import signing_key
from ..log import checkpoint, merkle
from .privacy_consent_leaf import add_leaves, reader

_logger = logging.getLogger(__name__)

# Nobody else uses this number for an advisory lock of PostgreSQL.
_LOCK = 0x7365616C
# Leaves of one transaction. The rest follows at once.
_MOST = 100_000
# What becomes of a seal is no part of it.
FREE = ("stamp", "stamped_at", "stamp_problem", "mailed_at", "mail_id")


class PrivacyConsentSeal(models.Model):
    """The root of the log at one size: what it says cannot be changed unseen.

    Rows are only added, by :func:`seal`. They are worth as much as the copies that left
    the house.
    """

    _name = "privacy.consent.seal"
    _description = "Seal of what happened to consents"
    _inherit = ["privacy.append.only", "privacy.technical.fields"]
    _order = "id desc"
    _rec_name = "at"

    at = fields.Datetime(string="Sealed on", readonly=True, required=True)
    size = fields.Integer(string="Events", readonly=True, required=True)
    root = fields.Char(
        readonly=True,
        required=True,
        help="The hash of the Merkle tree of all events so far (RFC 9162), in base64.",
    )
    origin = fields.Char(
        string="Log",
        readonly=True,
        required=True,
        help="Names the log. After “after” is where it continues another one: that of "
        "the database that this one was copied from, or that of another key.",
    )
    checkpoint = fields.Text(
        string="Seal",
        readonly=True,
        required=True,
        help="The text that leaves the house (c2sp.org/tlog-checkpoint).",
    )
    database_uuid = fields.Char(readonly=True, required=True, exportable=False)
    verifier = fields.Char(
        string="Key",
        readonly=True,
        help="With this the signature can be checked. Keep it outside, too.",
    )
    unsigned_reason = fields.Char(string="Unsigned because", readonly=True)
    signature = fields.Char(compute="_compute_signature")
    file = fields.Binary(string="Seal as a file", compute="_compute_file")
    file_name = fields.Char(compute="_compute_file", exportable=False)

    _unique_size = models.UniqueIndex("(size)")

    @api.depends("verifier")
    @api.depends_context("lang")
    def _compute_signature(self):
        for one in self:
            one.signature = (
                self.env._("Signed") if one.verifier else self.env._("Unsigned")
            )

    @api.depends("checkpoint", "size")
    def _compute_file(self):
        for one in self:
            one.file = base64.b64encode((one.checkpoint or "").encode())
            one.file_name = f"seal-{one.size}.txt"

    def init(self):
        guard_table(self.env.cr, self._table, free=FREE)

    @api.model
    def _seals_here(self):
        """:return: whether this database may seal: a neutralized copy may not"""
        parameters = self.env["ir.config_parameter"].sudo()
        return not parameters.get_param("database.is_neutralized")

    @api.model
    def _cron_seal(self):
        """Seal what is new, and let the last seal leave the house.

        Each step is a transaction of its own: what fails is repeated the next time, and
        undoes no other.
        """
        if not self._seals_here():
            return
        left = seal(self.env)
        progress = self.env["ir.cron"]
        if not progress._commit_progress(1, remaining=min(left, 1)) or left:
            return
        last = self.sudo().search([], limit=1)
        last._mail()
        progress._commit_progress()
        last._fetch_stamp()

    def _last(self):
        """:return: the last seal, with superuser rights"""
        return self.sudo().search([], limit=1)


def seal(env):
    """Seal the events that are new, unless another server does that now.

    It is no method, so that the code of a server action cannot call it.

    :return: how many events are left for the next time
    """
    try:
        with env.cr.savepoint():
            return _seal(env)
    except SerializationFailure:
        # Another server sealed since this transaction began.
        env.invalidate_all(flush=False)
        return 0


def _seal(env):
    env.cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
    if not env.cr.fetchone()[0]:
        return 0
    last = env["privacy.consent.seal"]._last()
    tree = merkle.load_tree(last.size, reader(env))
    left = add_leaves(env, tree, _MOST)
    if tree.size > last.size:
        _store(env, last, tree)
    return left


def _store(env, last, tree):
    """Store the seal of a tree that grew since the last one."""
    key, reason = _key(env)
    public = key.public_key().public_bytes_raw() if key else None
    database_uuid = env["ir.config_parameter"].sudo().get_param("database.uuid")
    origin = last.origin
    # It is the old log for as long as database and key are.
    if (last.database_uuid, last.verifier) != (
        database_uuid,
        key and checkpoint.verifier_key(last.origin or "", public) or False,
    ):
        before = checkpoint.read_checkpoint(last.checkpoint) if last else None
        origin = checkpoint.origin_after(f"urn:uuid:{database_uuid}", before)
    root = tree.root()
    note = checkpoint.checkpoint_text(origin, tree.size, root)
    if key:
        note = checkpoint.sign_checkpoint(note, origin, public, key.sign)
    values = {
        "at": moment(),
        "size": tree.size,
        "root": base64.b64encode(root).decode(),
        "origin": origin,
        "checkpoint": note,
        "database_uuid": database_uuid,
        "verifier": checkpoint.verifier_key(origin, public) if key else None,
        "unsigned_reason": reason,
    }
    env.cr.execute(
        SQL(
            "INSERT INTO privacy_consent_seal (%s) VALUES %s",
            SQL(", ").join(map(SQL.identifier, values)),
            tuple(values.values()),
        )
    )
    env["privacy.consent.seal"].invalidate_model()


def _key(env):
    """:return: the key that signs, or why there is none"""
    try:
        key = signing_key.load()
    except signing_key.KeyFileError as error:
        _logger.warning(
            "Seals are not signed: %s of odoo.conf: %s", signing_key.OPTION, error
        )
        return None, env._(
            "The file that %(option)s of odoo.conf names has no key: %(error)s",
            option=signing_key.OPTION,
            error=error,
        )
    return key, None if key else env._(
        "odoo.conf names no key: see %(option)s.", option=signing_key.OPTION
    )


def note_on(seals, **values):
    """Store what became of seals. It is no method, for the same reason.

    :param values: of the columns in ``FREE``
    """
    assert set(values) <= set(FREE)
    seals.env.cr.execute(
        SQL(
            "UPDATE privacy_consent_seal SET %s WHERE id = ANY(%s)",
            SQL(", ").join(
                SQL("%s = %s", SQL.identifier(name), value)
                for name, value in values.items()
            ),
            seals.ids,
        )
    )
    seals.invalidate_recordset(list(values))
