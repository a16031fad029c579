# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From which network somebody comes: who has one address of it may have many."""

import ipaddress

# What a provider gives to one household or one rented computer.
_IPV6_PREFIX = 64


def network(address):
    """Find the network of an address.

    :param str address: network address of a visitor; nothing, or no address, behind
        some proxies
    :return: a text that is the same for all addresses of one network
    :rtype: str
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if found.version == 6 and found.ipv4_mapped:
        found = found.ipv4_mapped
    prefix = _IPV6_PREFIX if found.version == 6 else found.max_prefixlen
    return str(ipaddress.ip_network((found, prefix), strict=False))
