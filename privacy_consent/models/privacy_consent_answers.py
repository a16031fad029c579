# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers by link: repeated ones, and those that a robot probably gave."""

# pylint: disable=consider-merging-classes-inherited

import secrets
from datetime import timedelta

from odoo import api, fields, models

from .. import robot_signs

_SUSPICION = "privacy_consent_suspicion"
# An equal answer within this time is the same press, or the same mail program.
REPETITION = timedelta(minutes=1)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    suspected_automated = fields.Boolean(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The last answer of the subject looks as if a program had given it, for "
        "example one that checks the links in mails.",
    )
    suspicion_signs = fields.Char(
        readonly=True,
        copy=False,
        help="What made the last answer look so, in the words of the program.",
    )
    suspicion_reason = fields.Text(
        compute="_compute_suspicion_reason",
        help="What made the last answer look so, in your language.",
    )
    answer_mark = fields.Char(
        readonly=True,
        copy=False,
        help="Other at each answer of the subject, also at two within a second.",
    )

    @api.depends("suspicion_signs")
    @api.depends_context("lang")
    def _compute_suspicion_reason(self):
        texts = {
            "agent": self.env._("It came from a program that is no browser."),
            "delivery": self.env._("It came within seconds of the mail's delivery."),
            "page": self.env._("It came within seconds of the page that asks for it."),
            "other": self.env._("It came within seconds of the opposite answer."),
        }
        for consent in self:
            signs = (consent.suspicion_signs or "").split()
            consent.suspicion_reason = "\n".join(
                text for sign, text in texts.items() if sign in signs
            )

    def _repeats_answer(self, accept, within=REPETITION):
        """Tell whether the subject gave this very answer just before.

        :param bool accept: what they answer now
        :param within: how long ago at most; None for any time
        :rtype: bool
        """
        return (
            self.state == "answered"
            and self.answered_by == "subject"
            and self.accepted == accept
            and bool(self.answer_date)
            and (not within or self.answer_date > fields.Datetime.now() - within)
        )

    def _answer_by_link(self, accept, metadata, agent, since_page=None, repeated=False):
        """Record what a subject answered by a link, if it is new.

        It is new as well if it was suspected to be automated, and is not any more.

        :param bool accept: whether they consent
        :param str metadata: from where the answer came, for the proof
        :param str agent: what their program calls itself; None if a program may answer
        :param since_page: seconds between the page and the press, if there was one
        :param bool repeated: whether they gave this very answer before
        """
        signs = self._suspicion(accept, agent, since_page)
        if repeated and (signs or not self.suspected_automated):
            return
        # In the context, because others override action_answer() with its parameters.
        self.with_context(**{_SUSPICION: signs}).action_answer(accept, metadata)

    def _suspicion(self, accept, agent, since_page):
        """:return: the signs that this answer is automated; or an empty text"""
        if agent is None:
            return ""
        now = fields.Datetime.now()
        delivered = self.delivered_date or self.sent_date
        opposite = self.subject_answer_date if self.subject_accepted != accept else None
        found = robot_signs.reasons(
            agent,
            since_delivery=(now - delivered).total_seconds() if delivered else None,
            since_page=since_page,
            since_other=(now - opposite).total_seconds() if opposite else None,
        )
        return " ".join(sorted(found))

    def _answer_values(self):
        """:return: what to store about the answer that is stored now"""
        signs = self.env.context.get(_SUSPICION) or False
        return {
            "answer_mark": secrets.token_hex(8),
            "suspected_automated": bool(signs),
            "suspicion_signs": signs,
        }
