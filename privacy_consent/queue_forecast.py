# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When the mail queue will roughly have sent so many more mails."""

# Longer gaps between two mails are times when there was nothing to send.
_PAUSE = 60
_ENOUGH = 20
# Seconds per mail, if too few were sent to tell: one worker with an SMTP server that
# takes its time.
_USUAL = 0.1
# Odoo's own queue sends so many mails in one run, and runs once an hour.
_ODOO_RUN = 1000
_ODOO_INTERVAL = 3600


def seconds_per_mail(times):
    """Compute how long a mail took while the queue was busy.

    :param times: when mails were sent lately, ``datetime`` objects in any order
    :return: seconds
    :rtype: float
    """
    times = sorted(times)
    gaps = [
        (later - earlier).total_seconds()
        for earlier, later in zip(times, times[1:], strict=False)
    ]
    gaps = [gap for gap in gaps if gap <= _PAUSE]
    return sum(gaps) / len(gaps) if len(gaps) >= _ENOUGH and any(gaps) else _USUAL


def seconds_until_sent(mails, times, runs_to_the_end):
    """Compute when the last of the mails in the queue will have been sent.

    :param int mails: how many there are
    :param times: as of :func:`seconds_per_mail`
    :param bool runs_to_the_end: whether the queue sends all it has, as that of
        ``mail_queue_safe`` does; Odoo's own stops after 1,000 mails until the next hour
    :return: seconds from now
    :rtype: float
    """
    breaks = 0 if runs_to_the_end else max(mails - 1, 0) // _ODOO_RUN
    return mails * seconds_per_mail(times) + breaks * _ODOO_INTERVAL
