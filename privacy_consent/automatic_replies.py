# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tell what a program answered from what a person wrote. Plain Python, without Odoo."""

from email.utils import parseaddr

# What vendors agreed on before RFC 3834.
_MARKS = ("x-autoreply", "x-autorespond")
# RFC 2076, section 3.9: what people send to each other has none of these.
_PRECEDENCES = {"auto_reply", "bulk", "junk", "list"}


def is_automatic(message):
    """Tell whether a program wrote a message, and not to report about a delivery.

    ``Auto-Submitted`` is of RFC 3834, section 5: everything but ``no`` says so.

    :param email.message.Message message: parsed with any policy
    :rtype: bool
    """
    headers = {
        name.lower(): str(value).strip().lower() for name, value in message.raw_items()
    }
    _name, sender = parseaddr(headers.get("from", ""))
    if message.get_content_type() == "multipart/report" or (
        sender.startswith("mailer-daemon@")
    ):
        return False
    # Parameters and comments may follow the word.
    submitted = headers.get("auto-submitted", "no").partition(";")[0]
    submitted = submitted.partition("(")[0].strip() or "no"
    return (
        submitted != "no"
        or any(headers.get(name, "no") not in ("", "no") for name in _MARKS)
        or headers.get("precedence", "").replace("-", "_") in _PRECEDENCES
    )
