# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many messages may leave in a minute, an hour and a day.

A limit holds for each window of that length, whenever it begins. Times are ``datetime``
objects on the clock of the database, which all consumers share.
"""

from collections import deque
from datetime import timedelta

#: so long may a message leave that a consumer announced
HOLD = timedelta(minutes=1)
#: what a limit is about
WINDOWS = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))


def room(limits, counts):
    """Tell how many more messages may leave now.

    :param dict limits: the number of messages by window
    :param dict counts: how many left or may leave in each of these windows
    :rtype: int
    """
    return max(0, min(limits[window] - counts[window] for window in limits))


def look_again(now, window, oldest, newest):
    """Tell when a full window may have room again.

    :param timedelta window: its length
    :param datetime oldest: the departure that must leave the window first
    :param datetime newest: the last departure; it is to come if a consumer announced
        messages, and those that it does not send make room until then
    :rtype: datetime
    """
    free = oldest + window
    return min(free, newest) if newest > now else free


def last_departure(count, limits, departures, now):
    """Compute when the last of so many messages can leave, each as soon as it may.

    :param int count: how many messages wait
    :param dict limits: the number of messages by window
    :param departures: when messages left before, oldest first
    :return: not before now
    :rtype: datetime
    """
    times = deque(departures, maxlen=max(limits.values(), default=1))
    last = now
    for _message in range(count):
        for window, limit in limits.items():
            if len(times) >= limit:
                last = max(last, times[-limit] + window)
        times.append(last)
    return last
