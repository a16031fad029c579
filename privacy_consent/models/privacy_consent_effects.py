# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What follows a delivery, a failure or an answer, and is made up for if it fails.

The facts are stored first, with a marker of what is due. The marker goes in the
transaction that does it. A scheduled action repeats what is still due.

An answer over a page or in an account commits first. What follows is done right after
that, in the same HTTP request and a transaction of its own, see :func:`after_commit`.
If the person has changed their mind meanwhile, it is done once, for what counts then.
"""

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import psycopg2

from odoo import api, fields, models, modules
from odoo.tools import SQL

from .. import fresh_snapshot
from ..reasons import reason_of
from .locking import MOMENT
from .privacy_consent import store

_logger = logging.getLogger(__name__)

# The consents on which the server action runs at this moment. What it writes on them
# does not start it again.
_RUNNING = ContextVar("privacy_consent.running", default=())
# The ids of consents of which something follows after the COMMIT; None: at once.
_LATER = ContextVar("privacy_consent.later", default=None)
_BATCH_SIZE = 100
# What fails so often is not repeated any more by itself.
_ATTEMPTS = 10
_REQUEST_DUE = SQL("effects_due IS TRUE")
_CONSENT_DUE = SQL(
    "(action_due IS TRUE OR notices_due IS NOT NULL OR confirmation_due IS TRUE)"
)
# The fields that mark what is due.
_MARKERS = ("action_due", "notices_due", "confirmation_due")
# Somebody waits for the page, and the scheduled action has more patience.
_WAITS = fresh_snapshot.WAITS[:6]


@contextmanager
def after_commit(env):
    """Have what follows an answer done right after its COMMIT.

    Odoo's tests commit nothing: there it is done at once.

    :param env: the environment in which it is done, in transactions of its own
    """
    if modules.module.current_test:
        yield
        return
    due = set()
    token = _LATER.set(due)
    try:
        yield
    finally:
        _LATER.reset(token)
    if due:
        env.cr.postcommit.add(partial(_do_after_commit, env, due))


def leaves_for_later():
    """:return: whether what follows an answer is done after its COMMIT"""
    return _LATER.get() is not None


def _do_after_commit(env, consent_ids):
    """Do what follows answers. Whatever fails here, the answers are stored.

    It takes no other cursor: a crowd that answers would wait for one, and each hold
    its own.
    """
    # What is given up later must not take this along.
    env.registry.signal_changes()
    for consent_id in sorted(consent_ids):
        try:
            env["privacy.consent"].sudo().browse(consent_id)._commit_due()
        except Exception as error:
            env.cr.rollback()
            _logger.warning(
                "What follows the answer of consent %s is left to the scheduled "
                "action: %s",
                consent_id,
                type(error).__name__,
            )


class PrivacyConsent(models.Model):
    _inherit = "privacy.consent"

    action_due = fields.Boolean(
        readonly=True,
        copy=False,
        help="The activity's server action is still to run.",
        exportable=False,
    )
    notices_due = fields.Json(
        readonly=True,
        copy=False,
        help="The messages of which followers are still to be told.",
        exportable=False,
    )
    action_attempts = fields.Integer(readonly=True, copy=False, exportable=False)
    action_error = fields.Text(
        string="Server action failed",
        readonly=True,
        copy=False,
        help="Why the activity's server action, or something else that follows a "
        "delivery or an answer, failed. It is repeated.",
    )

    _action_due_idx = models.Index(
        "(id) WHERE action_due IS TRUE OR notices_due IS NOT NULL"
        " OR confirmation_due IS TRUE"
    )
    _action_error_idx = models.Index("(id) WHERE action_error IS NOT NULL")

    def _run_action(self):
        """Run the server action of the activity on every consent that is not draft.

        It runs after the facts are stored. If it fails, they stay, the consent says
        what failed, and it is repeated.
        """
        running = _RUNNING.get()
        for consent in self:
            if consent.state == "draft" or consent.id in running:
                continue
            # The administrator chose the action for this activity; who happens to
            # move the consent (a subject, the mail queue) needs no rights for it.
            action = consent.activity_id.sudo().server_action_id
            if not action:
                if consent.action_due:
                    consent._note_done("action_due")
                continue
            if _LATER.get() is not None:
                consent._leave_for_later({"action_due": True})
                continue
            token = _RUNNING.set((*running, consent.id))
            try:
                with self.env.cr.savepoint():
                    action.with_context(
                        active_model=self._name,
                        active_id=consent.id,
                        active_ids=consent.ids,
                    ).run()
            except psycopg2.OperationalError:
                raise  # Odoo tries all again
            except Exception as error:
                consent._note_due("action_due", True, error, action.name)
            else:
                consent._note_done("action_due")
            finally:
                _RUNNING.reset(token)

    def _tell_followers(self, messages=()):
        """Tell those who follow a consent what was logged, and what is still due.

        If that fails, what was logged stays, the consent says what failed, and it is
        repeated.

        :param messages: new ``mail.message`` records of this consent
        """
        self.ensure_one()
        consent_sudo = self.sudo()
        new_ids = [message.id for message in messages]
        due_ids = [*(consent_sudo.notices_due or ()), *new_ids]
        if due_ids and _LATER.get() is not None:
            consent_sudo._leave_for_later({"notices_due": due_ids})
            return
        failed_ids, failure = [], None
        for message_sudo in self.env["mail.message"].sudo().browse(due_ids).exists():
            try:
                with self.env.cr.savepoint():
                    consent_sudo._notify_thread(message_sudo)
            except psycopg2.OperationalError:
                raise  # Odoo tries all again
            except Exception as error:
                failed_ids.append(message_sudo.id)
                failure = error
        if failure:
            label = self.env._("Followers could not be told")
            self._note_due("notices_due", failed_ids, failure, label)
        elif consent_sudo.notices_due:
            self._note_done("notices_due")

    def _leave_for_later(self, vals):
        """Note down what is done after the COMMIT: a new answer is tried anew."""
        store(self.sudo(), {**vals, "action_attempts": 0})
        _LATER.get().update(self.ids)

    def _note_due(self, marker, due, error, label):
        """Say on the consent what failed, and have it repeated.

        :param str marker: name of the field that marks it
        :param due: its value
        :param str label: what failed
        """
        _logger.warning(
            "What follows an answer or a request failed on consent %s (%s): %s. "
            "See there.",
            self.id,
            marker,
            type(error).__name__,
        )
        attempts = self.action_attempts + 1
        store(
            self.sudo(),
            {
                marker: attempts < _ATTEMPTS and due,
                "action_attempts": attempts,
                "action_error": self.env._(
                    "%(action)s: %(reason)s", action=label, reason=reason_of(error)
                ),
            },
        )

    def _note_done(self, marker):
        """Note that something is done, and nothing failed unless more is due."""
        self_sudo = self.sudo()
        if not self_sudo[marker] and not self_sudo.action_error:
            return
        others = {*_MARKERS} - {marker}
        vals = {marker: False}
        if not any(self_sudo[name] for name in others):
            vals |= {"action_attempts": 0, "action_error": False}
        store(self_sudo, vals)

    def _trigger_effects(self, at=None):
        """Have done what is due once this transaction is committed.

        :param datetime at: at this moment, by default at once
        """
        self.env.ref("privacy_consent.cron_effects").sudo()._trigger(at)

    def action_run_again(self):
        """Run the activity's server action again where it failed, or what else did."""
        self.check_access("write")
        for consent in self:
            acting = consent.action_due or not (
                consent.notices_due or consent.confirmation_due
            )
            consent._confirm_by_mail()
            consent._tell_followers()
            if acting:
                consent._run_action()

    def _do_due(self):
        """Do what is due."""
        for consent in self:
            consent._confirm_by_mail()
            consent._tell_followers()
            if consent.action_due:
                consent._run_action()

    def _commit_due(self):
        """Do what is due of one consent, unless somebody else does, and commit."""
        try:
            fresh_snapshot.repeat(self._do_claimed, self.env, _WAITS)
        except fresh_snapshot.CONFLICTS:
            self.env.cr.rollback()
            self._trigger_effects()
        except Exception as error:
            # Not even the transaction of the server action was left.
            self.env.cr.rollback()
            label = self.activity_id.server_action_id.name or ""
            for consent in self._claim_due(self, _CONSENT_DUE):
                marker = next(name for name in _MARKERS if consent[name])
                consent._note_due(marker, consent[marker], error, label)
        # What follows is none of the transaction that stored the answer.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _do_claimed(self, env):
        """Do what is due of one consent, which somebody else may be working at."""
        claimed = self._claim_due(self, _CONSENT_DUE)
        claimed._do_due()
        if not claimed and self.exists() and any(self[name] for name in _MARKERS):
            # It may be nobody who does it.
            self._trigger_effects()

    @api.model
    def _cron_effects(self):
        """Make up for what follows deliveries, failures and answers, in batches."""
        requests_sudo = self.env["privacy.consent.request"].sudo()
        requests_sudo._cancel_orphans()
        if self._each_due(requests_sudo, _REQUEST_DUE, "_follow", _BATCH_SIZE):
            self._each_due(self.sudo(), _CONSENT_DUE, "_do_due", 1)

    def _each_due(self, records, condition, method, size):
        """Do what is due, in transactions of their own where an action is scheduled.

        :param records: of the model
        :param SQL condition: which records are due
        :param str method: what does it
        :param int size: how many in one transaction
        :return: whether there was time for all
        """
        scheduled = "ir_cron_progress_id" in self.env.context
        seen = [0]
        while due := self._claim_due(
            records, SQL("%s AND id > %s", condition, seen[-1]), size
        ):
            seen += due.ids
            if scheduled and size == 1:
                due._commit_due()
            else:
                try:
                    getattr(due, method)()
                except psycopg2.OperationalError:
                    if not scheduled:
                        raise
                    self.env.cr.rollback()
            if scheduled and not self.env["ir.cron"]._commit_progress(len(due)):
                self._trigger_effects()
                return False
        if scheduled and self._is_due_beside(records, condition, seen):
            # Who has it locked may do nothing of it.
            self._trigger_effects(fields.Datetime.now() + MOMENT)
        return True

    def _is_due_beside(self, records, condition, seen):
        """:return: whether more is due than these records, locked or not"""
        rows = self.env.execute_query(
            SQL(
                "SELECT 1 FROM %s WHERE %s AND id <> ALL (%s) LIMIT 1",
                SQL.identifier(records._table),
                condition,
                seen,
            )
        )
        return bool(rows)

    def _claim_due(self, records, condition, size=_BATCH_SIZE):
        """Lock what is due and nobody else is working at.

        :param records: of the model; if there are some, of these only
        :param SQL condition: which of them
        :param int size: how many at most
        :return: the locked records
        """
        records_sudo = records.sudo()
        records_sudo.flush_model()
        own = SQL("id IN %s", tuple(records.ids)) if records else SQL("TRUE")
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE %s AND %s"
                " ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
                SQL.identifier(records_sudo._table),
                condition,
                own,
                size,
            ),
            log_exceptions=False,
        )
        return records_sudo.browse(one for (one,) in self.env.cr.fetchall())
