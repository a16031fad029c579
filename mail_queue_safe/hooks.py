# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Leaving a database."""

import logging

_logger = logging.getLogger(__name__)


def uninstall_hook(env):
    """Do what still has to follow mails that have left: Odoo's queue would not."""
    for mail in env["mail.mail"].search([("queue_effects_due", "=", True)]):
        try:
            with env.cr.savepoint():
                mail._queue_do_effects()
        except Exception as error:
            _logger.warning(
                "What follows mail %s failed: %s", mail.id, type(error).__name__
            )
