# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Leaving a database."""


def uninstall_hook(env):
    """Do what still has to follow mails that have left: Odoo's queue would not."""
    env["mail.mail"].search([("queue_effects_due", "=", True)])._queue_do_effects()
