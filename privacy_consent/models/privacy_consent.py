# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One subject and one activity: where the consent stands, and who may write what."""

from contextvars import ContextVar

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, ormcache

from ..answer_guard import guard_answers
from ..unique_id import add_uuid, new_uuid
from .privacy_consent_event import append_word

# What somebody writes who records an answer.
ANSWER_VALUES = {
    "accepted",
    "answer_channel",
    "answer_date",
    "answer_note",
    "last_metadata",
    "state",
}
# What may be in the words of a mail server or of another program.
REASONS = ("action_error", "erasure_error")
# What the program itself stores at this moment: ids of consents, and their values.
_STORING = ContextVar("privacy_consent.storing", default=((), {}))


def store(consents, vals):
    """Write what follows from an event, as opposed to what staff or programs set.

    It is no method, so that the code of a server action cannot call it.

    :param consents: ``privacy.consent`` records
    :param dict vals: values of fields, also of those that nobody else may write
    """
    vals = consents._values_without_links(vals, REASONS)
    token = _STORING.set((consents.ids, vals))
    # Otherwise Odoo computes the status that is written here from the state again.
    own = [consents._fields["status"]] if "status" in vals else []
    try:
        with consents.env.protecting(own, consents):
            consents.write(vals)
    finally:
        _STORING.reset(token)


