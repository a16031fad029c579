# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All that one subject was asked, for the pages on which they see it together."""

# pylint: disable=consider-merging-classes-inherited

from odoo import api, fields, models
from odoo.tools import format_datetime, ormcache
from odoo.tools.image import image_data_uri

from .privacy_consent_links import REFRESH_INTERVAL


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    @api.model
    def _preferences_of(self, subject):
        """Find what a contact was asked about.

        :param subject: exactly this ``res.partner``: neither its company nor another
            contact with the same address
        :return: the consents that were asked and are not archived, by activity
        """
        asked = self.search(
            [("partner_id", "=", subject.id), ("state", "in", ("sent", "answered"))]
        )
        return asked.sorted(lambda consent: (consent.activity_name, consent.id))

    def _preference(self):
        """Gather what a subject is shown of one of their consents.

        :return: ``answer`` is ``accepted``, ``rejected``, ``assumed`` (accepted, as
            long as there is no answer) or ``none``; ``by_subject`` tells their own
            answer from what staff recorded, and ``accepted`` that it is theirs to
            withdraw; ``date`` and ``history`` are ready to be read
        :rtype: dict
        """
        self.ensure_one()
        answered = self.state == "answered"
        if answered:
            answer = "accepted" if self.accepted else "rejected"
        else:
            answer = "assumed" if self.accepted else "none"
        return {
            "consent": self,
            "answer": answer,
            "accepted": self._subject_says(True),
            "by_subject": answered and self.answered_by == "subject",
            "date": answered and self._preference_date(self.answer_date),
            "history": [
                {**entry, "date": self._preference_date(entry["date"])}
                for entry in self._answer_history()
            ],
        }

    def _preference_date(self, moment):
        return moment and format_datetime(
            self.env, moment, tz=self.partner_id.tz or "UTC", dt_format="long"
        )

    def _controller_logo(self):
        """:return: the controller's logo as an address, if it has one of its own"""
        controller = self.activity_id.controller_id
        return self._logo(controller.id, controller.write_date)

    @ormcache("controller_id", "_write_date")
    def _logo(self, controller_id, _write_date):
        """:return: the logo, made once per change; False for none, or Odoo's own"""
        controller_sudo = self.env["res.partner"].sudo().browse(controller_id)
        default = (
            self.env["res.company"]
            .sudo()
            .search_count(
                [("partner_id", "=", controller_id), ("uses_default_logo", "=", True)]
            )
        )
        image = not default and controller_sudo.image_256
        return bool(image) and image_data_uri(image)

    def _subject_says(self, answer):
        """:return: whether this is the subject's own current answer"""
        return (
            self.state == "answered"
            and self.answered_by == "subject"
            and self.accepted == answer
        )

    def _answer_history(self):
        """Read all answers from the history, and nothing else that staff wrote there.

        Tracking stores what changed. What did not is known from the messages after
        it, so they are read backwards, from the values of today.

        :return: for each answer, newest first, its ``date``, whether it was
            ``accepted``, and whether it was given ``by_subject``
        :rtype: list[dict]
        """
        self.ensure_one()
        by_subject = self.env.ref("privacy_consent.mt_consent_acceptance_changed")
        by_staff = self.env.ref("privacy_consent.mt_consent_state_changed")
        history = []
        for consent in self._with_merged():
            accepted = consent.accepted
            messages = consent.message_ids.filtered(
                lambda message: message.subtype_id in by_subject + by_staff
            )
            for message in messages.sorted("id", reverse=True):
                changes = {
                    change.field_id.name: change
                    for change in message.tracking_value_ids
                }
                dated = changes.get("answer_date")
                date = dated and dated.new_value_datetime
                # Only an answer of staff's sets the date; a delivery does not.
                if date or message.subtype_id == by_subject:
                    history.append(
                        {
                            "date": date or message.date,
                            "accepted": accepted,
                            "by_subject": message.subtype_id == by_subject,
                        }
                    )
                if "accepted" in changes:
                    accepted = bool(changes["accepted"].old_value_integer)
        return sorted(history, key=lambda entry: entry["date"], reverse=True)

    def _with_merged(self):
        """:return: these consents, and those instead of which they count"""
        merged = self.with_context(active_test=False).search(
            [("merged_into_id", "in", self.ids)]
        )
        return self + merged._with_merged() if merged else self

    def _can_ask_again(self):
        """:return: whether there is a request to send, and an address to send it to"""
        self.ensure_one()
        activity = self.activity_id
        return bool(
            self.active
            and activity.active
            and activity.consent_template_id
            and self.partner_id.email_normalized
        )

    def _ask_again(self):
        """Enqueue a new request, because the subject wants one.

        Nothing happens if there is none to send, if one still waits in the mail queue,
        or if they got one within the last day.
        """
        self.ensure_one()
        recently = fields.Datetime.now() - REFRESH_INTERVAL
        got_one = self.delivered_date and self.delivered_date > recently
        if self._can_ask_again() and not got_one:
            self._ask_at_present_address()
