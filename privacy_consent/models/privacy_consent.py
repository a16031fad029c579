# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One subject and one activity: what they were asked, and what they answered."""

import datetime
import logging
from urllib.parse import quote

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import link_token

_logger = logging.getLogger(__name__)

_FACT = "privacy_consent_fact"
_ANSWER_FIELDS = {"accepted", "answer_date", "last_metadata", "state"}


class _Fact(dict):
    """The values of the one write that stores what really happened.

    It stands in the context under ``_FACT``. A client can make a context up, but not
    an object of this class.
    """


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
        index=True,
        ondelete="restrict",
        tracking=True,
        help="The data processing activity the person is asked about.",
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
        help="When the subject gave their last answer.",
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
    request_error = fields.Text(readonly=True, copy=False)
    failure_reason = fields.Text(
        string="Request failed",
        compute="_compute_failure_reason",
        search="_search_failure_reason",
        compute_sudo=True,
        help="Why the last request did not reach the subject.",
    )
    action_error = fields.Text(
        string="Server action failed",
        readonly=True,
        copy=False,
        help="Why the activity's server action failed when it last ran.",
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
        "mailed links were made with it.",
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

    # One of the two stays archived where contacts with the same activity were merged.
    _unique_subject_activity = models.UniqueIndex(
        "(partner_id, activity_id) WHERE merged_into_id IS NULL",
        "This person has already been asked about this activity: "
        "open that consent instead, it may be archived.",
    )

    @api.depends("request_error")
    def _compute_failure_reason(self):
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
        "activity_id.controller_id.display_name",
        "partner_id.name",
    )
    @api.depends_context("lang")
    def _compute_shown(self):
        for consent in self:
            activity = consent.activity_id
            consent.activity_name = activity.name
            consent.activity_description = activity.description
            consent.controller_name = activity.controller_id.display_name
            consent.subject_name = consent.partner_id.name

    @api.model_create_multi
    def create(self, vals_list):
        consents = super().create(
            [
                {**vals, "answered_by": "staff"}
                if vals.get("state", "draft") != "draft"
                else vals
                for vals in vals_list
            ]
        )
        consents._run_action()
        return consents

    def write(self, vals):
        fact = self.env.context.get(_FACT)
        changes_answer = not _ANSWER_FIELDS.isdisjoint(vals)
        if changes_answer and not (isinstance(fact, _Fact) and fact == vals):
            vals = {**vals, "answered_by": "staff"}
        result = super().write(vals)
        if changes_answer:
            self.with_context(**{_FACT: None})._run_action()
        return result

    def _store_fact(self, vals):
        """Write what really happened, as opposed to what staff or programs set."""
        self.with_context(**{_FACT: _Fact(vals)}).write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        """Keep what was asked and answered: it is the proof.

        :raise UserError: for a consent whose request was sent
        """
        if self.filtered(lambda consent: consent.state != "draft"):
            raise UserError(
                self.env._(
                    "A consent whose request was sent cannot be deleted, because it "
                    "proves what the person was asked and answered. Archive it instead."
                )
            )

    # Subscribers ----------------------------------------------------------------

    def _creation_subtype(self):
        return self.env.ref("privacy_consent.mt_consent_consent_new")

    def _track_subtype(self, initial_values):
        # The changed values tell more than the context, which belongs to whichever
        # write came first in the transaction.
        changed = set(initial_values)
        if self.answered_by == "subject" and changed & (_ANSWER_FIELDS - {"state"}):
            return self.env.ref("privacy_consent.mt_consent_acceptance_changed")
        if changed & _ANSWER_FIELDS:
            return self.env.ref("privacy_consent.mt_consent_state_changed")
        return super()._track_subtype(initial_values)

    def _notify_thread_by_email(self, message, recipients_data, **kwargs):
        """Leave all mails about a consent to the queue, and start it."""
        result = super(
            PrivacyConsent, self.with_context(mail_notify_force_send=False)
        )._notify_thread_by_email(message, recipients_data, **kwargs)
        self._trigger_mail_queue()
        return result

    def _log_creation(self):
        """Log one creation message per consent, in one batch and without mails."""
        messages = self._message_log_batch(
            {consent.id: consent._creation_message() for consent in self}
        )
        messages.subtype_id = self._creation_subtype()

    # Asking ---------------------------------------------------------------------

    def action_auto_ask(self):
        """Enqueue a request to each subject; the mail queue sends them soon."""
        self._send_consent_notification()

    def action_manual_ask(self):
        """Ask by hand: open the mail composer, or for several subjects enqueue.

        :return: for one consent, the action that opens the composer with the
            activity's template; for several, a notification
        :rtype: dict
        """
        if len(self) != 1:
            self.action_auto_ask()
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "success",
                    "message": self.env._(
                        "%s requests are in the mail queue and leave shortly.",
                        len(self - self.filtered("request_error")),
                    ),
                    "next": {"type": "ir.actions.act_window_close"},
                },
            }
        return {
            "name": self.env._("Ask for consent"),
            "type": "ir.actions.act_window",
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_composition_mode": "comment",
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": self.activity_id.consent_template_id.id,
                "default_use_template": bool(self.activity_id.consent_template_id),
                "tpl_force_default_to": True,
            },
        }

    def _send_consent_notification(self):
        """Enqueue a request to each subject, with the template of its activity.

        A request that cannot be rendered for one subject is noted on that consent
        and keeps no other from being enqueued.

        :raise UserError: when an activity has no template
        """
        self.check_access("write")
        for activity, consents in self.grouped("activity_id").items():
            template = activity.consent_template_id
            if not template:
                raise UserError(
                    self.env._(
                        "Choose an e-mail template on the activity “%s” first: it is "
                        "the request that its subjects get.",
                        activity.display_name,
                    )
                )
            consents._enqueue_requests(template)
        self._trigger_mail_queue()

    def _enqueue_requests(self, template):
        """Make the mails of one activity's consents: all at once if possible."""
        # Kept after sending: the message proves what the subject was shown.
        values = {"auto_delete": False}
        try:
            with self.env.cr.savepoint():
                template.send_mail_batch(self.ids, email_values=values)
        except psycopg2.OperationalError:
            raise  # a conflict with another transaction: Odoo tries all again
        except Exception as error:
            if len(self) == 1:
                # The reason may contain personal data: it stays out of the log.
                _logger.warning(
                    "The request of consent %s cannot be made: %s. See there.",
                    self.id,
                    type(error).__name__,
                )
                self.request_error = self.env._(
                    "The request cannot be made from the template “%(template)s”: "
                    "%(reason)s",
                    template=template.display_name,
                    reason=error,
                )
                return
            for consent in self:
                consent._enqueue_requests(template)
            return
        self.filtered("request_error").request_error = False

    def _trigger_mail_queue(self):
        """Have the mail queue run right after this transaction, not in an hour."""
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _mail_delivered(self, mail, partners):
        """Note that a request was delivered. Doing it twice changes nothing.

        :param mail: the ``mail.mail`` that asked
        :param partners: ``res.partner`` records, or a list of them, whose own address
            took the mail
        """
        for consent in self:
            if consent.partner_id not in partners or mail._consent_asked() != consent:
                continue
            if consent.request_error:
                consent.request_error = False
            if consent.state == "draft":
                consent._store_fact(
                    {"state": "sent", "sent_date": fields.Datetime.now()}
                )

    def _request_failed(self, reason):
        """Note why a request did not reach the subject.

        :param str reason: as the mail server or Odoo gave it
        """
        for consent in self:
            if consent.request_error != reason:
                consent.request_error = reason

    # Answering ------------------------------------------------------------------

    def _token(self):
        """Compute the secret part of this consent's links.

        :return: the token, hexadecimal
        :rtype: str
        """
        self.ensure_one()
        return link_token.make(
            self.env["ir.config_parameter"].sudo().get_param("database.secret"),
            self.env.cr.dbname,
            self.id,
            self.token_partner_id or self.partner_id.id,
            self.activity_id.id,
        )

    def _url(self, accept):
        """Make the link with which the subject answers.

        :param bool accept: link to accept, or to reject
        :return: absolute address
        :rtype: str
        """
        choice = "accept" if accept else "reject"
        return (
            f"{self.get_base_url()}/privacy/consent/{choice}/{self.id}/{self._token()}"
            f"?db={quote(self.env.cr.dbname, safe='')}"
        )

    def action_answer(self, answer, metadata=False):
        """Record the subject's own answer: the only place that does.

        Called by an internal user without superuser rights, it records staff's word.

        :param bool answer: whether they consent
        :param str metadata: from where the answer came, for the proof
        """
        self._lock()
        staff = not self.env.su and self.env.user._is_internal()
        consents = self.with_context(subject_answering=True)
        if not staff:
            for consent in consents:
                consent._track_set_author(consent.partner_id)
        consents._store_fact(
            {
                "accepted": answer,
                "answer_date": fields.Datetime.now(),
                "answered_by": "staff" if staff else "subject",
                "last_metadata": metadata,
                "state": "answered",
            }
        )

    def _lock(self):
        """Wait for other answers to be committed before this one is written.

        Outdated by one of them, it fails here and not in the write, whose statement
        Odoo would log with the origin of the answer. Odoo repeats the request.
        """
        self.env.cr.execute(
            SQL(
                "SELECT FROM privacy_consent WHERE id IN %s FOR NO KEY UPDATE",
                tuple(self.ids) or (None,),
            ),
            log_exceptions=False,
        )

    # Merging contacts -------------------------------------------------------------

    def _surviving(self):
        """:return: the consent that counts today, after any merges of contacts"""
        self.ensure_one()
        consent = self
        while consent.merged_into_id:
            consent = consent.merged_into_id
        return consent

    def _merge_subjects(self, sources, destination):
        """Move the consents of contacts that are about to be merged, and lose none.

        Where several contacts were asked about the same activity, the latest answer
        of the subject counts, at equal time the refusal. The others are archived and
        linked to it.

        :param sources: ``res.partner`` records that will be deleted
        :param destination: the one that remains
        """
        everything = self.with_context(active_test=False).search(
            [("partner_id", "in", (sources + destination).ids)]
        )
        current = everything.filtered(lambda consent: not consent.merged_into_id)
        for consents in current.grouped("activity_id").values():
            consents.sorted(
                lambda consent: consent._merge_rank(destination), reverse=True
            )._merge_into_first()
        # Only now: the database allows one current consent per contact and activity.
        self.env.flush_all()
        for consent in everything.filtered(lambda one: one.partner_id in sources):
            consent.write(
                {
                    "partner_id": destination.id,
                    "token_partner_id": (
                        consent.token_partner_id or consent.partner_id.id
                    ),
                }
            )

    def _merge_rank(self, destination):
        """:return: a key by which the consent that shall count is the greatest"""
        own_answer = self.answered_by == "subject" and self.answer_date
        return (
            own_answer or datetime.datetime.min,
            bool(own_answer) and not self.accepted,
            ("draft", "sent", "answered").index(self.state),
            self.active,
            self.partner_id == destination,
            -self.id,
        )

    def _merge_into_first(self):
        """Archive all but the first of these consents, and link them to it."""
        survivor, others = self[0], self[1:]
        # A request that still waits would ask again what another one asked already.
        self.env["mail.mail"].search(
            [
                ("model", "=", self._name),
                ("res_id", "in", others.ids),
                ("state", "in", ["outgoing", "exception"]),
            ]
        ).cancel()
        for other in others:
            other._message_log(
                body=self.env._(
                    "The contacts were merged. The consent %s counts instead of this.",
                    survivor._get_html_link(title=f"#{survivor.id}"),
                )
            )
            survivor._message_log(
                body=self.env._(
                    "The contacts were merged. This consent counts; that of %(subject)s"
                    " is kept in the archive: %(consent)s",
                    subject=other.partner_id.display_name,
                    consent=other._get_html_link(title=f"#{other.id}"),
                )
            )
        others.write({"active": False, "merged_into_id": survivor.id})

    # Effects --------------------------------------------------------------------

    def _run_action(self):
        """Run the server action of the activity on every consent that is not draft.

        It runs after the facts are stored. If it fails, they stay, and the consent
        says what failed, so that it can be run again.
        """
        for consent in self:
            # The administrator chose the action for this activity; who happens to
            # move the consent (a subject, the mail queue) needs no rights for it.
            action = consent.activity_id.sudo().server_action_id
            if consent.state == "draft" or not action:
                continue
            error = False
            try:
                with self.env.cr.savepoint():
                    action.with_context(
                        active_model=self._name,
                        active_id=consent.id,
                        active_ids=consent.ids,
                    ).run()
            except Exception as exception:
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
