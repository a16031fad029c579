# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Print the register of activities (GDPR, article 30), or take it along."""

import json

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date, format_list, split_every

from .. import consent_record
from ..page_language import page_language

_BATCH = 100


class PrivacyRegister(models.TransientModel):
    _name = "privacy.register"
    _description = "Register of activities"

    activity_ids = fields.Many2many(
        comodel_name="privacy.activity",
        relation="privacy_register_rel",
        string="Activities",
        default=lambda self: self._default_activity_ids(),
        help="Those that you chose in the list, or all that you may see.",
    )
    missing = fields.Text(
        compute="_compute_missing",
        help="What article 30(1) of the GDPR demands, and nobody filled in.",
    )

    @api.model
    def _default_activity_ids(self):
        if self.env.context.get("active_model") == "privacy.activity":
            return self.env.context.get("active_ids") or []
        return self.env["privacy.activity"].search([("active", "=", True)]).ids

    @api.depends("activity_ids")
    @api.depends_context("lang")
    def _compute_missing(self):
        labels = self.env["privacy.consent"]._missing_labels()
        for register in self:
            lines = []
            for activity in register.activity_ids:
                text = activity._substance(self.env.lang)
                names = consent_record.missing_in_register(text)
                if names:
                    found = format_list(self.env, [labels[name] for name in names])
                    lines.append(f"{activity.name}: {found}")
            register.missing = "\n".join(lines)

    def action_print(self):
        """Open the page that can be printed.

        :rtype: dict
        """
        return self._open("page", "new")

    def action_download(self):
        """Download the register as JSON-LD.

        :rtype: dict
        """
        return self._open("jsonld", "download")

    def _open(self, form, target):
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_url",
            "url": f"/privacy/register/{self.id}/{form}",
            "target": target,
        }

    def _texts(self):
        """:return: what the texts of the activities say, a batch at a time

        :raise AccessError: for whose dialog this is not, or who may not read one of
            the activities
        """
        if not self.exists():
            raise AccessError(self.env._("This dialog is not there any more."))
        self.check_access("write")
        # Odoo hides those of other companies, which then would just be left out.
        activities = self.sudo().activity_ids.sudo(False)
        for some in split_every(_BATCH, activities.ids):
            self.env.invalidate_all(flush=False)
            yield [
                (one, one._substance(self.env.lang)) for one in activities.browse(some)
            ]

    def _write_page(self, file):
        """Write the page.

        :param file: open for writing bytes
        :raise AccessError: see :meth:`_texts`
        """
        labels = self.env["privacy.consent"]._missing_labels()
        frame = self._render(
            "register",
            date=format_date(self.env, fields.Date.context_today(self)),
            **page_language(self.env, self.env.lang or "en_US"),
        ).partition(b'<p class="activities"></p>')
        file.write(b"<!DOCTYPE html>\n" + frame[0])
        for batch in self._texts():
            shown = [
                {
                    "activity": activity,
                    "description": Markup(text["description"]),
                    "lines": activity.processing_lines,
                    "missing": format_list(
                        self.env,
                        [
                            labels[name]
                            for name in consent_record.missing_in_register(text)
                        ],
                    ),
                    "text": text,
                }
                for activity, text in batch
            ]
            file.write(self._render("register_activities", activities=shown))
        file.write(frame[2])

    def _write_jsonld(self, file):
        """Write the register as JSON-LD.

        :param file: open for writing bytes
        :raise AccessError: see :meth:`_texts`
        """
        head = json.dumps({"@context": consent_record.CONTEXT})
        file.write(head[:-1].encode() + b',"@graph":[')
        separator = b"\n"
        for batch in self._texts():
            for _activity, text in batch:
                entry = json.dumps(consent_record.activity(text), ensure_ascii=False)
                file.write(separator + entry.encode())
                separator = b",\n"
        file.write(b"]}\n")

    def _render(self, template, **values):
        html = self.env["ir.qweb"]._render(
            f"privacy_consent_evidence.{template}", values, minimal_qcontext=True
        )
        return html.encode()
