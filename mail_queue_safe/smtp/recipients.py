# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who got a mail, who cannot get it, and who is still to get it.

Plain Python, without Odoo. A mail is split into messages: one to its addresses, and one
to each contact. An address is normalized; together with the id of the contact whom its
message is for, or None, it is a recipient.
"""

from typing import NamedTuple

# Odoo does not keep mails that failed because of these.
_NOT_KEPT = ("mail_email_invalid", "mail_email_missing")


class Failure(NamedTuple):
    """Why somebody did not get a message.

    :ivar str address: of the recipient; None if it is the whole message
    :ivar int partner_id: the contact whom the message is for, or None
    :ivar str reason: as the server or Odoo gave it
    :ivar str failure_type: as of the mail
    :ivar bool permanent: whether it makes no sense to try again
    """

    address: str | None
    partner_id: int | None
    reason: str
    failure_type: str
    permanent: bool


class Recipients:
    """What is settled about the recipients of one mail.

    :param accepted: pairs, each the address and the contact of somebody who got it
    :param refused: each :class:`Failure`, or the list of its values, that is final
    :ivar list failures: each :class:`Failure` of this run
    """

    def __init__(self, accepted, refused):
        self.accepted = [tuple(one) for one in accepted or []]
        self.refused = [Failure(*one) for one in refused or []]
        self.failures = []

    def settled(self, partner_id):
        """Tell what a message of this mail is not to be sent to.

        :param int partner_id: the contact whom the message is for, or None
        :return: addresses; None among them stands for the whole message
        :rtype: set
        """
        pairs = [*self.accepted, *(one[:2] for one in self.refused + self.failures)]
        return {address for address, contact in pairs if contact == partner_id}

    def are_wanting(self, partner_id, addresses):
        """Tell whether there is somebody who is still to get a message.

        :param int partner_id: the contact whom the message is for, or None
        :param list[str] addresses: of the message; none if it has no valid address
        :rtype: bool
        """
        settled = self.settled(partner_id)
        if None in settled:
            return False
        return not settled or not settled.issuperset(addresses)

    def has_failures(self):
        """:return: whether somebody did not get the mail, now or in an earlier run"""
        return bool(self.refused or self.failures)


def failure_type(failures):
    """Find the failure type of a mail.

    Odoo does not keep mails whose addresses are wrong. If something else failed too,
    somebody may still want to send the mail again.

    :param failures: each :class:`Failure`
    :rtype: str
    """
    types = [failure.failure_type for failure in failures]
    return ([one for one in types if one not in _NOT_KEPT] or types)[0]
