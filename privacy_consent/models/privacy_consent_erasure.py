# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Erasing what is known of a person, at once or when a locked proof may go."""

import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..append_only import erasing_details
from ..reasons import reason_of
from .guard import erasing, not_erased
from .privacy_consent import store
from .privacy_consent_event import Event, append
from .privacy_consent_request import note

_logger = logging.getLogger(__name__)

# Events that also happen to a consent about which nobody was asked.
_NO_PROOF = {"erased", "links_ended", "merged"}
# A file that belongs to a record of another model is not the request's alone.
_FILES_OF_MAILS = (
    False,
    "mail.compose.message",
    "mail.mail",
    "mail.message",
    "privacy.consent.request",
)


class PrivacyConsent(models.Model):
    """Events and texts stay after an erasure, without a word about the person."""

    _inherit = "privacy.consent"

    locked_until = fields.Date(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Until then the proof is kept for legal claims alone, Art. 17(3)(e) GDPR. "
        "It is erased on the day after.",
    )
    lock_reason = fields.Text(readonly=True, copy=False)
    erasure_error = fields.Text(
        readonly=True, copy=False, help="Why the locked proof could not be erased."
    )

    @api.constrains("active", "locked_until")
    def _check_not_locked(self):
        """Keep locked consents out of everything but their erasure.

        :raise ValidationError: for one that is locked and not in the archive
        """
        self.filtered("active")._refuse_locked()

    def _refuse_locked(self):
        """Refuse to go on with consents of which only the proof is kept.

        :raise ValidationError: naming the first that is locked
        """
        for consent in self.filtered("locked_until")[:1]:
            raise ValidationError(
                self.env._(
                    "The consent of %(subject)s is locked until %(date)s: its proof is "
                    "kept for legal claims alone, and nobody is asked with it.",
                    subject=consent.subject_name,
                    date=fields.Date.to_string(consent.locked_until),
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        """Keep what was asked and answered: it is the proof.

        :raise UserError: for a consent whose request was sent
        """
        # Consents and events of other companies count too.
        everything_sudo = not_erased(self).sudo().with_context(active_test=False)
        merged = [("merged_into_id", "in", everything_sudo.ids)]
        if everything_sudo.search_count(merged, limit=1) or any(
            one.state != "draft"
            # What follows a delivery may be still to do.
            or any(one.request_ids.mapped("delivered_date"))
            or set(one.event_ids.mapped("kind")) - _NO_PROOF
            for one in everything_sudo
        ):
            raise UserError(
                self.env._(
                    "A consent whose request was sent cannot be deleted, because it "
                    "proves what the person was asked and answered. Archive it instead."
                )
            )

    def unlink(self):
        """Delete consents that prove nothing, with the requests that still wait."""
        # The requests keep their messages, which go with the consents.
        self._unlink_except_asked()
        self.check_access("unlink")
        _erase_events(not_erased(self).sudo().filtered("event_ids"))
        self.sudo().request_ids.unlink()
        return super().unlink()

    # Erasing --------------------------------------------------------------------

    def _erase(self, reason):
        """Erase these consents, and those they were merged with.

        Their requests, messages, mails and files go, and the personal parts of their
        events. The events and the texts stay, with an event ``erased`` for each
        consent. Afterwards the contacts can be deleted. It asks for no rights: whoever
        offers it to people has to.

        :param str reason: why; it stays, so it should name nobody
        :raise UserError: without a reason
        """
        reason = self._checked_reason(reason)
        self.sudo()._merge_group()._erase_these(reason)

    def _checked_reason(self, reason):
        """:return: the reason that somebody gave

        :raise UserError: if they gave none
        """
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Give the reason: it is what remains."))
        return reason

    def _merge_group(self):
        """:return: these consents, and all with which they were merged"""
        surviving = self.browse({one._surviving().id for one in self})
        # Usually they are the same, and read together with others.
        return (self if surviving == self else surviving)._with_merged()

    def _erase_these(self, reason):
        """Erase these consents and no others; see :meth:`_erase`."""
        if not self:
            return
        mails = self._lock_mails()
        self._cancel_requests("deleted")
        consents = self._lock().with_context(active_test=False)
        # A server action may follow, for which nothing is open.
        consents.request_ids.filtered("effects_due")._follow()
        with erasing(consents, mails):
            consents._erase_rows(mails, reason)

    def _erase_rows(self, mails, reason):
        """Delete these consents and all that belongs to them, once it is locked."""
        messages = self.env["mail.message"].search(self._thread_domain())
        self._erase_files(messages)
        with erasing(messages):
            self._erase_records(mails, messages, reason)

    def _erase_records(self, mails, messages, reason):
        # The requests go with their consents, the mails before.
        # Others may have been asked with the same messages.
        asking = self.request_ids.search([("message_id", "in", messages.ids)])
        note(self.request_ids | asking, {"message_id": False})
        mails.unlink()
        self._erase_dialogs()
        _erase_events(self, reason)
        # The database keeps a consent for as long as another one was merged into it.
        consents = self
        while consents:
            survivors = consents & consents.merged_into_id
            (consents - survivors).unlink()
            consents = survivors

    def _thread_domain(self):
        """:return: the domain of the messages and mails of these consents"""
        return [("model", "=", self._name), ("res_id", "in", self.ids)]

    def _lock_mails(self):
        """Wait for the mail queue, which locks a mail first, and then its consent.

        :return: the mails of these consents, of any state
        """
        mails = self.env["mail.mail"].search(self._thread_domain(), order="id")
        self.env.cr.execute(
            SQL(
                "SELECT id FROM mail_mail WHERE id IN %s ORDER BY id FOR UPDATE",
                tuple(mails.ids) or (None,),
            ),
            log_exceptions=False,
        )
        return mails

    def _erase_files(self, messages):
        """Delete the files of these consents that nothing else uses.

        :param messages: the ``mail.message`` records of these consents
        """
        files = self.env["ir.attachment"]
        own = files.search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        own |= files.search(
            [
                ("res_model", "=", "privacy.consent.event"),
                ("res_id", "in", self.event_ids.ids),
            ]
        )
        files = own | messages.attachment_ids
        used = [("attachment_ids", "in", files.ids)]
        others = messages.search([*used, ("id", "not in", messages.ids)], order="id")
        templates = self.env["mail.template"].search(used)
        kept = files & (others.attachment_ids | templates.attachment_ids)
        erased = (files - kept).filtered(
            lambda one: one in own or one.res_model in _FILES_OF_MAILS or not one.res_id
        )
        with erasing(files):
            erased.unlink()
            # What stays must not go with the consent.
            for file in kept & own:
                user = others.filtered(lambda one, it=file: it in one.attachment_ids)
                file.write({"res_model": user[:1].model, "res_id": user[:1].res_id})

    def _erase_dialogs(self):
        """Delete what dialogs keep for some hours: mails to these people, and scans."""
        self.env["privacy.consent.record"].search(
            [("partner_ids", "in", self.partner_id.ids)]
        ).unlink()
        composers = self.env["mail.compose.message"].search(
            [("model", "=", self._name)]
        )
        composers.filtered(
            lambda one: not set(self.ids).isdisjoint(one._evaluate_res_ids() or ())
        ).unlink()

    # Locking --------------------------------------------------------------------

    def _lock_proof(self, until, reason):
        """Keep the proof of these consents locked, and erase it after that day.

        :param date until: the last day
        :param str reason: why, for example which claim
        :raise UserError: without a reason, or for a day that is not in the future
        """
        reason = self._checked_reason(reason)
        if not until or until <= fields.Date.context_today(self):
            raise UserError(
                self.env._("Choose a day in the future until which the proof is kept.")
            )
        everything = self.sudo()._merge_group()
        everything._cancel_requests("locked")
        store(
            everything,
            {
                "active": False,
                "locked_until": until,
                "lock_reason": reason,
                "erasure_error": False,
            },
        )
        everything._message_log_batch(
            dict.fromkeys(
                everything.ids,
                self.env._(
                    "The proof is locked until %(date)s, and erased then: %(reason)s",
                    date=fields.Date.to_string(until),
                    reason=reason,
                ),
            )
        )

    @api.model
    def _cron_erase_locked(self):
        """Erase locked consents whose day has passed, each in its own transaction.

        What fails is tried again the next day, says so on the consent, and stops no
        other.
        """
        today = fields.Date.context_today(self)
        everything = self.sudo().with_context(active_test=False)
        due = everything.search([("locked_until", "<", today)], order="id")
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(due))
        for consent in due:
            # Contacts may have been merged since: a consent that is not locked, or is
            # locked for longer, is none of this.
            group = consent.exists()._with_merged()
            if not any(one.locked_until and one.locked_until >= today for one in group):
                group._erase_locked()
            if not progress._commit_progress(1):
                break

    def _erase_locked(self):
        """Erase these consents, the first of which is due, or say there what failed."""
        try:
            with self.env.cr.savepoint():
                self._erase_these(self[:1].lock_reason)
        except Exception as error:
            self.env.invalidate_all(flush=False)
            _logger.warning(
                "The locked consent %s cannot be erased: %s. See there.",
                self[:1].id,
                type(error).__name__,
            )
            store(self[:1], {"erasure_error": reason_of(error)})


def _erase_events(consents, reason=None):
    """Delete the personal parts of all events of these consents, and say so.

    It is no method, so that the code of a server action cannot call it.

    :param consents: ``privacy.consent`` records that are about to be deleted
    :param str reason: why
    """
    if not consents:
        return
    erase_details_of(consents)
    proof = consents._word_of_user().proof
    append(
        consents.env,
        [
            Event(
                kind="erased",
                by=proof.by,
                channel=proof.channel,
                activity=consent.activity_id,
                consent=consent,
                person={"staff": proof.staff, "note": reason},
            )
            for consent in consents
        ],
    )


def erase_details_of(consents):
    """Delete the personal parts of all events of these consents.

    It is no method, so that the code of a server action cannot call it.

    :param consents: ``privacy.consent`` records
    """
    erase_details(
        consents.env,
        SQL(
            "SELECT id FROM privacy_consent_event WHERE consent_id = ANY (%s)"
            " OR consent_id IS NULL AND consent_uuid = ANY (%s)",
            consents.ids,
            consents.mapped("uuid"),
        ),
    )


def erase_details(env, event_ids, part=None):
    """Delete personal parts of events. It is no method, for the same reason.

    :param SQL event_ids: a query of the events
    :param str part: this part only
    :return: how many
    """
    with erasing_details(env.cr):
        env.cr.execute(
            SQL(
                "DELETE FROM privacy_consent_event_detail"
                " WHERE event_id IN (%s) AND (%s::varchar IS NULL OR part = %s)",
                event_ids,
                part,
                part,
            )
        )
        erased = env.cr.rowcount
    env["privacy.consent.event"].invalidate_model()
    return erased
