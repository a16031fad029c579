# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a register of activities says of the processing (GDPR, articles 13 and 30).

Whatever is filled in is shown to people, and belongs to the text that they answer.
"""

from odoo import api, fields, models
from odoo.tools import format_list, ormcache

# The names in stored texts, which never change, and the fields.
_TERMS = {
    "purposes": "purpose_ids",
    "data": "data_category_ids",
    "subjects": "subject_category_ids",
    "safeguards": "safeguard_ids",
    "rights": "right_ids",
}
_WORDS = {
    "recipients": "recipients",
    "deletion": "deletion",
    "note": "processing_note",
}
PROCESSING_FIELDS = {
    *_TERMS.values(),
    *_WORDS.values(),
    "legal_basis",
    "processing_country_ids",
    "storage_months",
    "validity_months",
}


class PrivacyTerm(models.Model):
    """A value that has a name in the Data Privacy Vocabulary of W3C, version 2.3.

    Texts have the code and not the name: a better translation changes no text.
    """

    _name = "privacy.term"
    _description = "Term of the Data Privacy Vocabulary"
    _order = "kind, id"

    kind = fields.Selection(
        selection=[
            ("purpose", "Purpose"),
            ("data", "Category of personal data"),
            ("subject", "Category of people"),
            ("safeguard", "Safeguard"),
            ("right", "Right"),
        ],
        required=True,
    )
    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="For example dpv:DirectMarketing.")

    _unique_code = models.UniqueIndex("(code)")


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    purpose_ids = fields.Many2many(
        comodel_name="privacy.term",
        relation="privacy_activity_purpose_rel",
        domain=[("kind", "=", "purpose")],
        string="Purposes",
        help="What the data are used for (GDPR, article 30(1)(b)).",
    )
    subject_category_ids = fields.Many2many(
        comodel_name="privacy.term",
        relation="privacy_activity_subject_category_rel",
        domain=[("kind", "=", "subject")],
        string="Categories of people",
        help="Whose data are used (GDPR, article 30(1)(c)).",
    )
    data_category_ids = fields.Many2many(
        comodel_name="privacy.term",
        relation="privacy_activity_data_category_rel",
        domain=[("kind", "=", "data")],
        string="Categories of personal data",
        help="Which data are used (GDPR, article 30(1)(c)).",
    )
    legal_basis = fields.Selection(
        selection=[
            ("A6-1-a", "Consent, Art. 6(1)(a) GDPR"),
            ("A6-1-b", "Contract, Art. 6(1)(b) GDPR"),
            ("A6-1-c", "Legal obligation, Art. 6(1)(c) GDPR"),
            ("A6-1-d", "Vital interests, Art. 6(1)(d) GDPR"),
            ("A6-1-e", "Public interest, Art. 6(1)(e) GDPR"),
            ("A6-1-f", "Legitimate interests, Art. 6(1)(f) GDPR"),
            ("A9-2-a", "Explicit consent to special categories, Art. 9(2)(a) GDPR"),
        ],
        help="What allows the processing. Who asks for consent relies on consent.",
    )
    recipients = fields.Char(
        translate=True,
        help="Who else gets the data, besides the processors: names, or kinds of "
        "recipients (GDPR, article 30(1)(d)).",
    )
    storage_months = fields.Integer(
        string="Months of storage",
        help="How long the data are stored (GDPR, article 30(1)(f)). Zero: it is not "
        "said.",
    )
    deletion = fields.Char(
        translate=True,
        help="From when on the months count, and how the data are deleted then.",
    )
    processing_country_ids = fields.Many2many(
        comodel_name="res.country",
        relation="privacy_activity_country_rel",
        string="Countries",
        help="Where the data are stored and used. Those outside of the European "
        "Economic Area need safeguards (GDPR, article 30(1)(e)).",
    )
    safeguard_ids = fields.Many2many(
        comodel_name="privacy.term",
        relation="privacy_activity_safeguard_rel",
        domain=[("kind", "=", "safeguard")],
        string="Safeguards",
        help="How the data are protected, in other countries too (GDPR, article "
        "30(1)(e) and (g)).",
    )
    right_ids = fields.Many2many(
        comodel_name="privacy.term",
        relation="privacy_activity_right_rel",
        domain=[("kind", "=", "right")],
        string="Rights",
        help="The rights that people are told of (GDPR, article 13(2)).",
    )
    processing_note = fields.Text(
        string="More about the processing",
        translate=True,
        help="What none of the values above says.",
    )
    # Stored, because each page shows them.
    processing_codes = fields.Json(
        compute="_compute_processing_codes", store=True, exportable=False
    )
    processing_lines = fields.Json(
        compute="_compute_processing_lines", exportable=False
    )

    _check_storage_months = models.Constraint(
        "CHECK (storage_months BETWEEN 0 AND 1200)",
        "Data are stored for at most 1,200 months. Zero: it is not said.",
    )

    @api.depends(
        *_TERMS.values(), "legal_basis", "processing_country_ids", "storage_months"
    )
    def _compute_processing_codes(self):
        for activity in self:
            found = {
                name: sorted(activity[field].mapped("code"))
                for name, field in _TERMS.items()
            }
            found |= {
                "countries": sorted(activity.processing_country_ids.mapped("code")),
                "legal_basis": activity.legal_basis,
                "storage_months": activity.storage_months,
            }
            activity.processing_codes = {
                name: value for name, value in found.items() if value
            } or False

    @api.depends("processing_codes", "validity_months", *_WORDS.values())
    @api.depends_context("lang")
    def _compute_processing_lines(self):
        for activity in self:
            activity.processing_lines = activity._processing_lines(
                activity._processing()
            )

    def _processing(self):
        """:return: what is said of the processing, in the language of the environment

        Nothing, if nothing is filled in.
        """
        found = {
            **(self.processing_codes or {}),
            **{name: self[field] for name, field in _WORDS.items() if self[field]},
        }
        if found and self.validity_months:
            found["validity_months"] = self.validity_months
        return found

    @api.model
    def _processing_lines(self, processing):
        """Put into words what a text says of the processing.

        :param dict processing: the part of a text of this name, or nothing
        :return: pairs of what is told, and what it is
        """
        if not processing:
            return []
        terms, countries = self._term_names(self.env.lang or "en_US")
        bases = dict(self._fields["legal_basis"]._description_selection(self.env))
        basis = processing.get("legal_basis")
        found = {
            **{
                name: format_list(
                    self.env, [terms.get(code, code) for code in processing[name]]
                )
                for name in _TERMS
                if processing.get(name)
            },
            **{name: processing[name] for name in _WORDS if processing.get(name)},
            "legal_basis": bases.get(basis, basis),
            "countries": processing.get("countries")
            and format_list(
                self.env,
                [countries.get(code, code) for code in processing["countries"]],
            ),
            **{
                name: processing.get(name) and self.env._("%s months", processing[name])
                for name in ("storage_months", "validity_months")
            },
        }
        labels = self._processing_labels()
        return [(labels[name], found[name]) for name in labels if found.get(name)]

    @api.model
    def _processing_labels(self):
        """:return: what is told of the processing, in the order in which it is told"""
        return {
            "purposes": self.env._("Purposes"),
            "subjects": self.env._("Categories of people"),
            "data": self.env._("Categories of personal data"),
            "legal_basis": self.env._("Legal basis"),
            "recipients": self.env._("Other recipients"),
            "storage_months": self.env._("Time of storage"),
            "deletion": self.env._("Deletion"),
            "countries": self.env._("Countries"),
            "safeguards": self.env._("Safeguards"),
            "rights": self.env._("Your rights"),
            "validity_months": self.env._("Your consent is valid for"),
            "note": self.env._("More about the processing"),
        }

    @api.model
    @ormcache("lang")
    def _term_names(self, lang):
        """:return: names of terms and of countries in a language, by their codes"""
        terms_sudo = self.env["privacy.term"].sudo().with_context(lang=lang)
        countries_sudo = self.env["res.country"].sudo().with_context(lang=lang)
        return tuple(
            {one.code: one.name for one in records.search([])}
            for records in (terms_sudo, countries_sudo)
        )
