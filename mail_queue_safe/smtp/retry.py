# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether and when a mail that failed is tried again.

Plain Python, without Odoo. RFC 5321, section 4.5.4.1, recommends to give up after at
least four days.
"""

import random
import re
import smtplib
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait between attempts, and when to give up.

    :ivar timedelta first_delay: after the first attempt
    :ivar timedelta longest_delay: each delay is three times the one before, up to this
    :ivar int attempts: give up after so many; None for never
    :ivar timedelta age: give up when the mail is so old; None for never
    :raise ValueError: if a delay or a limit is not positive
    """

    first_delay: timedelta
    longest_delay: timedelta
    attempts: int | None = None
    age: timedelta | None = None

    def __post_init__(self):
        for delay in (self.first_delay, self.longest_delay, self.age):
            if delay is not None and delay <= timedelta(0):
                raise ValueError(f"A delay must be positive, not {delay}.")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(f"There is at least one attempt, not {self.attempts}.")

    def delay(self, attempts, age=timedelta(0)):
        """Tell how long to wait for the next attempt.

        :param int attempts: how many there were, at least 1
        :param timedelta age: of the mail
        :return: the delay, varied by a tenth so that mails that failed together do not
            come back together; None to give up
        :rtype: timedelta
        """
        if self.attempts is not None and attempts >= self.attempts:
            return None
        if self.age is not None and age >= self.age:
            return None
        # The power is limited, because the numbers are not.
        delay = self.first_delay * 3 ** min(attempts - 1, 20)
        return min(delay, self.longest_delay) * random.uniform(0.9, 1.1)


#: of a mail that a server did not take for the time being
MAIL = RetryPolicy(
    first_delay=timedelta(minutes=10),
    longest_delay=timedelta(hours=6),
    attempts=20,
    age=timedelta(days=4),
)
#: of a mail because of which a server took nothing from us any more
REFUSED_US = RetryPolicy(
    first_delay=timedelta(minutes=10), longest_delay=timedelta(hours=6)
)
#: of a server that cannot be reached; its mails wait as long as it takes
SERVER = RetryPolicy(
    first_delay=timedelta(minutes=1), longest_delay=timedelta(minutes=30)
)


def describe(error):
    """Say why, in the server's own words where there are any.

    :param Exception error: or what it was raised from
    :rtype: str
    """
    for cause in causes(error):
        if isinstance(cause, smtplib.SMTPRecipientsRefused):
            return describe_refused(cause.recipients)
        if isinstance(cause, smtplib.SMTPResponseException):
            return _reply(cause.smtp_code, cause.smtp_error)
        if isinstance(cause, smtplib.SMTPException | OSError):
            return _storable(str(cause)) or type(cause).__name__
    return _storable(str(error)) or type(error).__name__


def describe_outage(error, recipients):
    """Say why a server takes nothing, for all mails that wait because of it.

    :param Exception error: or what it was raised from
    :param recipients: of the mail that it refused, who are none of the others' business
    :rtype: str
    """
    reason = describe(error)
    for recipient in recipients:
        # Some servers repeat whom they refuse.
        name = rf"<?{re.escape(recipient)}>?:? *"
        reason = re.sub(name, "", reason, flags=re.IGNORECASE)
    return "\n".join(dict.fromkeys(reason.splitlines()))


def describe_refused(refused):
    """Say in the server's own words whom it refused.

    :param dict refused: the reply, a pair of code and text, by recipient
    :rtype: str
    """
    return "\n".join(
        f"{recipient}: {_reply(*reply)}" for recipient, reply in refused.items()
    )


def _reply(code, text):
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return _storable(f"{code} {text}")


def _storable(text):
    """:return: the text without what no database holds"""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)


def causes(error):
    """:return: an error, and what it was raised from, the latter last"""
    while error:
        yield error
        error = error.__cause__ or error.__context__
