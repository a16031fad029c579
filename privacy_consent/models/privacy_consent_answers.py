# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers: the ways in which they come, and whose word they are."""

from contextlib import nullcontext
from contextvars import ContextVar

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import links
from .fetching import fetch_together
from .privacy_consent_answers_stored import store_answers
from .privacy_consent_effects import after_commit
from .privacy_consent_event import ANSWERS
from .privacy_consent_proof import BY_HAND

# What an answer needs to know of before, by alias in the query
_BEFORE = (
    (
        "request",
        "privacy.consent.request",
        ("address", "delivered_date", "effects_due", "state", "text_id"),
    ),
    ("text", "privacy.consent.text", ("hash", "language")),
    ("follower", "mail.followers", ()),
)
# The word that ``_record_answer()`` hands to the first ``action_answer()`` that its
# call reaches: the consent and the answer that it is bound to, and the word.
_WORD = ContextVar("privacy_consent.word", default=None)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _record_answer(self, answer, proof):
        """Record an answer that comes with a proof of whose word it is.

        An answer that the person gave just before is not recorded again. What follows
        the subject's own answer is done right after its COMMIT.

        :param bool answer: whether they consent
        :param links.proof.Proof proof: made by Python code, and checked here
        :raise NotProven: if the person has to press a button of a fresh page
        """
        self.ensure_one()
        self._lock_with_requests()
        word = self._check_proof(answer, proof)
        if word is None:
            return
        own = word.proof.by == links.proof.SUBJECT
        token = _WORD.set((self.id, answer, word))
        try:
            with after_commit(self.env) if own else nullcontext():
                self.action_answer(answer, self._metadata(word) or False)
        finally:
            _WORD.reset(token)

    def _lock_with_requests(self):
        """Do :meth:`_lock`, and read in the same query what an answer needs to know.

        That is what was asked before, and whether anybody follows.
        """
        query = SQL(
            "privacy_consent AS consent"
            " LEFT JOIN privacy_consent_request AS request"
            " ON request.consent_id = consent.id"
            " LEFT JOIN privacy_consent_text AS text ON text.id = request.text_id"
            " LEFT JOIN mail_followers AS follower"
            " ON follower.res_id = consent.id AND follower.res_model = %s"
            " WHERE consent.id = %s ORDER BY request.id DESC"
            " FOR NO KEY UPDATE OF consent",
            self._name,
            self.id,
        )
        found = fetch_together(self.env, _BEFORE, query)
        for name, alias in (
            ("request_ids", "request"),
            ("message_follower_ids", "follower"),
        ):
            self._fields[name]._insert_cache(self, [found[alias]._ids])

    def action_answer(self, answer, metadata=False):
        """Record an answer: every one goes through here, and others may extend it.

        Called by itself it is the word of whoever is at work: staff's, or a program's.
        It is the subject's if :meth:`_record_answer` handed the proof over.

        :param bool answer: whether they consent
        :param str metadata: from where the answer came, for people to read
        """
        self.check_access("write")
        bound = _WORD.get()
        _WORD.set(None)
        # The door has locked the one that its word is bound to.
        if unlocked := self.filtered(lambda one: not bound or one.id != bound[0]):
            unlocked._lock()
        # The request comes before the answer. Another address is nobody's to ask now.
        self.sudo().request_ids.filtered(
            lambda one: one.effects_due and one.state == "delivered"
        )._follow()
        for consent in self:
            proven = bound and bound[:2] == (consent.id, answer) and len(self) == 1
            word = bound[2] if proven else consent._word_of_user(metadata)
            store_answers(consent, {consent: (answer, word, metadata)})._run_action()

    def _store_written_answer(self, vals):
        """Store what somebody wrote into the fields as an answer of theirs.

        :param dict vals: as of :meth:`_written_answer`
        :raise UserError: as there
        """
        said = self._written_answer(vals)
        if said:
            self._lock()
            store_answers(self, {self: said})._run_action()

    def _written_answer(self, vals):
        """Read an answer from what somebody wrote into the fields.

        :param dict vals: what they wrote, see ``ANSWER_VALUES``
        :return: an answer as of :func:`store_answers`; None for what is known
        :raise UserError: for an unknown channel, or if they did not say what it is
        """
        channel = vals.get("answer_channel") or None
        answered_at = fields.Datetime.to_datetime(vals.get("answer_date") or None)
        if channel and channel not in (*BY_HAND, "import", "api", "backend"):
            raise UserError(
                self.env._(
                    "“%(channel)s” is no way in which staff gets an answer: use one of "
                    "%(channels)s.",
                    channel=channel,
                    channels=", ".join(BY_HAND),
                )
            )
        if self.status not in ANSWERS and "accepted" not in vals:
            raise UserError(
                self.env._(
                    "Say in “%(field)s” what %(subject)s answered: what is assumed is "
                    "no answer.",
                    field=self._fields["accepted"]._description_string(self.env),
                    subject=self.partner_id.display_name,
                )
            )
        answer = bool(vals.get("accepted", self.accepted))
        note = vals.get("answer_note") or False
        metadata = vals.get("last_metadata") or note
        word = self._word_of_user(note or metadata, channel, answered_at)
        if self._knows_answer(answer, channel, answered_at) or (
            self.env.context.get("import_file") and self._knows_undated(answer, word)
        ):
            return None
        return answer, word, metadata

    def _knows_answer(self, answer, channel, answered_at):
        """Tell whether this answer is stored: an import may be repeated.

        :param datetime answered_at: when the person said it; None: unknown
        :rtype: bool
        """
        return bool(answered_at) and any(
            (not channel or event.channel == channel)
            and event.answered_at
            and event.answered_at.replace(microsecond=0) == answered_at
            for event in self._events_that_say(answer)
        )

    def _knows_undated(self, answer, word):
        """Tell whether this answer without a date is stored, whatever came since.

        :rtype: bool
        """
        proof = word.proof
        return not proof.answered_at and any(
            # It counts from the moment at which it was stored.
            event.answered_at == event.at
            and event.channel == proof.channel
            and (event.note or None) == proof.note
            for event in self._events_that_say(answer)
        )

    def _events_that_say(self, answer):
        """:return: the events of this answer, also from before contacts were merged"""
        events = self.event_ids
        if "merged" in events.mapped("kind"):
            events = self._with_merged().event_ids
        return events.filtered(
            lambda one: one.kind in ANSWERS and (one.kind == "given") == answer
        )

    def _is_answer(self, vals):
        """Tell whether what somebody writes says that the person answered.

        What a form sends along, and what is assumed as long as there is no answer, says
        nothing.

        :param dict vals: values to write, or of a new consent if this is none
        :rtype: bool
        """
        date = fields.Datetime.to_datetime(vals.get("answer_date") or None)
        channel = vals.get("answer_channel")
        answered = vals.get("state") == "answered"
        imported = bool(self.env.context.get("import_file")) and "accepted" in vals
        changed = bool(vals.get("accepted", self.accepted)) != self.accepted
        if self.state != "answered":
            # What was exported and comes back unchanged is what was assumed.
            imported = imported and (not self or changed)
            return bool(answered or date or channel or imported)
        known = self.answer_date and self.answer_date.replace(microsecond=0)
        # Of a consent that ended, the value itself says nothing.
        again = self.status not in ANSWERS and answered and "accepted" in vals
        return (
            changed
            or bool(date and date.replace(microsecond=0) != known)
            or bool(channel and channel != self.answer_channel)
            or (again and not imported)
        )
