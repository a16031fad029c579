# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One subject and one activity: what they were asked, and what they answered."""

import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

_FACT = "privacy_consent_fact"
_RUNNING = "privacy_consent_running_action"
# What a transaction keeps in mind: whose delivery it stores.
DELIVERED = "privacy_consent.delivered"
ANSWER_FIELDS = {"accepted", "answer_date", "last_metadata", "state"}
# Whose word it is, and what the subject said last, nobody else may write.
_SUBJECT_FIELDS = {
    "answer_mark",
    "answered_by",
    "asked_addresses",
    "delivered_date",
    "delivered_mail",
    "delivery_to_follow",
    "link_revocations",
    "merged_addresses",
    "merged_into_id",
    "old_link_address",
    "refreshed_date",
    "subject_accepted",
    "subject_answer_date",
    "suspected_automated",
    "suspicion_signs",
    "token_partner_id",
}


class _Fact(dict):
    """The values of the one write that stores what really happened.

    It stands in the context under ``_FACT``. A client can make a context up, but not
    an object of this class.
    """


def _without_subject_fields(vals):
    return {name: value for name, value in vals.items() if name not in _SUBJECT_FIELDS}


def _staff_values(vals, state):
    """Add to what staff changes that it is theirs, and not the subject's any more.

    :param dict vals: values to write, among them some of the answer
    :param str state: of the consent afterwards
    :rtype: dict
    """
    values = {
        "last_metadata": False,
        **vals,
        "answered_by": "staff",
        "suspected_automated": False,
        "suspicion_signs": False,
    }
    if state == "answered":
        values.setdefault("answer_date", fields.Datetime.now())
    return values


