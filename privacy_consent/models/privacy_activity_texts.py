# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The texts of an activity: what a change of them means for people who answered."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_datetime, format_list

from .. import canonical_json
from ..append_only import moment
from .privacy_consent_event import Event, append
from .privacy_consent_text import SUBSTANCE_FIELDS

_TODO = "privacy_consent.mail_activity_text_changed"
# Nobody but this addon says what was decided about texts.
_DECIDED = {
    "invalid_answers_until",
    "requests_to_renew",
    "settled_texts",
    "texts_changed_by_id",
    "texts_changed_date",
}


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    consent_text_ids = fields.Many2many(
        comodel_name="privacy.consent.text",
        string="Texts",
        compute="_compute_consent_text_ids",
        groups="privacy.group_data_protection_user",
        help="What people were shown, by language, newest first.",
    )
    earlier_text_count = fields.Integer(
        string="Accepted an earlier text",
        compute="_compute_earlier_text_count",
        groups="privacy.group_data_protection_user",
        help="How many people consent today to a text that is not the present one.",
    )
    settled_texts = fields.Char(
        readonly=True,
        copy=False,
        help="The texts of which somebody said what their change means.",
        exportable=False,
    )
    texts_digest = fields.Char(
        compute="_compute_texts_digest",
        groups="privacy.group_data_protection_user",
        help="The texts that stand while a form is open.",
        exportable=False,
    )
    texts_changed_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        copy=False,
        help="Who changed the texts last, or a name that they say.",
        exportable=False,
    )
    texts_changed_date = fields.Datetime(readonly=True, copy=False, exportable=False)
    languages_without_text = fields.Char(
        compute="_compute_languages_without_text",
        help="In these languages people read the English text.",
    )

    @api.depends("uuid")
    def _compute_consent_text_ids(self):
        texts = self.env["privacy.consent.text"].search(
            [("activity_uuid", "in", self.mapped("uuid"))]
        )
        by_activity = texts.grouped("activity_uuid")
        for activity in self:
            activity.consent_text_ids = by_activity.get(activity.uuid, texts.browse())

    # It depends on no text: a form keeps what it was opened with.
    @api.depends("uuid")
    def _compute_texts_digest(self):
        for activity in self:
            saved = activity._origin
            activity.texts_digest = saved and saved._texts_digest()

    @api.depends(
        *SUBSTANCE_FIELDS,
        "controller_id.complete_name",
        "processor_names",
        "officer_contact",
        "policy_url",
        "settled_texts",
    )
    def _compute_earlier_text_count(self):
        consents = self.env["privacy.consent"]
        for activity in self:
            saved = activity._origin
            texts_sudo = saved._all_texts_sudo()
            settled = not saved or saved.settled_texts == saved._texts_digest(
                texts_sudo
            )
            activity.earlier_text_count = not settled and consents.search_count(
                saved._earlier_texts_domain(saved._earlier_texts_sudo(texts_sudo))
            )

    @api.depends("name", "description")
    def _compute_languages_without_text(self):
        names = dict(self.env["res.lang"].get_installed())
        for activity in self:
            missing = [
                names[code]
                for code in activity._text_languages()
                if activity._text_falls_back(code)
            ]
            activity.languages_without_text = (
                format_list(self.env, missing) if missing else False
            )

    def _texts_before(self, vals):
        """Store what people read until now, if these values may change it.

        :return: as :meth:`_keep_texts`; None if they change nothing
        """
        if not SUBSTANCE_FIELDS & vals.keys() and "consent_required" not in vals:
            return None
        return self._keep_texts()

    def _update_field_translations(self, field_name, translations, *args, **kwargs):
        before = self._keep_texts()
        result = super()._update_field_translations(
            field_name, translations, *args, **kwargs
        )
        self._follow_text_changes(before)
        return result

    def _check_not_decided(self, names):
        # What was asked and answered names the activity by its unique id.
        if "uuid" in names or not (self.env.su or _DECIDED.isdisjoint(names)):
            raise AccessError(
                self.env._("Decide about a change of the texts with the buttons.")
            )

    def _keep_texts(self):
        """Store what people read until now: somebody may have a page of it open.

        :return: the digest of the texts of each activity
        :rtype: dict
        """
        for activity in self.sudo():
            if activity.consent_required or activity._has_consents():
                activity._store_texts()
        return {activity: activity._texts_digest() for activity in self}

    def _has_consents(self):
        """:return: whether somebody was asked, archived ones and others' included"""
        consents_sudo = self.env["privacy.consent"].sudo()
        return bool(
            consents_sudo.with_context(active_test=False).search_count(
                [("activity_id", "=", self.id)], limit=1
            )
        )

    def _follow_text_changes(self, before):
        """Store new texts, have waiting requests made anew, and tell managers.

        :param dict before: what :meth:`_keep_texts` returned before the change
        """
        after = self._keep_texts()
        for activity in self:
            if before[activity] == after[activity]:
                continue
            activity.sudo().write(
                {"texts_changed_by_id": self.env.uid, "texts_changed_date": moment()}
            )
            if not activity._has_consents():
                continue
            if activity._outdated_requests(limit=1):
                activity.sudo().requests_to_renew = True
                activity._trigger_texts()
            count = activity.sudo().earlier_text_count
            if count:
                activity._remind_managers(count)

    def _remind_managers(self, count):
        """Leave a to-do for the managers who follow the activity, or for all.

        :param int count: how many people accepted an earlier text
        """
        managers = self.env.ref("privacy.group_data_protection_manager").all_user_ids
        following = managers.filtered(
            lambda user: user.partner_id in self.sudo().message_partner_ids
        )
        self.activity_unlink([_TODO])
        for user in following or managers.filtered(lambda one: not one.share):
            # Odoo would mail them while somebody waits for the form to be saved.
            translated = self.with_context(lang=user.lang, mail_notify_force_send=False)
            translated.activity_schedule(
                _TODO,
                summary=translated.env._("Say what the change of the text means"),
                note=translated.env._(
                    "%s people accepted an earlier text. Say on the tab Consent "
                    "whether only the wording changed, or the processing.",
                    count,
                ),
                user_id=user.id,
            )
        self.env["privacy.consent"]._trigger_mail_queue()

    # What the change means ----------------------------------------------------------

    def action_only_wording_changed(self):
        """Say that earlier consents count for the present texts too.

        :raise UserError: on a form that shows texts which changed since
        """
        self.check_access("write")
        self._check_texts_seen()
        for activity in self:
            activity._settle_texts("wording", activity._store_texts())
            activity._message_log(
                body=self.env._("Of the change of the texts: only the wording changed.")
            )
        return True

    def action_processing_changed(self, what_changed=None):
        """End the consents to earlier texts; it happens in the background.

        :param str what_changed: what those people are told, who then are asked again;
            None: nobody is
        :raise UserError: on a form that shows texts which changed since
        """
        self.check_access("write")
        self._check_texts_seen()
        for activity in self:
            now = moment()
            activity.sudo().write(
                {
                    "change_note": what_changed or False,
                    "changed_occasion": what_changed is not None and str(now),
                    "invalid_answers_until": now,
                }
            )
            activity._settle_texts("invalidated", activity._earlier_texts_sudo(), now)
            activity._trigger_texts()
            activity._message_log(
                body=self.env._("Of the change of the texts: the processing changed.")
            )
        return True

    def _check_texts_seen(self):
        """Refuse to decide about texts that came after the form was opened.

        The form sends the digest of those that it shows. That it is the present one
        allows nothing.

        :raise UserError: naming who changed them
        """
        seen = self.env.context.get("texts_seen")
        for activity in self.sudo():
            if seen and seen != activity._texts_digest():
                user = activity.texts_changed_by_id or activity.write_uid
                date = activity.texts_changed_date or activity.write_date
                raise UserError(
                    self.env._(
                        "The text was changed again by %(user)s at %(date)s: reload "
                        "the page and look at it first.",
                        user=user.name,
                        date=format_datetime(self.env, date),
                    )
                )

    def _settle_texts(self, kind, texts_sudo, at=None):
        """Keep in mind that somebody said what the change means.

        :param str kind: of an event to store for each text that they said it of
        :param texts_sudo: these texts
        :param datetime at: when they said it, if not now
        """
        proof = self.env["privacy.consent"]._word_of_user().proof
        append(
            self.env,
            [
                Event(
                    kind=kind,
                    by=proof.by,
                    channel=proof.channel,
                    activity=self,
                    at=at,
                    text=text_sudo,
                    language=text_sudo.language,
                    person={"staff": proof.staff},
                )
                # several languages may read the English one
                for text_sudo in dict.fromkeys(texts_sudo)
            ],
        )
        self.sudo().settled_texts = self._texts_digest()
        self.activity_unlink([_TODO])

    def _texts_digest(self, texts_sudo=None):
        """:return: a text that any change of the texts changes

        :param texts_sudo: all texts, if they are known
        """
        return canonical_json.digest(sorted(self._current_hashes(texts_sudo)))

    def _current_hashes(self, texts_sudo=None):
        """:return: the hashes of the present texts

        In a language that is not installed any more the last text is the present one.

        :param texts_sudo: all texts, if they are known
        """
        if texts_sudo is None:
            texts_sudo = self._all_texts_sudo()
        installed = self._text_languages()
        last = {
            text.language: text.hash
            for text in texts_sudo.sorted("id")
            if text.language not in (*installed, "en_US")
        }
        return {self._text_hash(code) for code in installed} | set(last.values())

    def _all_texts_sudo(self):
        """:return: what people were ever shown, with superuser rights"""
        return (
            self.env["privacy.consent.text"]
            .sudo()
            .search_fetch(
                [("activity_uuid", "=", self.uuid)], ["at", "hash", "language"]
            )
        )

    def _earlier_texts_sudo(self, texts_sudo=None):
        """:return: the texts that are not the present ones

        :param texts_sudo: all texts, if they are known
        """
        if texts_sudo is None:
            texts_sudo = self._all_texts_sudo()
        current = self._current_hashes(texts_sudo)
        return texts_sudo.filtered(lambda text: text.hash not in current)

    def _earlier_texts_domain(self, earlier_sudo=None, until=None):
        """Make a domain on the consents that were given to earlier texts.

        :param earlier_sudo: these texts; None for those that are earlier today
        :param datetime until: what came after that is another question
        """
        if earlier_sudo is None:
            earlier_sudo = self._earlier_texts_sudo()
        given = (
            Domain("activity_id", "=", self.id)
            & Domain("status", "=", "given")
            & Domain("merged_into_id", "=", False)
        )
        earlier = Domain("answer_text_id", "in", earlier_sudo.ids)
        if earlier_sudo:
            later_sudo = (self._all_texts_sudo() - earlier_sudo).filtered(
                lambda text: not until or text.at <= until
            )
            # What staff recorded, or was answered before an upgrade, has no text.
            changed = max(later_sudo.mapped("at"), default=moment())
            earlier |= Domain("answer_text_id", "=", False) & (
                Domain("answer_date", "=", False) | Domain("answer_date", "<", changed)
            )
        if until:
            earlier &= Domain("answer_date", "=", False) | Domain(
                "answer_date", "<=", until
            )
        return given & earlier
