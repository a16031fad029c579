# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a consumer of the queue knows about a mail while it sends it.

Odoo splits a mail into messages: one to its addresses, and one to each contact. A
message is a dictionary, an item of what ``_prepare_outgoing_list()`` returns.
"""

from typing import NamedTuple

_KEY = "mail_queue_sending"


class Failure(NamedTuple):
    """Why somebody did not get a message.

    :ivar str address: of the recipient, normalized; None if it is the whole message
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


class Sending(dict):
    """The mails that are sent by one call, each with its :class:`Delivery`, by id.

    It travels in the context. A client can make a context up, but not an object of
    this class.

    :ivar bool claimed: whether each message is a transaction of its own, which the
        queue commits; else they all are part of a caller's transaction
    :ivar Delivery latest: whose message is sent now, or None
    """

    def __init__(self, mail_ids, claimed):
        super().__init__((mail_id, Delivery(mail_id, self)) for mail_id in mail_ids)
        self.claimed = claimed
        self.latest = None


class Delivery:
    """The messages of one mail on their way.

    :ivar int mail_id: the ``mail.mail``
    :ivar Sending sending: the call it is part of
    :ivar list waiting: the messages to send; None if they have to be prepared
    :ivar list accepted: pairs of an address and the id of a contact, or None, which
        the server took and which are not stored on the mail
    :ivar list failures: each :class:`Failure` of this run
    :ivar bool failed_before: whether somebody was refused for good in an earlier run
    :ivar dict current: the message that is sent now, or None
    :ivar int left: how many messages come after it
    :ivar dict refused: the server's reply by recipient that it refused
    :ivar dict provisional: what Odoo would write on the mail before it sends
    :ivar dict noted: what Odoo would write on the mail afterwards
    :ivar bool handed_over: whether the server began to get the message
    :ivar bool committed: whether the server took the message, and that is stored
    """

    def __init__(self, mail_id, sending):
        self.mail_id = mail_id
        self.sending = sending
        self.waiting = None
        self.accepted = []
        self.failures = []
        self.failed_before = False
        self._failed = set()
        self.begin()

    @property
    def claimed(self):
        """Whether the queue sends the mail, and commits."""
        return self.sending.claimed

    def begin(self):
        """Forget the last message."""
        self.current = None
        self.left = 0
        self.refused = {}
        self.provisional = {}
        self.noted = {}
        self.handed_over = False
        self.committed = False

    def note(self, vals):
        """Keep what Odoo would write on the mail.

        :param dict vals: values to write
        """
        (self.noted if self.current else self.provisional).update(vals)

    def messages(self):
        """:return: the messages to send in this transaction; each is made current"""
        return _Messages(self, self.waiting[:1] if self.claimed else self.waiting)

    def take_accepted(self, before):
        """:return: what is to be stored on the mail, after what is stored there"""
        accepted, self.accepted = self.accepted, []
        return [*(before or []), *accepted]

    def is_last(self):
        """:return: whether nothing is left to do once the current message is taken"""
        return not (self.left or self.refused or self.failures or self.failed_before)

    def fail(self, failures):
        """Give the current message up, or some of its recipients.

        :param failures: each :class:`Failure`
        """
        self.failures += failures
        if self.current and not self.committed:
            self._failed.add(_recipients(self.current))

    def has_failed(self, message):
        """:return: whether the message was given up"""
        return _recipients(message) in self._failed


def failure_type(failures):
    """Find the failure type of a mail.

    Odoo does not keep mails whose addresses are wrong. If something else failed too, it
    can be sent again.

    :param failures: each :class:`Failure`
    :rtype: str
    """
    types = [failure.failure_type for failure in failures]
    return ([one for one in types if one not in NOT_KEPT] or types)[0]


NOT_KEPT = ("mail_email_invalid", "mail_email_missing")


def _recipients(message):
    partner = message.get("partner_id")
    return partner and partner.id, tuple(message["email_to"])


class _Messages(list):
    """A list that notes down which of its items is looked at."""

    def __init__(self, delivery, messages):
        super().__init__(messages)
        self._delivery = delivery

    def __iter__(self):
        delivery = self._delivery
        for position, message in enumerate(super().__iter__(), start=1):
            delivery.sending.latest = delivery
            delivery.current = message
            delivery.left = len(delivery.waiting) - position
            # A copy: Odoo takes entries out of the values before it sends them.
            yield dict(message)


def put(records, sending):
    """:return: the records, with what is sent in their context"""
    return records.with_context(**{_KEY: sending})


def find(env):
    """:return: what is sent, from the context of an environment, or None"""
    sending = env.context.get(_KEY)
    return sending if isinstance(sending, Sending) else None
