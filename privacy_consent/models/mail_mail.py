# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is special about an outgoing mail that asks for consent."""

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import MissingError
from odoo.tools import SQL, html2plaintext
from odoo.tools.mail import email_normalize, email_normalize_all

from .. import links
from ..unique_id import new_uuid
from .guard import deletable, is_erasing, made, refuse_changes
from .ir_qweb import is_batch

# What ties a mail to its request, and what it says beside its message.
_GUARDED = {"body_html", "is_notification", "mail_message_id"}


class MailMail(models.Model):
    _inherit = "mail.mail"

    consent_stopped = fields.Boolean(
        string="Cancelled by stopping",
        readonly=True,
        copy=False,
        help="Continue enqueues it again, unlike what was cancelled otherwise.",
    )

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
        """Refuse to change what a request says. Its message has a guard of its own.

        :raise UserError: for another text or message
        """
        names = _GUARDED & vals.keys()
        if names:
            refuse_changes(
                self._requests_for_consent(), {name: vals[name] for name in names}
            )
        return super().write(vals)

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
        if not self or is_erasing():
            return self.browse()
        requests_sudo = self.env["privacy.consent.request"].sudo()
        return self.browse(
            requests_sudo.search([("mail_id", "in", self.ids)]).mail_id.ids
        )

    def _make_consent_requests(self, values_by_lang=None):
        """Make a request for each of these mails that asks its subject.

        :param dict values_by_lang: more values, by the language of the subject
        :return: the requests
        """
        values = []
        for mail in self:
            consent = mail._consent_asked()
            if consent and mail._is_addressed_to(consent.partner_id):
                values.append(
                    {
                        "uuid": new_uuid(),
                        "consent_id": consent.id,
                        "company_id": consent.company_id.id,
                        "mail_id": mail.id,
                        "message_id": mail.mail_message_id.id,
                        "address": consent.partner_id.email_normalized,
                        **(values_by_lang or {}).get(consent.partner_id.lang, {}),
                    }
                )
        requests = self.env["privacy.consent.request"].create(values)
        requests._keep_files()
        made(requests.message_id)
        return requests

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

    def _is_request_to(self, subject):
        """Tell a request from the copies of it that others get.

        :param subject: the ``res.partner`` who is asked
        :rtype: bool
        """
        self.ensure_one()
        return bool(
            links.placeholder.choices(self.body_html)
        ) and self._is_addressed_to(subject)

    def _is_addressed_to(self, subject):
        """:return: whether the subject is among those that this mail goes to"""
        return subject in self.recipient_ids or (
            subject.email_normalized in email_normalize_all(self.email_to or "")
        )

    def _lock_unchanged(self):
        """Lock what nobody else is working at and nobody changed since.

        While the queue runs, of many mails some always change.

        :return: the locked mails
        """
        if not self:
            return self
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL(
                        "SELECT id FROM mail_mail WHERE id IN %s"
                        " FOR NO KEY UPDATE SKIP LOCKED",
                        tuple(self.ids),
                    ),
                    log_exceptions=False,
                )
                return self.browse(mail_id for (mail_id,) in self.env.cr.fetchall())
        except SerializationFailure:
            if len(self) == 1:
                return self.browse()
            middle = len(self) // 2
            return self[:middle]._lock_unchanged() + self[middle:]._lock_unchanged()

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Give the personal links to the subject, and to nobody else."""
        emails = super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )
        # Mail first, then consent: nothing shall fail once the message is out.
        consent = self._consent_asked()._lock()
        if not consent:
            return emails
        urls = {
            "accept": consent._url(True),
            "reject": consent._url(False),
            "preferences": consent._preferences_url(),
        }
        unsubscribe = links.list_unsubscribe.headers(consent._unsubscribe_url())
        result = []
        for email in self._separate_subject(emails, consent.partner_id):
            headers = {
                **email["headers"],
                # RFC 3834, section 5: no automatic answers to a request
                "Auto-Submitted": "auto-generated",
            }
            if email["partner_id"] == consent.partner_id:
                body = links.placeholder.personalize(email["body"], urls)
                headers |= unsubscribe
            else:
                body = links.placeholder.remove(email["body"])
            result.append(
                {
                    **email,
                    "body": body,
                    "body_alternative": html2plaintext(body),
                    "headers": headers,
                }
            )
        return result

    def _separate_subject(self, emails, subject):
        """Make sure that the subject's copy goes to the subject's address alone.

        A template may address the subject by e-mail instead of as a contact, and name
        others beside them or in copy. They all would share one message, and with it
        the personal links.

        :param list[dict] emails: as of ``_prepare_outgoing_list()``
        :param subject: the ``res.partner`` who is asked
        :return: the same, where each message is for the subject or for others
        """
        result = []
        for email in emails:
            own = [
                address
                for address in email["email_to"]
                if not email["partner_id"]
                and subject.email_normalized
                and email_normalize(address) == subject.email_normalized
            ]
            others = [address for address in email["email_to"] if address not in own]
            if own:
                result.append(
                    {**email, "email_to": own, "email_cc": [], "partner_id": subject}
                )
            if others or email["email_cc"] or not own:
                result.append({**email, "email_to": others})
        return result

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Tell the consents whether their request was delivered."""
        # Before super(), which deletes mails that are not kept.
        for mail in self:
            consent = mail._consent_asked()
            if not consent:
                continue
            if mail.auto_delete and not mail.is_notification:
                mail.auto_delete = False  # its message goes with it
            # read with those of all mails that are followed together
            together = mail.browse(mail._prefetch_ids).filtered(
                lambda other: other.model == "privacy.consent"
            )
            consent = consent.with_prefetch(together.mapped("res_id"))
            try:
                subject = consent.partner_id
            except MissingError:
                continue  # deleted since
            # The contact who got it may have been merged into another one since.
            if subject in success_pids or consent.delivery_to_follow:
                consent._mail_delivered(mail, success_pids)
                consent._follow_delivery_at_commit()
            elif mail._is_request_to(subject):
                consent._request_failed(failure_reason or mail.failure_reason)
        return super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
