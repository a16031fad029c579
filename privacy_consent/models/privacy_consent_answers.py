# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers: whose word they are, and which of them counts."""

from contextlib import nullcontext
from contextvars import ContextVar
from datetime import datetime

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from .. import links, scans
from ..append_only import moment
from .fetching import fetch_together
from .privacy_consent import store
from .privacy_consent_effects import after_commit
from .privacy_consent_event import ANSWERS, Event, append, append_word
from .privacy_consent_request import OPEN, end_rounds

# How an answer comes that did not come over our pages.
BY_HAND = ("paper", "phone", "in_person", "other")
_REQUESTS = (
    (
        "request",
        "privacy.consent.request",
        ("address", "delivered_date", "effects_due", "state", "text_id"),
    ),
)
# The word that ``_record_answer()`` hands to the first ``action_answer()`` that its
# call reaches: the consent and the answer that it is bound to, and the word.
_WORD = ContextVar("privacy_consent.word", default=None)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    # The door -------------------------------------------------------------------

    def _record_answer(self, answer, proof):
        """Record an answer that comes with a proof of whose word it is.

        An answer that the person gave just before is not recorded again. What follows
        the subject's own answer is done right after its COMMIT.

        :param bool answer: whether they consent
        :param links.proof.Proof proof: made by Python code, and checked here
        :raise NotProven: if the person has to press a button of a fresh page
        """
        self.ensure_one()
        self._read_requests()
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

    def _read_requests(self):
        """Read in one query what an answer needs to know of the requests."""
        query = SQL(
            "privacy_consent_request AS request WHERE consent_id = %s ORDER BY id DESC",
            self.id,
        )
        requests_sudo = fetch_together(self.env, _REQUESTS, query)["request"]
        self._fields["request_ids"]._insert_cache(self, [requests_sudo._ids])

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
        self._lock()
        # The request comes before the answer. Another address is nobody's to ask now.
        self.sudo().request_ids.filtered(
            lambda one: one.effects_due and one.state == "delivered"
        )._follow()
        for consent in self:
            proven = bound and bound[:2] == (consent.id, answer) and len(self) == 1
            word = bound[2] if proven else consent._word_of_user(metadata)
            consent._store_answer(answer, word, metadata)

    def _store_written_answer(self, vals):
        """Store what somebody wrote into the fields as an answer of theirs.

        :param dict vals: as of :meth:`_written_answer`
        :raise UserError: as there
        """
        said = self._written_answer(vals)
        if said:
            self._lock()
            self._store_answer(*said)

    def _written_answer(self, vals):
        """Read an answer from what somebody wrote into the fields.

        :param dict vals: what they wrote, see ``ANSWER_VALUES``
        :return: the parameters of :meth:`_store_answer`; None for what is known
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
        if self.state != "answered" and "accepted" not in vals:
            raise UserError(
                self.env._(
                    "Say in “%(field)s” what %(subject)s answered: what is assumed is "
                    "no answer.",
                    field=self._fields["accepted"]._description_string(self.env),
                    subject=self.partner_id.display_name,
                )
            )
        answer = bool(vals.get("accepted", self.accepted))
        if answered_at and self._knows_answer(answer, channel, answered_at):
            return None
        note = vals.get("answer_note") or False
        metadata = vals.get("last_metadata") or note
        word = self._word_of_user(note or metadata, channel, answered_at)
        return answer, word, metadata

    def _knows_answer(self, answer, channel, answered_at):
        """Tell whether this answer is stored: an import may be repeated.

        :rtype: bool
        """
        return any(
            event.kind in ANSWERS
            and (event.kind == "given") == answer
            and (not channel or event.channel == channel)
            and event.answered_at
            and event.answered_at.replace(microsecond=0) == answered_at
            for event in self.event_ids
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
        if self.status in ANSWERS:
            known = self.answer_date and self.answer_date.replace(microsecond=0)
            return (
                bool(vals.get("accepted", self.accepted)) != self.accepted
                or bool(date and date.replace(microsecond=0) != known)
                or bool(channel and channel != self.answer_channel)
            )
        imported = "accepted" in vals and bool(self.env.context.get("import_file"))
        return bool(vals.get("state") == "answered" or date or channel or imported)

    # What is stored ---------------------------------------------------------------

    def _store_answer(self, answer, word, metadata):
        """Store an answer as an event. The fields follow if it is the one that counts.

        :param bool answer: whether they consent
        :param Word word: whose word it is, checked
        :param str metadata: from where it came, for people to read
        :raise UserError: for a moment in the future: it would outlive every refusal
        """
        self._store_answers({self: (answer, word, metadata)})._run_action()

    def _store_answers(self, said):
        """Store an answer of each of these consents, all in one go.

        :param dict said: the parameters of :meth:`_store_answer` by consent
        :return: the consents of which an answer counts from now on
        """
        at = moment()
        answers = {
            consent: consent._answer_to_store(at, *said[consent]) for consent in self
        }
        words = {consent: word for consent, (_answer, word, _text) in said.items()}
        event_uuids = append(self.env, [event for event, _facts in answers.values()])
        for consent, event_uuid in zip(self, event_uuids, strict=True):
            if scan := words[consent].proof.scan:
                consent._keep_scan(event_uuid, scan)
        following = self.filtered(lambda one: answers[one][1])
        certain = following.filtered(lambda one: not words[one].signs)
        # They are read already.
        requests_sudo = certain.sudo().request_ids
        requests_sudo.filtered(lambda one: one.state in OPEN)._cancel("answered")
        for facts, those in following.grouped(
            lambda one: tuple(answers[one][1].items())
        ).items():
            by_subject = words[those[0]].proof.by == links.proof.SUBJECT
            answering = those.with_context(subject_answering=by_subject)
            store(answering.with_context(tracking_disable=True), dict(facts))
        for (kind, by), those in following.grouped(
            lambda one: (one.status, words[one].proof.by)
        ).items():
            answering = those.with_context(subject_answering=by == links.proof.SUBJECT)
            answering._log_kind(kind, by)
        following._plan_confirmations(words)
        return following

    def _answer_to_store(self, at, answer, word, metadata):
        """Find out what an answer stores.

        :param datetime at: now
        :param answer: and the others, as of :meth:`_store_answer`
        :return: the :class:`Event`, and the values of fields that follow, if any
        :raise UserError: for a moment in the future: it would outlive every refusal
        """
        proof = word.proof
        answered_at = proof.answered_at or at
        if answered_at > at:
            raise UserError(
                self.env._(
                    "An answer cannot be of a moment in the future: %s",
                    format_datetime(self.env, answered_at),
                )
            )
        kind = self._answer_kind(answer, answered_at)
        confirmed = (
            proof.by == links.proof.SUBJECT
            and self.suspected_automated
            and self._subject_says(answer)
            and not word.signs
        )
        text = self._answer_text(word)
        origin = proof.origin
        event = Event(
            kind="confirmed" if confirmed else kind,
            by=proof.by,
            activity=self.activity_id,
            consent=self,
            channel=proof.channel,
            at=at,
            answered_at=answered_at,
            text=text,
            text_hash=word.text_hash,
            language=origin.language or text.language,
            surroundings=origin.surroundings,
            signs=word.signs,
            person={
                **self._person(),
                "staff": proof.staff,
                "note": proof.note,
                "scan": proof.scan and scans.digest(proof.scan.content),
            },
            origin={
                "network_address": origin.address,
                "user_agent": origin.agent,
            },
        )
        if confirmed:
            return event, {
                "suspected_automated": False,
                "suspicion_signs": False,
                "last_metadata": metadata,
            }
        if not self._counts(answer, answered_at):
            return event, None
        return event, {
            "accepted": answer,
            "answer_date": answered_at,
            "answer_channel": proof.channel,
            "answer_text_id": text.id,
            "answered_by": proof.by,
            "last_metadata": metadata,
            "state": "answered",
            "status": kind,
            "suspected_automated": bool(word.signs),
            "suspicion_signs": word.signs or False,
            "valid_until": answer and self._end_of_validity(answered_at),
            "renewal_looked": False,
        }

    def _keep_scan(self, event_uuid, scan):
        """Keep the file that shows an answer, as a file of its event."""
        events_sudo = self.env["privacy.consent.event"].sudo()
        event_sudo = events_sudo.search([("uuid", "=", event_uuid)])
        self.env["ir.attachment"].sudo().create(
            {
                "name": scan.name,
                "raw": scan.content,
                "res_model": event_sudo._name,
                "res_id": event_sudo.id,
            }
        )

    def _answer_kind(self, answer, answered_at):
        """:return: the kind of event that an answer is, after what was said before"""
        if answer:
            return "given"
        before = self.status
        if self.state == "answered" and not self._counts(answer, answered_at):
            before = (
                self.event_ids.filtered(
                    lambda event: event.kind in ANSWERS
                    and (event.answered_at or datetime.min) < answered_at
                )
                .sorted(lambda event: (event.answered_at or datetime.min, event.id))[
                    -1:
                ]
                .kind
            )
        return "withdrawn" if before in ("given", "withdrawn") else "refused"

    def _counts(self, answer, answered_at):
        """Tell whether an answer counts: the latest does, at equal time the refusal.

        :rtype: bool
        """
        if self.state != "answered":
            return True
        known = self._answer_moment()
        return answered_at > known or (answered_at == known and not answer)

    def _answer_moment(self):
        """Tell from when the answer is that counts.

        Of a refusal from before an upgrade nobody may know the day. It counts as of the
        upgrade, so that no answer from before can hide it.

        :rtype: datetime
        """
        if self.answer_date or self.accepted or self.state != "answered":
            return self.answer_date or datetime.min
        upgraded = self.event_ids.filtered(lambda event: event.channel == "upgrade")
        return max(upgraded.mapped("at"), default=datetime.min)

    def _answer_text(self, word):
        """:return: the stored text that the person was shown, if there is one"""
        texts_sudo = self.env["privacy.consent.text"].sudo()
        if not word.text_hash:
            return texts_sudo
        # Each answer asks this, and needs no more than the id.
        found = self.env.execute_query(
            SQL("SELECT id FROM privacy_consent_text WHERE hash = %s", word.text_hash)
        )
        if found:
            return texts_sudo.browse(found[0])
        # Nobody asked or saved since it changed: then it is today's, or is lost.
        current_sudo = self.activity_id.sudo()._store_texts(
            [word.proof.origin.language]
        )
        return current_sudo.filtered(lambda text: text.hash == word.text_hash)

    def _delivered_requests(self):
        """:return: the requests that the subject got, the last one at the end"""
        requests_sudo = self.sudo().request_ids
        return requests_sudo.filtered("delivered_date").sorted(
            lambda one: (one.delivered_date, one.id)
        )

    def _person(self):
        """:return: the personal part of an event: who the subject is at this moment"""
        return {"name": self.partner_id.name, "email": self.partner_id.email}

    def _confirm_answer(self, note):
        """Confirm, as staff, an answer that looks automated.

        :param str note: how they found out
        :raise UserError: if there is nothing to confirm
        """
        self.check_access("write")
        for consent in self._lock():
            if not consent.suspected_automated:
                raise UserError(
                    self.env._(
                        "The answer of %s does not look automated: there is nothing to "
                        "confirm.",
                        consent.partner_id.display_name,
                    )
                )
            consent._cancel_requests("answered")
            append_word(consent, "confirmed", note)
            store(consent, {"suspected_automated": False, "suspicion_signs": False})
            consent._message_log(
                body=self.env._("The answer was confirmed: %s", note or "")
            )
        self._run_action()

    def _invalidate(self, user=None):
        """End consents because the processing is not the one that was consented to.

        :param user: who said so, if it is not whoever is at work
        """
        consents = self._lock().filtered(lambda one: one.status == "given")
        proof = user and links.proof.by_hand(user, "backend")
        append_word(consents, "invalidated", proof=proof)
        store(
            consents.with_context(tracking_disable=True),
            {"accepted": False, "status": "invalidated", "valid_until": False},
        )
        end_rounds(consents)
        consents._log_kind("invalidated")
        consents._run_action()
