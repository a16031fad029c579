# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What comes with a press on *I accept* below what the account offers."""

from dataclasses import dataclass

from odoo.addons.privacy_consent import links


@dataclass(frozen=True)
class Offered(links.proof.Proof):
    """A yes to something that nobody had asked this person about.

    :ivar int user_id: who is signed in
    :ivar str nonce: what the page's form sent
    """

    user_id: int = 0
    nonce: str = ""


def offered(user_id, nonce, origin):
    """:return: the proof of such a press; see :class:`Offered`"""
    return Offered(
        by=links.proof.SUBJECT,
        channel="account",
        origin=origin,
        user_id=user_id,
        nonce=nonce,
    )


def button(user_id, activity_id):
    """:return: the name of the button, as of :func:`links.nonce.button`"""
    return links.nonce.button(f"offer {user_id}", "accept", [activity_id])
