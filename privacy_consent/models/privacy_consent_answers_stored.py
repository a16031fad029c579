# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers: what is stored of them, and which of them counts."""

from datetime import datetime

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from .. import links, scans
from ..append_only import moment
from .privacy_consent import store
from .privacy_consent_event import ANSWERS, Event, append, append_word
from .privacy_consent_request import OPEN, end_rounds


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _answer_to_store(self, at, answer, word, metadata):
        """Find out what an answer stores.

        :param datetime at: now
        :param answer: and the others, as of :func:`store_answers`
        :return: the :class:`Event`, and the values of fields that follow, if any
        :raise UserError: for a moment in the future: it would outlive every refusal
        :raise ValidationError: for a yes of whom only the proof is kept
        """
        if answer:
            self._refuse_locked()
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
        facts = {}
        if (
            answer
            and proof.by != links.proof.SUBJECT
            and not (self.active or self.merged_into_id)
        ):
            # In the archive it would be of no use, and nobody would know.
            facts["active"] = True
        return event, {
            **facts,
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
        if self.state == "answered" and (
            not self._counts(answer, answered_at) or answered_at <= self._ended_at()
        ):
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

        What was consented to before the consent ended does not begin again.

        :rtype: bool
        """
        if self.state != "answered":
            return True
        known = self._answer_moment()
        if answer:
            known = max(known, self._ended_at())
        return answered_at > known or (answered_at == known and not answer)

    def _ended_at(self):
        """:return: when the consent ended; the first moment if it did not"""
        if self.status == "expired":
            return self.valid_until
        if self.status == "invalidated":
            ends = self.event_ids.filtered(lambda event: event.kind == "invalidated")
            return max(ends.mapped("at"), default=datetime.min)
        return datetime.min

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
        asked_sudo = self.sudo().request_ids.text_id
        if known := asked_sudo.filtered(lambda one: one.hash == word.text_hash):
            return known
        # It needs no more than the id.
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

    def _invalidate(self):
        """End consents, as the word of whoever is at work; see :func:`invalidate`."""
        invalidate(self)


def store_answers(consents, said):
    """Store an answer of each of these consents as an event, all in one go.

    The fields follow if the answer is the one that counts. It is no method, so that the
    code of a server action cannot call it.

    :param consents: ``privacy.consent`` records, which are locked
    :param dict said: by consent: whether they consent; the :class:`Word`, which was
        checked; from where the answer came, for people to read
    :return: the consents of which an answer counts from now on
    :raise UserError: for a moment in the future: it would outlive every refusal
    """
    at = moment()
    answers = {
        consent: consent._answer_to_store(at, *said[consent]) for consent in consents
    }
    words = {consent: word for consent, (_answer, word, _text) in said.items()}
    event_uuids = append(consents.env, [event for event, _facts in answers.values()])
    for consent, event_uuid in zip(consents, event_uuids, strict=True):
        if scan := words[consent].proof.scan:
            consent._keep_scan(event_uuid, scan)
    following = consents.filtered(lambda one: answers[one][1])
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


def invalidate(consents, proof=None):
    """End consents because the processing is not the one that was consented to.

    :param consents: ``privacy.consent`` records
    :param proof: whose word it is, as of :func:`append_word`
    """
    given = consents._lock().filtered(lambda one: one.status == "given")
    append_word(given, "invalidated", proof=proof)
    store(
        given.with_context(tracking_disable=True),
        {"accepted": False, "status": "invalidated", "valid_until": False},
    )
    end_rounds(given)
    given._log_kind("invalidated")
    given._run_action()
