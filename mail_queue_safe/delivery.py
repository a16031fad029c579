# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a consumer of the queue knows about a mail while it sends it.

Odoo splits a mail into messages: one to its addresses, and one to each contact.
"""

_KEY = "mail_queue_sending"


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
    :ivar list waiting: the messages to send, values of ``_prepare_outgoing_list()``;
        None before they are prepared
    :ivar list failures: pairs of reason and failure type, of messages that failed
    :ivar dict current: the message that is sent now, or None
    :ivar int left: how many messages come after it
    :ivar dict refused: the server's reply by recipient that it refused
    :ivar dict noted: what Odoo would write on the mail, where the queue does it
    :ivar bool committed: whether the current message was taken, and that stored
    """

    def __init__(self, mail_id, sending):
        self.mail_id = mail_id
        self.sending = sending
        self.waiting = None
        self.failures = []
        self.begin()

    @property
    def claimed(self):
        return self.sending.claimed

    def begin(self):
        """Forget the last message."""
        self.current = None
        self.left = 0
        self.refused = {}
        self.noted = {}
        self.committed = False

    def messages(self):
        """:return: the messages to send in this transaction; each is made current"""
        return _Messages(self, self.waiting[:1] if self.claimed else self.waiting)

    def is_last(self):
        """:return: whether nothing is left to do once the current message is taken"""
        return not (self.left or self.refused or self.failures)


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
