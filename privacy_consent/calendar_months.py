# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calendar months: the same day and time of another month, where somebody lives."""

import pytz
from dateutil.relativedelta import relativedelta


def add_months(moment, months, zone):
    """Add calendar months to a moment.

    The last day of a shorter month stands for a day that it lacks: 31 January plus one
    month is the end of February. Where clocks are put forward, a time that does not
    exist becomes the one that clocks show instead. Where they are put back, a time that
    comes twice is the first one.

    :param datetime moment: UTC, without a time zone
    :param int months: how many
    :param zone: time zone of pytz in which it is reckoned
    :return: UTC, without a time zone
    :rtype: datetime
    """
    local = pytz.utc.localize(moment).astimezone(zone).replace(tzinfo=None)
    local += relativedelta(months=months)
    try:
        there = zone.localize(local, is_dst=None)
    except pytz.NonExistentTimeError:
        there = zone.localize(local, is_dst=False)
    except pytz.AmbiguousTimeError:
        there = zone.localize(local, is_dst=True)
    return there.astimezone(pytz.utc).replace(tzinfo=None)
