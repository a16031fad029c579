# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All consents with all that happened to them, row by row: however many there are."""

import re

from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

_BATCH_SIZE = 1000
# What a spreadsheet may take for one, also in the wide letters of East Asia.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r\n]")
# What is exported of a consent, and of each of its events.
_OF_CONSENT = (
    "uuid",
    "partner_id",
    "activity_id",
    "status",
    "valid_until",
    "active",
)
_OF_EVENT = (
    "uuid",
    "kind_label",
    "answered_at",
    "at",
    "by_label",
    "channel_label",
    "person",
    "email",
    "staff",
    "note",
    "language",
    "text_hash",
    "signs_label",
)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _check_may_export(self):
        """Let only managers export, who have Odoo's right to export as well.

        :raise AccessError: for everybody else
        """
        self.browse().check_access("write")
        if not self.env.user.has_group("base.group_allow_export"):
            raise AccessError(self.env._("You are not allowed to export consents."))

    def _rows_with_events(self, domain):
        """Read consents and their events, a batch at a time.

        :param domain: of the consents
        :return: a row for each event, and one for each consent without any; before
            them the titles
        :rtype: Iterator[list[str]]
        """
        events = self.env["privacy.consent.event"]
        titles = [self.env._("Contact ID")]
        titles += [_title(self, name) for name in _OF_CONSENT]
        for title in [_title(events, name) for name in _OF_EVENT]:
            if title in titles:
                title += f": {self.env['ir.model']._get(events._name).name}"
            titles.append(title)
        yield titles
        everything = self.with_context(active_test=False)
        statuses = dict(self._fields["status"]._description_selection(self.env))
        batch = everything.browse([0])
        while batch := everything.search(
            Domain(domain) & Domain("id", ">", batch[-1].id),
            order="id",
            limit=_BATCH_SIZE,
        ):
            for consent in batch:
                cells = [_cell(consent, name) for name in _OF_CONSENT]
                cells[_OF_CONSENT.index("status")] = statuses[consent.status]
                cells.insert(0, str(consent.partner_id.id))
                for event in consent.event_ids.sorted("id") or [events]:
                    yield [*cells, *(_cell(event, name) for name in _OF_EVENT)]
            self.env.invalidate_all(flush=False)


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    def action_export_answers(self):
        """Export all consents to these activities, with all answers.

        :return: the action that downloads the file
        :rtype: dict
        :raise AccessError: for whoever may not export
        """
        self.check_access("read")
        self.env["privacy.consent"]._check_may_export()
        ids = ",".join(map(str, self.ids))
        return {
            "type": "ir.actions.act_url",
            "url": f"/privacy/export/answers.csv?activities={ids}",
            "target": "download",
        }


def _title(record, name):
    """:return: the name of a column, which says of what zone its times are"""
    field = record._fields[name]
    title = field._description_string(record.env)
    return f"{title} (UTC)" if field.type == "datetime" else title


def _cell(record, name):
    """:return: a value as a text that no spreadsheet takes for a formula"""
    value = record[name]
    if isinstance(value, models.BaseModel):
        value = value.sudo().display_name
    elif isinstance(value, bool) and record._fields[name].type == "boolean":
        value = str(int(value))
    elif record._fields[name].type == "datetime":
        value = fields.Datetime.to_string(value)
    value = value or ""
    return f"'{value}" if _FORMULA.match(value) else value
