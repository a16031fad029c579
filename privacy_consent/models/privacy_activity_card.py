# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The numbers on the card of an activity, each of which opens a list of people."""

from collections import Counter

from odoo import api, fields, models
from odoo.fields import Domain

_READERS = "privacy.group_data_protection_user"


def _number(string, text):
    """:return: a field with the number of consents that a filter of their list shows"""
    return fields.Integer(
        string=string,
        compute="_compute_card",
        groups=_READERS,
        help=text,
    )


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    asked_count = _number("Asked already", "Asked already")
    consent_rate = _number("Consent, in percent", "Of those who were asked.")
    given_count = _number("Given", "How many people consent.")
    open_count = _number("Not answered", "How many people were asked, and are silent.")
    refused_count = _number("Refused", "How many people refused or withdrew.")
    failed_count = _number(
        "Could not be reached", "How many people the last request did not reach."
    )
    expiring_count = _number(
        "Expiring", "How many consents end within the next 30 days."
    )

    def _compute_card(self):
        """Count for all of these activities at once, however many there are."""
        consents_sudo, seen = self._consents_seen_sudo()

        def count(domain):
            groups = consents_sudo._read_group(
                seen & domain, ["activity_id"], ["__count"]
            )
            return {activity.id: number for activity, number in groups}

        by_status = {
            (activity.id, status): number
            for activity, status, number in consents_sudo._read_group(
                seen, ["activity_id", "status"], ["__count"]
            )
        }
        asked = Counter()
        for (activity, status), number in by_status.items():
            if status != "unknown":
                asked[activity] += number
        failed = count(consents_sudo._unreached_domain(self))
        expiring = count(consents_sudo._expiring_domain())
        for activity in self:
            one = activity._origin.id
            given = by_status.get((one, "given"), 0)
            activity.given_count = given
            activity.asked_count = asked[one]
            activity.consent_rate = asked[one] and round(100 * given / asked[one])
            activity.open_count = by_status.get((one, "requested"), 0)
            activity.refused_count = sum(
                by_status.get((one, status), 0) for status in ("refused", "withdrawn")
            )
            activity.failed_count = failed.get(one, 0)
            activity.expiring_count = expiring.get(one, 0)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    @api.model
    def _expiring_domain(self):
        """:return: the condition that a consent ends within the next 30 days"""
        return Domain(
            [
                ("status", "=", "given"),
                ("valid_until", ">", "now"),
                ("valid_until", "<=", "now +30d"),
            ]
        )
