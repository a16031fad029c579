# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is asked again by itself, and what the mail says about it."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from .. import addresses
from .privacy_consent import store
from .privacy_consent_occasion import occasion_of, on_occasion
from .privacy_consent_request import FOLLOWING

# With such a request somebody is asked who was asked before.
_AGAIN = ("again", *FOLLOWING)

# Requests, and by which the round of each was begun.
ROUNDS = SQL(
    """
    privacy_consent_request AS request
    JOIN privacy_consent_request AS begun
      ON begun.uuid = CASE request.kind WHEN 'reminder' THEN request.occasion
                      ELSE request.uuid END
    JOIN privacy_consent AS consent ON consent.id = request.consent_id
    JOIN privacy_activity AS activity ON activity.id = consent.activity_id
    """
)
# The condition that such a request is the last one of its round, that it and those
# before it reached the person, and that they are silent since.
SILENT = SQL(
    """
    begun.bounce_type IS NULL AND consent.status NOT IN ('refused', 'withdrawn')
    AND (
            consent.state <> 'answered'
            OR date_trunc('second', consent.answer_date) <= begun.create_date
        )
    AND NOT EXISTS (
            SELECT FROM privacy_consent_request AS later
             WHERE later.consent_id = consent.id AND later.id > begun.id
               AND (
                       later.id > request.id
                       OR later.bounce_type IS NOT NULL
                       OR later.state <> 'delivered'
                          AND later.cause IS DISTINCT FROM 'replaced'
                   )
        )
    """
)


def _silent_since_sql(model, alias, _query):
    """Make the condition that the last request asked again, and nobody answered since.

    :rtype: SQL
    """
    model.env["privacy.consent.request"].flush_model()
    model.env["privacy.consent"].flush_model(["answer_date"])
    return SQL(
        """
        EXISTS (
            SELECT FROM privacy_consent_request AS last
             WHERE last.consent_id = %(consent)s AND last.kind IN %(again)s
               AND last.state = 'delivered'
               AND coalesce(
                       date_trunc('second', %(answered)s) <= last.create_date, TRUE
                   )
               AND NOT EXISTS (
                       SELECT FROM privacy_consent_request AS later
                        WHERE later.consent_id = last.consent_id AND later.id > last.id
                   )
        )
        """,
        again=_AGAIN,
        answered=SQL.identifier(alias, "answer_date"),
        consent=SQL.identifier(alias, "id"),
    )


