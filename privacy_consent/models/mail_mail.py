# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is special about an outgoing mail that asks for consent."""

from email.utils import parseaddr

from odoo import api, fields, models, modules
from odoo.tools import SQL, frozendict

from .. import addresses, links, mail_document
from .fetching import fetch_together
from .guard import deletable, made, making, not_erased, refuse_changes
from .ir_qweb import is_batch
from .mail_message_schedule import is_notifying_later
from .mail_scheduled_message import posted_id
from .privacy_activity_sender import is_mailbox, mailbox
from .privacy_consent_delivery import is_sending, sending
from .privacy_consent_links import NO_AUTOMATIC_REPLIES
from .privacy_consent_request import OPEN, make_requests, note
from .privacy_consent_together import along_with

# What ties a mail to its request, and what it says beside its message.
_GUARDED = {"body_html", "is_notification", "mail_message_id"}
# What a message is made of
_READ = (
    (
        "request",
        "privacy.consent.request",
        ("consent_id", "activity_id", "address", "kind", "mail_id", "create_date"),
    ),
    (
        "consent",
        "privacy.consent",
        (
            "active",
            "activity_id",
            "link_revocations",
            "locked_until",
            "merged_into_id",
            "partner_id",
            "state",
            "suspected_automated",
        ),
    ),
    (
        "activity",
        "privacy.activity",
        (
            "active",
            "asking_stopped",
            "consent_required",
            "controller_company_id",
            "controller_id",
        ),
    ),
    ("controller", "res.partner", ("write_date",)),
)
# What a new mail makes of its request: Odoo cancels some at once.
_STATES = {
    "outgoing": {"state": "waiting", "cause": None},
    "exception": {"state": "failed", "cause": None},
    "cancel": {"state": "cancelled", "cause": "mail"},
}


