# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep the tokens of links out of the server's log, which many people may read."""

import logging
import re

# Who logs the addresses of requests: the access log, errors, and dumps of threads.
LOGGERS = ("werkzeug", "odoo.http", "odoo.tools.misc")

_TOKEN = re.compile(r"(privacy/+consent/+\w+/+\d+/+)[^\s/?&#\"']+")


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
