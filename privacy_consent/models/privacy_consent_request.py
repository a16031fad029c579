# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests: one consent asked by one mail at one address, and what became of it."""

from contextvars import ContextVar

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..unique_id import new_uuid

# Such a request is still to come: nobody is asked twice at once.
OPEN = ("planned", "waiting")
# Such a request ended without reaching the person.
UNREACHED = ("failed", "bounced")
# Odoo makes such a request by itself, or somebody makes it in place of Odoo.
FOLLOWING = ("reminder", "renewal", "changed")
# No activity reminds anybody more often.
MOST_REMINDERS = 3
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
    requests_sudo.flush_model(["state"])
    env.cr.execute(
        SQL(
            "INSERT INTO privacy_consent_request (%s) VALUES %s"
            " ON CONFLICT DO NOTHING RETURNING id",
            SQL(", ").join(map(SQL.identifier, rows[0])),
            # Odoo writes False for nothing.
            SQL(", ").join(
                SQL("%s", tuple(one or None for one in row.values())) for row in rows
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


def end_rounds(consents):
    """Have nobody reminded of the requests that were delivered so far.

    It is no method, for the same reason.

    :param consents: ``privacy.consent`` records
    """
    requests_sudo = consents.env["privacy.consent.request"].sudo()
    requests_sudo.flush_model(["reminders_looked", "state"])
    consents.env.cr.execute(
        SQL(
            "UPDATE privacy_consent_request SET reminders_looked = %s"
            " WHERE consent_id = ANY (%s) AND state = 'delivered'"
            " AND coalesce(reminders_looked, 0) < %s",
            MOST_REMINDERS,
            consents.ids,
            MOST_REMINDERS,
        ),
        log_exceptions=False,
    )
    requests_sudo.invalidate_model(["reminders_looked"])


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


class PrivacyConsentRequest(models.Model):
    """One consent asked by one mail at one address.

    It is made with the mail, or before it if somebody plans a message for later. Its
    state follows the mail. A consent has one request at most that is still to come.
    """

    _name = "privacy.consent.request"
    _description = "Request for consent"
    _inherit = ["privacy.technical.fields"]
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
            ("reminder", "Reminder"),
            ("renewal", "Renewal"),
            ("changed", "The processing changed"),
            ("fresh", "Wished for on a page"),
        ],
        required=True,
        readonly=True,
    )
    occasion = fields.Char(
        readonly=True,
        help="Of what somebody is reminded, the end of which consent is near, or which "
        "change there was.",
        exportable=False,
    )
    number = fields.Integer(readonly=True, help="Which reminder it is.")
    reminders_looked = fields.Integer(
        readonly=True,
        help="The number of reminders of the activity when the time for one had come.",
        exportable=False,
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
        exportable=False,
    )
    # Deleted first wherever a message may be deleted at all.
    message_id = fields.Many2one(
        comodel_name="mail.message",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        exportable=False,
    )
    planned_message_id = fields.Many2one(
        comodel_name="mail.scheduled.message",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        exportable=False,
    )
    address = fields.Char(
        readonly=True, index="btree_not_null", help="The address that is asked."
    )
    contact_email = fields.Char(
        readonly=True,
        help="The e-mail field of the contact when it was asked. Who could not be "
        "reached is asked again once it is another one.",
        exportable=False,
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
        readonly=True,
        help="SHA-256 of the source of the e-mail template.",
        exportable=False,
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
        exportable=False,
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
    # No crash and no second server repeats one that may have left.
    _unique_occasion = models.UniqueIndex(
        "(consent_id, kind, occasion, coalesce(number, 0))"
        " WHERE occasion IS NOT NULL AND state <> 'cancelled'"
    )
    _remind_idx = models.Index(
        "(activity_id, coalesce(reminders_looked, 0), delivered_date)"
        " WHERE state = 'delivered' AND effects_due IS NOT TRUE"
    )
    # Whether there is a later one is read from the index alone.
    _consent_idx = models.Index("(consent_id, id)")
    _open_idx = models.Index(
        "(activity_id, consent_id, id) WHERE state IN ('planned', 'waiting')"
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
            "blacklist": self.env._("The address is on the blacklist"),
            "contact": self.env._("The contact was archived"),
            "deleted": self.env._("Its mail was deleted"),
            "expired": self.env._("The consent ended"),
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
        if _NOTING.get() is not vals:
            raise UserError(
                self.env._("Only the mail queue notes what became of a request.")
            )
        return super().write(vals)
