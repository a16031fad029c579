# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a page hands to its visitor so that only its own buttons are obeyed.

A nonce is signed. It carries the moment when the page was made, the texts that it
showed, and a mark of the answers that stood then. Nothing about it is stored.
"""

from typing import NamedTuple

from . import token as tokens

# A page may stay open for a day before its buttons have to be loaded again.
VALIDITY = 24 * 60 * 60


class Shown(NamedTuple):
    """What the page showed whose button was pressed.

    :ivar int age: how many seconds ago it was made
    :ivar list texts: the hashes of its texts, in the order of the button's consents
    :ivar str mark: of the answers that stood then
    """

    age: int
    texts: list
    mark: str

    @property
    def fresh(self):
        """Whether the page was made within the last day."""
        return self.age <= VALIDITY


def button(link_id, action, consent_ids):
    """Name a button.

    :param int link_id: the consent whose link was opened
    :param str action: what the button does
    :param consent_ids: the consents that it is about
    :rtype: tuple
    """
    return (link_id, action, *sorted(consent_ids))


def make(secret, pressed, texts, mark, now):
    """Make the nonce of a button.

    :param str secret: key of the database (parameter ``database.secret``)
    :param tuple pressed: result of :func:`button`
    :param texts: the hashes of the texts that the page shows
    :param str mark: of the answers that stand now, a text without dots
    :param float now: seconds since 1970
    :rtype: str
    """
    shown = (str(int(now)), "-".join(texts), mark)
    return ".".join([*shown, _sign(secret, pressed, shown)])


def check(secret, pressed, nonce, now):
    """Check the nonce of a button.

    :param tuple pressed: the button that it should have been made for
    :param str nonce: what the visitor sent: any text, or a false value
    :param float now: seconds since 1970
    :return: what the page showed; None for a nonce that was not made for this button
    :rtype: Shown
    """
    *shown, signature = (nonce or "").split(".")
    if len(shown) != 3 or not tokens.matches(
        signature, _sign(secret, pressed, tuple(shown))
    ):
        return None
    moment, texts, mark = shown
    return Shown(int(now) - int(moment), texts.split("-"), mark)


def _sign(secret, pressed, shown):
    return tokens.sign(tokens.derive(secret, "nonce"), pressed, shown)