class PrivacyConsentRequest(models.Model):
    _inherit = "privacy.consent.request"

    def _remind(self):
        """Remind those of whom these requests are, if they still are silent.

        A round is a request, and the reminders of it. What is asked later begins
        another one. Nothing but a delivery to an address that takes mails goes on.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT consent.id, begun.uuid, coalesce(request.number, 0) + 1
                  FROM %s
                 WHERE request.id = ANY (%s)
                   AND coalesce(request.number, 0) < activity.reminder_count AND %s
                 ORDER BY consent.id
                """,
                ROUNDS,
                self.ids,
                SILENT,
            )
        )
        silent = {
            consent_id: {"kind": "reminder", "occasion": begun, "number": number}
            for consent_id, begun, number in rows
        }
        self.env["privacy.consent"].browse(silent)._ask_following(silent)


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    silent_since = fields.Boolean(
        string="Asked again, silent since",
        compute="_compute_silent_since",
        search="_search_silent_since",
        compute_sudo=True,
    )

    @api.depends("answer_date", "request_ids.kind", "request_ids.state")
    def _compute_silent_since(self):
        for consent in self:
            last = consent.last_request_id
            consent.silent_since = (
                last.kind in _AGAIN
                and last.state == "delivered"
                and not consent._answered_since(last.create_date)
            )

    def _search_silent_since(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        silent = Domain.custom(to_sql=_silent_since_sql)
        return silent if (operator == "in") == (True in value) else ~silent

    def _kinds_to_ask(self):
        """:return: these consents by the kind of request that somebody makes by hand"""
        listed = self._blacklisted_by_others()
        return self.grouped(
            lambda one: "first"
            if one.state == "draft"
            else "renewal"
            if one._is_renewable() and one not in listed
            else "again"
        )

    def _is_renewable(self):
        """:return: whether the consent will end, and nobody was asked before that"""
        return bool(
            self.status == "given"
            and self.valid_until
            and self.valid_until > fields.Datetime.now()
            and not self.renewal_looked
        )

    def _ask_by_hand(self):
        """Enqueue the requests of :meth:`_kinds_to_ask`.

        :return: the consents for which one was enqueued
        """
        renewals = self._kinds_to_ask().get("renewal", self.browse())
        store(renewals, {"renewal_looked": True})
        renewals._ask_renewal()
        return (self - renewals).action_auto_ask() + (
            renewals & renewals._open_requests().consent_id
        )

    def _ask_renewal(self):
        """Ask before these consents end, so that they may go on."""
        self._ask_following(
            {
                one.id: {
                    "kind": "renewal",
                    "occasion": fields.Datetime.to_string(one.valid_until),
                    "number": None,
                }
                for one in self
            }
        )

    def _ask_changed(self, occasion):
        """Ask whether people consent to the processing as it is now.

        :param str occasion: which change
        """
        values = {"kind": "changed", "occasion": occasion, "number": None}
        self._ask_following(dict.fromkeys(self.ids, values))

    def _ask_following(self, occasions):
        """Enqueue requests that follow by themselves; parameter as of ``on_occasion``.

        Left out are those, too, whom somebody put on the blacklist, and who were asked
        on the same occasion before the validity changed there and back.
        """
        requests_sudo = self.env["privacy.consent.request"].sudo()
        earlier_sudo = requests_sudo.search(
            Domain("consent_id", "in", self.ids)
            & Domain("occasion", "in", {one["occasion"] for one in occasions.values()})
            & Domain("state", "!=", "cancelled")
        )
        asked_sudo = earlier_sudo.filtered(
            lambda one: all(
                (one[name] or None) == value
                for name, value in occasions[one.consent_id.id].items()
            )
        ).consent_id
        asked = self.browse(asked_sudo.ids) + self._blacklisted_by_others()
        with on_occasion(occasions):
            (self - asked).action_auto_ask()

    def _blacklisted_by_others(self):
        """:return: those whose address is on the blacklist, and not for lack of consent

        For that our own server action puts addresses there.
        """
        own = {one: one.sudo()._following_addresses() for one in self}
        if not any(own.values()):
            return self.browse()
        entries_sudo = self.env["mail.blacklist"].sudo()
        listed = set(
            entries_sudo.search(
                [
                    ("email", "in", list(set().union(*own.values()))),
                    ("consent_opt_out", "=", False),
                    # also where whoever calls it looks at archived consents
                    ("active", "=", True),
                ]
            ).mapped("email")
        )
        return self.filtered(lambda one: not listed.isdisjoint(own[one]))

    def _following_addresses(self):
        """:return: the addresses of the subject, and where the last request went"""
        found = addresses.read(self.partner_id.email).valid
        last = self.request_ids.sorted("id")[-1:].address
        return {*map(str.lower, found), self.partner_id.email_normalized, last} - {
            False,
            None,
        }

    def _following_note(self):
        """Say why a person is asked again, in their language.

        :return: what goes before the request; empty if there is nothing to say
        :rtype: Markup
        """
        lines = []
        if occasion_of(self).get("kind") == "reminder":
            lines.append(self.env._("This is a reminder: you have not answered yet."))
        if end := self._end_to_tell():
            lines.append(
                self.env._(
                    "Your consent ends on %s. If you want it to go on, please accept "
                    "again.",
                    end,
                )
            )
        if change := self._change_to_tell():
            lines.append(self.env._("What has changed since you accepted: %s", change))
        return Markup().join(
            Markup(
                '<p style="max-width: 600px; margin: 0 auto 16px auto; font-family: '
                'Arial, Helvetica, sans-serif; font-size: 16px;">%s</p>'
            )
            % line
            for line in lines
        )

    def _end_to_tell(self):
        """:return: the day on which the consent ends, for people to read, if it does"""
        if self.status != "given" or not self.valid_until:
            return None
        zone = self.activity_id.sudo().controller_id.tz or "UTC"
        local = fields.Datetime.context_timestamp(
            self.with_context(tz=zone), self.valid_until
        )
        return format_date(self.env, local.date(), date_format="long")

    def _change_to_tell(self):
        """:return: what changed since the consent that a change ended, if it did"""
        return self.status == "invalidated" and self.activity_id.change_note
