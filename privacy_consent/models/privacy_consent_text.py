# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What people were shown: the substance of each text, once, and for ever."""

import json

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, ormcache

from .. import canonical_json
from ..append_only import guard_table, moment
from ..unique_id import add_uuid, new_uuid
from .privacy_activity_processing import PROCESSING_FIELDS
from .privacy_consent_event import ANSWERS

FORMAT = 1
# With the officer's contact or the privacy policy.
_FORMAT_TOLD = 2
# With what is said of the processing, too.
_FORMAT_PROCESSING = 3
# Any of these changes what people read.
SUBSTANCE_FIELDS = {
    "name",
    "description",
    "controller_id",
    "processor_ids",
    "privacy_officer",
    "privacy_policy_url",
    *PROCESSING_FIELDS,
}
# Of these each language has a text of its own.
_TRANSLATED = ("name", "description", "recipients", "deletion", "processing_note")


class PrivacyConsentText(models.Model):
    """The substance of what a person decides about, in one language.

    It is stored when somebody saves the activity or asks, at the latest with the first
    answer, and never changes. Mail, page and account show the same text.
    """

    _name = "privacy.consent.text"
    _description = "Text that people were asked about"
    _inherit = ["privacy.append.only", "privacy.technical.fields"]
    _order = "id desc"
    _rec_name = "hash"

    hash = fields.Char(
        readonly=True,
        required=True,
        help="SHA-256 of the content in canonical JSON (RFC 8785), hexadecimal.",
    )
    at = fields.Datetime(string="Stored on", readonly=True, required=True)
    activity_uuid = fields.Char(
        readonly=True, required=True, index=True, exportable=False
    )
    language = fields.Char(string="Language code", readonly=True, required=True)
    content = fields.Text(readonly=True, required=True, exportable=False)
    company_id = fields.Integer(string="Company ID", readonly=True, exportable=False)
    controller_company_id = fields.Integer(
        string="Company ID of the controller",
        compute="_compute_controller_company_id",
        search="_search_controller_company_id",
        exportable=False,
    )
    name = fields.Char(compute="_compute_content")
    description = fields.Html(compute="_compute_content", sanitize=False)
    controller = fields.Char(compute="_compute_content")
    processors = fields.Char(compute="_compute_content")
    officer = fields.Char(string="Data protection officer", compute="_compute_content")
    policy_url = fields.Char(string="Privacy policy", compute="_compute_content")
    processing = fields.Text(compute="_compute_processing")
    language_label = fields.Char(string="Language", compute="_compute_language_label")
    answer_count = fields.Integer(
        string="Answers",
        compute="_compute_answer_count",
        help="How many answers were given to this text.",
    )

    _unique_hash = models.UniqueIndex("(hash)")

    @api.model
    def _companies_of_activities(self):
        """:return: the company's id, or 0, by the unique id of each activity"""
        self.env["privacy.activity"].flush_model(["controller_company_id", "uuid"])
        rows = self.env.execute_query(
            SQL("SELECT uuid, coalesce(controller_company_id, 0) FROM privacy_activity")
        )
        return dict(rows)

    @api.depends("activity_uuid", "company_id")
    def _compute_controller_company_id(self):
        """Follow the activity, as its consents do, for as long as there is one."""
        companies = self._companies_of_activities()
        for text in self:
            company_id = companies.get(text.activity_uuid, text.company_id)
            text.controller_company_id = company_id

    def _search_controller_company_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        ids = {one or 0 for one in value}
        companies = self._companies_of_activities()
        allowed = [uuid for uuid, company_id in companies.items() if company_id in ids]
        return Domain("activity_uuid", "in", allowed) | (
            Domain("activity_uuid", "not in", list(companies))
            & Domain("company_id", "in", [*ids, False] if 0 in ids else list(ids))
        )

    @api.depends("content")
    def _compute_content(self):
        for text in self:
            content = json.loads(text.content or "{}")
            text.name = content.get("name")
            text.description = Markup(content.get("description") or "")
            text.controller = content.get("controller")
            text.processors = content.get("processors")
            text.officer = content.get("officer")
            text.policy_url = content.get("policy")

    @api.depends("content")
    @api.depends_context("lang")
    def _compute_processing(self):
        activities = self.env["privacy.activity"]
        for text in self:
            lines = activities._processing_lines(
                json.loads(text.content or "{}").get("processing")
            )
            text.processing = "\n".join(": ".join(line) for line in lines) or False

    @api.depends("language")
    @api.depends_context("lang")
    def _compute_language_label(self):
        languages = self.env["res.lang"].with_context(active_test=False)
        found = languages.search([("code", "in", self.mapped("language"))])
        names = dict(found.mapped(lambda one: (one.code, one.name)))
        for text in self:
            text.language_label = names.get(text.language, text.language)

    @api.depends("name")
    def _compute_display_name(self):
        for text in self:
            text.display_name = text.name

    def _compute_answer_count(self):
        counts = dict(
            self.env["privacy.consent.event"]._read_group(
                [("text_id", "in", self.ids), ("kind", "in", ANSWERS)],
                ["text_id"],
                ["__count"],
            )
        )
        for text in self:
            text.answer_count = counts.get(text, 0)

    @api.model
    @ormcache("text_id")
    def _hash_of(self, text_id):
        """:return: the hash of a text, which never changes"""
        return self.sudo().browse(text_id).hash

    def init(self):
        guard_table(self.env.cr, self._table)


