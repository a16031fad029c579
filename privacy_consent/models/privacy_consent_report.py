# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""By what answers are counted in charts, in words instead of codes."""

from odoo import api, fields, models
from odoo.fields import Domain

# The stored code behind each.
_CODES = {
    "answer_way": "answer_channel",
    "answer_language": "answer_text_id.language",
}


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    answer_way = fields.Selection(
        selection="_selection_answer_way",
        string="How they answered",
        compute="_compute_in_words",
        compute_sudo=True,
        search="_search_answer_way",
    )
    answer_language = fields.Selection(
        selection="_selection_answer_language",
        string="Language of the answer",
        compute="_compute_in_words",
        compute_sudo=True,
        search="_search_answer_language",
        help="Of the text that the person was shown.",
    )

    # What charts count by, so that they read nothing but the index.
    _report_idx = models.Index(
        "(answer_date, activity_id, status, answer_channel, answer_text_id, company_id)"
        " WHERE state = 'answered' AND active IS TRUE"
    )

    @api.model
    def _selection_answer_way(self):
        return list(self.env["privacy.consent.event"]._channels().items())

    @api.model
    def _selection_answer_language(self):
        languages = self.env["res.lang"].sudo().with_context(active_test=False)
        return [(one.code, one.name) for one in languages.search([])]

    @api.depends(*_CODES.values())
    def _compute_in_words(self):
        for name, path in _CODES.items():
            # What a code is of may be gone: an addon, or a language.
            known = self._fields[name].get_values(self.env)
            for consent in self:
                codes = consent.mapped(path)
                consent[name] = next((one for one in codes if one in known), False)

    def _search_answer_way(self, operator, value):
        return [(_CODES["answer_way"], operator, value)]

    def _search_answer_language(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = Domain(_CODES["answer_language"], "in", value)
        # Who answered on paper was shown none of the texts.
        return found | Domain("answer_text_id", "=", False) if False in value else found

    def _read_group_groupby(self, alias, groupby_spec, query):
        path = _CODES.get(groupby_spec, groupby_spec)
        return super()._read_group_groupby(alias, path, query)
