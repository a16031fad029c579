# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests: one consent asked by one mail at one address, and what became of it."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from contextvars import ContextVar
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..unique_id import new_uuid
from .guard import is_erasing
from .locking import lock_unchanged

# Such a request is still to come: nobody is asked twice at once.
OPEN = ("planned", "waiting")
# Such a request ended without reaching the person.
UNREACHED = ("failed", "bounced")
# What the program itself writes at this moment.
_NOTING = ContextVar("privacy_consent.noting", default=None)


def note(requests, vals):
    """Write what became of requests.

    It is no method, so that the code of a server action cannot call it.

    :param requests: ``privacy.consent.request`` records
    :param dict vals: values of fields
    """
    vals = requests.consent_id._values_without_links(vals, ["reason"])
    token = _NOTING.set(vals)
    try:
        requests.sudo().write(vals)
    finally:
        _NOTING.reset(token)


def make_requests(env, values):
    """Store requests in a single statement, which also is the fastest way.

    It fails where somebody else asks one of the people at the same time: Odoo repeats
    the transaction, which sees the other request then.

    :param list[dict] values: of each request, all with the same columns
    :return: the requests, in the same order, with superuser rights
    :raise SerializationFailure: if another transaction just asks one of the people, or
        stops asking
    """
    requests_sudo = env["privacy.consent.request"].sudo()
    if not values:
        return requests_sudo
    now = fields.Datetime.now()
    log = {"create_uid": env.uid, "create_date": now}
    log |= {"write_uid": env.uid, "write_date": now}
    rows = [{"uuid": new_uuid(), **log, **vals} for vals in values]
    env.cr.execute(
        SQL(
            "INSERT INTO privacy_consent_request (%s) VALUES %s"
            " ON CONFLICT (consent_id) WHERE state IN ('planned', 'waiting')"
            " DO NOTHING RETURNING id",
            SQL(", ").join(map(SQL.identifier, rows[0])),
            SQL(", ").join(
                SQL(
                    "(%s)",
                    SQL(", ").join(SQL("%s", one or None) for one in row.values()),
                )
                for row in rows
            ),
        ),
        log_exceptions=False,
    )
    made_ids = [request_id for (request_id,) in env.cr.fetchall()]
    if len(made_ids) < len(rows):
        raise UserError(
            env._(
                "One of these people is being asked already: their request waits in "
                "the mail queue."
            )
        )
    _check_not_stopped(env, {vals["activity_id"] for vals in values})
    env["privacy.consent"].invalidate_model(["request_ids"])
    env["mail.mail"].invalidate_model(["consent_request_ids"])
    requests_sudo = requests_sudo.browse(made_ids)
    requests_sudo.modified(["consent_id", "reason", "state"])
    return requests_sudo


def _row(vals):
    # Odoo writes False for nothing.
    values = (SQL("%s", one or None) for one in vals.values())
    return SQL("(%s)", SQL(", ").join(values))


def _check_not_stopped(env, activity_ids):
    """Let no request be made that whoever presses Stop now would not see.

    The lock is shared: only somebody who edits the activity could wait for it.

    :raise SerializationFailure: if an activity changed since this transaction began;
        all is tried again on fresh data
    """
    env.cr.execute(
        SQL(
            "SELECT FROM privacy_activity WHERE id IN %s ORDER BY id FOR SHARE",
            tuple(activity_ids),
        ),
        log_exceptions=False,
    )


def _unreached_sql(model, alias, _query, activity):
    """Make the condition of :meth:`PrivacyConsent._unreached_domain`.

    Nearly all requests reach somebody. PostgreSQL reads first the few consents with one
    that did not, and looks for a later one only as long as it needs more of them.

    :rtype: SQL
    """
    model.env["privacy.consent.request"].flush_model()
    model.env["privacy.consent"].flush_model(["answer_date"])
    return SQL(
        """
        %(consent)s = ANY (ARRAY(
            SELECT consent_id FROM privacy_consent_request
             WHERE state IN %(unreached)s%(of_activity)s
        )) AND EXISTS (
            SELECT FROM privacy_consent_request AS last
             WHERE last.consent_id = %(consent)s AND last.state IN %(unreached)s
               AND coalesce(
                       date_trunc('second', %(answered)s) <= last.create_date, TRUE
                   )
               AND NOT EXISTS (
                       SELECT FROM privacy_consent_request AS later
                        WHERE later.consent_id = last.consent_id AND later.id > last.id
                   )
        )
        """,
        consent=SQL.identifier(alias, "id"),
        answered=SQL.identifier(alias, "answer_date"),
        unreached=UNREACHED,
        of_activity=SQL(" AND activity_id = %s", activity.id) if activity else SQL(),
    )


