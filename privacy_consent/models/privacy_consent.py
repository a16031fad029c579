# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One subject and one activity: what they were asked, and what they answered."""

import datetime
import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import placeholder_link
from .ir_qweb import COMPILED, CompiledTemplates

_logger = logging.getLogger(__name__)

_FACT = "privacy_consent_fact"
_RUNNING = "privacy_consent_running_action"
_ANSWER_FIELDS = {"accepted", "answer_date", "last_metadata", "state"}
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
# What a transaction keeps in mind: whose delivery it stores, and whose it follows.
_DELIVERED = "privacy_consent.delivered"
_FOLLOWING = "privacy_consent.following"


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
        if not _ANSWER_FIELDS.isdisjoint(vals) and not vals.get("delivery_to_follow"):
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
            for name in _ANSWER_FIELDS.intersection(vals)
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

    # Subscribers ----------------------------------------------------------------

    def _creation_subtype(self):
        return self.env.ref("privacy_consent.mt_consent_consent_new")

    def _track_subtype(self, initial_values):
        # The changed values tell more than the context, which belongs to whichever
        # write came first in the transaction.
        changed = set(initial_values)
        name = None
        if self.answered_by == "subject" and changed & (_ANSWER_FIELDS - {"state"}):
            name = "mt_consent_acceptance_changed"
        elif changed & _ANSWER_FIELDS:
            name = "mt_consent_state_changed"
        if not name:
            return super()._track_subtype(initial_values)
        # Odoo looks whether it exists.
        return self.env["mail.message.subtype"].browse(
            self.env["ir.model.data"]._xmlid_to_res_id(f"privacy_consent.{name}")
        )

    def message_post(self, **kwargs):
        """Keep personal links out of the thread: replies quote the request.

        :raise AccessError: for whoever may not read the consent
        """
        self.check_access("read")
        if kwargs.get("body"):
            kwargs["body"] = placeholder_link.depersonalize(kwargs["body"])
        if self._is_unread_change(kwargs):
            return self._log_unread_change(kwargs)
        return super().message_post(**kwargs)

    def _is_unread_change(self, values):
        """Tell whether a message is what tracking noted, and nobody follows that.

        :param dict values: parameters of ``message_post()``
        :rtype: bool
        """
        return (
            # A client can send the same, but has no such rights.
            self.env.su
            and values.keys() == {"author_id", "body", "subtype_id", "tracking_value_ids"}
            and not values["body"]
            and not self._followed(values["subtype_id"])
        )

    def _log_unread_change(self, values):
        """Log what tracking noted.

        Half the time of an answer would go into finding out whom to tell, and from
        which address.

        :param dict values: as in :meth:`_is_unread_change`
        :return: the message, with superuser rights
        """
        author_id, email_from = self.sudo()._message_compute_author(values["author_id"])
        return self.sudo()._message_create(
            [
                {
                    **values,
                    "author_id": author_id,
                    "email_add_signature": False,
                    "email_from": email_from,
                    "message_type": "notification",
                    "model": self._name,
                    "record_alias_domain_id": False,
                    "record_company_id": False,
                    "reply_to": False,
                    "res_id": self.id,
                }
            ]
        )

    def _followed(self, subtype_id):
        """:return: those of these consents of which somebody follows this subtype"""
        followers_sudo = (
            self.env["mail.followers"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("subtype_ids", "in", subtype_id),
                ]
            )
        )
        return self.browse(set(followers_sudo.mapped("res_id")))

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Mail a request to the subject, also to one who reads messages in Odoo."""
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        if placeholder_link.choices((msg_vals or {}).get("body") or message.body):
            for recipient in recipients:
                if recipient["id"] == self.partner_id.id:
                    recipient["notif"] = "email"
        return recipients

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

    def _copy_followers(self, consent):
        """Have these consents followed by whoever follows another one, in one go.

        :param consent: a consent to the same activity
        """
        if not self or not consent.message_follower_ids:
            return
        self.env["mail.followers"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH followers AS (
                    INSERT INTO mail_followers (res_model, res_id, partner_id)
                    SELECT res_model, new.res_id, partner_id
                    FROM mail_followers, unnest(%(new)s) AS new(res_id)
                    WHERE id IN %(followers)s
                    RETURNING id, partner_id
                )
                INSERT INTO mail_followers_mail_message_subtype_rel
                    (mail_followers_id, mail_message_subtype_id)
                SELECT followers.id, subtypes.mail_message_subtype_id
                FROM followers
                JOIN mail_followers original ON original.id IN %(followers)s
                    AND original.partner_id = followers.partner_id
                JOIN mail_followers_mail_message_subtype_rel subtypes
                    ON subtypes.mail_followers_id = original.id
                """,
                new=self.ids,
                followers=tuple(consent.sudo().message_follower_ids.ids),
            )
        )
        self.invalidate_recordset(["message_follower_ids", "message_partner_ids"])

    # Asking ---------------------------------------------------------------------

    def action_auto_ask(self):
        """Enqueue a request to each subject; the mail queue sends them soon.

        Left out are archived consents, and those whose request still waits there.

        :return: the consents for which a request was enqueued
        """
        waiting = self.browse(set(self._waiting_requests().mapped("res_id")))
        asked = self.filtered("active") - waiting
        asked._send_consent_notification()
        return asked - asked.filtered("request_error")

    def action_manual_ask(self):
        """Ask by hand: open the mail composer, or for several subjects enqueue.

        Of several, only those are asked who were not yet, or for whom a program may
        have answered.

        :return: for one consent, the action that opens the composer with the
            activity's template; for several, a notification
        :rtype: dict
        :raise UserError: when an activity has no template, or for one archived consent
        """
        if len(self) != 1:
            unasked = self.filtered(
                lambda consent: consent.state == "draft" or consent.suspected_automated
            )
            asked = unasked.action_auto_ask()
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "success" if asked == self else "warning",
                    "message": self.env._(
                        "Requests enqueued: %(asked)s. Left out because archived, "
                        "already asked, or faulty: %(others)s.",
                        asked=len(asked),
                        others=len(self - asked),
                    ),
                    "next": {"type": "ir.actions.act_window_close"},
                },
            }
        if not self.active:
            raise UserError(
                self.env._("This consent is archived: unarchive it first to ask again.")
            )
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
                "default_template_id": self._request_template().id,
                "default_use_template": True,
                "tpl_force_default_to": True,
            },
        }

    def _send_consent_notification(self):
        """Enqueue a request to each subject, with the template of its activity.

        A request that cannot be made for one subject is noted on that consent and
        keeps no other from being enqueued.

        :raise UserError: when an activity has no template
        """
        self.check_access("write")
        for consents in self.grouped("activity_id").values():
            consents._enqueue_requests(consents._request_template())
        self._trigger_mail_queue()

    def _request_template(self):
        """Find the template with which the subjects of one activity are asked.

        :raise UserError: when the activity has none
        """
        template = self.activity_id.consent_template_id
        if not template:
            raise UserError(
                self.env._(
                    "Choose an e-mail template on the activity “%s” first: it is "
                    "the request that its subjects get.",
                    self.activity_id.display_name,
                )
            )
        return template

    def mail_allowed_qweb_expressions(self):
        """Add what the shipped template says, which Odoo then need not compile."""
        return (
            *super().mail_allowed_qweb_expressions(),
            "object.activity_id.name",
            "object.partner_id.id",
            "object.partner_id.lang",
        )

    def _enqueue_requests(self, template):
        """Make the mails of one activity's consents: all at once if possible."""
        # Kept after sending: the message proves what the subject was shown.
        values = {"auto_delete": False}
        try:
            with self.env.cr.savepoint():
                mails = template.with_context(
                    **{COMPILED: CompiledTemplates()}
                ).send_mail_batch(self.ids, email_values=values)
                self._check_requests(mails)
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

    def _check_requests(self, mails):
        """Check that each subject would get their mail, and both links in it.

        :param mails: the ``mail.mail`` records, in the order of the consents
        :raise UserError: saying what is missing
        """
        for consent, mail in zip(self, mails, strict=True):
            if not mail._is_request_to(consent.partner_id):
                raise UserError(self.env._("It is not addressed to the subject."))
            if placeholder_link.choices(mail.body_html) != placeholder_link.CHOICES:
                raise UserError(self.env._("It lacks a link to accept or to reject."))

    def _waiting_requests(self):
        """:return: the requests that are still in the mail queue, as superuser"""
        mails_sudo = self.env["mail.mail"].sudo()
        if not self:
            return mails_sudo
        return mails_sudo.search(
            [
                ("model", "=", self._name),
                ("res_id", "in", self.ids),
                ("state", "=", "outgoing"),
            ]
        ).filtered(lambda mail: placeholder_link.choices(mail.body_html))

    def _cancel_requests(self):
        """Cancel the requests that have not left, and wait for one that is leaving.

        Odoo repeats what fails here because the mail queue was faster.
        """
        mails = self._waiting_requests()
        if mails:
            self.env.cr.execute(
                SQL(
                    "SELECT id FROM mail_mail WHERE id IN %s FOR NO KEY UPDATE",
                    tuple(mails.ids),
                ),
                log_exceptions=False,
            )
            mails.cancel()

    def _trigger_mail_queue(self):
        """Have the mail queue run right after this transaction, not in an hour."""
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _mail_delivered(self, mail, partners):
        """Store that a request was delivered. Doing it twice changes nothing.

        It stores the facts alone. What follows them is left to
        :meth:`_follow_delivery`, because it may fail and takes time.

        :param mail: the ``mail.mail`` that asked
        :param partners: ``res.partner`` records, or a list of them, whose own address
            took the mail
        """
        for consent in self:
            if consent.partner_id not in partners or mail._consent_asked() != consent:
                continue
            if consent.request_error:
                consent.request_error = False
            facts = consent._delivery_facts(mail)
            if consent.state == "draft":
                self.env.cr.cache.setdefault(_DELIVERED, set()).add(consent.id)
                facts |= {
                    "state": "sent",
                    "sent_date": fields.Datetime.now(),
                    "delivery_to_follow": True,
                }
            if facts:
                consent.with_context(tracking_disable=True)._store_fact(facts)

    def _follow_delivery_at_commit(self):
        """Do :meth:`_follow_delivery` for all consents of this transaction at once."""
        precommit = self.env.cr.precommit
        following = precommit.data.setdefault(_FOLLOWING, set())
        if not following:
            precommit.add(self.browse()._follow_noted_deliveries)
        following.update(self.ids)

    def _follow_noted_deliveries(self):
        following = self.env.cr.precommit.data.pop(_FOLLOWING, ())
        self.browse(following).exists()._follow_delivery()

    def _follow_delivery(self):
        """Log that requests were delivered, and run the server actions: once."""
        due = self.filtered("delivery_to_follow")
        if not due:
            return
        due._lock()
        due._store_fact({"delivery_to_follow": False})
        due._log_delivery()
        due._run_action()

    def _log_delivery(self):
        """Log the change to *sent* as tracking would, those without readers at once."""
        subtype = self.env.ref("privacy_consent.mt_consent_state_changed")
        posted = self._followed(subtype.id)
        changes = {consent.id: consent._tracked_delivery() for consent in self}
        for consent in posted:
            consent.message_post(
                subtype_id=subtype.id, tracking_value_ids=changes[consent.id]
            )
        logged = self - posted
        messages = logged._message_log_batch(dict.fromkeys(logged.ids, ""))
        messages.subtype_id = subtype
        self.env["mail.tracking.value"].sudo().create(
            [
                {**values, "mail_message_id": message.id}
                for message in messages
                for _command, _id, values in changes[message.res_id]
            ]
        )

    def _tracked_delivery(self):
        """:return: commands that create the tracking values of draft becoming sent"""
        _fields, commands = self._mail_track(
            self.fields_get(
                ["state"], attributes=("string", "type", "selection", "currency_field")
            ),
            {"state": "draft"},
        )
        return commands

    def _request_failed(self, reason):
        """Note why a request did not reach the subject.

        :param str reason: as the mail server or Odoo gave it
        """
        for consent in self:
            if consent.request_error != reason:
                consent.request_error = reason

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
            consent._store_fact(
                {
                    "partner_id": destination.id,
                    "merged_addresses": consent._with_merged_address(),
                    "token_partner_id": (
                        consent.token_partner_id or consent.partner_id.id
                    ),
                }
            )
        self.env.flush_all()

    def _merge_rank(self, destination):
        """:return: a key by which the consent that shall count is the greatest"""
        own = self.answered_by == "subject" or bool(self.subject_answer_date)
        return (
            self.subject_answer_date or datetime.datetime.min,
            own,
            own and not self.subject_accepted,
            ("draft", "sent", "answered").index(self.state),
            self.active,
            bool(self._waiting_requests()),
            self.partner_id == destination,
            -self.id,
        )

    def _merge_into_first(self):
        """Archive all but the first of these consents, and link them to it."""
        survivor, others = self[0], self[1:]
        # A request that still waits would ask again what another one asked already.
        others._cancel_requests()
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
        others._store_fact({"active": False, "merged_into_id": survivor.id})

    # Effects --------------------------------------------------------------------

    def _run_action(self):
        """Run the server action of the activity on every consent that is not draft.

        It runs after the facts are stored. If it fails, they stay, and the consent
        says what failed, so that it can be run again.
        """
        running = self.env.context.get(_RUNNING, ())
        delivered = self.env.cr.cache.get(_DELIVERED, set())
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
