# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who has many addresses of one network counts once."""

from odoo.tests import BaseCase

from ..networks import network


class TestNetworks(BaseCase):
    def test_network(self):
        for address, other, same in [
            ("192.0.2.1", "192.0.2.1", True),
            ("192.0.2.1", "192.0.2.2", False),
            ("192.0.2.1", "::ffff:192.0.2.1", True),
            ("2001:db8::1", "2001:db8::ffff:1", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("", None, True),
            ("unknown", "", False),
        ]:
            with self.subTest(address=address, other=other):
                self.assertEqual(network(address) == network(other), same)