class MailMail(models.Model):
    _inherit = "mail.mail"

    consent_request_ids = fields.One2many(
        comodel_name="privacy.consent.request",
        inverse_name="mail_id",
        string="Requests for consent",
        readonly=True,
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Make a request of each mail that asks for consent."""
        mails = super().create(vals_list)
        if not is_batch():
            asking = mails.filtered(lambda mail: mail.model == "privacy.consent")
            asking.sudo()._make_consent_requests()
        return mails

    def write(self, vals):
        """Refuse to change what a request says, and have its state follow the mail's.

        Its message has a guard of its own.

        :raise UserError: for another text or message
        """
        refuse_changes(self._requests_for_consent, vals, _GUARDED)
        vals = self._without_links_in_reasons(vals)
        result = super().write(vals)
        state = vals.get("state")
        if state in ("outgoing", "exception", "cancel"):
            requests_sudo = self._about_consents().sudo().consent_request_ids
            requests_sudo._follow_mail(state, vals.get("failure_reason"))
        return result

    def _about_consents(self):
        """:return: those of these mails that are about a consent, whatever they say"""
        return self.filtered(lambda mail: mail.model == "privacy.consent")

    def unlink(self):
        """Refuse to delete a request. Notifications of a message of its own may go.

        :raise UserError: for a person; a clean-up of Odoo passes over it
        """
        alone = self.browse(
            self.sudo().filtered(lambda mail: not mail.is_notification).ids
        )
        mails = deletable(self, alone._requests_for_consent())
        return super(MailMail, mails).unlink()

    def _requests_for_consent(self):
        """:return: those of these mails that ask their subjects"""
        mails = not_erased(self)
        if not mails:
            return mails
        requests_sudo = self.env["privacy.consent.request"].sudo()
        return self.browse(
            requests_sudo.search([("mail_id", "in", mails.ids)]).mail_id.ids
        )

    def _make_consent_requests(self, kind=None, texts=None):
        """Make a request for each of these mails that asks its subject, or several.

        Nobody asks who may not write the consent: such a mail is a message like any
        other, without personal links.

        :param str kind: of the requests, if it does not follow from earlier ones
        :param dict texts: more values, by the id of an activity, and by the language of
            the subject
        :raise UserError: where somebody may not be asked now
        """
        asking = {}
        for mail in self:
            consent = mail._consent_asked()
            if consent and mail._is_addressed_to(consent.partner_id):
                asking[mail] = consent
        consents = self.env["privacy.consent"].browse(one.id for one in asking.values())
        if is_notifying_later():
            # The scheduled action may write everything, but not who planned it.
            allowed = self._own_planned(consents._open_requests()).consent_id
        else:
            allowed = consents.with_user(self.env.user)._filtered_access("write")
        planned_sudo = allowed.sudo()._check_askable()
        own_sudo = self._own_planned(planned_sudo)
        (planned_sudo - own_sudo)._cancel("replaced")
        planned_by_consent = own_sudo.grouped("consent_id")
        values = []
        now = fields.Datetime.now()
        requests_sudo = own_sudo.browse()
        asked = {mail: one for mail, one in asking.items() if one in allowed}
        mails = self.browse(mail.id for mail in asked)
        by_activity = mails.grouped(lambda mail: asked[mail].activity_id)
        for activity, alike in by_activity.items():
            alike._send_as(activity, asked)
        for mail, consent in asked.items():
            vals = {
                "mail_id": mail.id,
                "message_id": mail.mail_message_id.id,
                **_STATES.get(mail.state, _STATES["cancel"]),
                "reason": mail.failure_reason,
                "ended_date": None if mail.state == "outgoing" else now,
                "address": consent._address_to_ask(),
                "contact_email": consent.partner_id.email,
            }
            request_sudo = planned_by_consent.get(consent)
            if request_sudo:
                note(request_sudo, vals)
                requests_sudo += request_sudo
                continue
            lang = consent.partner_id.lang
            values += [
                {
                    **(texts or {}).get((one.activity_id.id, lang), {}),
                    **one._request_subject(),
                    **({"kind": kind} if kind else {}),
                    # Last, because the code of a server action can call this, too.
                    **vals,
                }
                for one in consent + along_with(consent)
            ]
        requests_sudo += make_requests(self.env, values)
        requests_sudo.filtered(
            lambda one: one.consent_id.id == one.message_id.res_id
        )._keep_files()
        made(requests_sudo.message_id)

    def _send_as(self, activity, asked):
        """Have the controller ask, and not whoever is at work.

        :param activity: the ``privacy.activity`` that these mails ask about
        :param dict asked: the consent that each of these mails asks for
        """
        sender = activity._sender()
        domain = activity.sudo().controller_company_id.alias_domain_id
        consents_sudo = self.env["privacy.consent"].sudo()
        takers = consents_sudo.browse(
            asked[mail].id for mail in self
        )._notify_get_reply_to(default=sender)
        changes = self.grouped(
            lambda mail: frozendict(
                mail._values_of_sender(sender, domain, takers[asked[mail].id])
            )
        )
        for vals, mails in changes.items():
            # A write to the mails would write each message alone.
            messages = mails.mail_message_id
            if vals:
                with making(messages):
                    messages.write(vals)

    def _values_of_sender(self, sender, domain, taker):
        """:return: what to write on this mail, so that this mailbox asks

        :param str sender: the mailbox of the controller
        :param domain: the ``mail.alias.domain`` of the controller's company
        :param str taker: the mailbox to which Odoo has people answer
        """
        vals = {}
        # Odoo takes bounces at the company of whoever is at work.
        if domain and domain != self.record_alias_domain_id:
            vals = {"record_alias_domain_id": domain.id}
        asked_by = addresses.read(self.email_from)
        reply_to = self.reply_to
        if asked_by != addresses.read(sender):
            if addresses.read(reply_to) == asked_by:
                reply_to = False  # their own, too
        elif is_mailbox(reply_to) and not vals:
            return vals
        if not is_mailbox(reply_to):
            # Odoo gives it the name of whoever is at work.
            reply_to = mailbox(parseaddr(sender)[0], parseaddr(taker)[1])
        return {**vals, "email_from": sender, "reply_to": reply_to}

    def _own_planned(self, requests_sudo):
        """:return: those of these requests that were planned and are these mails now"""
        return requests_sudo.filtered(
            lambda one: one.message_id in self.mail_message_id
            or one.planned_message_id.id == posted_id()
        )

    def _consent_asked(self):
        """Find the consent that this mail asks for.

        :return: the consent, with superuser rights, which may have been deleted; empty
            for any other mail, a mere message in the thread of a consent included
        """
        self.ensure_one()
        consents = self.env["privacy.consent"].sudo()
        if self.model != consents._name or not links.placeholder.choices(
            self.body_html
        ):
            return consents
        return consents.browse(self.res_id)

    def _is_addressed_to(self, subject):
        """:return: whether the subject is among those that this mail goes to"""
        return subject in self.recipient_ids or not set(
            addresses.read(self.email_to).valid
        ).isdisjoint(addresses.read(subject.email).valid)

    def _send(self, *args, **kwargs):
        """Believe that these mails are delivered, if that is told meanwhile."""
        with sending(self):
            return super()._send(*args, **kwargs)

    def _queue_attempt(self, *args, **kwargs):
        """Believe the same of the addon mail_queue_safe: its loop is its own."""
        with sending(self):
            return super()._queue_attempt(*args, **kwargs)

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Give the personal links to the subject, and to nobody else.

        Whoever got a request gets no other message of its mail, whatever became of
        copies for others. The mail of a request that may not leave any more is
        cancelled instead.
        """
        asking = self._consent_asked()
        requests_sudo = asking and self._lock_requests()
        if requests_sudo and requests_sudo._cancel_hindered():
            self.write({"state": "cancel", "failure_reason": False})
            return []
        made_sudo = requests_sudo or asking and self.sudo().consent_request_ids
        emails = super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )
        if not asking:
            activity_sudo = self._activity_tested()
            return self._finish(emails, activity_sudo) if activity_sudo else emails
        result = []
        if made_sudo:
            subject = made_sudo.consent_id.partner_id
            known = set(addresses.read(subject.email).valid)
            own, emails = _separate(emails, subject, known)
            # Odoo's own queue sends nothing after a message that a server refuses.
            if own and requests_sudo:
                result.append(requests_sudo._personal_copy(asking, own))
        for email in emails:
            result.append(
                {
                    **email,
                    "body": links.placeholder.remove(links.host.in_html(email["body"])),
                    "headers": {**email["headers"], **NO_AUTOMATIC_REPLIES},
                }
            )
        return self._finish(result, asking.activity_id)

    def _finish(self, emails, activity_sudo):
        """:return: these messages, with what surrounds the text of a request"""
        picture = emails and activity_sudo._mail_logo_sudo()
        return [mail_document.finish(email, picture) for email in emails]

    def _activity_tested(self):
        """:return: the activity whose request this mail tries out, as superuser"""
        activities_sudo = self.env["privacy.activity"].sudo()
        if self.model != activities_sudo._name:
            return activities_sudo
        return activities_sudo.browse(self.res_id).exists()

    def _lock_requests(self):
        """Lock the requests that this mail makes, and nothing that others wait for.

        After the message left nothing may fail that concerns them.

        :return: the requests, with superuser rights
        """
        return fetch_together(
            self.env,
            _READ,
            SQL(
                "privacy_consent_request AS request"
                " JOIN privacy_consent AS consent ON consent.id = request.consent_id"
                " JOIN privacy_activity AS activity"
                " ON activity.id = request.activity_id"
                " LEFT JOIN res_partner AS controller"
                " ON controller.id = activity.controller_id"
                " WHERE request.mail_id = %s AND request.state IN ('waiting', 'failed')"
                " ORDER BY request.id FOR NO KEY UPDATE OF request",
                self.id,
            ),
        )["request"]

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Note what became of requests, and have done what follows.

        While mails leave it is left for later: it may fail, and locks the consent. More
        of them may leave in this transaction, which take their time. Odoo's tests
        commit nothing, and nothing is later.
        """
        # Before super(), which deletes mails that are not kept.
        mails = self._about_consents()
        requests_sudo = mails.sudo().consent_request_ids
        for request_sudo in requests_sudo:
            mail = request_sudo.mail_id
            if mail.auto_delete and not mail.is_notification:
                mail.auto_delete = False  # its message goes with it
            consent = request_sudo.consent_id
            if consent.partner_id in success_pids:
                consent._mail_delivered(mail, consent.partner_id)
            elif request_sudo.state in OPEN and mail.state in ("sent", "exception"):
                request_sudo._note_failed(failure_reason or mail.failure_reason)
        due = requests_sudo.filtered("effects_due")
        if due and any(map(is_sending, mails)) and not modules.module.current_test:
            due.consent_id._trigger_effects()
        elif due:
            due._follow_at_commit()
        return super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )


def _separate(emails, subject, own):
    """Take the message for the subject out of those of a mail.

    A template may address the subject by e-mail instead of as a contact, and name
    others beside them or in copy. They all would share one message, and with it the
    personal links.

    :param list[dict] emails: as of ``_prepare_outgoing_list()``
    :param subject: the ``res.partner`` who is asked
    :param set own: the addresses of the subject
    :return: one that was for the subject, or None; and the messages for others
    """
    found, others = None, []
    for email in emails:
        to, copies = (
            [one for one in email[name] if own.isdisjoint(addresses.read(one).valid)]
            for name in ("email_to", "email_cc")
        )
        if email["partner_id"] == subject or to != email["email_to"]:
            found = found or email
        if email["partner_id"] != subject and (to or copies):
            others.append({**email, "email_to": to, "email_cc": copies})
    return found, others
