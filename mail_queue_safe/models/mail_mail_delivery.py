# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who got a mail, stored before the server has the last word.

What says *sent* is flushed when the server has named whom it takes the message for,
and before it gets the message. After its last reply only COMMIT follows.
"""

# One file for each concern of the model.
# pylint: disable=consider-merging-classes-inherited

from contextlib import suppress

from odoo import fields, models
from odoo.exceptions import MissingError
from odoo.tools.mail import email_normalize

from odoo.addons.base.models.ir_mail_server import extract_rfc2822_addresses

from .. import delivery as deliveries
from ..retry_policy import describe_refused

# What Odoo writes on a mail before and after it sends it.
_BOOKKEEPING = {"state", "failure_reason", "failure_type", "message_id"}
_COMMITTING = "mail_queue_safe.committing"


def _normalize(address):
    return email_normalize(address, strict=False) or address


class MailMail(models.Model):
    _inherit = "mail.mail"

    queue_accepted = fields.Json(
        string="Accepted recipients",
        readonly=True,
        copy=False,
        help="Whom the mail was delivered to: pairs of an address, and the contact or "
        "nothing. They do not get it again.",
    )

    def _register_hook(self):
        """Stand before all overrides of two methods, also those of later addons.

        Which messages leave is known after the last override of the one, and what
        follows a delivery begins before the first override of the other.
        """
        result = super()._register_hook()
        model_class = type(self)

        def _prepare_outgoing_list(mail, *args, **kwargs):
            others = super(model_class, mail)._prepare_outgoing_list
            return mail._queue_outgoing_list(lambda: others(*args, **kwargs))

        def _postprocess_sent_message(mails, *args, **kwargs):
            others = super(model_class, mails)._postprocess_sent_message
            return mails._queue_postprocess(others, *args, **kwargs)

        model_class._prepare_outgoing_list = _prepare_outgoing_list
        model_class._postprocess_sent_message = _postprocess_sent_message
        return result

    def _unregister_hook(self):
        model_class = type(self)
        for name in ("_prepare_outgoing_list", "_postprocess_sent_message"):
            if name in vars(model_class):
                delattr(model_class, name)
        return super()._unregister_hook()

    def write(self, vals):
        delivery = self._queue_delivery()
        cancelled = vals.get("state") == "cancel"
        if (
            delivery
            and delivery.claimed
            and not cancelled
            and _BOOKKEEPING.issuperset(vals)
        ):
            delivery.note(vals)
            return True
        if "state" in vals:
            # What was to follow the former state has no meaning any more.
            vals = {"queue_effects_due": False, **vals}
        if vals.get("state") == "outgoing":
            # Whoever wants a mail sent again that was sent wants it sent to everybody.
            sent = self.filtered(lambda mail: mail.state == "sent")
            if sent:
                super(MailMail, sent).write({"queue_accepted": False})
        return super().write(vals)

    def _send(self, *args, **kwargs):
        """Send with an eye on each recipient."""
        mails = self
        if not self._queue_delivery():
            mails = deliveries.put(self, deliveries.Sending(self.ids, claimed=False))
        return super(MailMail, mails)._send(*args, **kwargs)

    def _queue_delivery(self):
        """:return: the delivery of this mail, if the context has it, or None"""
        sending = deliveries.find(self.env)
        return sending.get(self.id) if sending and len(self) == 1 else None

    # Recipients -----------------------------------------------------------------

    def _queue_accepted_by(self, partner):
        """Tell which addresses of a recipient have got this mail.

        :param partner: a ``res.partner``, or nothing for the addresses of the mail
        :return: normalized addresses
        :rtype: list[str]
        """
        return [
            address
            for address, partner_id in self.queue_accepted or []
            if partner_id == (partner.id if partner else None)
        ]

    def _queue_outgoing_list(self, prepare):
        """Leave out the messages that everybody has got or nobody can get.

        :param prepare: function that returns all messages
        """
        delivery = self._queue_delivery()
        if not delivery:
            return prepare()
        if delivery.waiting is None:
            delivery.failed_before = bool(self.queue_refused)
            delivery.waiting = prepare()
            for message in delivery.waiting:
                self._queue_allow_international_domains(message)
        delivery.waiting = [
            message
            for message in delivery.waiting
            if self._queue_is_wanting(message) and not delivery.has_failed(message)
        ]
        return delivery.messages()

    def _queue_allow_international_domains(self, message):
        """Have addresses with an international domain sent to, too.

        Odoo sends to their ASCII form, and only to addresses that it found valid,
        among which that form is not: it would leave them out without a word.
        """
        valid = message.get("email_to_normalized") or []
        message["email_to_normalized"] = [
            *valid,
            *(
                address
                for address in extract_rfc2822_addresses(", ".join(valid))
                if address not in valid
            ),
        ]

    def _queue_addresses(self, message):
        """:return: the normalized addresses that a message is sent to"""
        valid = message["email_to_normalized"]
        written = ", ".join([*message["email_to"], *(message.get("email_cc") or [])])
        return [
            _normalize(address)
            for address in extract_rfc2822_addresses(written)
            # A name may look like an address.
            if not valid or address in valid
        ]

    def _queue_is_wanting(self, message):
        """:return: whether there is somebody who has not got this message yet"""
        partner = message.get("partner_id")
        refused = self._queue_refused_by(partner)
        done = self._queue_accepted_by(partner) + refused
        return None not in refused and (
            not done
            or any(address not in done for address in self._queue_addresses(message))
        )

    # Facts ----------------------------------------------------------------------

    def _queue_handing_over(self, delivery):
        """Prepare what to do before and after a message is handed over.

        :return: two functions, for :func:`..smtp_dialogue.watch`
        """
        cr = self.env.cr
        before = list(delivery.accepted)
        savepoint = None

        def undo():
            delivery.accepted = before
            if savepoint:
                savepoint.close(rollback=True)

        def before_data(accepted):
            nonlocal savepoint
            if not delivery.claimed:
                savepoint = cr.savepoint()
            try:
                self._queue_store_accepted(delivery, accepted)
                # Also what waits for the commit: after the last reply nothing may fail.
                cr.flush()
            except Exception:
                undo()
                raise
            delivery.handed_over = True

        def after_data(taken):
            if not taken:
                undo()
            elif savepoint:
                savepoint.close(rollback=False)
            else:
                self._queue_commit_accepted(delivery)

        return before_data, after_data

    def _queue_commit_accepted(self, delivery):
        """Commit that a message is delivered.

        What fails after the commit, a callback, has no say in it.
        """
        cache = self.env.cr.cache
        cache[_COMMITTING] = True
        try:
            self._queue_commit()
        finally:
            # Odoo empties this cache when the commit is through.
            delivery.committed = _COMMITTING not in cache

    def _queue_store_accepted(self, delivery, addresses):
        """Store that a message is delivered.

        :param list[str] addresses: that the server takes it for
        """
        partner = delivery.current.get("partner_id")
        partner_id = partner.id if partner else None
        delivery.accepted += [
            [_normalize(address), partner_id] for address in addresses
        ]
        values = {}
        if delivery.claimed:
            values["queue_accepted"] = delivery.take_accepted(self.queue_accepted)
        if delivery.is_last():
            values.update(self._queue_sent_values(), queue_effects_due=delivery.claimed)
        mail = deliveries.put(self, None)
        mail.write(values)
        if partner:
            mail._queue_announce(partner)

    def _queue_sent_values(self):
        """:return: values of a mail that all its recipients got"""
        return {
            "state": "sent",
            "failure_type": False,
            "failure_reason": False,
        }

    def _queue_announce(self, partner):
        """Tell the document of this mail that a contact got it."""
        if self.model not in self.env or not self.res_id:
            return
        document = self.env[self.model].sudo().browse(self.res_id)
        if hasattr(document, "_mail_delivered"):
            # It may have been deleted.
            with suppress(MissingError):
                document._mail_delivered(self, partner)

    def _queue_postprocess(
        self,
        others,
        success_pids,
        success_emails,
        failure_reason=False,
        failure_type=None,
    ):
        """In the queue, leave it for later; elsewhere, add whom the server refused."""
        delivery = self._queue_delivery()
        if delivery and delivery.claimed:
            return True
        if delivery and delivery.refused and not failure_type:
            failure_reason, failure_type = describe_refused(delivery.refused), "unknown"
            self.write(
                {
                    "state": "exception",
                    "failure_reason": failure_reason,
                    "failure_type": failure_type,
                }
            )
        if delivery and delivery.accepted and failure_type:
            # for the retry
            self.queue_accepted = delivery.take_accepted(self.queue_accepted)
        return others(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
