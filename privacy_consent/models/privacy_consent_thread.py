# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The thread of a consent: subtypes, followers, and what is logged."""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from odoo import models
from odoo.tools import SQL

from .. import links
from .privacy_consent import ANSWER_FIELDS


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _creation_subtype(self):
        return self.env.ref("privacy_consent.mt_consent_consent_new")

    def _track_subtype(self, initial_values):
        # The changed values tell more than the context, which belongs to whichever
        # write came first in the transaction.
        changed = set(initial_values)
        name = None
        if self.answered_by == "subject" and changed & (ANSWER_FIELDS - {"state"}):
            name = "mt_consent_acceptance_changed"
        elif changed & ANSWER_FIELDS:
            name = "mt_consent_state_changed"
        if not name:
            return super()._track_subtype(initial_values)
        # Odoo looks whether it exists.
        return self.env["mail.message.subtype"].browse(
            self.env["ir.model.data"]._xmlid_to_res_id(f"privacy_consent.{name}")
        )

    def message_post(self, **kwargs):
        """Keep personal links out of the thread: replies quote the request.

        :raise AccessError: for whoever may not read the consent
        """
        self.check_access("read")
        if kwargs.get("body"):
            kwargs["body"] = links.placeholder.depersonalize(kwargs["body"])
        if self._is_unread_change(kwargs):
            return self._log_unread_change(kwargs)
        return super().message_post(**kwargs)

    def _is_unread_change(self, values):
        """Tell whether a message is what tracking noted, and nobody follows that.

        :param dict values: parameters of ``message_post()``
        :rtype: bool
        """
        return (
            # A client can send the same, but has no such rights.
            self.env.su
            and values.keys() == {"author_id", "body", "subtype_id", "tracking_value_ids"}
            and not values["body"]
            and not self._followed(values["subtype_id"])
        )

    def _log_unread_change(self, values):
        """Log what tracking noted.

        Half the time of an answer would go into finding out whom to tell, and from
        which address.

        :param dict values: as in :meth:`_is_unread_change`
        :return: the message, with superuser rights
        """
        author_id, email_from = self.sudo()._message_compute_author(values["author_id"])
        return self.sudo()._message_create(
            [
                {
                    **values,
                    "author_id": author_id,
                    "email_add_signature": False,
                    "email_from": email_from,
                    "message_type": "notification",
                    "model": self._name,
                    "record_alias_domain_id": False,
                    "record_company_id": False,
                    "reply_to": False,
                    "res_id": self.id,
                }
            ]
        )

    def _followed(self, subtype_id):
        """:return: those of these consents of which somebody follows this subtype"""
        followers_sudo = (
            self.env["mail.followers"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("subtype_ids", "in", subtype_id),
                ]
            )
        )
        return self.browse(set(followers_sudo.mapped("res_id")))

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Mail a request to the subject, also to one who reads messages in Odoo."""
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        if links.placeholder.choices((msg_vals or {}).get("body") or message.body):
            for recipient in recipients:
                if recipient["id"] == self.partner_id.id:
                    recipient["notif"] = "email"
        return recipients

    def _notify_thread_by_email(self, message, recipients_data, **kwargs):
        """Leave all mails about a consent to the queue, and start it."""
        result = super(
            PrivacyConsent, self.with_context(mail_notify_force_send=False)
        )._notify_thread_by_email(message, recipients_data, **kwargs)
        self._trigger_mail_queue()
        return result

    def _log_creation(self):
        """Log one creation message per consent, in one batch and without mails."""
        messages = self._message_log_batch(
            {consent.id: consent._creation_message() for consent in self}
        )
        messages.subtype_id = self._creation_subtype()

    def _copy_followers(self, consent):
        """Have these consents followed by whoever follows another one, in one go.

        :param consent: a consent to the same activity
        """
        if not self or not consent.message_follower_ids:
            return
        self.env["mail.followers"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH followers AS (
                    INSERT INTO mail_followers (res_model, res_id, partner_id)
                    SELECT res_model, new.res_id, partner_id
                    FROM mail_followers, unnest(%(new)s) AS new(res_id)
                    WHERE id IN %(followers)s
                    RETURNING id, partner_id
                )
                INSERT INTO mail_followers_mail_message_subtype_rel
                    (mail_followers_id, mail_message_subtype_id)
                SELECT followers.id, subtypes.mail_message_subtype_id
                FROM followers
                JOIN mail_followers original ON original.id IN %(followers)s
                    AND original.partner_id = followers.partner_id
                JOIN mail_followers_mail_message_subtype_rel subtypes
                    ON subtypes.mail_followers_id = original.id
                """,
                new=self.ids,
                followers=tuple(consent.sudo().message_follower_ids.ids),
            )
        )
        self.invalidate_recordset(["message_follower_ids", "message_partner_ids"])
