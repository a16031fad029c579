# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What comes with an answer and tells whose word it is.

A door makes one of these and hands it to ``privacy.consent._record_answer()``, which
checks it itself. Neither a client nor a context can make one. The code of a server
action gets one from ``_word_of_user()``, which says no more than that it is staff's or
a program's word.
"""

from dataclasses import dataclass, field
from datetime import datetime

SUBJECT = "subject"
STAFF = "staff"
SYSTEM = "system"


class NotProven(Exception):
    """The proof does not hold: the person has to press a button of a fresh page.

    :ivar bool changed: whether the text changed since their page was made
    """

    def __init__(self, changed=False):
        super().__init__()
        self.changed = changed


@dataclass(frozen=True)
class Origin:
    """From where an answer came.

    :ivar str address: network address of the visitor
    :ivar str agent: what the visitor's program calls itself
    :ivar str language: code of the language of the page, if there was one
    :ivar str surroundings: version of the page around the text
    """

    address: str = ""
    agent: str = ""
    language: str | None = None
    surroundings: str | None = None


@dataclass(frozen=True)
class Scan:
    """A file that shows an answer, for example a form on paper.

    :ivar str name: of the file
    :ivar bytes content: of the file
    """

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Proof:
    """The word of somebody else than the subject, and the base of the others.

    :ivar str by: whose word it is, if the proof holds
    :ivar str channel: how it came
    :ivar Origin origin: from where it came
    :ivar datetime answered_at: when the person said it; None: now
    :ivar str staff: name of whoever recorded it
    :ivar str note: what they noted
    :ivar Scan scan: the file that shows it, checked by whoever took it
    """

    by: str
    channel: str
    origin: Origin = Origin()
    answered_at: datetime | None = None
    staff: str | None = None
    note: str | None = None
    scan: Scan | None = None


@dataclass(frozen=True)
class Press(Proof):
    """A press on a button of a page behind a personal link.

    :ivar int link_id: the consent whose link was opened
    :ivar str token: secret part of that link
    :ivar tuple button: as of :func:`links.nonce.button`
    :ivar str nonce: what the page's form sent
    :ivar str database: name in that link, any text or nothing
    """

    link_id: int = 0
    token: str = ""
    button: tuple = ()
    nonce: str = ""
    database: str | None = None


@dataclass(frozen=True)
class OpenedLink(Press):
    """A link whose opening is the answer: no button was pressed."""


@dataclass(frozen=True)
class SignedIn(Proof):
    """A press in the account of the person who is signed in.

    :ivar int user_id: the user
    :ivar tuple button: as of :func:`links.nonce.button`
    :ivar str nonce: what the page's form sent
    """

    user_id: int = 0
    button: tuple = ()
    nonce: str = ""


def pressed(channel, link_id, token, button, nonce, origin, database=None):
    """:return: the proof of a press on a page; see :class:`Press`"""
    return Press(
        SUBJECT,
        channel,
        origin,
        link_id=link_id,
        token=token,
        button=button,
        nonce=nonce,
        database=database,
    )


def opened(channel, link_id, token, origin, database=None):
    """:return: the proof of an opened link; see :class:`OpenedLink`"""
    return OpenedLink(
        SUBJECT, channel, origin, link_id=link_id, token=token, database=database
    )


def signed_in(user_id, button, nonce, origin):
    """:return: the proof of a press in an account; see :class:`SignedIn`"""
    return SignedIn(
        SUBJECT, "account", origin, user_id=user_id, button=button, nonce=nonce
    )


def by_hand(user, channel, answered_at=None, note=None):
    """Make what staff records of an answer that did not come over our pages.

    :param user: the ``res.users`` record of whoever records it
    :param str channel: for example ``"paper"``, ``"phone"``, ``"in_person"``
    :param datetime answered_at: when the person said it, UTC; None for now
    :param str note: anything they noted
    """
    return Proof(
        STAFF, channel, answered_at=answered_at, staff=user.display_name, note=note
    )


def by_program(user, channel, answered_at=None, note=None):
    """Make what a program says, with the name of the user it ran as.

    :param user: the ``res.users`` record
    :param str channel: for example ``"api"``
    """
    return Proof(
        SYSTEM, channel, answered_at=answered_at, staff=user.display_name, note=note
    )
