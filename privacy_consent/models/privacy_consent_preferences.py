# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All that one subject was asked, for the pages on which they see it together."""

from datetime import datetime

from odoo import api, fields, models
from odoo.tools import format_datetime, ormcache
from odoo.tools.image import image_data_uri

from .. import addresses
from .privacy_consent_event import ANSWERS
from .privacy_consent_links import REFRESH_INTERVAL

# What people are shown as their own answer. Whose it is, 18.0 did not store.
_OWN_WORDS = ("subject", "unknown")


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    # What a page or a glance at a consent shows of records that the reader may have no
    # right to: this much and no more.
    activity_name = fields.Char(
        compute="_compute_shown",
        compute_sudo=True,
        string="Name of the activity",
        exportable=False,
    )
    activity_description = fields.Html(
        compute="_compute_shown", compute_sudo=True, sanitize=False, exportable=False
    )
    controller_name = fields.Char(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    controller_email = fields.Char(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    processor_names = fields.Char(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    text_falls_back = fields.Boolean(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    controller_address = fields.Char(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    officer_contact = fields.Char(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    policy_url = fields.Char(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    subject_name = fields.Char(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )
    processing_lines = fields.Json(
        compute="_compute_shown", compute_sudo=True, exportable=False
    )

    @api.depends(
        "activity_id.name",
        "activity_id.description",
        "activity_id.controller_id.complete_name",
        "activity_id.controller_id.email",
        "activity_id.processor_names",
        "activity_id.text_falls_back",
        "activity_id.controller_address",
        "activity_id.officer_contact",
        "activity_id.policy_url",
        "activity_id.processing_lines",
        "partner_id.name",
    )
    @api.depends_context("lang")
    def _compute_shown(self):
        # A client may make up a consent of anybody, which no rule keeps from it.
        if made_up := self.filtered(lambda one: not one.id).sudo(False):
            for records in (made_up.partner_id, made_up.activity_id):
                records._origin.check_access("read")
        for activity, consents in self.grouped("activity_id").items():
            values = {
                "activity_name": activity.name,
                "activity_description": activity.description,
                "controller_name": activity.controller_id.complete_name,
                "controller_email": _only_address(activity.controller_id.email),
                "processor_names": activity.processor_names,
                "text_falls_back": activity.text_falls_back,
                "controller_address": activity.controller_address,
                "officer_contact": activity.officer_contact,
                "policy_url": activity.policy_url,
                "processing_lines": activity.processing_lines,
            }
            for consent in consents:
                consent.update(values)
                consent.subject_name = consent.partner_id.name

    @api.model
    def _preferences_of(self, subject):
        """Find what a contact was asked about.

        :param subject: exactly this ``res.partner``: neither its company nor another
            contact with the same address
        :return: the consents that were asked, by activity. Of those in the archive it
            has the ones with an answer, which they may withdraw.
        """
        everything = self.with_context(active_test=False)
        asked = everything.search(
            [
                ("partner_id", "=", subject.id),
                ("state", "in", ("sent", "answered")),
                "|",
                ("active", "=", True),
                ("state", "=", "answered"),
                ("merged_into_id", "=", False),
            ]
        ).with_env(self.env)
        return asked.sorted(lambda consent: (consent.activity_name, consent.id))

    @api.model
    def _named_by(self, subject, ids):
        """Find what a page of a contact named, even if it was archived or merged since.

        :param subject: the ``res.partner``
        :param ids: of consents, any texts
        :return: consents that were asked or answered, merged ones too
        """
        asked = [("partner_id", "=", subject.id), ("state", "in", ("sent", "answered"))]
        own = self.with_context(active_test=False).search(asked)
        return own.filtered(lambda one: str(one.id) in ids).with_env(self.env)

    def _preference(self):
        """Gather what a subject is shown of one of their consents.

        :return: ``answer`` is ``accepted``, ``rejected``, ``ended`` (accepted once, not
            valid any more), ``assumed`` (accepted, as long as there is no answer) or
            ``none``; ``by_subject`` tells their own answer from what was recorded for
            them, and ``accepted`` that it is theirs to withdraw; ``date`` and
            ``history`` are ready to be read; ``earlier`` is the text that they
            accepted, if it changed since, and ``locked`` tells that they may only
            refuse
        :rtype: dict
        """
        self.ensure_one()
        answered = self.state == "answered"
        if self.status in ("expired", "invalidated"):
            answer = "ended"
        elif answered:
            answer = "accepted" if self.accepted else "rejected"
        else:
            assumed = self.accepted and self.activity_id.default_consent
            answer = "assumed" if assumed else "none"
        return {
            "consent": self,
            "answer": answer,
            "accepted": self._subject_says(True),
            "by_subject": answered and self.answered_by in _OWN_WORDS,
            "date": answered and self._preference_date(self.answer_date),
            "change": self._change_to_tell(),
            "earlier": self._earlier_text(),
            "ends": self._end_to_tell(),
            "history": [
                {
                    "accepted": event.kind == "given",
                    "by_subject": event.by in _OWN_WORDS,
                    "date": self._preference_date(event.answered_at),
                }
                for event in self._answers()
            ],
            "locked": bool(self.locked_until),
        }

    def _earlier_text(self):
        """Find the text that the subject accepted, if it is not the present one.

        Whoever accepted the present text in another language accepted no earlier one.

        :return: the text, with superuser rights, or none
        """
        accepted_sudo = self.sudo().answer_text_id
        if self.status != "given" or not accepted_sudo:
            return accepted_sudo.browse()
        text_hash = accepted_sudo._hash_of(accepted_sudo.id)
        activity = self.activity_id
        current = (
            text_hash == activity._text_hash(self.env.lang)
            or text_hash in activity._current_hashes()
        )
        return accepted_sudo.browse() if current else accepted_sudo

    def _answers(self):
        """:return: all answers, of merged contacts too, newest first"""
        events_sudo = (
            self.env["privacy.consent.event"]
            .sudo()
            .search(
                [
                    ("consent_id", "in", self._with_merged().ids),
                    ("kind", "in", ANSWERS),
                ]
            )
        )
        return events_sudo.sorted(
            lambda event: (event.answered_at or datetime.min, event.id), reverse=True
        )

    def _preference_date(self, moment):
        return moment and format_datetime(
            self.env, moment, tz=self._time_zone(), dt_format="long"
        )

    def _time_zone(self):
        """:return: in which times are told to the subject, as well as it is known"""
        return self.partner_id.tz or self.activity_id.controller_id.tz or "UTC"

    def _controller_logo(self):
        """:return: the controller's logo as an address, if it has one of its own"""
        controller = self.activity_id.controller_id
        return self._logo(controller.id, controller.write_date)

    @ormcache("controller_id", "_write_date")
    def _logo(self, controller_id, _write_date):
        """:return: the logo, made once per change; False for none, or Odoo's own"""
        image = self._own_logo(controller_id)
        return bool(image) and image_data_uri(image)

    @api.model
    def _own_logo(self, controller_id):
        """:return: the image in base64, or a false value for none, or Odoo's own"""
        controller_sudo = self.env["res.partner"].sudo().browse(controller_id)
        default = (
            self.env["res.company"]
            .sudo()
            .search_count(
                [("partner_id", "=", controller_id), ("uses_default_logo", "=", True)]
            )
        )
        return not default and controller_sudo.image_256

    def _with_merged(self):
        """:return: these consents, and those instead of which they count"""
        merged = self.merged_ids
        return self + merged._with_merged() if merged else self

    def _can_ask_again(self):
        """:return: whether there is a request to send, and an address to send it to"""
        self.ensure_one()
        return bool(
            not self._obstacle()
            and self.activity_id.consent_template_id
            and self._own_addresses()
        )

    def _ask_again(self):
        """Enqueue a new request, because the subject wants one.

        :return: ``ask`` if there is one; ``asked`` if one still waits in the mail
            queue, or left within the last day; ``nothing`` if there is none to send
        """
        if len(self) != 1 or not self._can_ask_again():
            return "nothing"
        recently = fields.Datetime.now() - REFRESH_INTERVAL
        before = self.request_ids
        if not before.filtered(
            lambda one: one.delivered_date and one.delivered_date > recently
        ):
            self._ask_at_present_address()
        return "ask" if self.request_ids - before else "asked"

    def _masked_address(self):
        """:return: where the next request goes, as much as others may read of it"""
        address = self and self._address_to_ask()
        return address and addresses.masked(address)


def _only_address(text):
    """:return: the address in a text, if there is just one to write to"""
    found = addresses.read(text)
    return len(found.valid) == 1 and not found.problems and found.valid[0]
