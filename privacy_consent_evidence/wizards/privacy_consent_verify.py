# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Verify by a press, with a seal that left the house, if there is one at hand."""

import base64

from odoo import fields, models
from odoo.exceptions import UserError

from ..log.checkpoint import CheckpointError
from ..pack_check import seals_in


class PrivacyConsentVerify(models.TransientModel):
    _name = "privacy.consent.verify"
    _description = "Verification of the proof"

    outside = fields.Binary(
        string="Seal from outside",
        attachment=False,
        help="A seal, or a proof pack, that left the house before: only this shows "
        "whether everything was rewritten together with its seals.",
    )
    outside_name = fields.Char()
    state = fields.Selection(
        selection=[("new", "New"), ("holds", "Holds"), ("broken", "Does not hold")],
        default="new",
        readonly=True,
    )
    findings = fields.Text(readonly=True)

    def action_verify(self):
        """Verify everything, and show what was found.

        :return: the action that opens this dialog again
        :raise AccessError: for who is no manager
        :raise UserError: for a file that is no seal
        """
        self.ensure_one()
        self.check_access("write")
        seals = self.env["privacy.consent.seal"]
        try:
            data = base64.b64decode(self.outside or b"")
            findings = seals._verify(seals_in(data) if data else ())
        except CheckpointError as error:
            raise UserError(
                self.env._("The file is no seal and no proof pack: %s", error)
            ) from error
        self.write(
            {
                "state": "broken" if findings else "holds",
                "findings": "\n".join(seals._in_words(findings)),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Verify"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
