# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose word an answer is: what the door checks before it records one."""

import time
from dataclasses import dataclass
from datetime import timedelta

from odoo import api, fields, models, modules
from odoo.exceptions import UserError
from odoo.http import request

from .. import links, robot_signs
from ..append_only import moment
from ..links.proof import NotProven
from .ir_cron import is_scheduled

# An equal answer within this time is the same press, or the same mail program.
REPETITION = timedelta(minutes=1)
# On these pages and with these buttons nobody but the subject answers.
_SUBJECTS_OWN = ("mail_link", "one_click", "preferences", "unsubscribe", "account")
# How an answer comes that did not come over our pages.
BY_HAND = ("paper", "phone", "in_person", "other")
_PROGRAMS = ("/json/", "/jsonrpc", "/xmlrpc/")


@dataclass(frozen=True)
class Word:
    """A proof that was checked.

    :ivar proof: the ``links.proof.Proof``
    :ivar str text_hash: the text that the person was shown
    :ivar str signs: why the answer looks automated, if it does
    """

    proof: links.proof.Proof
    text_hash: str | None = None
    signs: str | None = None


def _trust_account(subject):
    """Note that one person has the account of a contact and gets its mails.

    It is no method, so that the code of a server action cannot call it.

    :param subject: the ``res.partner`` to whose present address the link went that was
        opened
    """
    uid = request and request.session.uid
    if not uid or request.db != subject.env.cr.dbname:
        return
    subject_sudo = subject.sudo()
    if uid in subject_sudo.user_ids.ids and subject_sudo.address_changed_by_others:
        subject_sudo.address_changed_by_others = False


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    suspected_automated = fields.Boolean(
        readonly=True,
        copy=False,
        help="The last answer of the subject looks as if a program had given it, for "
        "example one that checks the links in mails.",
    )
    suspicion_signs = fields.Char(
        readonly=True,
        copy=False,
        help="What made the last answer look so, in the words of the program.",
        exportable=False,
    )
    suspicion_reason = fields.Text(
        compute="_compute_suspicion_reason",
        help="What made the last answer look so, in your language.",
    )

    _suspected_idx = models.Index("(id) WHERE suspected_automated IS TRUE")

    @api.model
    def _suspicion_signs(self):
        """:return: what each sign of a program means, in the reader's language"""
        return {
            "agent": self.env._("It came from a program that is no browser."),
            "delivery": self.env._("It came within seconds of the mail's delivery."),
            "page": self.env._("It came within seconds of the page that asks for it."),
            "other": self.env._("It came within seconds of the opposite answer."),
        }

    @api.depends("suspicion_signs")
    @api.depends_context("lang")
    def _compute_suspicion_reason(self):
        texts = self._suspicion_signs()
        for consent in self:
            signs = (consent.suspicion_signs or "").split()
            consent.suspicion_reason = "\n".join(
                text for sign, text in texts.items() if sign in signs
            )

    def _word_of_user(self, note=False, channel=None, answered_at=None):
        """Tell whose word it is that whoever is at work says.

        No context decides. Without an HTTP request nobody is at work, but in a test.

        :return: staff's word, or a program's
        :raise UserError: for a channel of which only a door of ours knows
        """
        if channel and channel not in (*BY_HAND, "import", "api", "backend"):
            raise UserError(self._no_channel(channel))
        user = self.env.user
        at_work = request.env.uid == user.id if request else modules.module.current_test
        make = links.proof.by_hand
        if (
            not user._is_internal()
            or user._is_superuser()
            or is_scheduled()
            or not at_work
        ):
            make = links.proof.by_program
        return Word(
            make(user.sudo(), channel or self._channel(), answered_at, note or None)
        )

    def _channel(self):
        """:return: how an answer comes that brings no proof"""
        if self.env.context.get("import_file"):
            return "import"
        path = request.httprequest.path if request else ""
        return "api" if path.startswith(_PROGRAMS) or not request else "backend"

    def _check_proof(self, answer, proof):
        """Check that a proof holds for this consent and this answer.

        :return: the word; None for an answer that was recorded just before
        :rtype: Word
        :raise NotProven: if it does not hold
        """
        if not isinstance(proof, links.proof.Proof):
            raise NotProven
        if answer and self.locked_until and proof.by == links.proof.SUBJECT:
            raise NotProven
        if isinstance(proof, links.proof.OpenedLink):
            return self._check_opened_link(answer, proof)
        if isinstance(proof, links.proof.Press):
            return self._check_press(answer, proof)
        if isinstance(proof, links.proof.SignedIn):
            return self._check_signed_in(answer, proof)
        if proof.by == links.proof.SUBJECT:
            raise NotProven
        channels = self.env["privacy.consent.event"]._channels()
        if proof.channel in _SUBJECTS_OWN or proof.channel not in channels:
            raise UserError(self._no_channel(proof.channel))
        return Word(proof)

    @api.model
    def _no_channel(self, channel):
        return self.env._("“%s” is no way in which an answer comes.", channel)

    def _check_press(self, answer, proof):
        """Check a press on a page behind a link.

        A refusal is taken from every page that was made for it, however old. To give
        consent takes the present text, and a page that knows the present answer.
        """
        # A page that named it was made while the link allowed all.
        link, grant = self._link_of(proof, named=not answer)
        if proof.button[:2] != (link.id, "accept" if answer else "reject"):
            raise NotProven
        shown, text_hash = self._shown_by(proof, proof.link_id)
        # pressed twice
        repeated = self._repeats_answer(answer)
        if not shown:
            if repeated:
                return None
            raise NotProven
        if answer and not repeated:
            if grant != links.token.FULL:
                raise NotProven
            if self != link and self not in link._asked_along():
                raise NotProven
            self._check_shown(shown, text_hash, proof.origin.language)
        if grant == links.token.FULL:
            _trust_account(link.partner_id)
        return self._new_word(answer, proof, text_hash, repeated, shown.age)

    def _shown_by(self, proof, former_link_id):
        """Find out what the page showed whose button was pressed.

        Contacts may have been merged since: then it named consents that do not count
        any more.

        :param proof: with a button and a nonce
        :param former_link_id: what the page maybe named instead of today's link
        :return: what it showed about this consent: a ``links.nonce.Shown`` and the hash
            of the text; or None and None
        """
        link_id, action, *ids = proof.button
        former_ids = [former_link_id if one == link_id else one for one in ids]
        for page, named in [(link_id, ids), (former_link_id, former_ids)]:
            button = links.nonce.button(page, action, named)
            shown = links.nonce.check(
                self._link_secret(), button, proof.nonce, time.time()
            )
            own = self.ids if self.id in named else self._with_merged().ids
            texts = dict(zip(button[2:], shown.texts, strict=True)) if shown else {}
            for text_hash in filter(None, map(texts.get, own)):
                return shown, text_hash
        return None, None

    def _check_shown(self, shown, text_hash, language):
        """Check that a page showed what stands today.

        :param links.nonce.Shown shown: what it showed, if anything
        :param str text_hash: of the text about this consent
        :param str language: of the page
        :raise NotProven: if it did not
        """
        if not shown or not shown.fresh:
            raise NotProven
        if text_hash != self.activity_id._text_hash(language):
            raise NotProven(changed=True)
        if shown.mark != self._answer_mark():
            raise NotProven

    def _check_opened_link(self, answer, proof):
        """Check a link whose opening is the answer.

        Mail programs refuse so (RFC 8058); other answers only if the activity takes the
        risk, and if all mails said what the page says today.
        """
        # A mail program says which link it opened, and its mail may name several.
        unsubscribed = proof.channel == "unsubscribe" and not answer
        _link, grant = self._link_of(proof, named=unsubscribed)
        repeated = self._repeats_answer(answer, within=None) and not (
            answer and self._asked_since_answer()
        )
        delivered_sudo = self._delivered_requests()
        text_hash = delivered_sudo[-1:].text_id.hash
        if unsubscribed:
            return None if repeated else Word(proof, text_hash)
        activity = self.activity_id
        if not activity.one_click_answers or (answer and grant != links.token.FULL):
            raise NotProven
        if answer and not repeated:
            # The links of all mails to an address are alike: nobody knows which it was.
            texts = set(map(activity._text_hash, activity._text_languages()))
            shown = {one.text_id.hash for one in delivered_sudo}
            if not shown or not shown <= texts:
                raise NotProven
        return self._new_word(answer, proof, text_hash, repeated)

    def _link_of(self, proof, named=False):
        """:return: the consent whose link was opened, and what the link allows

        :param bool named: whether its page named this consent
        :raise NotProven: if it is no link to this consent, or to one of this person
        """
        link = self.with_context(active_test=False).browse(proof.link_id)
        grant = link._grant(proof.token, database=proof.database)
        survivor = link._surviving()
        own = survivor == self or (
            (named or grant == links.token.FULL)
            and survivor.partner_id == self.partner_id
        )
        if not grant or not own:
            raise NotProven
        return survivor, grant

    def _check_signed_in(self, answer, proof):
        """Check a press in the account of the person who is signed in.

        :raise NotProven: if they are somebody else, or may only refuse
        """
        user = self.env["res.users"].sudo().browse(proof.user_id)
        if (
            not request
            or request.session.uid != user.id
            or user.partner_id != self.partner_id
        ):
            raise NotProven
        if self._repeats_answer(answer) and not self.suspected_automated:
            return None
        shown, text_hash = self._shown_by(proof, proof.button[0])
        if answer:
            if not self._may_give_in_account():
                raise NotProven
            self._check_shown(shown, text_hash, proof.origin.language)
        return Word(proof, text_hash)

    def _may_give_in_account(self):
        """Tell whether a yes in the account is the subject's own.

        Somebody else may have merged another person into the contact of the account, or
        have changed the address before the request was sent.

        :rtype: bool
        """
        asked = self._delivered_requests().mapped("address")
        return bool(
            self.active
            and not set(self._own_addresses()).isdisjoint(asked)
            and not self.token_partner_id
            and self._with_merged() == self
            and not self.partner_id.sudo().address_changed_by_others
        )

    def _new_word(self, answer, proof, text_hash, repeated, since_page=None):
        """:return: the word, with its signs; None if the person gave it just before"""
        signs = self._signs(answer, proof.origin.agent, since_page)
        if repeated and (signs or not self.suspected_automated):
            return None
        return Word(proof, text_hash, signs)

    def _signs(self, answer, agent, since_page):
        """:return: the signs that this answer is automated; or an empty text"""
        now = moment()
        delivered = self._delivered_requests()[-1:].delivered_date or self.sent_date
        opposite = (
            self.answer_date
            if self.answered_by == "subject" and self.accepted != answer
            else None
        )
        found = robot_signs.reasons(
            agent,
            since_delivery=(now - delivered).total_seconds() if delivered else None,
            since_page=since_page,
            since_other=(now - opposite).total_seconds() if opposite else None,
        )
        return " ".join(sorted(found))

    def _repeats_answer(self, answer, within=REPETITION):
        """Tell whether the subject gave this very answer just before.

        :param bool answer: what they answer now
        :param within: how long ago at most; None for any time
        :rtype: bool
        """
        return self._subject_says(answer) and (
            not within
            or bool(self.answer_date and self.answer_date > moment() - within)
        )

    def _asked_since_answer(self):
        """:return: whether a later request asks for the answer again"""
        last = self._delivered_requests()[-1:]
        return bool(last and self.answer_date and last.create_date > self.answer_date)

    def _subject_says(self, answer):
        """:return: whether this is the subject's own answer, and still counts"""
        said = ("given",) if answer else ("refused", "withdrawn")
        return self.answered_by == "subject" and self.status in said

    def _answer_mark(self):
        """:return: a text that every answer to these consents changes, without dots"""
        parts = [
            # Not before: a request may be on its way when its page is opened.
            one.state == "answered"
            and (one.status, str(one.answer_date), one.suspected_automated)
            for one in self.sorted("id")
        ]
        return links.token.sign(b"answer", *parts)

    def _button_nonce(self, button, lang):
        """Make the nonce of a button that is about these consents.

        :param tuple button: as of :func:`links.nonce.button`
        :param str lang: code of the language of the page
        :rtype: str
        """
        texts = [one.activity_id._text_hash(lang) for one in self.sorted("id")]
        return links.nonce.make(
            self._link_secret(), button, texts, self._answer_mark(), time.time()
        )

    @api.model
    def _metadata(self, word):
        """:return: from where an answer came, for people to read"""
        origin = word.proof.origin
        if not origin.agent and not origin.address:
            return word.proof.note
        lines = [
            f"User agent: {origin.agent}",
            f"Remote IP: {origin.address}",
            f"Date and time (UTC): {fields.Datetime.now()}",
        ]
        if origin.language:
            lines.append(f"Language of the page: {origin.language}")
        return "\n".join(lines)
