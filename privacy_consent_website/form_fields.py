# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a form of the website says of consents: which boxes are ticked, and by whom."""

import json
import re
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
    for name, value in values.items():
        of_visitor = "mail" in name.lower() and name not in _NOT_THE_VISITOR
        if (of_visitor or name == "login") and isinstance(value, str):
            found = addresses.read(value)
            if len(found.valid) == 1 and not found.problems:
                return found.valid[0]
    return None


def _name(values):
    for field in _NAMES:
        value = values.get(field)
        if isinstance(value, str):
            name = " ".join(value.split())
            if len(name) <= _LONGEST_NAME and _NAME.fullmatch(name):
                return name
    return None


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
