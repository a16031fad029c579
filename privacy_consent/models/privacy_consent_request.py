# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking: requests that are made, wait, leave, and fail."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

import logging

import psycopg2

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import links
from .ir_qweb import COMPILED, CompiledTemplates
from .privacy_consent import DELIVERED

_logger = logging.getLogger(__name__)

# What a transaction keeps in mind: whose delivery it follows.
_FOLLOWING = "privacy_consent.following"


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

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
            if links.placeholder.choices(mail.body_html) != links.placeholder.CHOICES:
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
            if consent.request_error:
                consent.request_error = False
            facts = consent._delivery_facts(mail)
            if consent.state == "draft":
                self.env.cr.cache.setdefault(DELIVERED, set()).add(consent.id)
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
