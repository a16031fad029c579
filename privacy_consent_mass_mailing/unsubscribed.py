# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What comes with a press on *Unsubscribe* in a mailing."""

from dataclasses import dataclass

from odoo.addons.privacy_consent import links


@dataclass(frozen=True)
class Unsubscribed(links.proof.Proof):
    """The link to unsubscribe that Odoo puts into each mail of a mailing.

    :ivar int mailing_id: the mailing
    :ivar document_id: the record that was mailed about, as the link has it
    :ivar str email: the address that was mailed, as the link has it
    :ivar str token: secret part of the link
    """

    mailing_id: int = 0
    document_id: str = ""
    email: str = ""
    token: str = ""


def unsubscribed(mailing_id, document_id, email, token, origin):
    """:return: the proof of an unsubscription; see :class:`Unsubscribed`"""
    return Unsubscribed(
        by=links.proof.SUBJECT,
        channel="mailing",
        origin=origin,
        mailing_id=mailing_id,
        document_id=document_id,
        email=email,
        token=token,
    )