class PrivacyConsent(models.Model):
    """The consent of one subject to one data processing activity.

    What was asked and answered is in ``privacy.consent.event``. The fields here say
    what the answer says that counts: the latest one, whoever recorded it. Requests
    leave through the mail queue only, never inside the transaction that asks: a mail is
    a row of that transaction, committed or rolled back with it.
    """

    _name = "privacy.consent"
    _description = "Consent to a data processing activity"
    _inherit = ["mail.thread", "privacy.technical.fields"]
    _rec_name = "partner_id"
    _order = "id desc"

    active = fields.Boolean(default=True)
    uuid = fields.Char(
        string="Unique ID",
        default=lambda self: new_uuid(),
        required=True,
        readonly=True,
        copy=False,
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Subject",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        help="The person who is asked.",
    )
    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        string="Activity",
        required=True,
        ondelete="restrict",
        tracking=True,
        help="The data processing activity the person is asked about.",
    )
    company_id = fields.Many2one(
        related="partner_id.company_id",
        store=True,
        help="The company of the contact. The consent is visible for it, within the "
        "company of the activity's controller.",
    )
    state = fields.Selection(
        selection=[("draft", "Draft"), ("sent", "Sent"), ("answered", "Answered")],
        default="draft",
        required=True,
        tracking=True,
    )
    status = fields.Selection(
        selection=[
            ("unknown", "Not asked"),
            ("requested", "Not answered"),
            ("given", "Given"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
            ("expired", "Expired"),
            ("invalidated", "Not valid any more"),
        ],
        compute="_compute_status",
        store=True,
        index=True,
        help="What the person said, in the terms of the Data Privacy Vocabulary. "
        "Silence never is consent, whatever is assumed for as long as it lasts.",
    )
    accepted = fields.Boolean(
        tracking=True,
        help="Whether the subject consents: their last answer, or before it the "
        "activity's assumption.",
    )
    valid_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the consent ends by itself. Empty: it has no end.",
    )
    sent_date = fields.Datetime(
        string="Sent on",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="When the subject's mail server took the request.",
    )
    answer_date = fields.Datetime(
        string="Answered on",
        copy=False,
        tracking=True,
        help="When the person gave the answer that counts.",
    )
    answer_channel = fields.Char(
        copy=False,
        help="How the answer that counts came, as of its event.",
    )
    answer_note = fields.Char(
        string="Note on the answer",
        store=False,
        help="What staff notes with an answer that they write or import. It is kept "
        "with the event.",
    )
    answer_text_id = fields.Many2one(
        comodel_name="privacy.consent.text",
        string="Text of the answer",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="What the person was shown who gave the answer that counts.",
    )
    answered_by = fields.Selection(
        selection=[
            ("subject", "The subject"),
            ("staff", "Staff"),
            ("system", "A program"),
            ("unknown", "Unknown"),
        ],
        string="Whose word",
        readonly=True,
        copy=False,
        help="Whose word the answer that counts is: the subject's own, staff's, or a "
        "program's. Unknown: it was given before an upgrade.",
    )
    last_metadata = fields.Text(
        string="Origin of the answer",
        copy=False,
        help="From where the last answer came: browser, network address, time.",
    )
    event_ids = fields.One2many(
        comodel_name="privacy.consent.event",
        inverse_name="consent_id",
        string="Answers",
        readonly=True,
        copy=False,
    )
    _unique_uuid = models.UniqueIndex("(uuid)")
    # What counting needs, so that it reads nothing but the index. It is partial so
    # that PostgreSQL, whose statistics lag behind a run, cannot take it to find out
    # who is missing: it would read all consents again for each contact.
    _activity_state_idx = models.Index(
        "(activity_id, state, status, company_id) WHERE active IS TRUE"
    )
    _sent_idx = models.Index(
        "(activity_id, active, company_id) WHERE sent_date IS NOT NULL"
    )
    # Who is a draft and has no request under way, in the order of both indexes.
    _draft_idx = models.Index(
        "(activity_id, id) WHERE state = 'draft' AND active IS TRUE"
    )
    # PostgreSQL takes a partial index only for the words in which Odoo asks.
    _archived_idx = models.Index("(id) WHERE active IS NOT TRUE")
    # Who is missing is read from this one, in the order of contacts. Where contacts
    # with the same activity were merged, one of the two consents stays archived.
    _unique_subject_activity = models.UniqueIndex(
        "(activity_id, partner_id) WHERE merged_into_id IS NULL",
        "This person has already been asked about this activity: "
        "open that consent instead, it may be archived.",
    )

    def _auto_init(self):
        add_uuid(self.env.cr, self._table)
        return super()._auto_init()

    def init(self):
        guard_answers(self.env.cr)

    @api.depends("state")
    def _compute_status(self):
        """Follow the state. Each answer stores its own status, which stays."""
        silent = {"draft": "unknown", "sent": "requested"}
        for consent in self:
            status = silent.get(consent.state) or consent.status
            if consent.state == "answered" and status in (False, *silent.values()):
                status = "given" if consent.accepted else "refused"
            consent.status = status

    # Writing --------------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        """Let defaults of a context or a user say neither an answer nor a fact."""
        defaults = super().default_get(fields)
        never = self._facts() | ANSWER_VALUES - {"accepted"}
        for name in never.intersection(defaults):
            default = self._fields[name].default
            defaults[name] = default(self) if default else False
        return defaults

    @api.model_create_multi
    def create(self, vals_list):
        """Create consents. What says that somebody answered makes an answer of staff's.

        :raise UserError: for values that only asking and answering set
        """
        self._check_no_facts(set().union(*vals_list))
        answers, others = [], []
        for vals in vals_list:
            said = ANSWER_VALUES if self.browse()._is_answer(vals) else ()
            answers.append({name: vals[name] for name in vals if name in said})
            others.append({name: vals[name] for name in vals if name not in said})
        consents = super().create(others)
        self._forget_consented({"status"})
        # A consent shows the name of its activity.
        consents.activity_id.check_access("read")
        for consent, answer in zip(consents, answers, strict=True):
            if answer.get("state") == "answered":
                answer.setdefault("accepted", False)
            if answer:
                # Alone: after each answer, Odoo would read those of all others anew.
                consent.with_prefetch()._store_written_answer(answer)
        asked = consents.filtered(lambda one: one.state == "sent")
        append_word(asked, "requested")
        asked._run_action()
        return consents

    def write(self, vals):
        """Write values. What changes an answer makes another one, of staff's.

        :raise UserError: for another person or activity, for a step back, and for
            values that only asking and answering set
        """
        if not vals.get("active", True):
            # before anything is locked: mails first, then consents
            self._cancel_requests("archived")
        ids, stored = _STORING.get()
        if ids == self.ids and stored.items() <= vals.items():
            # What others write while this is stored is theirs.
            _STORING.set(((), {}))
            result = super().write(vals)
            # Now, because the table compares it with the event that is the last one.
            self.flush_recordset(stored)
            self._forget_consented(vals)
            return result
        self._check_no_facts(vals.keys())
        self._check_keeps_subject(vals)
        answering = self.filtered(lambda consent: consent._is_answer(vals))
        others = self - answering
        assumption = {"accepted", "state"} & vals.keys()
        assumed = others.filtered(
            lambda one: any(one[name] != vals[name] for name in assumption)
        )
        # Answers are logged, and not tracked, so what is tracked begins after them.
        for consent in answering:
            consent.with_prefetch()._store_written_answer(vals)
        rest = {name: vals[name] for name in vals if name not in ANSWER_VALUES}
        if rest:
            super(PrivacyConsent, answering).write(rest)
        if vals.get("state") == "sent":
            # Whoever says that somebody was asked is not the mail queue.
            asked = others.filtered(lambda one: one.state == "draft")
            append_word(asked, "requested")
        result = super(PrivacyConsent, others).write(
            rest | {name: vals[name] for name in assumption}
        )
        self._forget_consented(vals)
        assumed._run_action()
        return result

    @api.model
    @ormcache()
    def _facts(self):
        """:return: the fields of ours that only asking and answering set"""
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.readonly and field.store and "privacy_consent" in field._modules
        )

    def _check_no_facts(self, names):
        """Refuse values that only asking and answering set.

        :param set names: of the fields to write
        :raise UserError: naming the field
        """
        for name in self._facts() & names:
            raise UserError(
                self.env._(
                    "The field “%s” says what happened: only asking and answering "
                    "change it.",
                    self._fields[name]._description_string(self.env),
                )
            )

    def _check_keeps_subject(self, vals):
        """Refuse to hand what one person was asked to another one, or to unmake it.

        :raise UserError: for another person or activity, and for a step back
        """
        fixed = {"partner_id", "activity_id"} & vals.keys()
        order = ("draft", "sent", "answered")
        for consent in self:
            if any(consent[name].id != vals[name] for name in fixed):
                raise UserError(
                    self.env._(
                        "What %(subject)s is asked about “%(activity)s” cannot "
                        "become somebody else's or about something else: create "
                        "another consent.",
                        subject=consent.partner_id.display_name,
                        activity=consent.activity_id.display_name,
                    )
                )
            state = vals.get("state", consent.state)
            if order.index(state) < order.index(consent.state):
                raise UserError(
                    self.env._(
                        "What %(subject)s was asked and answered about “%(activity)s” "
                        "cannot be unmade. Archive the consent instead, or record "
                        "another answer.",
                        subject=consent.partner_id.display_name,
                        activity=consent.activity_id.display_name,
                    )
                )

    def _lock(self):
        """Wait for others who change these consents.

        Where one of them was faster, the transaction fails here. An answer does not
        fail in its write, whose statement Odoo would log with the origin of the answer,
        and Odoo repeats the request. A mail fails before it is sent, not after.

        :return: those that exist
        """
        self.env.cr.execute(
            SQL(
                "SELECT id FROM privacy_consent WHERE id = ANY (%s) FOR NO KEY UPDATE",
                self.ids,
            ),
            log_exceptions=False,
        )
        return self & self.browse(one for (one,) in self.env.cr.fetchall())
