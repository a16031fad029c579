# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep the tokens of links out of the server's log, which many people may read."""

import logging
import re

from .scrub import scrub

# Who logs the addresses of requests: the access log, errors, and dumps of threads.
LOGGERS = ("werkzeug", "odoo.http", "odoo.tools.misc")
# Who logs what mail servers and incoming mails say.
MAIL_LOGGERS = (
    "odoo.addons.base.models.ir_cron",
    "odoo.addons.base.models.ir_mail_server",
    "odoo.addons.mail.models.fetchmail",
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.mail.models.mail_thread",
)

# also where the address is part of another one, encoded once or more
_SLASH = r"(?:/|%(?:25)*2F)+"
# What programs put before it is not the token.
_TOKEN = re.compile(
    rf"(privacy{_SLASH}consent{_SLASH}\w+{_SLASH}[^\s/]*?\d[^\s/]*?{_SLASH}"
    r"(?:%[0-9a-f]{2}|[?&#\"'])*)[^\s/?&#%\"']+",
    re.IGNORECASE,
)


def mask(text):
    """Put three asterisks in place of each token.

    :param str text: anything that may contain addresses of public pages
    :rtype: str
    """
    return _TOKEN.sub(r"\1***", text)


class TokenMask(logging.Filter):
    """Mask the tokens in what a logger says, and in the traceback of an error."""

    def __init__(self, masking=mask):
        super().__init__()
        self.masking = masking

    def filter(self, record):
        message = record.getMessage()
        masked = self.masking(message)
        if masked != message:
            record.msg, record.args = masked, None
        if record.exc_info:
            traceback = logging.Formatter().formatException(record.exc_info)
            # The other way round, a half of a wrapped token would stay.
            masked = mask(scrub(traceback))
            if masked != traceback:
                record.exc_info, record.exc_text = None, masked
        return True


def install():
    """Mask the tokens in the log of this process."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(TokenMask())
    for name in MAIL_LOGGERS:
        logging.getLogger(name).addFilter(TokenMask(scrub))
