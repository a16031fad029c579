# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many people of an activity were asked, got their mail and answered."""

from odoo import api, models
from odoo.fields import Domain

_REFUSED = ("refused", "withdrawn")


class PrivacyActivity(models.Model):
    _inherit = "privacy.activity"

    @api.readonly
    def consent_progress(self):
        """Count for the progress bar, from indexes alone.

        :return: ``state`` as of ``asking_state``, and the numbers of people:
            ``eligible``, of these ``generated``; of these ``sent``, whose request a
            mail server took, whatever became of it; ``answered``, also without a mail,
            and of these ``given`` and ``refused``; ``unanswered``, who got their mail
            and are silent; ``failed``, whom the last request did not reach
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        consents_sudo, seen = self._consents_seen_sudo()
        groups = consents_sudo._read_group(seen, ["state", "status"], ["__count"])
        unreached = dict(
            consents_sudo._read_group(
                seen & consents_sudo._unreached_domain(self), ["state"], ["__count"]
            )
        )

        def count(*wanted):
            return sum(number for *group, number in groups if {*group} & {*wanted})

        generated = sum(number for *_group, number in groups)
        return {
            "state": self.asking_state,
            "eligible": generated + self.sudo().generation_ids.missing_count,
            "generated": generated,
            "sent": consents_sudo.search_count(seen & Domain("sent_date", "!=", False)),
            "unanswered": count("sent") - unreached.get("sent", 0),
            "answered": count("answered"),
            "given": count("given"),
            "refused": count(*_REFUSED),
            "failed": sum(unreached.values()),
        }

    def action_show_subjects(self):
        """Show the contacts that ``consent_progress`` counts as eligible.

        :return: the action that opens their list
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        self.env["privacy.consent"].check_access("read")
        subjects = Domain("privacy_consent_ids", "any", [("activity_id", "=", self.id)])
        run_sudo = self.sudo().generation_ids
        if run_sudo.missing_count:
            subjects |= self._subjects_domain() & Domain(
                "id", ">", run_sudo.last_partner_id
            )
        return {
            "name": self.env._("Subjects"),
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "views": [(False, "list"), (False, "form")],
            "domain": list(subjects),
            "context": {},
        }