class PrivacyConsentRequest(models.Model):
    """One consent asked by one mail at one address.

    It is made with the mail, or before it if somebody plans a message for later. Its
    state follows the mail. A consent has one request at most that is still to come.
    """

    _name = "privacy.consent.request"
    _description = "Request for consent"
    _order = "id desc"
    _rec_name = "address"

    uuid = fields.Char(string="Unique ID", readonly=True, required=True)
    consent_id = fields.Many2one(
        comodel_name="privacy.consent",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="consent_id.company_id", store=True)
    kind = fields.Selection(
        selection=[
            ("first", "First request"),
            ("again", "Asked again"),
            ("fresh", "Wished for on a page"),
        ],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        selection=[
            ("planned", "Planned"),
            ("waiting", "Waiting"),
            ("delivered", "Delivered"),
            ("failed", "Failed"),
            ("bounced", "Bounced"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        help="Planned: somebody wrote it for later. Waiting: it is in the mail queue. "
        "Delivered: the person's mail server took it. Failed: it could not be made, or "
        "no server took it. Bounced: the server took it and sent it back.",
    )
    cause = fields.Selection(
        selection="_selection_cause",
        string="Cancelled because",
        readonly=True,
    )
    reason = fields.Text(
        readonly=True, help="Why it could not be made, sent or delivered."
    )
    mail_id = fields.Many2one(
        comodel_name="mail.mail",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    # Deleted first wherever a message may be deleted at all.
    message_id = fields.Many2one(
        comodel_name="mail.message",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    planned_message_id = fields.Many2one(
        comodel_name="mail.scheduled.message",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    address = fields.Char(
        readonly=True, index="btree_not_null", help="The address that is asked."
    )
    contact_email = fields.Char(
        readonly=True,
        help="The e-mail field of the contact when it was asked. Who could not be "
        "reached is asked again once it is another one.",
    )
    text_id = fields.Many2one(
        comodel_name="privacy.consent.text",
        string="Text",
        readonly=True,
        ondelete="restrict",
        help="What the request says. Empty: the message itself does, because somebody "
        "wrote it by hand.",
    )
    surroundings = fields.Char(
        readonly=True, help="SHA-256 of the source of the e-mail template."
    )
    delivered_date = fields.Datetime(
        string="Delivered on",
        readonly=True,
        help="When the subject's mail server took the request.",
    )
    ended_date = fields.Datetime(
        string="Ended on",
        readonly=True,
        help="When it failed, bounced or was cancelled.",
    )
    effects_due = fields.Boolean(
        readonly=True,
        help="What follows a delivery or a failure is still to do.",
    )
    attempts = fields.Integer(
        compute="_compute_attempts",
        compute_sudo=True,
        help="How often sending it failed so far.",
    )
    next_attempt = fields.Datetime(
        compute="_compute_attempts",
        compute_sudo=True,
        help="When it is sent again. Empty: as soon as possible.",
    )
    delay_reason = fields.Text(
        string="Last failure",
        compute="_compute_attempts",
        compute_sudo=True,
        help="Why it could not be sent yet.",
    )

    _unique_uuid = models.UniqueIndex("(uuid)")
    _unique_open = models.UniqueIndex(
        "(consent_id) WHERE state IN ('planned', 'waiting')",
        "This person is being asked already: the request waits in the mail queue.",
    )
    # Whether there is a later one is read from the index alone.
    _consent_idx = models.Index("(consent_id, id)")
    _open_idx = models.Index(
        "(activity_id, id, consent_id) WHERE state IN ('planned', 'waiting')"
    )
    _unreached_idx = models.Index(
        "(activity_id, consent_id) WHERE state IN ('failed', 'bounced')"
    )
    _effects_due_idx = models.Index("(id) WHERE effects_due IS TRUE")

    @api.model
    def _selection_cause(self):
        return list(self._causes().items())

    @api.model
    def _causes(self):
        """:return: what each code of a cancellation means"""
        return {
            "answered": self.env._("The person answered"),
            "archived": self.env._("The consent was archived"),
            "contact": self.env._("The contact was archived"),
            "deleted": self.env._("Its mail was deleted"),
            "locked": self.env._("Only the proof is kept"),
            "mail": self.env._("Its mail was cancelled"),
            "merged": self.env._("The contacts were merged"),
            "off": self.env._("The activity does not ask any more"),
            "replaced": self.env._("Another request replaces it"),
            "stopped": self.env._("Asking was stopped"),
        }

    @api.depends("mail_id")
    def _compute_attempts(self):
        # The addon mail_queue_safe has these fields.
        retries = "queue_attempts" in self.env["mail.mail"]._fields
        for one in self:
            waiting = one.state == "waiting"
            one.attempts = retries and one.mail_id.queue_attempts
            one.next_attempt = retries and waiting and one.mail_id.queue_next_attempt
            one.delay_reason = waiting and one.mail_id.failure_reason

    # Guards ---------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        """Refuse requests without a mail: :func:`make_requests` makes them.

        :raise AccessError: for whoever may not make requests anyway
        :raise UserError: for everybody else
        """
        self.check_access("create")
        raise UserError(self.env._("A request is made with the mail that asks."))

    def write(self, vals):
        """Refuse to rewrite what happened.

        :raise AccessError: for whoever may not write requests anyway
        :raise UserError: for everybody but the program itself, see :func:`note`
        """
        self.check_access("write")
        if _NOTING.get() is not vals and not is_erasing():
            raise UserError(
                self.env._("Only the mail queue notes what became of a request.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        """Keep what was asked. Requests that never left go with their consents.

        :raise UserError: for a consent whose request was sent
        """
        self.consent_id._unlink_except_asked()

    # What becomes of it ---------------------------------------------------------

    def _cancel(self, cause):
        """Cancel these requests, but leave alone what is leaving at this moment.

        The mail queue asks again before it sends, and cancels what it finds.

        :param str cause: one of :meth:`_causes`
        :return: those that are cancelled
        """
        if not self:
            return self
        mails = self.mail_id.with_context(prefetch_fields=False)
        free = lock_unchanged(mails)
        cancelled = self.filtered(lambda one: not one.mail_id or one.mail_id in free)
        cancelled._note_cancelled(cause)
        free.cancel()
        cancelled.planned_message_id.unlink()
        planned = cancelled.filtered(lambda one: not one.mail_id).message_id
        if planned:
            schedules = self.env["mail.message.schedule"]
            schedules.search([("mail_message_id", "in", planned.ids)]).unlink()
        return cancelled

    def _note_cancelled(self, cause):
        note(
            self,
            {
                "state": "cancelled",
                "cause": cause,
                "reason": False,
                "ended_date": fields.Datetime.now(),
                "effects_due": False,
            },
        )

    def _follow_mail(self, state, reason):
        """Follow the state of the mail, and not that of a mere copy for others.

        :param str state: as of ``mail.mail``
        :param str reason: why it failed, if it did
        """
        requests = self.filtered(lambda one: one.state not in ("delivered", "bounced"))
        if state == "cancel":
            requests.filtered(lambda one: one.state in OPEN)._note_cancelled("mail")
        elif state == "exception":
            # Odoo writes a reason before it sends, and another one if that fails.
            requests.filtered(lambda one: one.state != "cancelled")._note_failed(reason)
        elif state == "outgoing":
            ended = requests.filtered(lambda one: one.state not in OPEN)
            for one in ended:
                if one.consent_id.request_ids.filtered(
                    lambda other: other.state in OPEN
                ):
                    raise UserError(
                        self.env._(
                            "%s is being asked already: another request waits in the "
                            "mail queue.",
                            one.consent_id.subject_name,
                        )
                    )
            empty = {"cause": False, "ended_date": False, "effects_due": False}
            note(ended, {"state": "waiting", "reason": False, **empty})

    def _note_failed(self, reason):
        for one in self:
            note(
                one,
                {
                    "state": "failed",
                    "reason": one.consent_id._address_problem() or reason or False,
                    "ended_date": fields.Datetime.now(),
                    "effects_due": True,
                },
            )

    def _hindrance(self):
        """Tell why the request may not leave any more, if so.

        :return: one of :meth:`_causes`, or None
        """
        consent = self.consent_id
        answered = consent.state == "answered" and not consent.suspected_automated
        if answered and consent._answered_since(self.create_date):
            return "answered"
        return consent._hindrance()

    @api.model
    def _cancel_orphans(self):
        """Cancel requests whose mail is gone, however that happened."""
        self.flush_model()
        orphans = self.search(
            Domain("state", "=", "waiting")
            & (
                Domain("mail_id", "=", False)
                | Domain("mail_id.state", "not in", ("outgoing", "exception"))
            )
            | Domain("state", "=", "planned")
            & Domain("planned_message_id", "=", False)
            & Domain("message_id", "=", False)
        )
        orphans._note_cancelled("deleted")


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    request_ids = fields.One2many(
        comodel_name="privacy.consent.request",
        inverse_name="consent_id",
        string="Requests",
        readonly=True,
    )
    last_request_id = fields.Many2one(
        comodel_name="privacy.consent.request",
        compute="_compute_last_request",
        compute_sudo=True,
    )
    request_state = fields.Selection(
        selection=lambda self: self.env["privacy.consent.request"]
        ._fields["state"]
        ._description_selection(self.env),
        string="Last request",
        compute="_compute_last_request",
        compute_sudo=True,
        help="What became of the last request. Empty: there is none.",
    )
    failure_reason = fields.Text(
        string="Request failed",
        compute="_compute_last_request",
        search="_search_failure_reason",
        compute_sudo=True,
        help="Why the last request did not reach the subject.",
    )

    @api.depends(
        "answer_date", "request_ids", "request_ids.state", "request_ids.reason"
    )
    def _compute_last_request(self):
        requests = self.request_ids
        for consent in self:
            last = consent.request_ids.sorted("id")[-1:].with_prefetch(requests.ids)
            consent.last_request_id = last
            consent.request_state = last.state
            # Who answered since was reached all the same.
            answered = last and consent._answered_since(last.create_date)
            consent.failure_reason = (
                last.state in UNREACHED
                and not answered
                and (last.reason or self.env._("Nobody knows why."))
            )

    def _answered_since(self, moment):
        """:return: whether the answer is later than a moment, in whole seconds"""
        date = self.answer_date
        return bool(date) and date.replace(microsecond=0) > moment

    def _search_failure_reason(self, operator, value):
        if operator not in ("in", "not in") or any(value):
            return NotImplemented
        unreached = self._unreached_domain()
        return unreached if operator == "not in" else ~unreached

    def _unreached_domain(self, activity=None):
        """Make the condition that the last request of a consent reached nobody.

        :param activity: only of this one, which is quicker
        :rtype: Domain
        """
        return Domain.custom(to_sql=partial(_unreached_sql, activity=activity))

    def _hindrance(self):
        """Tell why nobody may be asked for this consent.

        :return: one of the causes of ``privacy.consent.request``, or None
        """
        if self.locked_until:
            return "locked"
        if self.merged_into_id:
            return "merged"
        if not self.active:
            return "archived"
        if not self.partner_id.active:
            return "contact"
        if self.activity_id.asking_stopped:
            return "stopped"
        asks = self.activity_id.active and self.activity_id.consent_required
        return None if asks else "off"

    def _open_requests(self):
        """:return: the requests that are still to come, with superuser rights"""
        requests_sudo = self.env["privacy.consent.request"].sudo()
        if not self:
            return requests_sudo
        return requests_sudo.search(
            [("consent_id", "in", self.ids), ("state", "in", OPEN)]
        )

    def _cancel_requests(self, cause):
        """Cancel what has not left, and leave alone what is leaving at this moment.

        :param str cause: one of those of ``privacy.consent.request``
        :return: the requests that are cancelled
        """
        return self._open_requests()._cancel(cause)

    def _trigger_mail_queue(self):
        """Have the mail queue run right after this transaction, not in an hour."""
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
