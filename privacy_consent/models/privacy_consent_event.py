# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What happened to consents, in a table that nobody rewrites."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from odoo import api, fields, models
from odoo.tools import SQL

from .. import canonical_json
from ..append_only import guard_table, moment
from ..unique_id import new_uuid

FORMAT = 1
ANSWERS = ("given", "refused", "withdrawn")
# The columns whose values are hashed in format 1. A later format has another list.
HASHED = (
    "format",
    "uuid",
    "at",
    "answered_at",
    "consent_uuid",
    "activity_uuid",
    "request_uuid",
    "kind",
    "by",
    "channel",
    "language",
    "text_hash",
    "surroundings",
    "signs",
    "detail_digest",
    "origin_digest",
)
# The personal parts of an event. The second one is forgotten earlier.
PARTS = {
    "person": ("name", "email", "staff", "note", "scan"),
    "origin": ("network_address", "user_agent"),
}
# The columns of text of a personal part.
_TEXTS = ("part", "salt", *PARTS["person"], *PARTS["origin"])


@dataclass(frozen=True)
class Event:
    """One event to store, see the fields of ``privacy.consent.event``.

    :ivar consent: the ``privacy.consent`` record, or none
    :ivar dict person: values of the personal part, and ``origin`` of where it came from
    :ivar datetime at: when it was recorded, if not now
    """

    kind: str
    by: str
    activity: models.BaseModel
    consent: models.BaseModel = None
    channel: str | None = None
    answered_at: datetime | None = None
    request_uuid: str | None = None
    text: models.BaseModel = None
    text_hash: str | None = None
    language: str | None = None
    surroundings: str | None = None
    signs: str | None = None
    person: dict = field(default_factory=dict)
    origin: dict = field(default_factory=dict)
    at: datetime | None = None