class PrivacyConsent(models.Model):
    """The consent of one subject to one data processing activity.

    ``action_answer()`` is the only door through which a subject's answer comes in.
    Requests leave through the mail queue only, never inside the transaction that
    asks: a mail is a row of that transaction, committed or rolled back with it.
    """

    _name = "privacy.consent"
    _description = "Consent to a data processing activity"
    _inherit = ["mail.thread"]
    _rec_name = "partner_id"
    _order = "id desc"

    active = fields.Boolean(default=True, index=True)
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
        help="The company of the contact, for which the consent is visible.",
    )
    state = fields.Selection(
        selection=[("draft", "Draft"), ("sent", "Sent"), ("answered", "Answered")],
        default="draft",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
    )
    accepted = fields.Boolean(
        tracking=True,
        help="Whether the subject consents: their last answer, or before it the "
        "activity's assumption.",
    )
    sent_date = fields.Datetime(
        string="Sent on",
        readonly=True,
        copy=False,
        help="When the subject's mail server took the request.",
    )
    answer_date = fields.Datetime(
        string="Answered on",
        readonly=True,
        copy=False,
        tracking=True,
        help="When the last answer was given, or recorded by staff.",
    )
    answered_by = fields.Selection(
        selection=[("subject", "The subject"), ("staff", "Staff")],
        string="Recorded by",
        readonly=True,
        copy=False,
        tracking=True,
        help="Whose act the last change of the answer or state is: the subject's own, "
        "with their link, or staff's, by hand or by another program.",
    )
    last_metadata = fields.Text(
        string="Origin of the answer",
        readonly=True,
        copy=False,
        tracking=True,
        help="From where the last answer came: browser, network address, time.",
    )
    subject_accepted = fields.Boolean(
        readonly=True, copy=False, help="The last answer of the subject's own."
    )
    subject_answer_date = fields.Datetime(
        readonly=True, copy=False, help="When the subject gave it."
    )
    request_error = fields.Text(readonly=True, copy=False)
    failure_reason = fields.Text(
        string="Request failed",
        compute="_compute_request",
        search="_search_failure_reason",
        compute_sudo=True,
        help="Why the last request did not reach the subject.",
    )
    request_waiting = fields.Boolean(
        compute="_compute_request",
        compute_sudo=True,
        help="The last request is still in the mail queue.",
    )
    request_state = fields.Selection(
        selection="_selection_request_state",
        string="Request mail",
        compute="_compute_request",
        compute_sudo=True,
        help="What became of the last request. Empty: there is none, or none any more.",
    )
    request_attempts = fields.Integer(
        string="Attempts",
        compute="_compute_request",
        compute_sudo=True,
        help="How often sending the last request failed so far.",
    )
    request_next_attempt = fields.Datetime(
        string="Next attempt",
        compute="_compute_request",
        compute_sudo=True,
        help="When the request is sent again. Empty: as soon as possible.",
    )
    request_delay_reason = fields.Text(
        string="Last failure",
        compute="_compute_request",
        compute_sudo=True,
        help="Why the request could not be sent yet.",
    )
    action_error = fields.Text(
        string="Server action failed",
        readonly=True,
        copy=False,
        help="Why the activity's server action failed when it last ran.",
    )

    delivery_to_follow = fields.Boolean(
        string="Delivery to follow",
        readonly=True,
        copy=False,
        help="The request was delivered. What follows is still to do: the message in "
        "the history, and the server action.",
    )
    merged_into_id = fields.Many2one(
        comodel_name="privacy.consent",
        string="Merged into",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The consent that counts since the contacts of both were merged.",
    )
    token_partner_id = fields.Integer(
        readonly=True,
        copy=False,
        help="The contact that was asked, if it was merged into another one since: "
        "links in the form of 18.0 were made with it.",
    )

    # What a page or a glance at a consent shows of records that the reader may have no
    # right to: this much and no more.
    activity_name = fields.Char(
        compute="_compute_shown", compute_sudo=True, string="Name of the activity"
    )
    activity_description = fields.Html(
        compute="_compute_shown", compute_sudo=True, sanitize=False
    )
    controller_name = fields.Char(compute="_compute_shown", compute_sudo=True)
    subject_name = fields.Char(compute="_compute_shown", compute_sudo=True)

    # What counting needs, so that it reads nothing but the index. It is partial so
    # that PostgreSQL, whose statistics lag behind a run, cannot take it to find out
    # who is missing: it would read all consents again for each contact.
    _activity_state_idx = models.Index(
        "(activity_id, state, company_id) WHERE active IS TRUE"
    )
    # Who is missing is read from this one, in the order of contacts. Where contacts
    # with the same activity were merged, one of the two consents stays archived.
    _unique_subject_activity = models.UniqueIndex(
        "(activity_id, partner_id) WHERE merged_into_id IS NULL",
        "This person has already been asked about this activity: "
        "open that consent instead, it may be archived.",
    )

    @api.model
    def _selection_request_state(self):
        return self.env["mail.mail"]._fields["state"]._description_selection(self.env)

    @api.depends("request_error")
    def _compute_request(self):
        mails = self.env["mail.mail"].search(
            [("model", "=", self._name), ("res_id", "in", self.ids)], order="id"
        )
        mails_by_id = mails.grouped("res_id")
        for consent in self:
            requests = mails_by_id.get(consent.id, mails.browse()).filtered(
                lambda mail, subject=consent.partner_id: mail._is_request_to(subject)
            )
            # Nobody tells the consent when a server that hangs up ends a queue run.
            last = requests[-1:]
            waiting = last.state == "outgoing"
            consent.request_waiting = waiting
            consent.request_state = last.state
            # The addon mail_queue_safe has these fields.
            retries = "queue_attempts" in last._fields
            consent.request_attempts = retries and last.queue_attempts
            consent.request_next_attempt = (
                retries and waiting and last.queue_next_attempt
            )
            consent.request_delay_reason = waiting and last.failure_reason
            consent.failure_reason = consent.request_error or (
                last.state == "exception" and last.failure_reason
            )

    def _search_failure_reason(self, operator, value):
        if operator != "in" or any(value):
            return NotImplemented
        mails = (
            self.env["mail.mail"]
            .sudo()
            .search([("model", "=", self._name), ("state", "=", "exception")])
        )
        failed = self.sudo().browse(set(mails.mapped("res_id"))).exists()
        return [
            ("request_error", "=", False),
            ("id", "not in", failed.filtered("failure_reason").ids),
        ]

    @api.depends(
        "activity_id.name",
        "activity_id.description",
        "activity_id.controller_id.complete_name",
        "partner_id.name",
    )
    @api.depends_context("lang")
    def _compute_shown(self):
        for consent in self:
            activity = consent.activity_id
            consent.activity_name = activity.name
            consent.activity_description = activity.description
            consent.controller_name = activity.controller_id.complete_name
            consent.subject_name = consent.partner_id.name

    @api.model_create_multi
    def create(self, vals_list):
        made_up = dict.fromkeys((f"default_{name}" for name in _SUBJECT_FIELDS), False)
        consents = (
            super(PrivacyConsent, self.with_context(**made_up))
            .create([_without_subject_fields(vals) for vals in vals_list])
            .with_env(self.env)
        )
        recorded = consents.filtered(
            lambda one: one.state != "draft" or one.answer_date or one.last_metadata
        )
        for consent in recorded:
            values = {"answer_date": consent.answer_date} if consent.answer_date else {}
            super(PrivacyConsent, consent).write(
                {
                    **_staff_values(values, consent.state),
                    "last_metadata": consent.last_metadata,
                }
            )
        consents._run_action()
        return consents

    def write(self, vals):
        if not vals.get("active", True):
            # before anything is locked: mails first, then consents
            self._cancel_requests()
        fact = self.env.context.get(_FACT)
        if isinstance(fact, _Fact) and fact == vals:
            changed = self
            result = super().write(vals)
        else:
            vals = _without_subject_fields(vals)
            self._check_keeps_subject(vals)
            changed = self.filtered(lambda consent: consent._changes_answer(vals))
            result = super(PrivacyConsent, self - changed).write(vals)
            for state, consents in changed.grouped(
                lambda consent: vals.get("state", consent.state)
            ).items():
                super(PrivacyConsent, consents).write(_staff_values(vals, state))
        if not ANSWER_FIELDS.isdisjoint(vals) and not vals.get("delivery_to_follow"):
            changed.with_context(**{_FACT: None})._run_action()
        return result

    def _store_fact(self, vals):
        """Write what really happened, as opposed to what staff or programs set."""
        self.with_context(**{_FACT: _Fact(vals)}).write(vals)

    def _check_keeps_subject(self, vals):
        """Refuse to hand what one person answered to another one.

        :raise UserError: when a consent that is not draft would change its person or
            its activity
        """
        for consent in self:
            for name in ("partner_id", "activity_id"):
                if consent.state != "draft" and consent[name].id != vals.get(
                    name, consent[name].id
                ):
                    raise UserError(
                        self.env._(
                            "What %(subject)s was asked about “%(activity)s” cannot "
                            "become somebody else's or about something else: create "
                            "another consent.",
                            subject=consent.partner_id.display_name,
                            activity=consent.activity_id.display_name,
                        )
                    )

    def _changes_answer(self, vals):
        """:return: whether these values differ from the answer that is stored"""
        return any(
            self._fields[name].convert_to_cache(vals[name], self)
            != self._fields[name].convert_to_cache(self[name], self)
            for name in ANSWER_FIELDS.intersection(vals)
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        """Keep what was asked and answered: it is the proof.

        :raise UserError: for a consent whose request was sent
        """
        proofs = self.filtered(
            lambda one: one.state != "draft" or one.sent_date or one.answer_date
        )
        # Consents of other companies count too.
        proofs |= (
            self.sudo()
            .with_context(active_test=False)
            .search([("merged_into_id", "in", self.ids)])
        )
        if proofs:
            raise UserError(
                self.env._(
                    "A consent whose request was sent cannot be deleted, because it "
                    "proves what the person was asked and answered. Archive it instead."
                )
            )

    # Answering ------------------------------------------------------------------

    def action_answer(self, answer, metadata=False):
        """Record the subject's own answer: the only place that does.

        Called by an internal user without superuser rights, it records staff's word.

        :param bool answer: whether they consent
        :param str metadata: from where the answer came, for the proof
        """
        self.check_access("write")
        self._lock()
        self._follow_delivery()
        now = fields.Datetime.now()
        values = {
            "accepted": answer,
            "answer_date": now,
            "last_metadata": metadata,
            "state": "answered",
        }
        consents = self.with_context(subject_answering=True)
        if not self.env.su and self.env.user._is_internal():
            consents.write(values)
            return
        for consent in consents:
            consent._track_set_author(consent.partner_id)
        consents._store_fact(
            {
                **values,
                **self._answer_values(),
                "answered_by": "subject",
                "subject_accepted": answer,
                "subject_answer_date": now,
            }
        )

    def _lock(self):
        """Wait until others who change these consents are through.

        Outdated by one of them, the transaction fails here. An answer does not fail in
        its write, whose statement Odoo would log with the origin of the answer, and
        Odoo repeats the request. A mail fails before it is sent, not after.

        :return: those that exist
        """
        self.env.cr.execute(
            SQL(
                "SELECT id FROM privacy_consent WHERE id IN %s FOR NO KEY UPDATE",
                tuple(self.ids) or (None,),
            ),
            log_exceptions=False,
        )
        locked = {consent_id for (consent_id,) in self.env.cr.fetchall()}
        return self.filtered(lambda consent: consent.id in locked)

    # Effects --------------------------------------------------------------------

    def _run_action(self):
        """Run the server action of the activity on every consent that is not draft.

        It runs after the facts are stored. If it fails, they stay, and the consent
        says what failed, so that it can be run again.
        """
        running = self.env.context.get(_RUNNING, ())
        delivered = self.env.cr.cache.get(DELIVERED, set())
        for consent in self:
            # The administrator chose the action for this activity; who happens to
            # move the consent (a subject, the mail queue) needs no rights for it.
            action = consent.activity_id.sudo().server_action_id
            if consent.state == "draft" or not action or consent.id in running:
                continue
            error = False
            try:
                with self.env.cr.savepoint():
                    action.with_context(
                        active_model=self._name,
                        active_id=consent.id,
                        active_ids=consent.ids,
                        # What the action writes on the consent does not start it again.
                        **{_RUNNING: (*running, consent.id)},
                    ).run()
            except Exception as exception:
                conflict = isinstance(exception, psycopg2.OperationalError)
                if conflict and consent.id not in delivered:
                    raise  # Odoo tries all again; a mail that left cannot be repeated
                _logger.warning(
                    "The server action %s failed on consent %s: %s. See there.",
                    action.id,
                    consent.id,
                    type(exception).__name__,
                )
                error = self.env._(
                    "%(action)s: %(reason)s",
                    action=action.name,
                    reason=str(exception) or type(exception).__name__,
                )
            if (consent.action_error or False) != error:
                consent.sudo().action_error = error

    def action_run_again(self):
        """Run the activity's server action again where it failed."""
        self.check_access("write")
        self._run_action()
