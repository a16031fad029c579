# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an uninstallation does beside what Odoo does by itself."""

from lxml import etree


def uninstall_hook(env):
    """Take the boxes out of the pages: nobody would ask for what they promise."""
    views = env["ir.ui.view"].with_context(active_test=False, lang=None)
    for view in views.search([("arch_db", "like", "data-consent-activity=")]):
        arch = etree.fromstring(view.arch_db)
        for box in arch.xpath("//*[@data-consent-activity]"):
            # What follows it is of the page.
            box.getparent().replace(box, etree.Element("t"))
        view.arch_db = etree.tostring(arch, encoding="unicode")
