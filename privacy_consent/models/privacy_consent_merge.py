# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Two contacts become one, and no answer is lost."""

from contextlib import contextmanager
from contextvars import ContextVar

from odoo import fields, models

from .privacy_consent import store
from .privacy_consent_event import append_word

# The ids of the contacts that are merged at this moment.
_MERGING = ContextVar("privacy_consent.merging", default=frozenset())


@contextmanager
def merging(partner_ids):
    """Let these contacts become one, for as long as this lasts.

    :param partner_ids: ids of ``res.partner`` records
    """
    token = _MERGING.set(frozenset(partner_ids))
    try:
        yield
    finally:
        _MERGING.reset(token)


def merge_subjects(sources, destination):
    """Move the consents of contacts that are being merged, and lose none.

    Where several contacts were asked about the same activity, the latest answer
    counts, whoever recorded it, at equal time the refusal. The others are archived
    and linked to it. It is no method, so that the code of a server action cannot call
    it.

    :param sources: ``res.partner`` records that will be deleted
    :param destination: the one that remains
    :raise UserError: for consents of contacts that are not being merged
    """
    env = destination.env
    # Whoever may merge the contacts needs no right to their consents.
    consents_sudo = env["privacy.consent"].sudo().with_context(active_test=False)
    partners = sources + destination
    everything = consents_sudo.search([("partner_id", "in", partners.ids)])
    moved = everything.filtered(lambda one: one.partner_id in sources)
    if not _MERGING.get().issuperset(partners.ids):
        moved._check_keeps_subject({"partner_id": destination.id})
    current = everything.filtered(lambda consent: not consent.merged_into_id)
    together = [
        consents.sorted(lambda one: one._merge_rank(destination), reverse=True)
        for consents in current.grouped("activity_id").values()
    ]
    changed = moved | everything.filtered(lambda one: one._with_merged() != one)
    changed |= everything.union(*(consents for consents in together if consents[1:]))
    # The table takes no merge that no event tells.
    append_word(changed, "merged")
    for consents in together:
        consents._merge_into_first()
    # Whoever has the account may be anybody of those who are one contact now.
    if partners.sudo().with_context(active_test=False).user_ids:
        destination.sudo().address_changed_by_others = True
    # Only now: the database allows one current consent per contact and activity.
    env.flush_all()
    for consent in moved:
        store(
            consent,
            {
                "partner_id": destination.id,
                "token_partner_id": consent.token_partner_id or consent.partner_id.id,
            },
        )
    env.flush_all()


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    merged_into_id = fields.Many2one(
        comodel_name="privacy.consent",
        string="Merged into",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The consent that counts since the contacts of both were merged.",
    )
    # Those of many consents are read at once.
    merged_ids = fields.One2many(
        comodel_name="privacy.consent",
        inverse_name="merged_into_id",
        context={"active_test": False},
        readonly=True,
        exportable=False,
    )

    def _surviving(self):
        """:return: the consent that counts today, after any merges of contacts"""
        self.ensure_one()
        consent = self
        while consent.merged_into_id:
            consent = consent.merged_into_id
        return consent

    def _merge_rank(self, destination):
        """:return: a key by which the consent that shall count is the greatest"""
        answered = self.state == "answered"
        return (
            answered,
            self._answer_moment(),
            answered and not self.accepted,
            # Without an answer, what is kept for legal claims counts for no living one.
            not self.locked_until,
            ("draft", "sent", "answered").index(self.state),
            self.active,
            bool(self._open_requests()),
            self.partner_id == destination,
            -self.id,
        )

    def _merge_into_first(self):
        """Archive all but the first of these consents, and link them to it."""
        survivor, others = self[0], self[1:]
        # A request that still waits would ask again what another one asked already.
        others._cancel_requests("merged")
        for other in others:
            other._message_log(
                body=self.env._(
                    "The contacts were merged. The consent %s counts instead of this.",
                    survivor._get_html_link(title=f"#{survivor.id}"),
                )
            )
            survivor._message_log(
                body=self.env._(
                    "The contacts were merged. This consent counts; that of %(subject)s"
                    " is kept in the archive: %(consent)s",
                    subject=other.partner_id.display_name,
                    consent=other._get_html_link(title=f"#{other.id}"),
                )
            )
        if any(self.mapped("active")) and not survivor.locked_until:
            store(survivor, {"active": True})
        store(others, {"active": False, "merged_into_id": survivor.id})
