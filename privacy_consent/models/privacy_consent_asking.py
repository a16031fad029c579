# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking: a request to each subject, made in batches and left to the mail queue."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

import logging

import psycopg2

from odoo import models
from odoo.exceptions import UserError

from .. import canonical_json, links
from .ir_qweb import compiling_once
from .privacy_consent import store

_logger = logging.getLogger(__name__)


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
        self.check_access("write")
        if len(self) != 1:
            unasked = self.filtered(
                lambda consent: consent.state == "draft"
                or consent.suspected_automated
                or consent.status in ("expired", "invalidated")
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
        self._refuse_locked()
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
            with self.env.cr.savepoint(), compiling_once():
                mails = template.send_mail_batch(self.ids, email_values=values)
                self._check_requests(mails)
                mails.sudo()._make_consent_requests(self._texts_by_lang(template))
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
                reason = self.env._(
                    "The request cannot be made from the template “%(template)s”: "
                    "%(reason)s",
                    template=template.display_name,
                    reason=error,
                )
                store(self, {"request_error": reason})
                return
            for consent in self:
                consent._enqueue_requests(template)
            return
        failed = self.filtered("request_error")
        if failed:
            store(failed, {"request_error": False})

    def _check_requests(self, mails):
        """Check that each subject would get their mail, and both links in it.

        :param mails: the ``mail.mail`` records, in the order of the consents
        :raise UserError: saying what is missing
        """
        for consent, mail in zip(self, mails, strict=True):
            if not mail._is_addressed_to(consent.partner_id):
                raise UserError(self.env._("It is not addressed to the subject."))
            if links.placeholder.choices(mail.body_html) != links.placeholder.CHOICES:
                raise UserError(self.env._("It lacks a link to accept or to reject."))

    def _texts_by_lang(self, template):
        """:return: what requests with this template say, by the subject's language"""
        return {
            lang: {
                "text_id": self.activity_id.sudo()._store_texts([lang]).id,
                "surroundings": _digest(
                    template.with_context(lang=self.activity_id._installed(lang))
                ),
            }
            for lang in set(self.partner_id.mapped("lang"))
        }


def _digest(template):
    """:return: what identifies the source of an e-mail template in its language"""
    source = [template.subject or "", str(template.body_html or "")]
    return canonical_json.digest(source)
