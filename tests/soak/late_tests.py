# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's program, which runs every test when all modules are loaded.

By itself it runs most tests of a module before it loads the next one, so that the
addons which depend on that module have no part in them.
"""

from odoo import cli
from odoo.tests import loader

make_suite = loader.make_suite


def make_late_suite(module_names, position="at_install"):
    """Leave the tests at the installation to the suite after it."""
    positions = ("at_install", "post_install") if position == "post_install" else ()
    return loader.OdooSuite(
        test for name in positions for test in make_suite(module_names, name)
    )


loader.make_suite = make_late_suite
cli.main()
