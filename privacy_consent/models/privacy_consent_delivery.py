# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Deliveries: what is stored when a request reaches somebody, and what follows then."""

import logging
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg2

from odoo import fields, models
from odoo.tools import SQL

from .. import addresses
from ..reasons import reason_of
from .privacy_consent import store
from .privacy_consent_event import Event, append
from .privacy_consent_request import note

_logger = logging.getLogger(__name__)

# What a transaction keeps in mind: the requests that it follows in the end.
_FOLLOWING = "privacy_consent.following"
# The ids of the mails that are handed over at this moment.
_SENDING = ContextVar("privacy_consent.sending", default=())


@contextmanager
def sending(mails):
    """Believe that these mails reach people, for as long as this lasts.

    It is no method, so that the code of a server action cannot call it.
    """
    token = _SENDING.set(mails.ids)
    try:
        yield
    finally:
        _SENDING.reset(token)


def is_sending(mail):
    """:return: whether a mail is handed over at this moment"""
    return mail.id in _SENDING.get()


class PrivacyConsentRequest(models.Model):
    _inherit = "privacy.consent.request"

    def _follow_at_commit(self):
        """Do :meth:`_follow` for all requests of this transaction at once.

        What was delivered is stored before: tests of other addons look at it then.
        """
        self._store_deliveries()
        precommit = self.env.cr.precommit
        following = precommit.data.setdefault(_FOLLOWING, set())
        if not following:
            precommit.add(self.browse()._follow_noted)
        following.update(self.ids)

    def _follow_noted(self):
        following = self.env.cr.precommit.data.pop(_FOLLOWING, ())
        self.sudo().browse(following).exists()._follow()

    def _follow(self):
        """Do what follows: of all together, or of each alone if something fails.

        The message may have left in this transaction, so nothing may end it.
        """
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._follow_together()
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if len(self) > 1:
                for one in self:
                    one._follow()
                return
            self.consent_id._note_effect_failed(error)

    def _follow_together(self):
        consents = self.consent_id._lock()
        due = self.filtered(lambda one: one.effects_due and one.consent_id in consents)
        note(due, {"effects_due": False})
        due._store_deliveries()
        delivered = due.filtered(lambda one: one.state == "delivered")
        new = delivered.filtered(
            lambda one: one.consent_id.state == "sent"
            and one.consent_id.sent_date == one.delivered_date
        )
        new.consent_id._log_kind("requested")
        new.consent_id._run_action()
        made_up = due.consent_id.filtered(
            lambda one: one.action_error and not one.action_attempts
        )
        if made_up:
            store(made_up, {"action_error": False})
        replaced = due.filtered(lambda one: one.cause == "replaced")
        replaced.filtered(lambda one: not one._hindrance())._ask_anew()
        (due - delivered - replaced)._ask_at_next_address()

    def _store_deliveries(self):
        """Store which of these requests were delivered. Twice is as good as once."""
        delivered = self.filtered(lambda one: one.state == "delivered")
        append(
            self.env,
            [
                Event(
                    kind="requested",
                    by="system",
                    activity=one.activity_id,
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
        new = delivered.filtered(lambda one: one.consent_id.state == "draft")
        # Who answered before this, or on paper, was sent a request all the same.
        mailed = delivered.filtered(lambda one: not one.consent_id.sent_date) - new
        for requests, state in ((new, {"state": "sent"}), (mailed, {})):
            for moment, sent in requests.grouped("delivered_date").items():
                quiet = sent.consent_id.with_context(tracking_disable=True)
                store(quiet, {**state, "sent_date": moment})

    def _ask_at_next_address(self):
        """Ask people at another address whom these requests did not reach.

        About an activity that is asked about by hand, that is one that was known then:
        people ask at others.
        """
        again = self.consent_id.browse()
        for one in self.filtered(lambda one: not one._hindrance()):
            consent = one.consent_id
            address = consent._untried_address()
            known = addresses.read(one.contact_email).valid
            if address in known or (
                address and consent.activity_id.consent_required == "auto"
            ):
                again += consent
        if again:
            again.with_user(self.env.user).action_auto_ask()


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _mail_delivered(self, mail, partners):
        """Store that a request was delivered. Doing it twice changes nothing.

        Nobody is believed who tells it of a mail that is not handed over just now.

        It writes the rows of the requests alone. What follows is done in another
        transaction, because it may fail, takes time, and locks the consent.

        :param mail: the ``mail.mail`` that asked
        :param partners: ``res.partner`` records, or a list of them, whose own address
            took the mail
        """
        requests = self.env["privacy.consent.request"]
        for consent in self if is_sending(mail) else ():
            if consent.partner_id not in partners:
                continue
            requests.flush_model()
            self.env.cr.execute(
                SQL(
                    "UPDATE privacy_consent_request SET state = 'delivered',"
                    " delivered_date = %s, reason = NULL, cause = NULL,"
                    " ended_date = NULL, effects_due = TRUE"
                    " WHERE mail_id = %s AND state IN ('waiting', 'failed')",
                    fields.Datetime.now(),
                    mail.id,
                )
            )
            requests.invalidate_model()

    def _note_effect_failed(self, error):
        """Have repeated what follows a delivery, at once if somebody was faster."""
        if isinstance(error, psycopg2.OperationalError):
            self._trigger_effects()
            return
        _logger.warning(
            "What follows the request of consent %s failed: %s. See there.",
            self.id,
            type(error).__name__,
        )
        reason = reason_of(error)
        if self.action_error != reason:
            store(self, {"action_error": reason})
