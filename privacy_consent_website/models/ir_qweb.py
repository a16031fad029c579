# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Boxes for consent say what their activity says today, in the visitor's language."""

from lxml import etree

from odoo import models


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _compile_node(self, el, compile_context, level):
        """Put the present box in place of the one that was saved with a page."""
        activity = el.attrib.get("data-consent-activity", "")
        if activity.isascii() and activity.isdecimal():
            for child in list(el):
                el.remove(child)
            el.text = None
            box = etree.SubElement(el, "t", {"t-call": "privacy_consent_website.box"})
            for name, value in [
                ("consent_activity_id", str(int(activity))),
                ("consent_required", str(bool(el.get("data-consent-required")))),
            ]:
                etree.SubElement(box, "t", {"t-set": name, "t-value": value})
        return super()._compile_node(el, compile_context, level)
