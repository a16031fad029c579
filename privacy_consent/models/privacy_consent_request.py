# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests: one mail that asks, from the moment it is made to what became of it."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from .. import links
from ..unique_id import new_uuid
from .guard import is_erasing, making, refuse_changes
from .privacy_consent import store
from .privacy_consent_effects import DELIVERED
from .privacy_consent_event import Event, append

# What a transaction keeps in mind: whose delivery it follows.
_FOLLOWING = "privacy_consent.following"


class PrivacyConsentRequest(models.Model):
    """One consent asked by one mail at one address.

    It is made with the mail. Its state follows the mail.
    """

    _name = "privacy.consent.request"
    _description = "Request for consent"
    _order = "id desc"
    _rec_name = "address"

    uuid = fields.Char(
        string="Unique ID",
        default=lambda self: new_uuid(),
        required=True,
        readonly=True,
    )
    consent_id = fields.Many2one(
        comodel_name="privacy.consent",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="consent_id.company_id", store=True)
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
    address = fields.Char(readonly=True, help="The address that was asked.")
    text_id = fields.Many2one(
        comodel_name="privacy.consent.text",
        string="Text",
        readonly=True,
        index="btree_not_null",
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
    followed = fields.Boolean(
        readonly=True, help="What follows a delivery was done: the event is stored."
    )
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("delivered", "Delivered"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
        compute_sudo=True,
    )
    failure_reason = fields.Text(compute="_compute_state", compute_sudo=True)

    _unique_uuid = models.UniqueIndex("(uuid)")

    @api.depends("delivered_date", "mail_id.state", "mail_id.failure_reason")
    def _compute_state(self):
        states = {"outgoing": "waiting", "exception": "failed"}
        for one in self:
            one.state = (
                "delivered"
                if one.delivered_date
                else states.get(one.mail_id.state, "cancelled")
            )
            one.failure_reason = one.state == "failed" and one.mail_id.failure_reason

    @api.model_create_multi
    def create(self, vals_list):
        """Make requests, none of which was delivered yet.

        :raise UserError: for one that says it was
        """
        self._check_not_delivered(set().union(*vals_list))
        return super().create(vals_list)

    def write(self, vals):
        """Note once what becomes of a request.

        :raise UserError: for a delivery, which only the mail queue notes, and for
            another value of what is known already
        """
        self._check_not_delivered(vals.keys())
        if not is_erasing():
            for one in self:
                known = {name: value for name, value in vals.items() if one[name]}
                if known:
                    refuse_changes(one, known)
        return super().write(vals)

    def _check_not_delivered(self, names):
        if "delivered_date" in names:
            raise UserError(
                self.env._("Only the mail queue notes that a request was delivered.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        """Keep what was asked. Requests that never left go with their consents.

        :raise UserError: for a consent whose request was sent
        """
        self.consent_id._unlink_except_asked()

    def unlink(self):
        """Delete requests that never left, and the files that no other one has."""
        files_sudo = (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        )
        for file_sudo in files_sudo:
            heir_sudo = self.sudo().search(
                [
                    ("message_id.attachment_ids", "in", file_sudo.ids),
                    ("id", "not in", self.ids),
                ],
                limit=1,
            )
            if heir_sudo:
                with making(file_sudo):
                    file_sudo.res_id = heir_sudo.id
        return super().unlink()

    def _keep_files(self):
        """Give the requests files of their own instead of those of a template.

        Requests for contacts of one company share the files with the same content,
        and whoever may read one of them may open these.
        """
        with_files = self.filtered("message_id.attachment_ids")
        for (company, files), requests in with_files.grouped(
            lambda one: (one.company_id, one._files_of_others())
        ).items():
            if not files:
                continue
            commands = [Command.unlink(file.id) for file in files]
            commands += [
                Command.link(requests[0]._copied(file, company).id) for file in files
            ]
            with making(requests.message_id):
                requests.message_id.write({"attachment_ids": commands})

    def _files_of_others(self):
        """:return: the files of the message that neither it nor the consent owns"""
        return self.message_id.attachment_ids.filtered(
            lambda file: file.res_model != self._name
            and (file.res_model, file.res_id)
            != (self.consent_id._name, self.consent_id.id)
        )

    def _copied(self, file, company):
        """Copy a file, unless a request has such a copy already.

        :param file: ``ir.attachment`` record, with superuser rights
        :param company: of the requests that share the copy
        :return: the copy, with superuser rights
        """
        same = ("checksum", "mimetype", "name", "type", "url")
        copies = file.search(
            [
                ("res_model", "=", self._name),
                *((name, "=", file[name]) for name in same),
            ]
        )
        owners = self.browse(copies.mapped("res_id")).exists()
        owners = owners.filtered(lambda one: one.company_id == company)
        copy = copies.filtered(lambda one: one.res_id in owners.ids)[:1]
        # Odoo would store some kinds of file as another kind for an ordinary user.
        as_it_is = file.with_user(SUPERUSER_ID).with_context(image_no_postprocess=True)
        return copy or as_it_is.copy(
            {"res_model": self._name, "res_id": self.id, "access_token": False}
        )

    @api.constrains("consent_id")
    def _check_consent_not_locked(self):
        """Ask nobody of whom only the proof is kept.

        :raise ValidationError: naming one whose consent is locked
        """
        self.consent_id._refuse_locked()


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    request_ids = fields.One2many(
        comodel_name="privacy.consent.request",
        inverse_name="consent_id",
        string="Requests",
        readonly=True,
    )
    delivery_to_follow = fields.Boolean(
        string="Delivery to follow",
        readonly=True,
        copy=False,
        help="The request was delivered. What follows is still to do: the message in "
        "the history, and the server action.",
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
        ).filtered(lambda mail: links.placeholder.choices(mail.body_html))

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
            now = fields.Datetime.now()
            consent._store_delivery(mail, now)
            facts = consent._delivery_facts(mail)
            if consent.request_error:
                facts["request_error"] = False
            if consent.state == "draft":
                self.env.cr.cache.setdefault(DELIVERED, set()).add(consent.id)
                facts |= {"state": "sent", "sent_date": now, "delivery_to_follow": True}
            if facts:
                store(consent.with_context(tracking_disable=True), facts)

    def _store_delivery(self, mail, now):
        """Store on the request that it was delivered, in a single statement."""
        requests = self.env["privacy.consent.request"]
        requests.flush_model(["delivered_date"])
        self.env.cr.execute(
            SQL(
                "UPDATE privacy_consent_request SET delivered_date = %s"
                " WHERE mail_id = %s AND consent_id = %s AND delivered_date IS NULL",
                now,
                mail.id,
                self.id,
            )
        )
        requests.invalidate_model(["delivered_date", "failure_reason", "state"])

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
        """Store the events, log deliveries and run the server actions: once."""
        delivered = self.sudo().request_ids.filtered(
            lambda one: one.delivered_date and not one.followed
        )
        if not delivered and not any(self.mapped("delivery_to_follow")):
            return
        self._lock()
        append(
            self.env,
            [
                Event(
                    kind="requested",
                    by="system",
                    activity=one.consent_id.activity_id,
                    consent=one.consent_id,
                    request_uuid=one.uuid,
                    text=one.text_id,
                    language=one.text_id.language,
                    surroundings=one.surroundings,
                    person={"name": one.consent_id.subject_name, "email": one.address},
                )
                for one in delivered
            ],
        )
        delivered.followed = True
        due = self.filtered("delivery_to_follow")
        if due:
            store(due, {"delivery_to_follow": False})
            due._log_kind("requested")
            due._run_action()

    def _request_failed(self, reason):
        """Note why a request did not reach the subject.

        :param str reason: as the mail server or Odoo gave it
        """
        for consent in self:
            if consent.request_error != reason:
                store(consent, {"request_error": reason})
