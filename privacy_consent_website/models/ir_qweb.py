# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Boxes for consent say what their activity says today, in the visitor's language."""

from lxml import etree

from odoo import models

# Forms of Odoo's addons into which nobody can drag a box, by their id or action: the
# field of the website that says what the box is about, and its look. A view of ours
# would need these addons.
_PLACES = {
    "attendee_registration": ("consent_event_id", "modal-body"),
    "/shop/address/submit": ("consent_checkout_id", "mt-3"),
}


def _add_box(form, field, look):
    """Add a box to a form, above its buttons."""
    place = etree.Element("t", {"t-call": "privacy_consent_website.place"})
    for name, value in [("consent_field", field), ("consent_look", look)]:
        etree.SubElement(place, "t", {"t-set": name, "t-valuef": value})
    footers = form.xpath(".//div[contains(@class, 'modal-footer')]")
    if footers:
        footers[0].addprevious(place)
    else:
        form.append(place)


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
        if el.tag == "form":
            for name in ("id", "action"):
                if el.get(name) in _PLACES:
                    _add_box(el, *_PLACES[el.get(name)])
        return super()._compile_node(el, compile_context, level)
