# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Choose for whom a proof pack is, and of which time, and download it."""

import json
from datetime import datetime, time, timedelta, timezone
from time import monotonic, process_time

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import config, format_list

from .. import consent_record
from ..proof_pack import ProofPack, of_events

# With their requests, as one processor writes them.
_PER_MINUTE = 10_000
# Of the time of a request, what follows the last consent needs the rest.
_SHARE = 0.8


def _begin_request():
    """:return: the function that tells whether the time of a request is nearly over"""
    limits = [(monotonic, config["limit_time_real"])]
    if config["workers"]:
        limits.append((process_time, config["limit_time_cpu"]))
    ends = [(clock, clock() + _SHARE * limit) for clock, limit in limits if limit]
    return lambda: any(clock() > end for clock, end in ends)


class PrivacyConsentPack(models.TransientModel):
    _name = "privacy.consent.pack"
    _description = "Proof pack"

    consent_ids = fields.Many2many(
        comodel_name="privacy.consent",
        relation="privacy_consent_pack_rel",
        string="Consents",
        default=lambda self: self._default_consent_ids(),
        readonly=True,
        context={"active_test": False},
    )
    consent_count = fields.Integer(
        string="Number of consents", compute="_compute_consent_count"
    )
    minutes = fields.Integer(
        compute="_compute_consent_count",
        help="Roughly, until the download begins.",
    )
    # While the pack is written.
    written_count = fields.Integer(readonly=True)
    total_count = fields.Integer(readonly=True)
    activity_id = fields.Many2one(
        comodel_name="privacy.activity",
        default=lambda self: self._default_activity_id(),
        readonly=True,
    )
    everything = fields.Boolean(
        readonly=True,
        help="All consents of all companies, which only administrators may take along.",
    )
    audience = fields.Selection(
        selection=[
            ("auditor", "An auditor or a court"),
            ("person", "The person concerned"),
        ],
        string="For whom",
        default="auditor",
        required=True,
        help="The person gets neither the names of staff nor those of others.",
    )
    date_from = fields.Date(
        string="From", help="Consents to which something happened since that day."
    )
    date_to = fields.Date(
        string="To", help="Consents to which something happened until that day."
    )
    missing = fields.Text(
        compute="_compute_missing",
        help="What ISO/IEC TS 27560 demands of a record, and the texts that people "
        "were shown do not say.",
    )

    @api.model
    def _default_consent_ids(self):
        model = self.env.context.get("active_model")
        ids = self.env.context.get("active_ids") or []
        if model == "res.partner":
            consents = self.env["privacy.consent"].with_context(active_test=False)
            return consents.search([("partner_id", "in", ids)]).ids
        return ids if model == "privacy.consent" else []

    @api.model
    def _default_activity_id(self):
        if self.env.context.get("active_model") == "privacy.activity":
            return self.env.context.get("active_id")
        return False

    @api.depends("consent_ids", "activity_id", "date_from", "date_to", "everything")
    def _compute_consent_count(self):
        for pack in self:
            pack.consent_count = len(pack.consent_ids)
            if pack.activity_id or pack.everything:
                ((pack.consent_count,),) = self.env[
                    "privacy.consent.event"
                ]._read_group(pack._event_domain(), [], ["consent_uuid:count_distinct"])
            pack.minutes = pack.consent_count // _PER_MINUTE

    @api.depends("consent_ids", "activity_id", "date_from", "date_to", "everything")
    @api.depends_context("lang")
    def _compute_missing(self):
        labels = self.env["privacy.consent"]._missing_labels()
        for pack in self:
            domain = [("consent_id", "in", pack.consent_ids.ids)]
            if pack.activity_id or pack.everything:
                domain = pack._event_domain()
            contents = [
                json.loads(text.content) if text else None
                for (text,) in self.env["privacy.consent.event"]._read_group(
                    [*domain, ("consent_uuid", "!=", False)], ["text_id"]
                )
            ]
            # Not every event has a text.
            names = {
                name: labels[name]
                for content in list(filter(None, contents)) or [None]
                for name in consent_record.missing(content)
            }
            pack.missing = format_list(self.env, list(names.values()))

    def action_download(self):
        """Download the pack.

        :return: the action that opens it
        :rtype: dict
        :raise AccessError: for who is no manager, or may not read a consent
        :raise UserError: if nothing or nobody is chosen
        """
        self.ensure_one()
        self.check_access("write")
        self._checked()
        return {
            "type": "ir.actions.act_url",
            "url": f"/privacy/pack/{self.id}",
            # No other tab in front of the progress: a download leaves this one alone.
            "target": "self",
        }

    def _checked(self):
        """:return: the consents, with the rights of who chose them

        :raise AccessError: if they may not read one of them, or the activity
        :raise UserError: if nothing or nobody is chosen
        """
        if self.everything and not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only administrators may take all along."))
        # Odoo hides those of other companies, which then would just be left out.
        consents = self.sudo().consent_ids.sudo(False)
        consents.check_access("read")
        activity = self.sudo().activity_id.sudo(False)
        activity.check_access("read")
        if not consents and not activity and not self.everything:
            raise UserError(self.env._("There is no consent to prove."))
        if self.audience == "person" and (
            activity or self.everything or len(consents.sudo().partner_id) > 1
        ):
            raise UserError(
                self.env._("A pack for the person is about one person: choose one.")
            )
        return consents

    def _write_pack(self, file):
        """Write the pack.

        :param file: open for writing bytes
        :raise AccessError: for who is no manager, or whose dialog this is not
        :raise UserError: if nothing or nobody is chosen, or the server's limits of time
            are nearly reached
        """
        if not self.exists():
            raise AccessError(self.env._("This dialog is not there any more."))
        self.check_access("write")
        consents = self._checked()
        is_nearly_over = _begin_request()

        def progress(written, total):
            self._note_progress(written, total)
            if written < total and is_nearly_over():
                raise UserError(
                    self.env._(
                        "The server's limits of time allow no pack of so many: they "
                        "were nearly reached after %(written)s of %(total)s consents. "
                        "Choose a shorter period, or have limit_time_cpu and "
                        "limit_time_real raised.",
                        written=written,
                        total=total,
                    )
                )

        if consents:
            if self.audience == "person":
                lang = consents.sudo().partner_id.lang or self.env.lang
                consents = consents.with_context(lang=lang)
            consents._write_proof_pack(file, self.audience == "person", progress)
            return
        condition = None
        if not self.everything:
            events = self.env["privacy.consent.event"]._search(self._event_domain())
            condition = of_events(events)
        ProofPack(self.env, condition).write_to(file, progress)

    def _note_progress(self, written, total):
        """Let others see how far it is, which this transaction shows in its end only.

        :param int written: number of consents that the pack has so far
        :param int total: how many it will have
        """
        with self.env.registry.cursor() as cr:
            cr.execute(
                "UPDATE privacy_consent_pack SET written_count = %s, total_count = %s"
                " WHERE id = %s",
                [written, total, self.id],
            )

    def _event_domain(self):
        """:return: the domain of what happened in the chosen time"""
        if self.everything:
            return []
        domain = [("activity_uuid", "=", self.sudo().activity_id.uuid)]
        if self.date_from:
            domain.append(("at", ">=", self._begin_of(self.date_from)))
        if self.date_to:
            domain.append(("at", "<", self._begin_of(self.date_to + timedelta(days=1))))
        return domain

    def _begin_of(self, day):
        """:return: when a day begins where the reader is, in UTC"""
        begin = self.env.tz.localize(datetime.combine(day, time.min))
        return begin.astimezone(timezone.utc).replace(tzinfo=None)
