# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Boxes for consent say what their activity says today, in the visitor's language."""

from lxml import etree, html
from markupsafe import Markup

from odoo import api, models

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


def _empty(place):
    """Take out of the place of a box what was saved with the page.

    :param place: any node
    :return: the values of the present box; none if this is no place of a box
    """
    activity = place.attrib.get("data-consent-activity", "")
    if not (activity.isascii() and activity.isdecimal()):
        return {}
    for child in list(place):
        place.remove(child)
    place.text = None
    return {
        "consent_activity_id": int(activity),
        "consent_required": bool(place.get("data-consent-required")),
    }


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _compile_node(self, el, compile_context, level):
        """Put the present box in place of the one that was saved with a page."""
        values = _empty(el)
        if values:
            box = etree.SubElement(el, "t", {"t-call": "privacy_consent_website.box"})
            for name, value in values.items():
                etree.SubElement(box, "t", {"t-set": name, "t-value": str(value)})
        if el.tag == "form":
            for name in ("id", "action"):
                if el.get(name) in _PLACES:
                    _add_box(el, *_PLACES[el.get(name)])
        return super()._compile_node(el, compile_context, level)


class IrQwebFieldHtml(models.AbstractModel):
    _inherit = "ir.qweb.field.html"

    @api.private
    @api.model
    def value_to_html(self, value, options):
        """Put the present box into texts, too: of a blog or a product, for example."""
        result = super().value_to_html(value, options)
        if not result or "data-consent-activity=" not in result:
            return result
        text = html.fragment_fromstring(result, create_parent="div")
        for place in text.iterdescendants(etree.Element):
            values = _empty(place)
            if values:
                box = self.env["ir.qweb"]._render("privacy_consent_website.box", values)
                place.append(html.fragment_fromstring(box, create_parent="div"))
        return Markup(etree.tostring(text, encoding="unicode", method="html")[5:-6])
