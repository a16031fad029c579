# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which addresses are most likely of one mailbox, so that nobody floods it."""

from odoo.addons.privacy_consent import addresses


def mailbox(address):
    """Find the mailbox of an address, as far as an address tells.

    Most providers deliver "kim+shop@example.com" to "kim@example.com". Where one does
    not, the worst is that both together get no more mail than one.

    :param str address: a normalized address
    :return: a text that is the same for all addresses of one mailbox
    :rtype: str
    """
    local, _at, domain = address.rpartition("@")
    plain = local.partition("+")[0] or local
    return addresses.in_ascii(f"{plain.casefold()}@{domain}")
