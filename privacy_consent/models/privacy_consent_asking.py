# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking: a request to each subject, made in batches and left to the mail queue."""

import logging

import psycopg2

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from .. import canonical_json, links
from .ir_qweb import compiling_once
from .privacy_consent_occasion import occasion_of
from .privacy_consent_request import OPEN, make_requests, note
from .privacy_consent_together import along_with, asking_along

_logger = logging.getLogger(__name__)

# So many can be asked within one HTTP request.
_ASKED_AT_ONCE = 1000


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def action_auto_ask(self):
        """Enqueue a request to each subject; the mail queue sends them soon.

        Left out are those who may not be asked, and those who are being asked already.

        :return: the consents for which a request was enqueued
        :raise AccessError: for whoever may not write these consents
        """
        self.check_access("write")
        return self._ask()

    def _ask(self, kind=None):
        """Do :meth:`action_auto_ask`.

        :param str kind: of the requests, if it does not follow from earlier ones
        """
        free = self.filtered(lambda consent: not consent.sudo()._obstacle())
        asked = free - free._open_requests().consent_id
        asked._send_consent_notification(kind)
        return asked & asked._open_requests().consent_id

    def action_manual_ask(self):
        """Ask by hand: open the mail composer, or for several subjects a dialog.

        :return: for one consent, the action that opens the composer with the
            activity's template; for several, the action that opens the dialog, which
            says who will be asked, see :meth:`_grouped_by_obstacle`
        :rtype: dict
        :raise UserError: when an activity has no template, or for one archived consent
        """
        self.check_access("write")
        if len(self) != 1:
            return self._confirm_asking()
        self._check_askable()
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

    def action_ask_unreached(self):
        """Open the dialog before those are asked again whom no request reached.

        Without consents, it is about those of the activity that the list is about,
        the first ones if there are very many.

        :return: the action that opens the dialog
        :rtype: dict
        :raise AccessError: for whoever may not write these consents
        """
        self.check_access("write")
        unreached = self.filtered("failure_reason")
        if not self:
            activity_id = self.env.context.get("default_activity_id")
            activity = self.env["privacy.activity"].browse(activity_id)
            unreached = activity and self.search(
                Domain("activity_id", "=", activity.id)
                & self._unreached_domain(activity),
                order="id",
                limit=_ASKED_AT_ONCE,
            )
        return (unreached or self.browse())._confirm_asking()

    def action_ask_again(self):
        """Open the dialog before people are asked again, the silent ones, too.

        :return: the action that opens the dialog
        :rtype: dict
        :raise AccessError: for whoever may not write these consents
        """
        self.check_access("write")
        return self._confirm_asking(again=True)

    def _confirm_asking(self, again=False):
        """:return: the action that opens the dialog before these are asked

        :param bool again: whether those are asked, too, who were asked already
        """
        dialog = self.env["privacy.consent.ask.selected"].create(
            {"consent_ids": [Command.set(self.ids)], "again": again}
        )
        return dialog._open()

    def _grouped_by_obstacle(self, again=False):
        """Find out whom whoever asks several people at once leaves out, and why.

        Asked are those who were not yet, whom no request reached, for whom a program
        may have answered, and whose consent ended.

        :param bool again: whether those are asked, too, who are silent, and whose
            consent will end
        :return: consents by the code of what is in the way; None: they are asked
        :rtype: dict
        """
        # Whoever has just got a request is not asked again.
        self.sudo().request_ids.filtered("effects_due")._follow()
        under_way = set(self._open_requests().consent_id.ids)

        def obstacle(consent):
            obstacle = consent.sudo()._obstacle()
            if obstacle:
                return obstacle
            if consent.id in under_way:
                return "under_way"
            if again and consent.status in ("refused", "withdrawn"):
                return "refused"
            if (
                consent.state != "draft"
                and not consent.suspected_automated
                and not consent.failure_reason
                and consent.status not in ("expired", "invalidated")
                and not (again and (consent.state == "sent" or consent.valid_until))
            ):
                return consent.state
            return "address" if consent._address_problem() else None

        return self.grouped(obstacle)

    def _check_askable(self):
        """Refuse to ask where nobody may be asked, or somebody is asked already.

        :return: the requests that are planned, with superuser rights
        :raise UserError: saying what to do first
        """
        self._refuse_locked()
        for consent in self:
            obstacle = consent.sudo()._obstacle()
            if obstacle:
                raise UserError(
                    self.env._(
                        "Nobody can be asked with the consent of %(subject)s about "
                        "“%(activity)s” now: %(reason)s",
                        subject=consent.subject_name,
                        activity=consent.activity_id.display_name,
                        reason={
                            "archived": self.env._(
                                "it is archived, unarchive it first."
                            ),
                            "contact": self.env._("the contact is archived."),
                            "merged": self.env._(
                                "the contacts were merged, ask with the other consent."
                            ),
                            "off": self.env._(
                                "the activity is archived, or asks nobody."
                            ),
                            "sender": consent.activity_id._sender_problem(),
                            "stopped": self.env._(
                                "asking was stopped, press “Continue” on the activity."
                            ),
                        }[obstacle],
                    )
                )
        open_sudo = self._open_requests()
        for request_sudo in open_sudo.filtered(lambda one: one.state == "waiting")[:1]:
            raise UserError(
                self.env._(
                    "%s is being asked already: the request waits in the mail queue.",
                    request_sudo.consent_id.subject_name,
                )
            )
        return open_sudo

    def _obstacle(self):
        """Tell why nobody can begin to ask for this consent.

        :return: as of :meth:`_hindrance`, or ``sender``
        """
        hindrance = self._hindrance()
        if hindrance or self.activity_id._sender():
            return hindrance
        return "sender"

    def _hindrance(self):
        """Tell why nobody may be asked for this consent, and no request may leave.

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

    def _send_consent_notification(self, kind=None):
        """Enqueue a request to each subject, with the template of its activity.

        One mail asks a person about activities that are asked together. A request that
        cannot be made for one subject is noted on that consent and keeps no other from
        being enqueued.

        :param str kind: of the requests, if it does not follow from earlier ones
        :raise UserError: when an activity has no template
        """
        self.check_access("write")
        by_leading = self._by_leading()
        with asking_along({one.id: others for one, others in by_leading.items()}):
            for consents in (
                self.browse(one.id for one in by_leading)
                .grouped("activity_id")
                .values()
            ):
                consents._enqueue_requests(consents._request_template(), kind)
        self._trigger_mail_queue()

    def _request_subject(self):
        """:return: what the next request is about, as of :func:`make_requests`"""
        return {
            "consent_id": self.id,
            "activity_id": self.activity_id.id,
            "company_id": self.company_id.id,
            "kind": "first" if self.state == "draft" else "again",
            "occasion": None,
            "number": None,
            **occasion_of(self),
        }

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

    def _enqueue_requests(self, template, kind=None):
        """Make the mails of one activity's consents: all at once if possible."""
        # Kept after sending: the message proves what the subject was shown.
        values = {"auto_delete": False}
        try:
            with self.env.cr.savepoint(), compiling_once():
                mails = template.send_mail_batch(self.ids, email_values=values)
                self._check_requests(mails)
                mails.sudo()._make_consent_requests(kind, self._request_texts(template))
        except psycopg2.OperationalError:
            raise  # a conflict with another transaction: Odoo tries all again
        except Exception as error:
            if len(self) > 1:
                for consent in self:
                    consent._enqueue_requests(template, kind)
                return
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
            for consent in self + along_with(self):
                consent._note_not_made(reason)

    def _note_not_made(self, reason):
        """Note that no request could be made, instead of the last time that happened.

        :param str reason: why
        """
        reason = self._without_links(reason)
        values = {"reason": reason, "ended_date": fields.Datetime.now()}
        last_sudo = self.sudo().last_request_id
        if last_sudo.state == "failed" and not last_sudo.mail_id:
            note(last_sudo, values)
            return
        # Nothing was asked on the occasion.
        nothing = {"state": "failed", "occasion": None, "number": None}
        make_requests(self.env, [{**self._request_subject(), **nothing, **values}])

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

    def _request_texts(self, template):
        """:return: what requests with this template say, by activity and language"""
        consents = self.concat(*map(along_with, self))
        return {
            (activity.id, lang): {
                "text_id": activity.sudo()._store_texts([lang]).id,
                "surroundings": _digest(
                    template.with_context(lang=activity._installed(lang))
                ),
            }
            for activity, asked in consents.grouped("activity_id").items()
            for lang in set(asked.partner_id.mapped("lang"))
        }


def _digest(template):
    """:return: what identifies the source of an e-mail template in its language"""
    source = [template.subject or "", str(template.body_html or "")]
    return canonical_json.digest(source)
