# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The thread of a consent: subtypes, followers, and what is logged."""

from odoo import models
from odoo.tools import SQL

from .. import links
from .privacy_consent import ANSWER_VALUES

# What Odoo need not find out for a message of which nobody is told.
_UNTOLD = {
    "email_add_signature": False,
    "is_internal": True,
    "record_alias_domain_id": False,
    "record_company_id": False,
    "reply_to": False,
}


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    def _creation_subtype(self):
        return self.env.ref("privacy_consent.mt_consent_consent_new")

    def _track_subtype(self, initial_values):
        # A client can make the context up, but then something was tracked: answers of
        # subjects are logged, and not tracked.
        if not initial_values and self.env.context.get("subject_answering"):
            name = "mt_consent_acceptance_changed"
        elif not ANSWER_VALUES.isdisjoint(initial_values):
            name = "mt_consent_state_changed"
        else:
            return super()._track_subtype(initial_values)
        return self._subtype(name)

    def _subtype(self, name):
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
            # The other way round, a half of a wrapped token would stay.
            kwargs["body"] = links.placeholder.depersonalize(
                self._without_links(kwargs["body"])
            )
        if kwargs.get("subject"):
            kwargs["subject"] = self._without_links(kwargs["subject"])
        if kwargs.get("attachments"):
            kwargs["attachments"] = self._files_without_links(kwargs["attachments"])
        return super().message_post(**kwargs)

    def _log_kind(self, kind, by=None):
        """Log what happened in the thread, for people to read: the proof is an event.

        :param str kind: of the event
        :param str by: ``"subject"`` if it is their own answer
        """
        subtype = self._subtype("mt_consent_state_changed")
        authors = {}
        if by == "subject":
            subtype = self.with_context(subject_answering=True)._track_subtype({})
            authors = {consent.id: consent.partner_id for consent in self}
        label = self.env["privacy.consent.event"]._kinds()[kind]
        self._log_or_post(subtype, dict.fromkeys(self.ids, label), authors)

    def _log_or_post(self, subtype, bodies, authors=None):
        """Log what happened for all at once, and tell those who follow the subtype.

        Most of the time of an answer would go into finding out whom to tell. What was
        logged stays, whatever becomes of the notifications.

        :param subtype: of the messages
        :param dict bodies: text of each consent
        :param dict authors: partner of each consent who speaks, if it is not the user
        """
        followed = self.browse()
        # An import mails nobody.
        if not self.env.context.get("import_file"):
            followed = self._followed(subtype.id)
        if unfollowed := self - followed:
            unfollowed._log(subtype, bodies, authors, **_UNTOLD)
        if followed:
            messages_sudo = followed._log(subtype, bodies, authors).grouped("res_id")
            for consent in followed:
                consent._tell_followers(messages_sudo[consent.id])

    def _log(self, subtype, bodies, authors=None, **values):
        """Log messages of which nobody is told; parameters as of ``_log_or_post()``.

        :param values: more values of the messages
        :return: the messages, with superuser rights
        """
        values_list = []
        for author, consents in self.grouped(
            lambda consent: (authors or {}).get(consent.id)
        ).items():
            author_id, email_from = self._message_compute_author(author and author.id)
            values_list += [
                {
                    "author_id": author_id,
                    "body": bodies[consent.id],
                    "email_from": email_from,
                    "message_type": "notification",
                    "model": self._name,
                    "res_id": consent.id,
                    "subtype_id": subtype.id,
                    **values,
                }
                for consent in consents
            ]
        return self.sudo()._message_create(values_list)

    def _followed(self, subtype_id):
        """:return: those of these consents of which somebody follows this subtype"""
        # The door of answers has read it.
        known = self._fields["message_follower_ids"]._get_cache(self.env)
        if all(known.get(consent_id) == () for consent_id in self._ids):
            return self.browse()
        self.env["mail.followers"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT res_id FROM mail_followers AS follower
                JOIN mail_followers_mail_message_subtype_rel AS subtype
                    ON subtype.mail_followers_id = follower.id
                WHERE res_model = %s AND res_id IN %s
                    AND mail_message_subtype_id = %s
                """,
                self._name,
                tuple(self.ids) or (None,),
                subtype_id,
            )
        )
        return self.browse(consent_id for (consent_id,) in rows)

    def _mail_get_companies(self, default=False):
        """Have replies go to the company that asks."""
        companies = super()._mail_get_companies(default=default)
        for consent in self:
            asking = consent.activity_id.sudo().controller_company_id
            companies[consent.id] = asking or companies[consent.id]
        return companies

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Mail a request to the subject, also to one who reads messages in Odoo.

        Users who follow what they may not read any more are told nothing.
        """
        named = (msg_vals or {}).get("partner_ids") or message.partner_ids.ids
        recipients = [
            recipient
            for recipient in super()._notify_get_recipients(message, msg_vals, **kwargs)
            if recipient["share"]
            or not recipient["is_follower"]
            or recipient["id"] in named
            or self._is_readable_by(self.env["res.users"].browse(recipient["uid"]))
        ]
        if links.placeholder.choices((msg_vals or {}).get("body") or message.body):
            for recipient in recipients:
                if recipient["id"] == self.partner_id.id:
                    recipient["notif"] = "email"
        return recipients

    def _is_readable_by(self, user):
        """:return: whether a user may read the consent in one of their companies"""
        company_ids = user.sudo().company_ids.ids
        return (
            self.with_user(user)
            .with_context(allowed_company_ids=company_ids)
            .has_access("read")
        )

    def _notify_by_email_render_layout(
        self, message, recipients_group, msg_vals=False, render_values=None
    ):
        """Leave a request without Odoo's layout, as those of a batch are.

        It says itself who asks, and loads no logo from the server.
        """
        body = (msg_vals or {}).get("body") or message.body
        if links.placeholder.choices(body):
            return body
        return super()._notify_by_email_render_layout(
            message, recipients_group, msg_vals=msg_vals, render_values=render_values
        )

    def _notify_thread_by_email(self, message, recipients_data, **kwargs):
        """Leave all mails about a consent to the queue, and start it."""
        result = super(
            PrivacyConsent, self.with_context(mail_notify_force_send=False)
        )._notify_thread_by_email(message, recipients_data, **kwargs)
        self._trigger_mail_queue()
        return result

    def _log_creation(self):
        """Log one creation message per consent, in one batch and without mails."""
        if self:
            message = self[0]._creation_message()
            bodies = dict.fromkeys(self.ids, message)
            self._log(self._creation_subtype(), bodies, **_UNTOLD)

    def _copy_followers(self, consent):
        """Have these consents followed by whoever follows their activity, in one go.

        :param consent: a consent to the same activity, which they follow already;
            whoever else follows it does not follow the others
        """
        followers_sudo = consent.sudo().message_follower_ids.filtered(
            lambda one: one.partner_id in consent.activity_id.sudo().message_partner_ids
        )
        if not self or not followers_sudo:
            return
        followers_sudo.flush_model()
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
                followers=tuple(followers_sudo.ids),
            )
        )
        self.invalidate_recordset(["message_follower_ids", "message_partner_ids"])
