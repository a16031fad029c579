# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""By what events are counted in charts, in words instead of codes."""

from odoo import fields, models

# The stored code behind each.
_CODES = {
    "kind_label": "kind",
    "by_label": "by",
    "channel_label": "channel",
    "language_label": "language",
}


def _found_by(name):
    """:return: how a label is searched for"""
    return lambda self, operator, value: self._search_label(name, operator, value)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    # Whose events somebody may see, in the order of consents.
    _rule_idx = models.Index("(id) INCLUDE (activity_id, company_id)")


class PrivacyConsentEvent(models.Model):
    _inherit = "privacy.consent.event"

    activity_id = fields.Many2one(related="consent_id.activity_id")
    kind_label = fields.Char(search=_found_by("kind_label"))
    by_label = fields.Char(search=_found_by("by_label"))
    channel_label = fields.Char(search=_found_by("channel_label"))
    language_label = fields.Char(search=_found_by("language_label"))

    # All answers, newest first.
    _answers_idx = models.Index(
        "(at, id) WHERE kind IN ('given', 'refused', 'withdrawn')"
    )
    # What charts of them count by, in the order of consents, whose companies matter.
    _report_idx = models.Index(
        "(consent_id) INCLUDE"
        " (answered_at, kind, channel, language, company_id, controller_company_id)"
        " WHERE kind IN ('given', 'refused', 'withdrawn')"
    )

    def _labels(self, name):
        """:return: what one of these fields says, by code"""
        if name == "language_label":
            languages_sudo = self.env["res.lang"].sudo().with_context(active_test=False)
            return {one.code: one.name for one in languages_sudo.search([])}
        labels = {"kind": self._kinds, "by": self._words, "channel": self._channels}
        return labels[_CODES[name]]()

    def _search_label(self, name, operator, value):
        if operator != "in":
            return NotImplemented
        labels = self._labels(name)
        # What a code is of may be gone, an addon or a language: it is its own label.
        codes = [code for code, label in labels.items() if label in value]
        return [(_CODES[name], "in", [*codes, *value])]

    def _read_group_groupby(self, alias, groupby_spec, query):
        path = _CODES.get(groupby_spec, groupby_spec)
        return super()._read_group_groupby(alias, path, query)

    def _read_group_postprocess_groupby(self, groupby_spec, raw_values):
        if groupby_spec in _CODES:
            labels = self._labels(groupby_spec)
            raw_values = [labels.get(code, code) for code in raw_values]
        return super()._read_group_postprocess_groupby(groupby_spec, raw_values)
