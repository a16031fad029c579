# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a change of texts means for people, done in the background, in batches."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import html2plaintext

from ..links.proof import Proof
from .locking import MOMENT
from .privacy_consent_answers_stored import invalidate

_logger = logging.getLogger(__name__)

_BATCH_SIZE = 500


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    invalid_answers_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="Consents to earlier texts given until then are still to be invalidated.",
        exportable=False,
    )
    requests_to_renew = fields.Boolean(
        readonly=True,
        copy=False,
        help="Requests that wait with an earlier text are still to be made anew.",
        exportable=False,
    )

    def _trigger_texts(self, at=None):
        self.env.ref("privacy_consent.cron_follow_texts").sudo()._trigger(at)

    @api.model
    def _cron_follow_texts(self):
        """Make requests anew, and end consents, after texts changed: in batches.

        What fails at one activity stops no other. What is leaving at this moment, or is
        at work with others again and again, is looked at in a moment.
        """
        scheduled = "ir_cron_progress_id" in self.env.context
        waiting = self.with_context(active_test=False).search(
            [
                "|",
                ("invalid_answers_until", "!=", False),
                ("requests_to_renew", "=", True),
            ]
        )
        if scheduled:
            self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for activity in waiting:
            if not activity._take_step("_follow_texts", scheduled):
                return

    def _note_failure(self, text, error):
        """Say on the activity why nothing followed, unless it says so since a day.

        :param str text: what failed, and why
        """
        _logger.warning(
            "What follows by itself failed at activity %s: %s. See there.",
            self.id,
            type(error).__name__,
        )
        since = fields.Datetime.now() - timedelta(days=1)
        lately = self.message_ids.filtered(lambda one: one.date > since)
        if text not in map(html2plaintext, lately.mapped("body")):
            self._message_log(body=text)

    def _follow_texts(self):
        """Do one batch of what follows from a change of the texts.

        :return: whether there is more to do now
        :rtype: bool
        """
        if self.requests_to_renew:
            if self._renew_requests():
                return True
            if not self._outdated_requests(limit=1):
                self.requests_to_renew = False
        until = self.invalid_answers_until
        consents = self.env["privacy.consent"].with_context(active_test=False)
        if until:
            # Texts may have changed again since.
            decided_sudo = self._decisions_sudo(until)
            texts_sudo = decided_sudo.text_id if decided_sudo else None
            consents = consents.search(
                self._earlier_texts_domain(texts_sudo, until), limit=_BATCH_SIZE
            )
        if not consents:
            self.write({"invalid_answers_until": False, "changed_occasion": False})
        ending = consents - self._replaced_by_change(consents)
        if not ending:
            if consents or self.requests_to_renew:
                self._trigger_texts(fields.Datetime.now() + MOMENT)
            return False
        invalidate(ending, self._word_of(decided_sudo))
        if self.changed_occasion:
            ending._ask_changed(self.changed_occasion)
        return True

    def _replaced_by_change(self, consents):
        """Cancel the requests that ask about what ends now, or are made anew with it.

        :return: the consents with such a request that is leaving at this moment
        """
        asking_sudo = consents._open_requests().filtered(
            lambda one: one.occasion or self.changed_occasion and one.mail_id
        )
        leaving_sudo = asking_sudo - asking_sudo._cancel("replaced")
        return consents.browse(leaving_sudo.consent_id.ids)

    def _decisions_sudo(self, at):
        """:return: the events with which somebody said that the processing changed

        :param datetime at: when they said it
        """
        return (
            self.env["privacy.consent.event"]
            .sudo()
            .search(
                [
                    ("consent_id", "=", False),
                    ("consent_uuid", "=", False),
                    ("activity_uuid", "=", self.uuid),
                    ("kind", "=", "invalidated"),
                    ("at", "=", at),
                ]
            )
        )

    @api.model
    def _word_of(self, events):
        """:return: the proof that what follows is the word of these events, if any"""
        event = events[:1]
        if not event:
            return None
        return Proof(event.by, event.channel, staff=event.staff or None)

    def _renew_requests(self):
        """Make a batch of requests anew that wait with an earlier text.

        :return: whether there was one that is not leaving at this moment
        :rtype: bool
        """
        # Without a template nothing could be asked in place of what is cancelled.
        self.env["privacy.consent"].new({"activity_id": self.id})._request_template()
        outdated = self._outdated_requests(limit=_BATCH_SIZE)
        # What else their mails ask for goes on with them.
        along = outdated.mail_id.consent_request_ids.filtered(
            lambda one: one.state == "waiting"
        )
        cancelled = (outdated | along)._cancel("replaced")
        cancelled._ask_anew()
        return bool(cancelled)

    def _outdated_requests(self, limit):
        """:return: requests that wait with an earlier text, as superuser"""
        current = self._current_hashes()
        return (
            self.env["privacy.consent.request"]
            .sudo()
            .search(
                [
                    ("activity_id", "=", self.id),
                    ("state", "=", "waiting"),
                    ("text_id", "!=", False),
                    ("text_id.hash", "not in", list(current)),
                ],
                limit=limit,
            )
        )
