# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What becomes of a request: it follows its mail, is cancelled, or fails."""

from odoo import api, fields, models
from odoo.fields import Domain

from .locking import lock_unchanged
from .privacy_consent import store
from .privacy_consent_occasion import on_occasion
from .privacy_consent_request import FOLLOWING, OPEN, note


class PrivacyConsentRequest(models.Model):
    _inherit = "privacy.consent.request"

    def _cancel(self, cause):
        """Cancel these requests, but leave alone what is leaving at this moment.

        The mail queue asks again before it sends, and cancels what it finds. What else
        the mails of these ask for is asked with other ones.

        :param str cause: one of :meth:`_causes`
        :return: those that are cancelled
        """
        if not self:
            return self
        mails = self.mail_id.with_context(prefetch_fields=False)
        free = lock_unchanged(mails)
        cancelled = self.filtered(lambda one: not one.mail_id or one.mail_id in free)
        cancelled._note_cancelled(cause)
        free.consent_request_ids._replace_later()
        free.cancel()
        cancelled.planned_message_id.unlink()
        planned = cancelled.filtered(lambda one: not one.mail_id).message_id
        if planned:
            schedules = self.env["mail.message.schedule"]
            schedules.search([("mail_message_id", "in", planned.ids)]).unlink()
        return cancelled

    def _cancel_hindered(self):
        """Cancel the requests of a mail that may not leave, and replace the others.

        :return: whether the mail may not leave
        """
        causes = {one: one._hindrance() for one in self}
        for one, cause in causes.items():
            if cause:
                one._note_cancelled(cause)
        if not any(causes.values()):
            return False
        self.filtered(lambda one: not causes[one])._replace_later()
        return True

    def _replace_later(self):
        """Have others made in place of those that are still to come, in a moment."""
        still = self.filtered(lambda one: one.state in ("waiting", "failed"))
        if still:
            still._note_cancelled("replaced", due=True)
            still.consent_id._trigger_effects()

    def _ask_anew(self):
        """Ask with other requests in place of these, on the same occasions."""
        if not self:
            return
        occasions = {
            one.consent_id.id: {
                "kind": one.kind,
                "occasion": one.occasion,
                "number": one.number,
            }
            for one in self
            if one.occasion
        }
        with on_occasion(occasions):
            self.consent_id.with_user(self.env.user).action_auto_ask()

    def _note_cancelled(self, cause, due=False):
        """Note that these are cancelled.

        :param str cause: one of :meth:`_causes`
        :param bool due: whether something follows
        """
        if cause in ("stopped", "off"):
            renewals = self.filtered(lambda one: one.kind == "renewal")
            # They are asked if that goes on in time.
            store(renewals.consent_id, {"renewal_looked": False})
        note(
            self,
            {
                "state": "cancelled",
                "cause": cause,
                "reason": False,
                "ended_date": fields.Datetime.now(),
                "effects_due": due,
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
            mails = ended.filtered(lambda one: one._is_replaced()).mail_id
            stays = ended.filtered(lambda one: one.mail_id in mails)
            replaced = stays.filtered(lambda one: one._is_replaced())
            replaced._note_cancelled("replaced")
            (stays - replaced)._replace_later()
            mails.cancel()
            empty = {"cause": False, "ended_date": False, "effects_due": False}
            note(ended - stays, {"state": "waiting", "reason": False, **empty})

    def _is_replaced(self):
        """:return: whether the person was asked later, or is being asked"""
        return any(
            one.state in OPEN
            or one.id > self.id
            and one.state != "cancelled"
            # It may be that none could be made.
            and (one.mail_id or one.state != "failed")
            for one in self.consent_id.request_ids - self
        )

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
        follows = self.kind in FOLLOWING
        answered = consent.state == "answered" and (
            follows or not consent.suspected_automated
        )
        if answered and consent._answered_since(self.create_date):
            return "answered"
        if follows and consent._blacklisted_by_others():
            return "blacklist"
        reminds = self.kind == "reminder" and self.state != "bounced"
        if reminds and self.number > self.activity_id.reminder_count:
            return "off"
        return consent._hindrance() or (None if self._author_may_ask() else "mail")

    def _author_may_ask(self):
        """Tell whether who planned the request for later still has the right to.

        Whoever asks at once has it, because that is checked then. Scheduled messages
        are posted with the rights of their authors.
        """
        mail = self.mail_id
        if not (mail.scheduled_date if mail else self.message_id):
            return True
        author = self.create_uid
        consent = self.consent_id.with_user(author)
        return bool(author and consent._filtered_access("write"))

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
