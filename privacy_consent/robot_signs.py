# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tell answers that a program probably gave from those of a person.

Nothing here keeps anybody from answering: it makes staff look, and ask again.
"""

import re

# Seconds. Nobody gets a mail, reads it, opens its link and presses a button so fast.
DELIVERY = 15
# Nobody reads the page so fast.
PAGE = 2
# Who presses both buttons so fast did not change their mind.
BOTH = 5

# How mail scanners, link previews and the programs they are made of name themselves.
_AGENTS = re.compile(
    r"""
    barracuda | mimecast | proofpoint | safelinks | fortimail | trendmicro | sophos
    | scanner | \bscan\b | preview | prefetch | crawl | spider | bot[/;-]
    | facebookexternal | slurp | whatsapp | headless | phantomjs | selenium | puppeteer
    | playwright | curl/ | wget/ | python- | aiohttp | go-http | java/ | okhttp | libwww
    | httpclient
    """,
    re.IGNORECASE | re.VERBOSE,
)


def reasons(agent, since_delivery=None, since_page=None, since_other=None):
    """Say what makes an answer look automated.

    The numbers are in seconds, and None where there is nothing to measure.

    :param str agent: what the visitor's program calls itself
    :param since_delivery: since the request was delivered
    :param since_page: since the page with the button was made
    :param since_other: since the opposite answer
    :return: a subset of ``{"agent", "delivery", "page", "other"}``
    :rtype: set[str]
    """
    found = {
        name
        for name, seconds, limit in [
            ("delivery", since_delivery, DELIVERY),
            ("page", since_page, PAGE),
            ("other", since_other, BOTH),
        ]
        if seconds is not None and seconds < limit
    }
    # A browser always says what it is.
    if not agent.strip() or _AGENTS.search(agent):
        found.add("agent")
    return found
