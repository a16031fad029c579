# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep the tokens of links out of the server's log, which many people may read."""

import logging
import re

# Who logs the addresses of requests: the access log, errors, and dumps of threads.
LOGGERS = ("werkzeug", "odoo.http", "odoo.tools.misc")

# also where the address is part of another one, encoded once or more
_SLASH = r"(?:/|%(?:25)*2F)+"
_TOKEN = re.compile(
    rf"(privacy{_SLASH}consent{_SLASH}\w+{_SLASH}\d+{_SLASH})[^\s/?&#%\"']+",
    re.IGNORECASE,
)


def mask(text):
    """Put three asterisks in place of each token.

    :param str text: anything that may contain addresses of public pages
    :rtype: str
    """
    return _TOKEN.sub(r"\1***", text)


class TokenMask(logging.Filter):
    """Mask the tokens in what a logger says."""

    def filter(self, record):
        message = record.getMessage()
        masked = mask(message)
        if masked != message:
            record.msg, record.args = masked, None
        return True


def install():
    """Mask the tokens in the log of this process."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(TokenMask())
