# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a form of the website says of consents: which boxes are ticked, and by whom."""

import json
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from odoo.addons.privacy_consent import addresses

# The names of the boxes, each with the id of its activity.
BOX = "privacy_consent_"
_NAMES = ("name", "contact_name", "partner_name")
# Where a form says to whom its own mail goes.
_NOT_THE_VISITOR = ("email_to", "email_cc", "email_bcc")
# What is a name, and neither a text nor a link that a stranger wants to have mailed.
_NAME = re.compile(r"[^\W\d_]+(?:[ .'’-]{1,2}[^\W\d_]+){0,5}\.?")
_LONGEST_NAME = 60
# Persian and the scripts of India have them within words.
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Form:
    """What somebody sent with a form.

    :ivar activity_ids: of the boxes that are ticked
    :ivar str address: the normalized e-mail address; None if there is not exactly one
    :ivar str name: of the person, or None
    :ivar int partner_id: the contact of who is signed in, or None
    """

    activity_ids: list
    address: str | None
    name: str | None
    partner_id: int | None = None


def read(values):
    """Read a form.

    :param values: what it sent, by the names of its fields
    :rtype: Form
    """
    return Form(_activity_ids(values), _address(values), _name(values))


def without_boxes(values):
    """:return: what a form sent, without its boxes for consent"""
    return {name: value for name, value in values.items() if not _is_box(name)}


def _is_box(name):
    return bool(re.fullmatch(rf"{BOX}[0-9]{{1,9}}", name))


def _activity_ids(values):
    return sorted(
        int(name.removeprefix(BOX))
        for name, value in values.items()
        if _is_box(name) and value
    )


def _address(values):
    texts = {
        name: value.strip()
        for name, value in values.items()
        if isinstance(value, str) and name not in _NOT_THE_VISITOR
    }
    named = [
        text
        for name, text in texts.items()
        if "mail" in name.lower() or name == "login"
    ]
    # The builder of a website in another language names the field otherwise.
    others = [text for text in texts.values() if "@" in text]
    read = map(addresses.read, named or others)
    found = [one.valid[0] for one in read if len(one.valid) == 1 and not one.problems]
    return found[0] if found and (named or len({*found}) == 1) else None


def _name(values):
    for field in _NAMES:
        value = values.get(field)
        if isinstance(value, str):
            name = " ".join(value.split())
            if len(name) <= _LONGEST_NAME and _NAME.fullmatch(_without_marks(name)):
                return name
    return None


def _without_marks(name):
    """:return: a name without what only changes how its letters look"""
    return "".join(
        one
        for one in name
        if unicodedata.category(one)[0] != "M" and one not in _JOINERS
    )


def is_taken(status, location, body):
    """Tell from the response whether the website took a form.

    :param int status: of the response
    :param str location: where it sends the visitor, if anywhere
    :param bytes body: of the response; forms that scripts send get JSON
    :rtype: bool
    """
    if status >= 400 or "error" in urlsplit(location or "").query:
        return False
    if not body.startswith((b"{", b"false")):
        return True
    try:
        said = json.loads(body)
    except ValueError:
        return True
    return bool(said) and not {"error", "error_fields", "invalid_fields"} & set(said)