class PrivacyConsentEvent(models.Model):
    """Something that happened to a consent.

    Rows are only added, by :func:`append`: the table refuses to change or delete them.
    The personal part of an event is in rows of its own, which an erasure deletes. The
    digest of that part stays here.
    """

    _name = "privacy.consent.event"
    _description = "Event of a consent"
    _inherit = ["privacy.append.only", "privacy.technical.fields"]
    _order = "at desc, id desc"
    _rec_name = "kind"

    format = fields.Integer(readonly=True, required=True, exportable=False)
    uuid = fields.Char(string="Unique ID", readonly=True, required=True)
    at = fields.Datetime(string="Recorded on", readonly=True, required=True)
    answered_at = fields.Datetime(
        string="Answered on",
        readonly=True,
        help="When the person said it. Empty: unknown, or no answer.",
    )
    consent_id = fields.Many2one(
        comodel_name="privacy.consent",
        readonly=True,
        index=True,
        ondelete="set null",
        help="Empty once the consent was erased.",
    )
    text_id = fields.Many2one(
        comodel_name="privacy.consent.text",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="What the person was shown.",
    )
    consent_uuid = fields.Char(readonly=True, exportable=False)
    activity_uuid = fields.Char(readonly=True, exportable=False)
    request_uuid = fields.Char(readonly=True, exportable=False)
    # Not selections: Odoo would change rows when an addon with a value of its own goes.
    kind = fields.Char(readonly=True, required=True)
    by = fields.Char(readonly=True, required=True)
    channel = fields.Char(readonly=True)
    language = fields.Char(string="Language code", readonly=True)
    text_hash = fields.Char(readonly=True, exportable=False)
    surroundings = fields.Char(readonly=True, exportable=False)
    signs = fields.Char(readonly=True)
    detail_digest = fields.Char(readonly=True, exportable=False)
    origin_digest = fields.Char(readonly=True, exportable=False)
    # Of the contact and of the controller, when it happened.
    company_id = fields.Integer(string="Company ID", readonly=True, exportable=False)
    controller_company_id = fields.Integer(
        string="Company ID of the controller", readonly=True, exportable=False
    )
    scan_ids = fields.One2many(
        comodel_name="ir.attachment",
        inverse_name="res_id",
        string="Scan",
        domain=[("res_model", "=", "privacy.consent.event")],
        readonly=True,
        help="The file that shows the answer, for example a form on paper.",
    )
    detail_ids = fields.One2many(
        comodel_name="privacy.consent.event.detail",
        inverse_name="event_id",
        readonly=True,
        exportable=False,
    )

    # What people read.
    kind_label = fields.Char(string="What happened", compute="_compute_labels")
    by_label = fields.Char(string="Whose word", compute="_compute_labels")
    channel_label = fields.Char(string="How", compute="_compute_labels")
    language_label = fields.Char(string="Language", compute="_compute_labels")
    signs_label = fields.Char(string="Signs of a program", compute="_compute_labels")
    person = fields.Char(compute="_compute_details")
    email = fields.Char(string="E-mail address", compute="_compute_details")
    staff = fields.Char(string="Recorded by", compute="_compute_details")
    note = fields.Text(compute="_compute_details")
    network_address = fields.Char(compute="_compute_details")
    user_agent = fields.Char(string="Program", compute="_compute_details")

    _unique_uuid = models.UniqueIndex("(uuid)")
    # An erasure looks for events that lost their consent, too.
    _consent_uuid_idx = models.Index("(consent_uuid) WHERE consent_id IS NULL")
    # What is made up for is never doubled.
    _unique_request_kind = models.UniqueIndex(
        "(request_uuid, kind) WHERE kind IN ('requested', 'bounced')"
    )

    @api.model
    def _kinds(self):
        """:return: the name of each kind; addons with kinds of their own add them"""
        return {
            "requested": self.env._("Request delivered"),
            "given": self.env._("Given"),
            "refused": self.env._("Refused"),
            "withdrawn": self.env._("Withdrawn"),
            "confirmed": self.env._("Confirmed"),
            "expired": self.env._("Expired"),
            "invalidated": self.env._("Not valid any more: the processing changed"),
            "bounced": self.env._("Request bounced"),
            "links_ended": self.env._("Links ended"),
            "merged": self.env._("Contacts merged"),
            "wording": self.env._("New wording of the text, same processing"),
            "erased": self.env._("Erased"),
        }

    @api.model
    def _words(self):
        """:return: the name of each value of ``by``"""
        return {
            "subject": self.env._("The subject"),
            "staff": self.env._("Staff"),
            "system": self.env._("Odoo or another program"),
            "unknown": self.env._("Unknown: answered before the upgrade"),
        }

    @api.model
    def _channels(self):
        """:return: the name of each channel; addons with one of their own add it"""
        return {
            "mail_link": self.env._("Link in the mail"),
            "one_click": self.env._("One click in the mail"),
            "preferences": self.env._("Page with all answers"),
            "unsubscribe": self.env._("Unsubscribe button of the mail program"),
            "account": self.env._("Account"),
            "website": self.env._("Website"),
            "mailing": self.env._("Mailing"),
            "paper": self.env._("On paper"),
            "phone": self.env._("By phone"),
            "in_person": self.env._("In person"),
            "other": self.env._("Otherwise"),
            "backend": self.env._("In Odoo"),
            "api": self.env._("By a program"),
            "import": self.env._("Import"),
            "upgrade": self.env._("Before the upgrade"),
        }

    @api.depends("kind", "by", "channel", "language", "signs")
    @api.depends_context("lang")
    def _compute_labels(self):
        kinds, words, channels = self._kinds(), self._words(), self._channels()
        signs = self.env["privacy.consent"]._suspicion_signs()
        languages = self.env["res.lang"].with_context(active_test=False)
        for event in self:
            event.kind_label = kinds.get(event.kind, event.kind)
            event.by_label = words.get(event.by, event.by)
            event.channel_label = channels.get(event.channel, event.channel)
            event.language_label = (
                event.language
                and languages._get_data(code=event.language).name
                or event.language
            )
            event.signs_label = " ".join(
                signs.get(sign, sign) for sign in (event.signs or "").split()
            )

    @api.depends("kind_label")
    def _compute_display_name(self):
        for event in self:
            event.display_name = event.kind_label

    @api.depends("detail_ids")
    def _compute_details(self):
        for event in self:
            # Of both parts, either of which may be erased.
            found = {
                name: value
                for detail in event.detail_ids
                for name, value in detail._personal_values().items()
            }
            event.person = found.get("name")
            for name in ("email", "staff", "note", "network_address", "user_agent"):
                event[name] = found.get(name)

    def init(self):
        guard_table(self.env.cr, self._table, unlink=("consent_id", "privacy_consent"))


