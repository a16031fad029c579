# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Does everything that happened still stand as it was sealed?"""

import logging

from odoo import api, models

from ..log_check import LogCheck

_logger = logging.getLogger(__name__)

# Whoever changed everything is found by the first ones.
_MOST = 1000
_MAILED = 20


class PrivacyConsentSeal(models.Model):
    _inherit = "privacy.consent.seal"

    @api.model
    def _verify(self, outside=()):
        """Compare events, texts and personal parts with the log, and it with the seals.

        It asks for no rights: whoever offers it to people has to.

        :param outside: the texts of seals that left the house before
        :return: what is wrong: dictionaries with the ``uuid`` of an event, or none, and
            the ``problem`` in words; the first ones, if there are very many
        :raise CheckpointError: for a text that is no seal
        """
        self.env.flush_all()
        findings = []
        for uuid, problem in LogCheck(self.env, outside).findings():
            findings.append({"uuid": uuid, "problem": problem})
            if len(findings) == _MOST:
                problem = self.env._("There may be more: these are the first ones.")
                return [*findings, {"uuid": None, "problem": problem}]
        return findings

    @api.model
    def _in_words(self, findings):
        """:return: a line for each result of :meth:`_verify`"""
        return [
            self.env._(
                "Event %(uuid)s: %(problem)s", uuid=one["uuid"], problem=one["problem"]
            )
            if one["uuid"]
            else one["problem"]
            for one in findings
        ]

    @api.model
    def _cron_verify(self):
        """Verify, and tell all managers if something is wrong."""
        findings = self._verify()
        if findings:
            _logger.warning("The proof of consents does not hold: see the to-do.")
            self.sudo()._alarm(self._in_words(findings))

    def _alarm(self, lines):
        """Tell each manager by a to-do, which there is once, and by mail.

        :param lines: what is wrong
        """
        todo = self.env.ref("privacy_consent_evidence.mail_activity_broken")
        group = self.env.ref("privacy.group_data_protection_manager")
        summary = self.env._("The proof of consents does not hold")
        body = self.env["ir.qweb"]._render(
            "privacy_consent_evidence.alarm",
            {"count": len(lines), "lines": lines[:_MAILED]},
        )
        managers = group.all_user_ids.filtered(lambda user: user.active)
        todos = self.env["mail.activity"].search([("activity_type_id", "=", todo.id)])
        todos.write({"note": body})
        for user in managers - todos.user_id:
            self.env["mail.activity"].create(
                {
                    "activity_type_id": todo.id,
                    "summary": summary,
                    "note": body,
                    "user_id": user.id,
                }
            )
        for user in managers.filtered("email"):
            self.env["mail.mail"].create(
                {
                    "subject": summary,
                    "body_html": body,
                    "email_to": user.email_formatted,
                    "email_from": self._sender(),
                    "auto_delete": True,
                }
            )
