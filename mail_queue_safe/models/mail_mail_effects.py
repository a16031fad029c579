# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What follows a delivery: notifications, and whatever other addons do then.

Mails that are due have a marker, stored with the fact. It goes in the transaction that
does what follows, so that this happens exactly once, also after a kill in between.
"""

import logging

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..smtp.retry import describe

_logger = logging.getLogger(__name__)

_BATCH_SIZE = 100


class MailMail(models.Model):
    _inherit = "mail.mail"

    queue_effects_due = fields.Boolean(
        string="Effects due",
        readonly=True,
        copy=False,
        help="The mail was sent or has failed. What follows is still to do: "
        "notifications, and whatever other apps do then.",
    )

    _queue_effects_due_idx = models.Index("(id) WHERE queue_effects_due")

    def _queue_do_effects(self):
        """Do what follows the delivery or failure of these mails."""
        failed = self.filtered(lambda mail: mail.state == "exception")
        self.queue_effects_due = False
        # Nobody is told apart of those that everybody got.
        for mails in filter(None, [self - failed, *failed]):
            accepted = [one for mail in mails for one in mail.queue_accepted or []]
            keys = dict.fromkeys(key for _address, key in accepted if key)
            mails._postprocess_sent_message(
                success_pids=list(self.env["res.partner"].browse(keys).exists()),
                success_emails=[address for address, key in accepted if not key],
                failure_reason=mails.failure_reason if mails in failed else False,
                failure_type=mails.failure_type if mails in failed else None,
            )

    @api.model
    def _queue_commit_effects(self, mail_ids=None):
        """Do what follows all mails that are due, in batches, and commit.

        What fails in a batch is done again alone, and if it still fails the mail says
        why.

        :param list[int] mail_ids: of these mails only
        """
        if mail_ids == []:
            return
        last_id = 0
        wanted = SQL("id IN %s", tuple(mail_ids)) if mail_ids else SQL("TRUE")
        while mails := self._queue_claim_effects(
            SQL("%s AND id > %s", wanted, last_id), limit=_BATCH_SIZE
        ):
            last_id = mails.ids[-1]
            try:
                mails._queue_do_effects()
                self._queue_commit()
            except Exception:
                self.env.cr.rollback()
                for mail in mails:
                    mail._queue_commit_effects_alone()

    def _queue_claim_effects(self, condition, limit=1):
        """Begin a transaction, and claim mails whose effects are due.

        :param SQL condition: which of them
        :param int limit: how many at most, oldest first
        :return: the mails, locked until the end of the transaction
        """
        rows = self._queue_begin(
            SQL(
                "SELECT id FROM mail_mail WHERE queue_effects_due AND %s"
                " ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
                condition,
                limit,
            )
        )
        return self.browse(mail_id for (mail_id,) in rows)

    def _queue_commit_effects_alone(self):
        """Do what follows one mail, and store on it why that failed."""
        condition = SQL("id = %s", self.id)
        try:
            self._queue_claim_effects(condition)._queue_do_effects()
            self._queue_commit()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
            _logger.info("Mail %s: %s", self.id, type(error).__name__)
            self._queue_commit_give_way()
        except Exception as error:
            self.env.cr.rollback()
            _logger.warning(
                "What follows mail %s failed: %s. See there.",
                self.id,
                type(error).__name__,
            )
            mail = self._queue_claim_effects(condition)
            reasons = [
                mail.failure_reason,
                self.env._(
                    "What Odoo does afterwards failed: %(error)s", error=describe(error)
                ),
            ]
            mail.write(
                {
                    "queue_effects_due": False,
                    "failure_reason": "\n".join(filter(None, reasons)),
                }
            )
            self._queue_commit()