class PrivacyConsentEventDetail(models.Model):
    """A personal part of an event. An erasure deletes it, and nothing changes it."""

    _name = "privacy.consent.event.detail"
    _description = "Personal part of an event"
    _inherit = ["privacy.append.only", "privacy.technical.fields"]
    _order = "id"
    _rec_name = "name"

    event_id = fields.Many2one(
        comodel_name="privacy.consent.event",
        readonly=True,
        required=True,
        index=True,
        ondelete="restrict",
    )
    part = fields.Char(readonly=True, required=True, exportable=False)
    salt = fields.Char(readonly=True, required=True, exportable=False)
    name = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    staff = fields.Char(readonly=True)
    note = fields.Text(readonly=True)
    scan = fields.Char(
        string="SHA-256 of the scan",
        readonly=True,
        help="The scan is a file of the event. This tells that it is the same as then.",
        exportable=False,
    )
    network_address = fields.Char(readonly=True)
    user_agent = fields.Char(readonly=True)
    company_id = fields.Integer(string="Company ID", readonly=True, exportable=False)
    controller_company_id = fields.Integer(
        string="Company ID of the controller", readonly=True, exportable=False
    )

    def _personal_values(self):
        """:return: what is stored in this part, as it was hashed"""
        self.ensure_one()
        return {name: self[name] for name in PARTS[self.part] if self[name]}

    def init(self):
        guard_table(self.env.cr, self._table, erasable=True)


def append(env, events):
    """Store events: the only way to add one.

    It is no method, so that the code of a server action cannot call it.

    :param events: each :class:`Event`
    :return: a unique id for each event. Of those that were stored before, as only
        ``requested`` and ``bounced`` can be, there is no row with it.
    :rtype: list[str]
    """
    rows, details = [], []
    now = moment()
    for event in events:
        consent = event.consent
        text = event.text
        companies = {
            "company_id": (consent or event.activity).company_id.id or None,
            "controller_company_id": event.activity.controller_company_id.id or None,
        }
        row = {
            "format": FORMAT,
            "uuid": new_uuid(),
            "at": event.at or now,
            "answered_at": event.answered_at,
            "consent_id": consent.id if consent else None,
            "consent_uuid": consent.uuid if consent else None,
            "activity_uuid": event.activity.uuid,
            "request_uuid": event.request_uuid,
            "text_id": text.id if text else None,
            "text_hash": event.text_hash or (text.hash if text else None),
            "language": event.language,
            "surroundings": event.surroundings,
            "kind": event.kind,
            "by": event.by,
            "channel": event.channel,
            "signs": event.signs or None,
            **companies,
            "detail_digest": None,
            "origin_digest": None,
        }
        for part, digest, values in [
            ("person", "detail_digest", event.person),
            ("origin", "origin_digest", event.origin),
        ]:
            values = {name: value for name, value in values.items() if value}
            if values:
                salt = secrets.token_hex(16)
                row[digest] = canonical_json.digest(values, salt)
                details.append(
                    {
                        "uuid": row["uuid"],
                        "part": part,
                        "salt": salt,
                        **dict.fromkeys(PARTS["person"] + PARTS["origin"]),
                        **values,
                        **companies,
                    }
                )
        # An empty record gives False, which the database would store as a text.
        rows.append({name: value or None for name, value in row.items()})
    if not rows:
        return []
    added = SQL(
        "INSERT INTO privacy_consent_event (%s) VALUES %s"
        " ON CONFLICT DO NOTHING RETURNING id, uuid",
        _names(rows[0]),
        _values(rows),
    )
    if details:
        added = SQL(
            """
            WITH added AS (%s), parts (%s) AS (VALUES %s)
            INSERT INTO privacy_consent_event_detail
                (event_id, company_id, controller_company_id, %s)
            SELECT added.id, parts.company_id::integer,
                   parts.controller_company_id::integer, %s
            FROM added JOIN parts USING (uuid)
            """,
            added,
            _names(details[0]),
            _values(details),
            *[_names(_TEXTS)] * 2,
        )
    env.cr.execute(added)
    env["privacy.consent"].invalidate_model(["event_ids"])
    return [row["uuid"] for row in rows]


def append_word(consents, kind, note=None, proof=None):
    """Store an event of each consent, by default as the word of whoever is at work.

    :param consents: ``privacy.consent`` records
    :param str note: what they noted
    :param proof: whose word it is, if they are not at work: a ``links.proof.Proof``
    """
    proof = proof or consents._word_of_user().proof
    append(
        consents.env,
        [
            Event(
                kind=kind,
                by=proof.by,
                channel=proof.channel,
                activity=consent.activity_id,
                consent=consent,
                person={**consent._person(), "staff": proof.staff, "note": note},
            )
            for consent in consents
        ],
    )


def _names(columns):
    return SQL(", ".join(f'"{name}"' for name in columns))


def _values(rows):
    places = ", ".join(["%s"] * len(rows[0]))
    return SQL(", ").join(SQL(f"({places})", *row.values()) for row in rows)