def store_texts(env, substances, company_id):
    """Store the texts that are not stored yet.

    :param substances: results of ``privacy.activity._substance()`` of one activity
    :param int company_id: for which they are visible, or a false value
    :return: the texts, in the same order, with superuser rights
    """
    texts_sudo = env["privacy.consent.text"].sudo()
    hashes = [canonical_json.digest(substance) for substance in substances]
    known = texts_sudo.search([("hash", "in", hashes)]).grouped("hash")
    for digest, substance in zip(hashes, substances, strict=True):
        if digest in known:
            continue
        env.cr.execute(
            """
            INSERT INTO privacy_consent_text
                (hash, at, activity_uuid, language, content, company_id)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT DO NOTHING
            """,
            [
                digest,
                moment(),
                substance["activity"],
                substance["language"],
                canonical_json.dumps(substance).decode(),
                company_id or None,
            ],
        )
        known[digest] = texts_sudo.search([("hash", "=", digest)])
    return texts_sudo.concat(*(known[digest] for digest in hashes))


class PrivacyActivity(models.Model):
    """The substance of what people are asked about this activity."""

    _inherit = "privacy.activity"

    uuid = fields.Char(
        string="Unique ID",
        default=lambda self: new_uuid(),
        required=True,
        readonly=True,
        copy=False,
    )
    # A whole text for each language: translated term by term, an edit of one language
    # would change the others. It is sanitized as any other text of this kind.
    description = fields.Html(
        translate=True,
        sanitize="email_outgoing",
        sanitize_tags=True,
        sanitize_attributes=True,
        sanitize_conditional_comments=True,
        sanitize_output_method="html",
    )

    # Stored, because each page shows it.
    processor_names = fields.Char(
        compute="_compute_processor_names", store=True, exportable=False
    )

    # Odoo stores what an activity is created with as the English text, too.
    text_language = fields.Char(string="Language code", readonly=True, exportable=False)
    text_falls_back = fields.Boolean(
        compute="_compute_text_falls_back",
        help="The text is not there in this language: people read the English one.",
        exportable=False,
    )

    _unique_uuid = models.UniqueIndex("(uuid)")

    @api.depends("description")
    @api.depends_context("lang")
    def _compute_text_falls_back(self):
        for activity in self:
            activity.text_falls_back = activity._text_falls_back(self.env.lang)

    @api.depends("processor_ids.complete_name")
    def _compute_processor_names(self):
        for activity in self:
            names = activity.processor_ids.mapped(lambda one: one.complete_name or "")
            activity.processor_names = ", ".join(sorted(names)) or False

    def _auto_init(self):
        add_uuid(self.env.cr, self._table)
        return super()._auto_init()

    def web_override_translations(self, values):
        """Leave each language its own text where a duplicate is saved.

        :raise AccessError: for whoever may not write the activity
        """
        self.check_access("write")
        others = {
            name: value for name, value in values.items() if name not in _TRANSLATED
        }
        return super().web_override_translations(others)

    def _text_languages(self):
        """:return: the codes of the installed languages"""
        return [code for code, _name in self.env["res.lang"].get_installed()]

    def _substance(self, language):
        """Gather what a person decides about, as the pages and the mail say it.

        :param str language: code of the reader's language
        :return: what is hashed; its language is English where there is no other text
        :rtype: dict
        """
        self.ensure_one()
        own = self.with_context(lang=self._installed(language))
        english = self.with_context(lang="en_US")
        translated = any(own[name] != english[name] for name in _TRANSLATED)
        processing = own._processing()
        told = {
            "format": _FORMAT_PROCESSING if processing else _FORMAT_TOLD,
            "officer": self.officer_contact or "",
            "policy": self.policy_url or "",
        }
        return {
            "format": FORMAT,
            "activity": self.uuid,
            "language": own.env.lang if translated else "en_US",
            "name": own.name,
            "description": str(own.description or ""),
            "controller": self.controller_id.complete_name or "",
            "processors": self.processor_names or "",
            # Where they are empty the text stays what it was before there were any.
            **(told if self.officer_contact or self.policy_url or processing else {}),
            **({"processing": processing} if processing else {}),
        }

    def _text_falls_back(self, language):
        """:return: whether who reads this language is shown the English text"""
        own = self.with_context(lang=self._installed(language))
        english = self.with_context(lang="en_US")
        return bool(own.description) and (
            own.env.lang not in ("en_US", self.text_language)
            and own.description == english.description
        )

    def _installed(self, language):
        """:return: a language that Odoo can read: English for one that is not there"""
        return self.env["res.lang"]._get_data(code=language or "en_US").code or "en_US"

    def _text_hash(self, language):
        """:return: the hash of the text in a language"""
        return canonical_json.digest(self._substance(language))

    def _store_texts(self, languages=None):
        """Store the texts of this activity as they are now.

        :param languages: codes; None for all that are installed
        :return: the texts, in the order of the languages, with superuser rights
        """
        self.ensure_one()
        return store_texts(
            self.env,
            [self._substance(lang) for lang in languages or self._text_languages()],
            self.controller_company_id.id,
        )
